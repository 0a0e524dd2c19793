//! The alarm loop: takes incidents, stores them, wakes the uplink.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use analytics::event::{Event, Phase};
use crossbeam_channel::{Receiver, RecvTimeoutError};
use wire::record::{EventRef, RecordId};
use wire::{Alarm, EncodeError, Evidence, Sequence, Tag};

use super::alarm::{self, Heading};
use super::{BOX_EVENTS, Desk, Follows, Incident, evidence};

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
    /// The number of the last alarm that was made; 0 before the first.
    previous: u64,
}

impl Alarms {
    pub(super) fn new(desk: Desk, closing: Arc<AtomicBool>) -> Self {
        Self { desk, closing, box_events: 0, previous: 0 }
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
                    let alarms: Vec<_> =
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

    fn alarm(&mut self, incident: &Incident) -> (Alarm, Option<Evidence>) {
        match incident {
            Incident::Event { event, model, follows } => {
                (self.event(event, *model, *follows), Some(evidence::of_event(event)))
            }
            Incident::Tamper { phase, at } => (self.tamper(*phase, *at), None),
        }
    }

    fn event(&self, event: &Event, model: [u8; 8], follows: Follows) -> Alarm {
        let Desk { identity, anchor, clock, spool, .. } = &self.desk;
        let (record, reading) = (spool.reserve(), clock.read());
        clock.dated(record.number, &reading);
        let heading = Heading {
            record,
            event: EventRef { boot: spool.boot(), number: event.id.0 },
            onset: reading.wall_of(event.onset, *anchor),
            detected: reading.wall_of(event.decided, *anchor),
        };
        Alarm { model, ..alarm::of_event(identity, heading, event, follows) }
    }

    fn tamper(&mut self, phase: Phase, at: Instant) -> Alarm {
        self.box_events += u64::from(phase == Phase::Begin);
        let Desk { identity, clock, spool, .. } = &self.desk;
        let (record, reading) = (spool.reserve(), clock.read());
        clock.dated(record.number, &reading);
        let when = reading.wall_at(at);
        let heading = Heading {
            record,
            event: EventRef { boot: spool.boot(), number: BOX_EVENTS + self.box_events },
            onset: when,
            detected: when,
        };
        alarm::of_tamper(identity, heading, phase)
    }

    /// Stores alarms however long it takes, unless the daemon is ending.
    fn store(&mut self, alarms: &[(Alarm, Option<Evidence>)]) {
        let records: Vec<_> = alarms.iter().filter_map(|made| self.encoded(made)).collect();
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
        for (RecordId { boot, number }, _) in &records {
            tracing::info!(boot, number, "alarm on disk");
        }
        self.desk.bell.ring();
    }

    /// The alarm's payload, which says what alarm came before it.
    fn encoded(
        &mut self,
        (alarm, evidence): &(Alarm, Option<Evidence>),
    ) -> Option<(RecordId, Vec<u8>)> {
        let sequence = Sequence { previous: self.previous };
        match encode(alarm, evidence.as_ref(), sequence) {
            Ok(payload) => {
                self.previous = alarm.record.number;
                Some((alarm.record, payload))
            }
            Err(error) => {
                tracing::error!("alarm {:?} not stored: {error}", alarm.record);
                None
            }
        }
    }

    fn tidy(&self) {
        if let Err(error) = self.desk.spool.tidy() {
            tracing::error!("{error}");
        }
    }
}

fn encode(
    alarm: &Alarm,
    evidence: Option<&Evidence>,
    sequence: Sequence,
) -> Result<Vec<u8>, EncodeError> {
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    let mut written = wire::encode(alarm, &mut buffer)?.len();
    if let Some(evidence) = evidence {
        // An alarm without its evidence is better than none.
        match wire::append(evidence, written, &mut buffer) {
            Ok(payload) => written = payload.len(),
            Err(error) => tracing::error!("alarm {:?} without evidence: {error}", alarm.record),
        }
    }
    written = wire::append_sequence(sequence, written, &mut buffer)?.len();
    buffer.truncate(written);
    Ok(buffer)
}
