//! `live-bench`: the live figures of `scripts/bench`, from the whole chain on this machine.
//!
//! Plays a 720p film over RTSP to the shipped daemon, whose alarms go through mosquitto to poleroom,
//! and prints one JSON object: `latencies_ms`, one number an alarm, and `rss_peak_bytes` of the daemon.
//!
//! Latency is from `detected`, the time the daemon gives the deciding frame, to the moment the
//! control room has the alarm in hand. Many small zones lie where people walk, so that alarms come
//! often: each also brings its still and its clip, which share the way.
#![allow(clippy::print_stdout, reason = "its line is its interface")]

use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hil_tests::chain::Chain;
use hil_tests::daemon::lawn_config;
use hil_tests::deadline::wait_for;
use hil_tests::lawn;

/// Measures alarm latency and memory of the live chain; run by scripts/bench.
#[derive(Parser)]
struct Options {
    /// How many alarms to wait for.
    #[arg(long, default_value_t = 200)]
    alarms: usize,
    /// The longest time to wait for them, in seconds.
    #[arg(long, default_value_t = 900)]
    limit: u64,
}

/// Columns and rows of the grid of zones.
const GRID: (u32, u32) = (4, 4);

fn main() -> Result<()> {
    let options = Options::parse();
    let film = lawn::film_in_720p()?;
    let mut chain = Chain::watching(&film, &[], grid_config)?;
    let began = Instant::now();
    let mut told = 0;
    let what = format!("{} alarms", options.alarms);
    let begins = wait_for(&what, Duration::from_secs(options.limit), || {
        let daemon = chain.daemon.as_mut().context("the daemon was never started")?;
        ensure!(daemon.process().is_running()?, "the daemon has ended");
        let begins = chain.room.begins("intrusion")?;
        if begins.len() >= told + 50 {
            told = begins.len();
            eprintln!("{told} alarms after {} s", began.elapsed().as_secs());
        }
        Ok((begins.len() >= options.alarms).then_some(begins))
    })?;
    let daemon = chain.daemon.as_mut().context("the daemon was never started")?;
    let rss_peak_bytes = resident_peak_bytes(daemon.process().id())?;
    let latencies_ms: Vec<i64> =
        begins.iter().map(|alarm| alarm.received_unix_ms - alarm.detected_unix_ms).collect();
    let report = serde_json::json!({
        "latencies_ms": latencies_ms,
        "rss_peak_bytes": rss_peak_bytes,
        "seconds": began.elapsed().as_secs(),
    });
    println!("{report}");
    Ok(())
}

/// The lawn's configuration with a grid of zones in place of the lawn, and short clips.
fn grid_config(source: &str, broker: &str) -> String {
    let whole = lawn_config(source, broker);
    let (before, rest) = whole.split_once("[[zone]]").unwrap_or((&whole, ""));
    let after = rest.split_once("[clip]").map_or("", |(_, after)| after);
    let after = after.replace("\"5s\"", "\"1s\"");
    let mut config = before.to_owned();
    let (columns, rows) = GRID;
    for cell in 0..columns * rows {
        let (column, row) = (f64::from(cell % columns), f64::from(cell / columns));
        let (width, height) = (1.0 / f64::from(columns), 1.0 / f64::from(rows));
        let (left, top) = (column * width, row * height);
        let (right, bottom) = (left + width, top + height);
        let _ = write!(
            config,
            "[[zone]]\nname = \"cell-{cell}\"\npolygon = [[{left}, {top}], [{right}, {top}], \
             [{right}, {bottom}], [{left}, {bottom}]]\n\
             [[rule]]\nname = \"cell-{cell}\"\nkind = \"intrusion\"\nzone = \"cell-{cell}\"\n\
             hold = \"200ms\"\n"
        );
    }
    config + "[clip]" + &after
}

/// The most memory the process has had resident, from the kernel's own book-keeping.
fn resident_peak_bytes(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmHWM")?;
    Ok(kib.trim().parse::<u64>()? * 1024)
}
