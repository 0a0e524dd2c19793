//! A long outage, compressed: the broker is away while alarms pile up, and comes back.
//!
//! Promises: the shipped dispatch, spool, uplink, control room and mosquitto; only the alarms are made
//! up. What is measured is on this machine, loopback, this disk.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::broker::Broker;
use crate::deadline::wait_for;
use crate::room::{Room, StoredAlarm};
use crate::simulated_box::SimulatedBox;

/// Alarms raised before the outage, so that nothing in it is done for the first time.
const WARM_UP: u64 = 200;
/// How many alarms are raised one by one to see how long one takes.
const ONE_BY_ONE: u64 = 500;
const CONNECTED_WITHIN: Duration = Duration::from_secs(120);
const DRAINED_WITHIN: Duration = Duration::from_secs(900);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Alarms on the box's disk when the broker came back.
    pub spooled: u64,
    /// Alarms of the outage the room has stored, each counted once.
    pub drained: u64,
    /// Whether the room stored them in the order they were made.
    pub in_order: bool,
    /// Lines of the room's store that repeat a record.
    pub duplicates: usize,
    /// From the first alarm stored after the outage to the last.
    pub alarms_per_s: f64,
    /// How much more memory the box held at the end of the outage than before it.
    pub rss_growth_mib: f64,
    /// The same after the drain.
    pub rss_growth_after_mib: f64,
    /// How long the alarms took to be put on disk.
    pub spooling_s: f64,
    /// An alarm of a box with an empty spool, until the room's acknowledgement is back: the median.
    pub latency_p50_ms: f64,
    /// The same of the slowest in a hundred.
    pub latency_p99_ms: f64,
}

/// Lets `alarms` pile up and drains them; `progress` is told what happens.
///
/// # Errors
/// When a part does not start, or the drain does not end.
pub fn run(alarms: u64, mut progress: impl FnMut(&str)) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let mut broker = Broker::start(folder.path())?;
    let room = Room::start(&broker.url(), folder.path())?;
    let mut pole = SimulatedBox::start(folder.path(), broker.port())?;
    progress("one by one");
    pole.ask(&format!("latency {WARM_UP}"))?;
    let latency = pole.ask(&format!("latency {ONE_BY_ONE}"))?;
    let before = pole.footprint()?.resident_kib;

    broker.kill()?;
    progress("the broker is away");
    let raised = pole.ask(&format!("raise {alarms}"))?;
    let spooled = pole.status("waiting")?;
    let at_the_end = pole.footprint()?.resident_kib;

    broker.start_again()?;
    let returned = Instant::now();
    progress("the broker is back");
    let first = wait_for("the first alarm", CONNECTED_WITHIN, || {
        Ok((pole.status("waiting")? < spooled).then(Instant::now))
    })?;
    let mut told = Instant::now();
    wait_for("an empty spool", DRAINED_WITHIN, || {
        let waiting = pole.status("waiting")?;
        if told.elapsed() > Duration::from_secs(5) {
            progress(&format!("{waiting} alarms wait, {} s", returned.elapsed().as_secs()));
            told = Instant::now();
        }
        Ok((waiting == 0).then_some(()))
    })?;
    let drained_in = first.elapsed();
    let after = pole.footprint()?.resident_kib;

    let stored = room.alarms()?;
    let outage = &stored[stored.len().min((WARM_UP + ONE_BY_ONE) as usize)..];
    let number = |value: &serde_json::Value, key: &str| {
        value[key].as_f64().with_context(|| format!("no {key} in {value}"))
    };
    let growth = |now: u64| (now as f64 - before as f64) / 1024.0;
    let distinct = distinct(outage);
    Ok(Outcome {
        spooled,
        drained: distinct as u64,
        in_order: outage.windows(2).all(|pair| record(&pair[0]) < record(&pair[1])),
        duplicates: outage.len() - distinct,
        alarms_per_s: spooled as f64 / drained_in.as_secs_f64(),
        rss_growth_mib: growth(at_the_end),
        rss_growth_after_mib: growth(after),
        spooling_s: number(&raised, "seconds")?,
        latency_p50_ms: number(&latency, "p50_ms")?,
        latency_p99_ms: number(&latency, "p99_ms")?,
    })
}

fn record(alarm: &StoredAlarm) -> (u32, u64) {
    (alarm.boot, alarm.number)
}

fn distinct(alarms: &[StoredAlarm]) -> usize {
    let mut records: Vec<_> = alarms.iter().map(record).collect();
    records.sort_unstable();
    records.dedup();
    records.len()
}
