//! The room on duty: one thread that takes messages, lets the room decide and carries it out.
//!
//! Promises: the disk first, then the answer, then the broker's receipt, so that a crash between any
//! two costs a duplicate, never a message; messages that wait together share one sync. Refuses: to
//! answer what is not durable; while alarms cannot be written it tries again and reads no more.

use std::sync::mpsc;
use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::Publish;
use tokio::sync::mpsc::{Receiver, Sender};
use wire::ack::MAX_ANSWERS;
use wire::{Ack, BoxAddress, RecordId, Tag, Verdict, encode};

use crate::action::{Action, Checked};
use crate::assembly::{Claim, FileKey};
use crate::civil::UtcOffset;
use crate::clock;
use crate::durable::DiskError;
use crate::fact::{Disk, Fact};
use crate::room::Room;
use crate::store::{CheckJob, Store};
use crate::voice::Voice;

/// The most inputs that share one sync.
const MAX_BATCH: usize = 64;
/// How long after a failed write of alarms it is tried again.
const DISK_RETRY: Duration = Duration::from_secs(1);

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// A message, and the connection it came over.
    Message(Receipt),
    /// A file was checked.
    Checked(CheckJob, Checked),
    /// The broker was found (again).
    Connected,
    /// Something to say, in order with the rest.
    Say(Fact),
    /// A second has passed.
    Tick,
    /// The end.
    Stop,
}

/// A message to be confirmed to the broker, which is only possible on its own connection.
#[derive(Clone, Debug)]
pub(crate) struct Receipt {
    /// Which connection.
    pub(crate) connection: u64,
    /// The message.
    pub(crate) publish: Publish,
}

/// What the thread hands to the broker, answers first.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Acknowledgements to boxes.
    pub(crate) answers: Vec<Answer>,
    /// Messages that need not come again.
    pub(crate) receipts: Vec<Receipt>,
}

/// An acknowledgement ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The box's acknowledgement topic.
    pub(crate) topic: String,
    /// The encoded [`Ack`].
    pub(crate) payload: Vec<u8>,
}

/// The thread's possessions.
pub(crate) struct Duty {
    pub(crate) room: Room,
    pub(crate) store: Store,
    pub(crate) inbox: Receiver<Input>,
    pub(crate) outbox: Sender<Output>,
    /// To the thread that checks files.
    pub(crate) checker: mpsc::Sender<CheckJob>,
    /// Closed when the program ends, so that a failing disk cannot hold it up.
    pub(crate) running: mpsc::Receiver<()>,
    pub(crate) voice: Voice,
    pub(crate) offset: UtcOffset,
}

/// What one batch leads to once its writing is done.
#[derive(Default)]
struct Effects {
    alarms: Vec<Vec<u8>>,
    newer: Vec<Vec<u8>>,
    corrections: Vec<Vec<u8>>,
    gaps: Vec<Vec<u8>>,
    facts: Vec<Fact>,
    answers: Vec<(BoxAddress, RecordId, Verdict)>,
    checks: Vec<CheckJob>,
    receipts: Vec<Receipt>,
}

impl Duty {
    /// Works until told to stop.
    pub(crate) fn run(mut self) {
        while let Some(first) = self.inbox.blocking_recv() {
            let mut batch = vec![first];
            while batch.len() < MAX_BATCH
                && let Ok(next) = self.inbox.try_recv()
            {
                batch.push(next);
            }
            if batch.iter().any(|input| matches!(input, Input::Stop)) || !self.take(batch) {
                return;
            }
        }
    }

    /// Deals with a batch; says whether to go on.
    fn take(&mut self, batch: Vec<Input>) -> bool {
        let now_ms = clock::now_unix_ms();
        let mut effects = Effects::default();
        for input in batch {
            self.step(now_ms, input, &mut effects);
        }
        let date = self.offset.civil(now_ms).date();
        if !self.write_lines(&date, &mut effects) {
            return false;
        }
        for fact in &effects.facts {
            self.voice.say(fact, self.offset);
        }
        for job in effects.checks {
            // The checker lives as long as this thread.
            let _ = self.checker.send(job);
        }
        let answers = in_envelopes(effects.answers);
        let output = Output { answers, receipts: effects.receipts };
        let nothing = output.answers.is_empty() && output.receipts.is_empty();
        // An error means the broker's side is gone: the program ends.
        nothing || self.outbox.blocking_send(output).is_ok()
    }

    fn step(&mut self, now_ms: i64, input: Input, effects: &mut Effects) {
        match input {
            Input::Message(receipt) => {
                let Publish { topic, payload, .. } = &receipt.publish;
                let actions = self.room.arrived(now_ms, topic, payload);
                self.carry_out(now_ms, actions, effects);
                effects.receipts.push(receipt);
            }
            Input::Checked(job, outcome) => {
                let actions = self.room.checked(now_ms, job.key, job.claim, outcome);
                self.carry_out(now_ms, actions, effects);
            }
            Input::Connected => {
                let actions = self.room.connected(now_ms);
                self.carry_out(now_ms, actions, effects);
            }
            Input::Tick => {
                let actions = self.room.tick(now_ms);
                self.carry_out(now_ms, actions, effects);
            }
            Input::Say(fact) => effects.facts.push(fact),
            Input::Stop => {}
        }
    }

    fn carry_out(&mut self, now_ms: i64, actions: Vec<Action<'_>>, effects: &mut Effects) {
        for action in actions {
            match action {
                Action::KeepAlarm(line) => {
                    effects.alarms.extend(serde_json::to_vec(&line));
                    effects.facts.push(Fact::Alarm(line));
                }
                Action::KeepNewer(line) => {
                    effects.newer.extend(serde_json::to_vec(&line));
                    effects.facts.push(Fact::Newer(line));
                }
                Action::KeepCorrection(line) => {
                    effects.corrections.extend(serde_json::to_vec(&line));
                    effects.facts.push(Fact::Correction(line));
                }
                Action::KeepGap(line) => {
                    effects.gaps.extend(serde_json::to_vec(&line));
                    effects.facts.push(Fact::Gap(line));
                }
                Action::Write { key, offset, bytes } => {
                    if let Err(error) = self.store.files.write(&key, offset, bytes) {
                        let lost = self.room.write_failed(now_ms, key, &error.to_string());
                        self.carry_out(now_ms, lost, effects);
                    }
                }
                Action::Check { key, claim } => self.queue_check(key, claim, effects),
                Action::Reset(key) => {
                    let done = self.store.files.reset(&key);
                    self.say_disk(now_ms, done, effects);
                }
                Action::Discard(key) => {
                    let done = self.store.files.discard(&key);
                    self.say_disk(now_ms, done, effects);
                }
                Action::Answer(address, record, verdict) => {
                    effects.answers.push((address, record, verdict));
                }
                Action::Say(fact) => effects.facts.push(fact),
            }
        }
    }

    fn queue_check(&self, key: FileKey, claim: Claim, effects: &mut Effects) {
        effects.checks.push(self.store.files.check_job(key, claim));
    }

    fn say_disk(&self, now_ms: i64, done: Result<(), DiskError>, effects: &mut Effects) {
        if let Err(error) = done {
            effects.facts.push(self.disk_fact(now_ms, "failing", error.to_string()));
        }
    }

    fn disk_fact(&self, now_ms: i64, state: &'static str, detail: String) -> Fact {
        Fact::Disk(Disk { at: self.offset.civil(now_ms).stamp(), state, detail })
    }

    /// Makes the batch's lines durable, however often that takes; `false` when the program ends first.
    fn write_lines(&mut self, date: &str, effects: &mut Effects) -> bool {
        let mut failed = false;
        while let Err(error) = self.try_write_lines(date, effects) {
            if !failed {
                let detail = format!("{error}: alarms wait, trying again");
                self.say_now("failing", detail);
            }
            failed = true;
            if self.running.recv_timeout(DISK_RETRY) != Err(mpsc::RecvTimeoutError::Timeout) {
                return false;
            }
        }
        if failed {
            self.say_now("working", "alarms are written again".to_owned());
        }
        true
    }

    fn try_write_lines(&mut self, date: &str, effects: &mut Effects) -> Result<(), DiskError> {
        let Store { alarms, newer, corrections, gaps, .. } = &mut self.store;
        for (days, lines) in [
            (alarms, &mut effects.alarms),
            (newer, &mut effects.newer),
            (corrections, &mut effects.corrections),
            (gaps, &mut effects.gaps),
        ] {
            days.append(date, lines)?;
            lines.clear();
        }
        Ok(())
    }

    fn say_now(&self, state: &'static str, detail: String) {
        self.voice.say(&self.disk_fact(clock::now_unix_ms(), state, detail), self.offset);
    }
}

/// Groups answers by box, at most [`MAX_ANSWERS`] a message, each answer once.
fn in_envelopes(answers: Vec<(BoxAddress, RecordId, Verdict)>) -> Vec<Answer> {
    let mut acks: Vec<(BoxAddress, Ack)> = Vec::new();
    for (address, record, verdict) in answers {
        let answer = (record, verdict);
        let last = acks.iter_mut().rev().find(|(other, _)| *other == address);
        match last {
            Some((_, ack)) if ack.answers.contains(&answer) => {}
            Some((_, ack)) if ack.answers.len() < MAX_ANSWERS => {
                // There is room: the guard says so.
                let _ = ack.answers.push(answer);
            }
            _ => acks.push((address, Ack { answers: [answer].into_iter().collect() })),
        }
    }
    acks.iter().filter_map(|(address, ack)| in_envelope(address, ack)).collect()
}

fn in_envelope(address: &BoxAddress, ack: &Ack) -> Option<Answer> {
    let mut buffer = [0; wire::envelope::MAX_ACK_BYTES];
    let payload = encode(ack, &mut buffer).ok()?.to_vec();
    Some(Answer { topic: address.topic(Tag::Ack).to_string(), payload })
}

#[cfg(test)]
mod tests {
    use wire::{Message, decode};

    use super::*;

    #[test]
    fn answers_travel_together_by_box() {
        let pole = |name| BoxAddress::new("gangnam", name).unwrap();
        let stored = |name, number| (pole(name), RecordId { boot: 1, number }, Verdict::Stored);
        let mut answers: Vec<_> = (0..70).map(|number| stored("pole-1", number)).collect();
        answers.insert(3, stored("pole-2", 5));
        answers.push(stored("pole-1", 69));
        let envelopes = in_envelopes(answers);
        let counts: Vec<(&str, usize)> = envelopes
            .iter()
            .map(|answer| (answer.topic.as_str(), count(&answer.payload)))
            .collect();
        let expected = [
            ("polewatch/gangnam/pole-1/ack", 64),
            ("polewatch/gangnam/pole-2/ack", 1),
            ("polewatch/gangnam/pole-1/ack", 6),
        ];
        assert_eq!(counts, expected);
    }

    fn count(payload: &[u8]) -> usize {
        match decode(payload) {
            Ok(Message::Ack(ack)) => ack.answers.len(),
            other => panic!("{other:?}"),
        }
    }
}
