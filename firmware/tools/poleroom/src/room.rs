//! The control room as a value: a message in, what to do out.
//!
//! Promises: every alarm is kept once and answered after it is kept; whatever a box sends is answered
//! or counted, never a panic; one box cannot harm another's messages. Refuses: disk, network, clock;
//! `duty` carries out what this decides.

use std::collections::HashMap;

use wire::alarm::{Alarm, Name};
use wire::envelope::record_of;
use wire::health::{Health, State};
use wire::{BoxAddress, DecodeError, Evidence, Message, RecordId, Tag, Verdict, decode, topic};

use crate::action::{Action, Checked};
use crate::assembly::{Claim, FileKey};
use crate::civil::UtcOffset;
use crate::fact::{AlarmLine, Duplicate, Fact, Garbage, HealthLine, NewerLine, Origin, hex};
use crate::incoming::{Incoming, Unusable};
use crate::seen::Seen;
use crate::tally::Tally;

/// The most boxes whose health is remembered: twenty times the 3,038 cameras of the city's tender.
const MAX_BOXES: usize = 65_536;
/// The most characters of a strange topic that are repeated.
const MAX_TOPIC_SHOWN: usize = 100;

/// What the store held when the room opened.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// Alarms, newer ones included.
    pub(crate) alarms: Seen,
    /// Stills and clips.
    pub(crate) files: Seen,
    /// Files that were on their way.
    pub(crate) interrupted: Vec<FileKey>,
}

/// The room.
#[derive(Debug)]
pub(crate) struct Room {
    alarms: Seen,
    incoming: Incoming,
    conditions: HashMap<BoxAddress, Condition>,
    tally: Tally,
    offset: UtcOffset,
}

/// What of a box's health is worth a line when it changes.
#[derive(Debug, PartialEq)]
enum Condition {
    Offline,
    Online { boot: u32, parts: Vec<(Name, State)> },
}

impl Room {
    /// Opens the room over what is kept; times are shown at `offset`.
    pub(crate) fn new(kept: Kept, offset: UtcOffset) -> Self {
        let Kept { alarms, files, interrupted } = kept;
        let incoming = Incoming::new(files, interrupted, offset);
        let (conditions, tally) = (HashMap::new(), Tally::default());
        Self { alarms, incoming, conditions, tally, offset }
    }

    /// A message has arrived.
    pub(crate) fn arrived<'p>(
        &mut self,
        now_ms: i64,
        topic: &[u8],
        payload: &'p [u8],
    ) -> Vec<Action<'p>> {
        let place = std::str::from_utf8(topic).ok().and_then(topic::parse);
        let Some((address, leaf)) = place else {
            let detail = "topic is not polewatch/{site}/{box}/{alarm|media|health}".to_owned();
            let unusable = Unusable { reason: "topic", detail };
            return self.garbage(now_ms, topic, None, unusable);
        };
        match decode(payload) {
            Ok(message) if message.tag() != leaf || leaf == Tag::Ack => {
                let detail = format!("{:?} came on the topic of {leaf:?}", message.tag());
                self.refuse(now_ms, address, leaf, payload, ("wrong_topic", detail))
            }
            Ok(Message::Alarm(alarm)) => {
                self.alarm(now_ms, address, &alarm, wire::evidence_of(payload).as_ref())
            }
            Ok(Message::Media(chunk)) => {
                let (mut actions, unusable) = self.incoming.piece(now_ms, &address, &chunk);
                if let Some(unusable) = unusable {
                    actions.extend(self.garbage(now_ms, topic, Some(&address), unusable));
                }
                actions
            }
            Ok(Message::Health(health)) => self.health(now_ms, address, &health),
            Ok(Message::Ack(_)) => Vec::new(),
            // Somebody cleared a retained report: the box was taken down for good.
            Err(DecodeError::Empty) if leaf == Tag::Health => Vec::new(),
            Err(DecodeError::Newer { version, tag: Some(Tag::Alarm), record: Some(record) })
                if leaf == Tag::Alarm =>
            {
                self.newer(now_ms, address, version, record, payload)
            }
            Err(error) => {
                let why = (reason_word(&error), error.to_string());
                self.refuse(now_ms, address, leaf, payload, why)
            }
        }
    }

    /// A file was checked.
    pub(crate) fn checked(
        &mut self,
        now_ms: i64,
        key: FileKey,
        claim: Claim,
        outcome: Checked,
    ) -> Vec<Action<'static>> {
        self.incoming.checked(now_ms, key, claim, outcome)
    }

    /// A piece could not be written.
    pub(crate) fn write_failed(
        &mut self,
        now_ms: i64,
        key: FileKey,
        detail: &str,
    ) -> Vec<Action<'static>> {
        self.incoming.failed(now_ms, key, detail)
    }

    /// The broker was found (again).
    pub(crate) fn connected(&mut self, now_ms: i64) -> Vec<Action<'static>> {
        self.incoming.connected();
        self.incoming.ask_again(now_ms)
    }

    /// Time has passed; called about once a second.
    pub(crate) fn tick(&mut self, now_ms: i64) -> Vec<Action<'static>> {
        self.incoming.ask_again(now_ms)
    }

    fn alarm(
        &mut self,
        now_ms: i64,
        address: BoxAddress,
        alarm: &Alarm,
        evidence: Option<&Evidence>,
    ) -> Vec<Action<'static>> {
        let origin = Origin::new(now_ms, self.offset, &address);
        let record = alarm.record;
        let first = if self.alarms.insert(&address, record) {
            Action::KeepAlarm(Box::new(AlarmLine::new(origin, now_ms, alarm, evidence)))
        } else {
            duplicate(origin, record)
        };
        vec![first, Action::Answer(address, record, Verdict::Stored)]
    }

    fn newer(
        &mut self,
        now_ms: i64,
        address: BoxAddress,
        version: u8,
        record: RecordId,
        payload: &[u8],
    ) -> Vec<Action<'static>> {
        let origin = Origin::new(now_ms, self.offset, &address);
        let first = if self.alarms.insert(&address, record) {
            let RecordId { boot, number } = record;
            let (received_unix_ms, payload_hex) = (now_ms, hex(payload));
            let line = NewerLine { origin, version, boot, number, received_unix_ms, payload_hex };
            Action::KeepNewer(Box::new(line))
        } else {
            duplicate(origin, record)
        };
        vec![first, Action::Answer(address, record, Verdict::Stored)]
    }

    fn health(
        &mut self,
        now_ms: i64,
        address: BoxAddress,
        health: &Health,
    ) -> Vec<Action<'static>> {
        let condition = match health {
            Health::Offline => Condition::Offline,
            Health::Online(report) => Condition::Online {
                boot: report.boot,
                parts: report.parts.iter().map(|part| (part.name.clone(), part.state)).collect(),
            },
        };
        let known = self.conditions.get(&address);
        if known == Some(&condition) || known.is_none() && self.conditions.len() >= MAX_BOXES {
            return Vec::new();
        }
        let line = HealthLine::new(Origin::new(now_ms, self.offset, &address), health);
        self.conditions.insert(address, condition);
        vec![Action::Say(Fact::Health(Box::new(line)))]
    }

    /// A payload of a known box that cannot be read. If it names a record it is answered, so that the
    /// box sets it aside instead of sending it for ever.
    fn refuse(
        &mut self,
        now_ms: i64,
        address: BoxAddress,
        leaf: Tag,
        payload: &[u8],
        (reason, detail): (&'static str, String),
    ) -> Vec<Action<'static>> {
        let topic = address.topic(leaf);
        let unusable = Unusable { reason, detail };
        let mut actions = self.garbage(now_ms, topic.as_bytes(), Some(&address), unusable);
        if let Some(record) = record_of(payload) {
            actions.push(Action::Answer(address, record, Verdict::Refused));
        }
        actions
    }

    fn garbage(
        &mut self,
        now_ms: i64,
        topic: &[u8],
        who: Option<&BoxAddress>,
        Unusable { reason, detail }: Unusable,
    ) -> Vec<Action<'static>> {
        let Some(count) = self.tally.count(who, reason) else {
            return Vec::new();
        };
        let at = self.offset.civil(now_ms).stamp();
        let topic = String::from_utf8_lossy(topic).chars().take(MAX_TOPIC_SHOWN).collect();
        vec![Action::Say(Fact::Garbage(Garbage { at, topic, reason, detail, count }))]
    }
}

fn duplicate(origin: Origin, RecordId { boot, number }: RecordId) -> Action<'static> {
    Action::Say(Fact::Duplicate(Duplicate { origin, of: "alarm", boot, number }))
}

/// The stable word of a decoding error; docs/poleroom.md lists them.
fn reason_word(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::Empty => "empty",
        DecodeError::Newer { .. } => "newer",
        DecodeError::UnknownVersion { .. } => "unknown_version",
        DecodeError::UnknownTag { .. } => "unknown_tag",
        DecodeError::Truncated { .. } => "truncated",
        DecodeError::Malformed { .. } => "malformed",
        DecodeError::TooLong { .. } => "too_long",
    }
}

#[cfg(test)]
mod tests;
