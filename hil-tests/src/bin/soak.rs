//! `soak`: the fault campaign, the long outage and the line that keeps breaking, for as long as one
//! likes.
//!
//! Tells what happens while it happens, then the outcome as JSON on its last line and into
//! `--json FILE`. Ends with an error when an alarm was lost or stored twice, or a spool was damaged.
#![allow(clippy::print_stdout, reason = "its last line is its interface")]
#![allow(clippy::print_stderr, reason = "progress, for whoever watches")]

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hil_tests::campaign::{self, outage, reconnects};
use serde::Serialize;

/// Kills the box, the broker and the control room under load, again and again, treats the line between
/// them badly, and counts what was raised and what was stored.
#[derive(Parser)]
struct Options {
    /// How many processes are killed; the default when nothing else is asked for is 50.
    #[arg(long)]
    kills: Option<usize>,
    /// The plan's seed; the same seed is the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Lets this many alarms pile up while the broker is away; a day at one a second is 86400.
    #[arg(long, conflicts_with_all = ["kills", "reconnects"])]
    outage: Option<u64>,
    /// Breaks the line between box and broker this many times.
    #[arg(long, conflicts_with = "kills")]
    reconnects: Option<u64>,
    /// Write the outcome here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    match (options.outage, options.reconnects) {
        (Some(alarms), _) => through_an_outage(&options, alarms),
        (None, Some(times)) => over_a_broken_line(&options, times),
        (None, None) => through_kills(&options, options.kills.unwrap_or(50)),
    }
}

fn through_kills(options: &Options, kills: usize) -> Result<()> {
    let outcome = campaign::run(options.seed, kills, |killed, fault| {
        eprintln!("[{killed}/{kills}] {fault:?}");
    })?;
    report(options, &outcome)?;
    let balance = outcome.balance;
    ensure!(balance.raised > 0, "no alarm was raised: the campaign shows nothing");
    ensure!(balance.lost == 0, "{} of {} alarms lost", balance.lost, balance.raised);
    ensure!(balance.duplicates == 0, "{} alarms stored twice", balance.duplicates);
    ensure!(outcome.spools_unreadable == 0, "{} spools unreadable", outcome.spools_unreadable);
    Ok(())
}

fn through_an_outage(options: &Options, alarms: u64) -> Result<()> {
    let outcome = outage::run(alarms, |what| eprintln!("{what}"))?;
    report(options, &outcome)?;
    ensure!(outcome.spooled == alarms, "{} of {alarms} alarms spooled", outcome.spooled);
    ensure!(outcome.drained == alarms, "{} of {alarms} alarms drained", outcome.drained);
    ensure!(outcome.in_order, "the alarms were not stored in the order they were made");
    ensure!(outcome.duplicates == 0, "{} alarms stored twice", outcome.duplicates);
    Ok(())
}

fn over_a_broken_line(options: &Options, times: u64) -> Result<()> {
    let outcome = reconnects::run(times, |done| {
        if done % 20 == 0 {
            eprintln!("[{done}/{times}] connections");
        }
    })?;
    report(options, &outcome)?;
    ensure!(outcome.threads[0] == outcome.threads[1], "threads: {:?}", outcome.threads);
    let [first, last] = outcome.descriptors;
    ensure!(
        first == last,
        "descriptors: {first} after the first connections, {last} after the last"
    );
    Ok(())
}

fn report(options: &Options, outcome: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(outcome)?;
    println!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, text + "\n")
            .with_context(|| format!("{} is not written", path.display()))?;
    }
    Ok(())
}
