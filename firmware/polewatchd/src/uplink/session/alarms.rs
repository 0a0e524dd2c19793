//! The window of alarms: which are on their way, and which goes next.
//!
//! Two states. While the room answers, up to a window of alarms is on its way, and one that stays
//! unanswered while others are answered is sent again by itself, ever more slowly. When nothing is
//! answered, all of them are called back, and one alarm at a time is sent as a probe, the oldest
//! first, so that a room that comes back receives them in order. Every fourth probe is the second
//! oldest: an alarm that the room never answers must not keep the others back for ever.

use std::collections::VecDeque;
use std::time::Instant;

use wire::record::RecordId;

use super::{Backlog, Pace};

/// Alarms remembered as sent and not answered; no new ones are sent above it.
const MOST_FLIGHTS: usize = 64;
/// Of so many probes one is the second oldest alarm.
const PROBES_A_ROUND: u32 = 4;

/// The alarms on their way.
#[derive(Debug)]
pub struct AlarmWindow {
    pace: Pace,
    /// In the order they were made.
    flights: VecDeque<Flight>,
    /// The newest alarm ever taken from the backlog.
    sent_to: Option<RecordId>,
    room: Room,
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    record: RecordId,
    tries: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Sent { at: Instant },
    Due { at: Instant },
}

#[derive(Clone, Copy, Debug)]
enum Room {
    Answers { last: Instant },
    Silent { probe_at: Option<Instant>, probes: u32 },
}

impl AlarmWindow {
    /// A window with nothing on its way to a room nothing was heard of.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        let room = Room::Silent { probe_at: None, probes: 0 };
        Self { pace, flights: VecDeque::new(), sent_to: None, room }
    }

    /// Whether the room answered what was sent last.
    #[must_use]
    pub fn room_answers(&self) -> bool {
        matches!(self.room, Room::Answers { .. })
    }

    /// Whether nothing is on its way or due, but for what is `held`.
    pub fn is_empty(&self, held: impl Fn(RecordId) -> bool) -> bool {
        self.flights.iter().all(|flight| held(flight.record))
    }

    /// How many are sent and not answered.
    #[must_use]
    pub fn on_their_way(&self) -> usize {
        let sent = |flight: &&Flight| matches!(flight.state, State::Sent { .. });
        self.flights.iter().filter(sent).count()
    }

    /// A new connection: what was on its way may be lost, and who is there is not known.
    pub fn reconnected(&mut self, now: Instant) {
        let probes = match self.room {
            Room::Answers { .. } => 0,
            // A probe that ended the connection counts, or it would end every one.
            Room::Silent { probes, .. } => probes + u32::from(self.on_their_way() > 0),
        };
        self.call_back(now);
        self.room = Room::Silent { probe_at: None, probes };
    }

    /// The room has said something.
    pub fn heard(&mut self, now: Instant) {
        self.room = Room::Answers { last: now };
    }

    /// Judges what has been on its way for too long.
    pub fn expire(&mut self, now: Instant) {
        let overdue = |flight: &Flight| match flight.state {
            State::Sent { at } => now.duration_since(at) >= self.pace.answer_within,
            State::Due { .. } => false,
        };
        let Some(oldest) = self.flights.iter().position(overdue) else { return };
        match self.room {
            Room::Answers { last } if self.flights[oldest].answered_since(last) => {
                for flight in self.flights.iter_mut().filter(|flight| overdue(flight)) {
                    let wait = self.pace.resend.wait(flight.tries);
                    flight.state = State::Due { at: now + wait };
                }
            }
            Room::Answers { .. } => self.fall_silent(now, 0),
            Room::Silent { probes, .. } => self.fall_silent(now, probes.saturating_add(1)),
        }
    }

    /// The alarm to send now, if any, none that is `held`; call until there is none.
    pub fn next(
        &mut self,
        now: Instant,
        backlog: &impl Backlog,
        held: impl Fn(RecordId) -> bool,
    ) -> Option<RecordId> {
        let index = match self.room {
            Room::Answers { .. } => self.next_in_window(now, backlog, held),
            Room::Silent { probe_at, probes } => {
                let early = probe_at.is_some_and(|probe_at| now < probe_at);
                if early || self.on_their_way() > 0 {
                    return None;
                }
                self.probe(now, probes, backlog, held)
            }
        }?;
        Some(self.flights[index].send(now))
    }

    /// Sends this one, if it is known here.
    pub fn try_again(&mut self, now: Instant, record: RecordId) -> bool {
        let known = self.flights.iter_mut().find(|flight| flight.record == record);
        known.map(|flight| flight.send(now)).is_some()
    }

    /// The broker did not take it: it is sent again later. Returns how often it was sent.
    pub fn refused(&mut self, now: Instant, record: RecordId) -> u32 {
        let resend = self.pace.resend;
        let tries = self.redo(record, |tries| now + resend.wait(tries));
        if let Room::Silent { probes, .. } = self.room {
            self.fall_silent(now, probes.saturating_add(1));
        }
        tries
    }

    /// The room wants it again, if it is known here.
    pub fn again(&mut self, now: Instant, record: RecordId) {
        self.redo(record, |_| now);
    }

    /// It is answered or gone.
    pub fn forget(&mut self, record: RecordId) {
        self.flights.retain(|flight| flight.record != record);
    }

    /// The next moment at which [`expire`](Self::expire) or [`next`](Self::next) has something new
    /// to do.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let silent = !self.room_answers();
        let probe = match self.room {
            Room::Silent { probe_at, .. } if self.on_their_way() == 0 => probe_at,
            _ => None,
        };
        let moments = self.flights.iter().filter_map(|flight| match flight.state {
            State::Sent { at } => Some(at + self.pace.answer_within),
            State::Due { at } => (!silent).then_some(at),
        });
        moments.chain(probe).filter(|at| *at > now).min()
    }

    fn next_in_window(
        &mut self,
        now: Instant,
        backlog: &impl Backlog,
        held: impl Fn(RecordId) -> bool,
    ) -> Option<usize> {
        if self.on_their_way() >= self.pace.window {
            return None;
        }
        let due = |flight: &Flight| {
            matches!(flight.state, State::Due { at } if at <= now) && !held(flight.record)
        };
        self.flights.iter().position(due).or_else(|| self.take(now, backlog))
    }

    fn probe(
        &mut self,
        now: Instant,
        probes: u32,
        backlog: &impl Backlog,
        held: impl Fn(RecordId) -> bool,
    ) -> Option<usize> {
        let wanted = usize::from(probes % PROBES_A_ROUND == PROBES_A_ROUND - 1);
        let free = |flight: &Flight| !held(flight.record);
        while self.flights.iter().filter(|flight| free(flight)).count() <= wanted {
            if self.take(now, backlog).is_none() {
                break;
            }
        }
        let indices = (0..self.flights.len()).filter(|at| free(&self.flights[*at]));
        indices.take(wanted + 1).last()
    }

    /// Takes the next alarm from the backlog; it must be sent, or due at once.
    fn take(&mut self, now: Instant, backlog: &impl Backlog) -> Option<usize> {
        if self.flights.len() >= MOST_FLIGHTS {
            return None;
        }
        let record = backlog.alarm_after(self.sent_to)?;
        self.sent_to = Some(record);
        self.flights.push_back(Flight { record, tries: 0, state: State::Due { at: now } });
        Some(self.flights.len() - 1)
    }

    fn fall_silent(&mut self, now: Instant, probes: u32) {
        self.call_back(now);
        let probe_at = Some(now + self.pace.resend.wait(probes));
        self.room = Room::Silent { probe_at, probes };
    }

    fn call_back(&mut self, now: Instant) {
        for flight in &mut self.flights {
            flight.state = State::Due { at: now };
        }
    }

    fn redo(&mut self, record: RecordId, at: impl Fn(u32) -> Instant) -> u32 {
        let known = self.flights.iter_mut().find(|flight| flight.record == record);
        known.map_or(0, |flight| {
            flight.state = State::Due { at: at(flight.tries) };
            flight.tries
        })
    }
}

impl Flight {
    fn send(&mut self, now: Instant) -> RecordId {
        self.tries += 1;
        self.state = State::Sent { at: now };
        self.record
    }

    /// Whether the room has spoken since this was sent: then it is there, and this one is missing.
    fn answered_since(&self, last: Instant) -> bool {
        matches!(self.state, State::Sent { at } if last > at)
    }
}
