//! A wall clock that is set by hours, before and after a time server has spoken, under a box that goes
//! on raising alarms.
//!
//! Promises: the shipped dating, dispatch, spool, uplink, control room and mosquitto; the alarms are
//! made up, and the box's clock is one whose hands are moved (the machine's own is left alone).
//! Monotonic time goes on as it does. All alarms tell of one moment, the box's start, so that each says
//! whether it was dated right.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use polewatchd::clock::Clock;
use serde::Serialize;

use super::ledger::Balance;
use super::plan::Draws;
use crate::broker::Broker;
use crate::deadline::wait_for;
use crate::room::{Room, StoredAlarm};
use crate::simulated_box::SimulatedBox;

/// Alarms raised between two steps.
const AT_A_TIME: u64 = 20;
/// How far the box's start may lie from where the alarms put it: it takes a moment.
const TOLERANCE_MS: i64 = 5_000;
const LIMIT: Duration = Duration::from_secs(120);
const HOUR_S: i64 = 3600;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed of the steps.
    pub seed: u64,
    /// By how many hours the clock was set, in this order; 0 stands for the time server.
    pub steps_h: Vec<i64>,
    /// Alarms.
    #[serde(flatten)]
    pub balance: Balance,
    /// Whether the room stored them in the order they were made.
    pub in_order: bool,
    /// Alarms that were dated before the time server spoke.
    pub dated_before: usize,
    /// Of these, the ones whose corrected time is wrong.
    pub dated_wrong: usize,
}

/// Sets the clock forward and back; `progress` is told of each step.
///
/// # Errors
/// When a part does not start, or an alarm does not arrive.
pub fn run(seed: u64, progress: impl FnMut(i64)) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(folder.path())?;
    let room = Room::start(&broker.url(), folder.path())?;
    let started_ms = Clock::system().wall().unix_ms;
    let pole = SimulatedBox::start_with(folder.path(), broker.port(), &["--unset-clock"])?;
    let draws = Draws::of_seed(seed);
    let (raised, steps_h) = (0, Vec::new());
    let mut story = Story { draws, broker, room, pole, raised, steps_h, progress };
    let before = story.until_synchronized()?;
    story.synchronized()?;
    story.outcome(seed, before, started_ms)
}

struct Story<P> {
    draws: Draws,
    pole: SimulatedBox,
    room: Room,
    broker: Broker,
    raised: u64,
    steps_h: Vec<i64>,
    progress: P,
}

impl<P: FnMut(i64)> Story<P> {
    /// Alarms dated by a clock nobody vouches for, sent at once and kept for later; says how many.
    fn until_synchronized(&mut self) -> Result<u64> {
        self.raise()?;
        let forward = self.hours();
        self.set(forward)?;
        self.raise()?;
        self.delivered()?;
        self.broker.kill()?;
        let back = -self.hours();
        self.set(back)?;
        self.raise()?;
        let before = self.raised;
        (self.progress)(0);
        self.steps_h.push(0);
        self.pole.ask("clock synchronize")?;
        self.raise()?;
        self.broker.start_again()?;
        self.delivered()?;
        Ok(before)
    }

    /// A clock that was right is set all the same, in both directions, once over an outage.
    fn synchronized(&mut self) -> Result<()> {
        let (forward, back) = (self.hours(), -self.hours());
        self.set(forward)?;
        self.raise()?;
        self.broker.kill()?;
        self.set(back)?;
        self.raise()?;
        self.broker.start_again()?;
        self.delivered()
    }

    fn hours(&mut self) -> i64 {
        1 + self.draws.below(12).cast_signed()
    }

    fn set(&mut self, hours: i64) -> Result<()> {
        (self.progress)(hours);
        self.steps_h.push(hours);
        self.pole.ask(&format!("clock {}", hours * HOUR_S)).map(drop)
    }

    fn raise(&mut self) -> Result<()> {
        self.raised += AT_A_TIME;
        self.pole.ask(&format!("raise {AT_A_TIME}")).map(drop)
    }

    fn delivered(&mut self) -> Result<()> {
        wait_for("an empty spool", LIMIT, || Ok((self.pole.status("waiting")? == 0).then_some(())))
    }

    fn outcome(self, seed: u64, before: u64, started_ms: i64) -> Result<Outcome> {
        // The first two lots were sent before anybody knew how wrong their times were.
        let corrections = wait_for("word of the corrections", LIMIT, || {
            let told = self.room.facts("correction");
            Ok((told.len() >= 2).then_some(told))
        })?;
        let stored = self.room.alarms()?;
        let records: BTreeSet<_> = stored.iter().map(|alarm| (alarm.boot, alarm.number)).collect();
        let corrected = |alarm: &StoredAlarm| {
            let covers = |fact: &&serde_json::Value| {
                let number = |key: &str| fact[key].as_u64().unwrap_or_default();
                (number("first")..=number("last")).contains(&alarm.number)
            };
            let later = corrections.iter().find(covers).and_then(|fact| fact["shift_ms"].as_i64());
            alarm.onset_unix_ms + alarm.shift_ms.or(later).unwrap_or(0)
        };
        let early = &stored[..stored.len().min(before as usize)];
        let wrong = |alarm: &&StoredAlarm| (corrected(alarm) - started_ms).abs() > TOLERANCE_MS;
        let raised = self.raised as usize;
        Ok(Outcome {
            seed,
            steps_h: self.steps_h,
            balance: Balance {
                raised,
                stored: records.len(),
                lost: raised.saturating_sub(records.len()),
                duplicates: stored.len() - records.len(),
            },
            in_order: stored.is_sorted_by_key(|alarm| (alarm.boot, alarm.number)),
            dated_before: early.len(),
            dated_wrong: early.iter().filter(wrong).count(),
        })
    }
}
