//! The control room as a value: a message in, what to do out.
//!
//! Promises: every alarm is kept once and answered after it is kept; whatever a box sends is answered
//! or counted, never a panic; one box cannot harm another's messages. Refuses: disk, network, clock;
//! `duty` carries out what this decides.

use std::collections::{BTreeSet, HashMap};

use wire::alarm::{Alarm, Name};
use wire::envelope::record_of;
use wire::health::{Health, State};
use wire::{
    Appended, BoxAddress, Correction, DecodeError, Message, RecordId, Tag, Verdict, decode, topic,
};

use crate::action::{Action, Checked};
use crate::assembly::{Claim, FileKey};
use crate::civil::UtcOffset;
use crate::fact::{
    AlarmLine, CorrectionLine, Duplicate, Fact, GapLine, Garbage, HealthLine, NewerLine, Origin,
    hex,
};
use crate::gaps::{Gaps, Step};
use crate::incoming::{Incoming, Unusable};
use crate::seen::Seen;
use crate::store::Noted;
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
    /// Alarms that were named by the one behind them and are not there.
    pub(crate) missing: BTreeSet<(BoxAddress, RecordId)>,
    /// Of these, and of others that came since, those that were told to be missing.
    pub(crate) told_missing: Seen,
    /// The first alarms of the corrections.
    pub(crate) corrected: Seen,
    /// Stills and clips.
    pub(crate) files: Seen,
    /// Files that were on their way.
    pub(crate) interrupted: Vec<FileKey>,
}

impl Kept {
    /// A stored alarm, in any order with the others.
    pub(crate) fn note_alarm(&mut self, Noted { address, record, previous }: Noted) {
        self.alarms.insert(&address, record);
        if let Some(previous) = before(record, previous)
            && !self.alarms.contains(&address, previous)
        {
            self.missing.insert((address.clone(), previous));
        }
        if !self.missing.is_empty() {
            self.missing.remove(&(address, record));
        }
    }
}

/// The room.
#[derive(Debug)]
pub(crate) struct Room {
    alarms: Seen,
    gaps: Gaps,
    corrected: Seen,
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
        let Kept { alarms, missing, told_missing, corrected, files, interrupted } = kept;
        let mut gaps = Gaps::default();
        for (address, record) in missing {
            match told_missing.contains(&address, record) {
                true => gaps.miss_on(&address, record),
                false if alarms.last_before(&address, record).is_none() => {}
                // Long due: dealt with as soon as boxes can hear it.
                false => gaps.miss(0, &address, record),
            }
        }
        let incoming = Incoming::new(files, interrupted, offset);
        let (conditions, tally) = (HashMap::new(), Tally::default());
        Self { alarms, gaps, corrected, incoming, conditions, tally, offset }
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
                self.alarm(now_ms, address, &alarm, &wire::appended_of(payload))
            }
            Ok(Message::Media(chunk)) => {
                let (mut actions, unusable) = self.incoming.piece(now_ms, &address, &chunk);
                if let Some(unusable) = unusable {
                    actions.extend(self.garbage(now_ms, topic, Some(&address), unusable));
                }
                actions
            }
            Ok(Message::Health(health)) => {
                let mut actions = self.corrections(now_ms, &address, &health, payload);
                actions.extend(self.health(now_ms, address, &health));
                actions
            }
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
        let mut actions = self.incoming.ask_again(now_ms);
        for (address, record, step) in self.gaps.due(now_ms) {
            actions.push(match step {
                Step::Ask => Action::Answer(address, record, Verdict::SendAgain),
                Step::Tell => Action::KeepGap(self.gap(now_ms, &address, record, "open")),
            });
        }
        actions
    }

    fn alarm(
        &mut self,
        now_ms: i64,
        address: BoxAddress,
        alarm: &Alarm,
        appended: &Appended,
    ) -> Vec<Action<'static>> {
        let origin = Origin::new(now_ms, self.offset, &address);
        let record = alarm.record;
        let mut actions = Vec::new();
        if self.alarms.insert(&address, record) {
            let line = AlarmLine::new(origin, now_ms, alarm, appended);
            actions.push(Action::KeepAlarm(Box::new(line)));
            actions.extend(self.in_its_place(now_ms, &address, record, appended));
        } else {
            actions.push(duplicate(origin, record));
        }
        actions.push(Action::Answer(address, record, Verdict::Stored));
        actions
    }

    /// A new alarm may close a gap, and shows one when the alarm before it is not here.
    fn in_its_place(
        &mut self,
        now_ms: i64,
        address: &BoxAddress,
        record: RecordId,
        appended: &Appended,
    ) -> Option<Action<'static>> {
        let previous = appended.sequence.map(|sequence| sequence.previous);
        if let Some(previous) = before(record, previous)
            && !self.alarms.contains(address, previous)
            && self.alarms.last_before(address, previous).is_some()
        {
            self.gaps.miss(now_ms, address, previous);
        }
        let closed = self.gaps.came(address, record);
        closed.then(|| Action::KeepGap(self.gap(now_ms, address, record, "closed")))
    }

    fn gap(
        &self,
        now_ms: i64,
        address: &BoxAddress,
        missing: RecordId,
        state: &'static str,
    ) -> GapLine {
        let RecordId { boot, number: to } = missing;
        let before = self.alarms.last_before(address, missing).filter(|last| last.boot == boot);
        let from = before.map_or(1, |last| last.number + 1);
        GapLine { origin: Origin::new(now_ms, self.offset, address), state, boot, from, to }
    }

    /// What an online box says of its clock, each correction once.
    fn corrections(
        &mut self,
        now_ms: i64,
        address: &BoxAddress,
        health: &Health,
        payload: &[u8],
    ) -> Vec<Action<'static>> {
        let Health::Online(report) = health else { return Vec::new() };
        let boot = report.boot;
        let mut actions = Vec::new();
        for Correction { first, last, shift_ms } in wire::corrections_of(payload) {
            if self.corrected.insert(address, RecordId { boot, number: first }) {
                let origin = Origin::new(now_ms, self.offset, address);
                let line = CorrectionLine { origin, boot, first, last, shift_ms };
                actions.push(Action::KeepCorrection(line));
            }
        }
        actions
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

/// The alarm before `record`, if there was one.
fn before(record: RecordId, previous: Option<u64>) -> Option<RecordId> {
    let number = previous.filter(|number| (1..record.number).contains(number))?;
    Some(RecordId { boot: record.boot, number })
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
