//! The alarm loop: takes incidents, stores them, wakes the uplink.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use analytics::event::{Event, Phase};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use wire::record::{EventRef, RecordId};
use wire::{Alarm, Tag};

use super::alarm::{self, Heading};
use super::{BOX_EVENTS, Desk, Follows, Incident};

/// The most alarms stored with one sync.
const BATCH: usize = 32;
const TIDY_EVERY: Duration = Duration::from_secs(5);
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Alarms {
    desk: Desk,
    closing: Arc<AtomicBool>,
    /// The box's own events so far.
    box_events: u64,
}

impl Alarms {
    pub(super) fn new(desk: Desk, closing: Arc<AtomicBool>) -> Self {
        Self { desk, closing, box_events: 0 }
    }

    /// Works until all senders are dropped and everything is stored.
    pub(super) fn run(mut self, incidents: &Receiver<Incident>) {
        let mut tidied = self.desk.clock.now();
        loop {
            match incidents.recv_timeout(TIDY_EVERY) {
                Ok(first) => {
                    // What has gathered while the disk was syncing shares the next sync.
                    let more = incidents.try_iter().take(BATCH - 1);
                    let batch: Vec<_> = std::iter::once(first).chain(more).collect();
                    let alarms: Vec<Alarm> =
                        batch.iter().map(|incident| self.alarm(incident)).collect();
                    self.store(&alarms);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.desk.clock.now() >= tidied + TIDY_EVERY {
                self.tidy();
                tidied = self.desk.clock.now();
            }
        }
        self.tidy();
    }

    fn alarm(&mut self, incident: &Incident) -> Alarm {
        match incident {
            Incident::Event { event, follows } => self.event(event, *follows),
            Incident::Tamper { phase, at } => self.tamper(*phase, *at),
        }
    }

    fn event(&self, event: &Event, follows: Follows) -> Alarm {
        let Desk { identity, anchor, clock, spool, .. } = &self.desk;
        let reading = clock.read();
        let heading = Heading {
            record: spool.reserve(),
            event: EventRef { boot: spool.boot(), number: event.id.0 },
            onset: reading.wall_of(event.onset, *anchor),
            detected: reading.wall_of(event.decided, *anchor),
        };
        alarm::of_event(identity, heading, event, follows)
    }

    fn tamper(&mut self, phase: Phase, at: Instant) -> Alarm {
        self.box_events += u64::from(phase == Phase::Begin);
        let Desk { identity, clock, spool, .. } = &self.desk;
        let when = clock.read().wall_at(at);
        let heading = Heading {
            record: spool.reserve(),
            event: EventRef { boot: spool.boot(), number: BOX_EVENTS + self.box_events },
            onset: when,
            detected: when,
        };
        alarm::of_tamper(identity, heading, phase)
    }

    /// Stores alarms however long it takes, unless the daemon is ending.
    fn store(&self, alarms: &[Alarm]) {
        let records: Vec<_> = alarms.iter().filter_map(encoded).collect();
        let mut trouble = String::new();
        while let Err(error) = self.desk.spool.append_alarms(&records) {
            let said = error.to_string();
            if said != trouble {
                tracing::error!("{} alarms not stored, trying on: {said}", records.len());
                trouble = said;
            }
            if self.closing.load(Ordering::Acquire) {
                tracing::error!("{} alarms lost: {trouble}", records.len());
                return;
            }
            thread::sleep(DISK_PAUSE);
        }
        if !trouble.is_empty() {
            tracing::info!("{} alarms stored after all", records.len());
        }
        self.desk.bell.ring();
    }

    fn tidy(&self) {
        if let Err(error) = self.desk.spool.tidy() {
            tracing::error!("{error}");
        }
    }
}

fn encoded(alarm: &Alarm) -> Option<(RecordId, Vec<u8>)> {
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    match wire::encode(alarm, &mut buffer) {
        Ok(payload) => Some((alarm.record, payload.to_vec())),
        Err(error) => {
            tracing::error!("alarm {:?} not stored: {error}", alarm.record);
            None
        }
    }
}
