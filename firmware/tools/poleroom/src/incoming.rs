//! Stills and clips from first piece to answer.
//!
//! Promises: a file is answered `Stored` only after it was checked and is durable; every other end of
//! a file is answered too, at once or when it is asked for again. Refuses: to touch the disk; it says
//! what to do ([`Action`]) and is told how that went.

use std::collections::BTreeMap;

use wire::{BoxAddress, MediaChunk, MediaKind, RecordId, Verdict};

use crate::action::{Action, Checked};
use crate::assembly::{Assemblies, Claim, FileKey, Placed, Wrong};
use crate::civil::UtcOffset;
use crate::fact::{Duplicate, Fact, MediaStored, MediaTrouble, Origin, hex};
use crate::seen::Seen;

/// How long after asking for a file again it is asked for once more.
const ASK_AGAIN_MS: i64 = 60_000;
/// The most files asked for again at once.
const MAX_ASKED_AT_ONCE: usize = 64;
/// The most lost files remembered; the longest lost are forgotten, and sent again by their box when
/// it next connects.
const MAX_LOST: usize = 4096;

/// A piece that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// One stable word.
    pub(crate) reason: &'static str,
    /// A sentence.
    pub(crate) detail: String,
}

/// The files of all boxes.
#[derive(Debug)]
pub(crate) struct Incoming {
    stored: Seen,
    on_the_way: Assemblies,
    /// Files whose pieces are gone (a restart, no room, a failing disk), and when they were last
    /// asked for again.
    lost: BTreeMap<FileKey, i64>,
    offset: UtcOffset,
}

impl Incoming {
    /// Starts from what the store holds: whole files, and files that were on their way when the last
    /// run ended.
    pub(crate) fn new(stored: Seen, interrupted: Vec<FileKey>, offset: UtcOffset) -> Self {
        let lost = interrupted.into_iter().take(MAX_LOST).map(|key| (key, i64::MIN)).collect();
        Self { stored, on_the_way: Assemblies::default(), lost, offset }
    }

    /// A piece has arrived.
    pub(crate) fn piece<'p>(
        &mut self,
        now_ms: i64,
        address: &BoxAddress,
        chunk: &MediaChunk<'p>,
    ) -> (Vec<Action<'p>>, Option<Unusable>) {
        let record = chunk.record;
        let answer = |verdict| Action::Answer(address.clone(), record, verdict);
        if self.stored.contains(address, record) {
            return (self.again(now_ms, address, chunk, answer(Verdict::Stored)), None);
        }
        if let Some(fault) = chunk.fault() {
            let unusable = Unusable { reason: "piece", detail: fault.to_string() };
            return (vec![answer(Verdict::Refused)], Some(unusable));
        }
        let key = FileKey { address: address.clone(), record };
        self.lost.remove(&key);
        let (placed, evicted) = self.on_the_way.place(now_ms, &key, chunk);
        let mut actions = Vec::new();
        for crowded_out in evicted {
            actions.extend(self.lose(now_ms, crowded_out, "no room: too many files on their way"));
        }
        let unusable = follow(placed, key, chunk, &mut actions);
        (actions, unusable)
    }

    /// A whole file was checked.
    pub(crate) fn checked(
        &mut self,
        now_ms: i64,
        key: FileKey,
        claim: Claim,
        outcome: Checked,
    ) -> Vec<Action<'static>> {
        match outcome {
            Checked::Stored { file } => {
                self.on_the_way.drop_file(&key);
                self.stored.insert(&key.address, key.record);
                let fact = self.stored_fact(now_ms, &key, claim, file);
                vec![Action::Answer(key.address, key.record, Verdict::Stored), Action::Say(fact)]
            }
            Checked::Failed { detail } => self.failed(now_ms, key, &detail),
            Checked::WrongHash => self.wrong_hash(now_ms, key),
        }
    }

    /// The disk did not take a piece: the file is given up for now, so that alarms go on.
    pub(crate) fn failed(
        &mut self,
        now_ms: i64,
        key: FileKey,
        detail: &str,
    ) -> Vec<Action<'static>> {
        self.on_the_way.drop_file(&key);
        self.lose(now_ms, key, detail)
    }

    /// A new connection: whatever is lost is asked for at the next [`Incoming::ask_again`].
    pub(crate) fn connected(&mut self) {
        for asked_ms in self.lost.values_mut() {
            *asked_ms = i64::MIN;
        }
    }

    /// Asks for lost files whose time has come.
    pub(crate) fn ask_again(&mut self, now_ms: i64) -> Vec<Action<'static>> {
        let due = self.lost.iter_mut().filter(|(_, asked_ms)| {
            let age_ms = now_ms.saturating_sub(**asked_ms);
            // A clock set back must not silence the question.
            !(0..ASK_AGAIN_MS).contains(&age_ms)
        });
        let ask = |(key, asked_ms): (&FileKey, &mut i64)| {
            *asked_ms = now_ms;
            Action::Answer(key.address.clone(), key.record, Verdict::SendAgain)
        };
        due.take(MAX_ASKED_AT_ONCE).map(ask).collect()
    }

    fn again<'p>(
        &self,
        now_ms: i64,
        address: &BoxAddress,
        chunk: &MediaChunk<'p>,
        answer: Action<'p>,
    ) -> Vec<Action<'p>> {
        let origin = Origin::new(now_ms, self.offset, address);
        let RecordId { boot, number } = chunk.record;
        let fact = Fact::Duplicate(Duplicate { origin, of: "media", boot, number });
        // Told once a file, not once a piece.
        if chunk.offset == 0 { vec![answer, Action::Say(fact)] } else { vec![answer] }
    }

    fn wrong_hash(&mut self, now_ms: i64, key: FileKey) -> Vec<Action<'static>> {
        let (address, record) = (key.address.clone(), key.record);
        let reason = "wrong SHA-256";
        match self.on_the_way.wrong(&key) {
            Wrong::SendAgain => {
                let fact = self.trouble(now_ms, &key, reason, "send_again");
                let answer = Action::Answer(address, record, Verdict::SendAgain);
                vec![Action::Reset(key), answer, Action::Say(fact)]
            }
            Wrong::Refuse => {
                let fact = self.trouble(now_ms, &key, reason, "refused");
                let answer = Action::Answer(address, record, Verdict::Refused);
                vec![Action::Discard(key), answer, Action::Say(fact)]
            }
        }
    }

    /// Pieces are gone; the file will be asked for again, not at once: what took them may still last.
    fn lose(&mut self, now_ms: i64, key: FileKey, reason: &str) -> Vec<Action<'static>> {
        let fact = self.trouble(now_ms, &key, reason, "send_again_later");
        let mut actions = Vec::new();
        if self.lost.len() >= MAX_LOST
            && let Some((longest_lost, _)) = self.lost.pop_first()
        {
            actions.push(Action::Discard(longest_lost));
        }
        self.lost.insert(key.clone(), now_ms);
        actions.extend([Action::Reset(key), Action::Say(fact)]);
        actions
    }

    fn trouble(&self, now_ms: i64, key: &FileKey, reason: &str, answer: &'static str) -> Fact {
        let origin = Origin::new(now_ms, self.offset, &key.address);
        let RecordId { boot, number } = key.record;
        Fact::Media(MediaTrouble { origin, boot, number, reason: reason.to_owned(), answer })
    }

    fn stored_fact(&self, now_ms: i64, key: &FileKey, claim: Claim, file: String) -> Fact {
        let stored = MediaStored {
            origin: Origin::new(now_ms, self.offset, &key.address),
            boot: key.record.boot,
            number: key.record.number,
            event_boot: claim.event.boot,
            event_number: claim.event.number,
            bytes: claim.total_bytes,
            sha256: hex(&claim.sha256),
            file,
            received_unix_ms: now_ms,
        };
        match claim.kind {
            MediaKind::Still => Fact::Still(stored),
            MediaKind::Clip => Fact::Clip(stored),
        }
    }
}

/// What a placed piece leads to.
fn follow<'p>(
    placed: Placed,
    key: FileKey,
    chunk: &MediaChunk<'p>,
    actions: &mut Vec<Action<'p>>,
) -> Option<Unusable> {
    let answer = |verdict| Action::Answer(key.address.clone(), key.record, verdict);
    let write = || Action::Write { key: key.clone(), offset: chunk.offset, bytes: chunk.bytes };
    match placed {
        Placed::Again => None,
        Placed::Piece => {
            actions.push(write());
            None
        }
        Placed::Last => {
            actions.push(write());
            actions.push(Action::Check { key, claim: Claim::of(chunk) });
            None
        }
        Placed::Contradiction => {
            actions.extend([answer(Verdict::SendAgain), Action::Reset(key)]);
            let detail = "piece disagrees with earlier ones of its record".to_owned();
            Some(Unusable { reason: "contradiction", detail })
        }
        Placed::Scattered => {
            actions.extend([answer(Verdict::Refused), Action::Discard(key)]);
            let detail = "pieces leave too many gaps".to_owned();
            Some(Unusable { reason: "scattered", detail })
        }
    }
}
