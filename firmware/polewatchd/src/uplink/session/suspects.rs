//! Suspects: records that end the connections they are sent over.
//!
//! Promises: a record that a broker cannot bear is found and does not keep the others from the room;
//! it is given up only after [`MOST_ENDED`] connections, most of which had lived ever longer without
//! it and ended as soon as it was sent alone, so that a line which breaks by itself condemns nobody:
//! such a line does not live that long. Refuses: a verdict on a record that the broker has taken, or
//! that was not alone.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use wire::record::RecordId;

/// Connections a record may have ended before it is set aside.
pub const MOST_ENDED: u32 = 8;
/// From so many on it is held back until a connection has proved itself.
const HELD_FROM: u32 = 2;
/// How long a connection must have lived before a held record is tried, by the connections it has
/// ended. Lines that break at random live some seconds; what lives a minute does not break by
/// accident in the seconds after it.
const PROOFS_S: [u64; 6] = [2, 8, 30, 60, 60, 60];
/// A connection ended by a record ends at once; later it is the line's own doing.
const AT_ONCE: Duration = Duration::from_secs(5);
/// Of so many connections one sends held records like any other, and counts nothing against them: on
/// a line that never lives long they would else wait for ever.
const AMNESTY_EVERY: u32 = 4;
/// The most records suspected at a time.
const MOST_SUSPECTS: usize = 8;

/// Who is suspected, and who is on trial.
#[derive(Debug, Default)]
pub struct Suspects {
    ended: BTreeMap<RecordId, u32>,
    trial: Option<Trial>,
    connections: u32,
    up_since: Option<Instant>,
}

/// A record on its way with nothing else.
#[derive(Clone, Copy, Debug)]
struct Trial {
    record: RecordId,
    at: Instant,
    /// Whether it was held back until the connection had proved itself.
    proved: bool,
}

impl Suspects {
    /// A new connection.
    pub fn connected(&mut self, now: Instant) {
        self.connections = self.connections.wrapping_add(1);
        self.up_since = Some(now);
        self.trial = None;
    }

    /// The connection has ended. Returns the record that has ended too many, if it was that one.
    pub fn lost(&mut self, now: Instant) -> Option<RecordId> {
        let was_up = self.up_since.take().is_some();
        let trial = self.trial.take().filter(|_| was_up)?;
        if now.duration_since(trial.at) > AT_ONCE {
            return None;
        }
        let known = self.ended.get(&trial.record).copied().unwrap_or(0);
        if known >= HELD_FROM && !trial.proved || known == 0 && self.ended.len() >= MOST_SUSPECTS {
            return None;
        }
        self.ended.insert(trial.record, known + 1);
        (known + 1 >= MOST_ENDED).then_some(trial.record)
    }

    /// `record` was sent, alone or with others on their way.
    pub fn sent(&mut self, now: Instant, record: RecordId, alone: Alone) {
        self.trial = match alone {
            Alone::Yes => Some(Trial { record, at: now, proved: self.due(now) == Some(record) }),
            Alone::No => None,
        };
    }

    /// The broker has taken or refused `record`, or it is answered or gone: it ends no connection.
    pub fn cleared(&mut self, record: RecordId) {
        self.ended.remove(&record);
        self.trial.take_if(|trial| trial.record == record);
    }

    /// Whether it is held back on this connection.
    #[must_use]
    pub fn holds(&self, record: RecordId) -> bool {
        let held = self.ended.get(&record).is_some_and(|ended| *ended >= HELD_FROM);
        held && !self.connections.is_multiple_of(AMNESTY_EVERY)
    }

    /// The held record this connection is now good enough for: to be sent alone.
    #[must_use]
    pub fn due(&self, now: Instant) -> Option<RecordId> {
        let up_since = self.up_since?;
        let held = self.ended.keys().filter(|record| self.holds(**record));
        held.copied().find(|record| now >= up_since + self.proof(*record))
    }

    /// Whether a held record is on trial, so that nothing else may be sent.
    #[must_use]
    pub fn in_session(&self, now: Instant) -> bool {
        self.trial.is_some_and(|trial| trial.proved && now < trial.at + AT_ONCE)
    }

    /// When [`due`](Self::due) or [`in_session`](Self::in_session) says something new.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let up_since = self.up_since?;
        let held = self.ended.keys().filter(|record| self.holds(**record));
        let proofs = held.map(|record| up_since + self.proof(*record));
        let over = self.trial.filter(|trial| trial.proved).map(|trial| trial.at + AT_ONCE);
        proofs.chain(over).filter(|at| *at > now).min()
    }

    fn proof(&self, record: RecordId) -> Duration {
        let ended = self.ended.get(&record).copied().unwrap_or(0);
        let step = (ended.saturating_sub(HELD_FROM) as usize).min(PROOFS_S.len() - 1);
        Duration::from_secs(PROOFS_S[step])
    }
}

/// Whether anything else was on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// Nothing.
    Yes,
    /// Something.
    No,
}
