//! The session: what is sent when, as a value without I/O.
//!
//! Promises: alarms before stills before clips; alarms in the order they were made, at most a window
//! of them without the control room's answer; a record is freed by the control room's word only,
//! never by the broker's; what is not answered is sent again, ever more slowly; after each
//! reconnect, and whenever the room has gone silent, one alarm goes ahead and the others follow when
//! it is answered, so that a room that comes back gets them in order; a record that ends connections
//! does not keep the others back. Refuses: to hold records; it
//! holds identities, and the spool has the rest.

pub mod alarms;
pub mod media;
pub mod suspects;

use std::time::{Duration, Instant};

use wire::ack::Verdict;
use wire::media::MediaKind;
use wire::record::RecordId;

use self::alarms::AlarmWindow;
use self::media::{MediaWindow, Piece};
use self::suspects::{Alone, MOST_ENDED, Suspects};
use super::backoff::Backoff;
use super::rate::{Allowance, Rate};
use crate::spool::Spool;
use crate::spool::footer::Media;

/// How often a record is sent that the control room or the broker keeps refusing for a reason that
/// might pass, before it is set aside.
pub const MOST_TRIES: u32 = 8;

/// What waits to be sent. The spool, or a test's list.
pub trait Backlog {
    /// The first alarm behind `after` that waits for an answer.
    fn alarm_after(&self, after: Option<RecordId>) -> Option<RecordId>;
    /// The newest event's still or clip that waits for an answer, those in `passed` left out.
    fn newest_media(&self, kind: MediaKind, passed: &[RecordId]) -> Option<Media>;
}

impl Backlog for Spool {
    fn alarm_after(&self, after: Option<RecordId>) -> Option<RecordId> {
        Self::alarm_after(self, after)
    }

    fn newest_media(&self, kind: MediaKind, passed: &[RecordId]) -> Option<Media> {
        Self::newest_media(self, kind, passed)
    }
}

/// How fast and how patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Alarms sent and not answered; together with a piece and a health report it must stay below
    /// the broker's own limit, which is 20 in mosquitto.
    pub window: usize,
    /// How long the control room may take to answer.
    pub answer_within: Duration,
    /// Waits between sendings of a record that is not answered.
    pub resend: Backoff,
    /// Waits between attempts to connect.
    pub dial: Backoff,
    /// The most to be sent; stills and clips keep to it, alarms go at once and are counted.
    pub max_rate: Option<Rate>,
}

impl Pace {
    /// What a box in the field uses; `seed` is its own ([`super::backoff::seed_of`]).
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        Self {
            window: 8,
            answer_within: Duration::from_secs(10),
            resend: Backoff { first: SECOND, most: Duration::from_secs(30), seed },
            dial: Backoff { first: SECOND, most: Duration::from_secs(60), seed: !seed },
            max_rate: None,
        }
    }
}

/// What one publish carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// An alarm.
    Alarm(RecordId),
    /// A piece of a still or clip.
    Piece(Piece),
}

impl Parcel {
    /// The record it belongs to.
    #[must_use]
    pub fn record(&self) -> RecordId {
        match self {
            Self::Alarm(record) => *record,
            Self::Piece(piece) => piece.media.record,
        }
    }
}

/// Why the broker did not take a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This record can never be taken.
    Record(&'static str),
    /// It may be taken later.
    Broker(&'static str),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time has passed, or something new lies in the spool.
    Tick,
    /// The broker has accepted the connection and the subscription is on its way.
    Connected,
    /// The connection could not be made or is gone.
    Lost,
    /// The broker has taken a parcel, or has not.
    Taken(Parcel, Option<Refusal>),
    /// The control room has answered.
    Answers(Vec<(RecordId, Verdict)>),
    /// The spool no longer has this record.
    Gone(RecordId),
}

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Make a new connection.
    Connect,
    /// Publish this.
    Send(Parcel),
    /// The control room has these: free them.
    Free(Vec<RecordId>),
    /// Take this out of the lanes and keep it with the reason.
    SetAside(RecordId, String),
}

/// The session of one box.
#[derive(Debug)]
pub struct Session {
    pace: Pace,
    link: Link,
    /// Connections that failed or ended since a parcel was last taken.
    failures: u32,
    alarms: AlarmWindow,
    media: MediaWindow,
    suspects: Suspects,
    allowance: Allowance,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down { until: Option<Instant> },
    Dialing,
    Up,
}

impl Session {
    /// A session that has never been connected.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self {
            pace,
            link: Link::Down { until: None },
            failures: 0,
            alarms: AlarmWindow::new(pace),
            media: MediaWindow::new(pace),
            suspects: Suspects::default(),
            allowance: Allowance::new(pace.max_rate),
        }
    }

    /// Takes in what happened. Nothing is sent but on [`Input::Tick`], which is due after every
    /// other input, once its outputs are done.
    pub fn step(&mut self, now: Instant, input: Input, backlog: &impl Backlog) -> Vec<Output> {
        match input {
            Input::Tick => self.tick(now, backlog),
            Input::Connected => {
                self.link = Link::Up;
                self.suspects.connected(now);
                self.alarms.reconnected(now);
                self.media.reconnected(now);
                Vec::new()
            }
            Input::Lost => {
                let wait = self.pace.dial.wait(self.failures);
                self.link = Link::Down { until: Some(now + wait) };
                self.failures = self.failures.saturating_add(1);
                let condemned = self.suspects.lost(now);
                condemned.map_or_else(Vec::new, |record| {
                    let reason = format!("{MOST_ENDED} connections ended when it was sent");
                    self.set_aside(record, reason)
                })
            }
            Input::Taken(parcel, refusal) => self.taken(now, parcel, refusal),
            Input::Answers(answers) => self.answers(now, &answers),
            Input::Gone(record) => {
                self.forget(record);
                Vec::new()
            }
        }
    }

    /// So many bytes were published: of the topic and the payload, what the network adds left out.
    pub fn spent(&mut self, now: Instant, bytes: usize) {
        self.allowance.spend(now, bytes);
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.link == Link::Up
    }

    /// When the next [`Input::Tick`] is due if nothing else happens; `None` when only something else
    /// can set things going.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        match self.link {
            Link::Down { until } => until,
            Link::Dialing => None,
            Link::Up => {
                let moments = [
                    self.alarms.wake_at(now),
                    self.media.wake_at(now),
                    self.suspects.wake_at(now),
                    self.allowance.free_at(now),
                ];
                moments.into_iter().flatten().min()
            }
        }
    }

    fn tick(&mut self, now: Instant, backlog: &impl Backlog) -> Vec<Output> {
        match self.link {
            Link::Down { until } if until.is_none_or(|until| until <= now) => {
                self.link = Link::Dialing;
                vec![Output::Connect]
            }
            Link::Up => self.send(now, backlog),
            Link::Down { .. } | Link::Dialing => Vec::new(),
        }
    }

    fn send(&mut self, now: Instant, backlog: &impl Backlog) -> Vec<Output> {
        self.alarms.expire(now);
        if self.suspects.in_session(now) {
            return Vec::new();
        }
        let under_way = self.alarms.on_their_way() + self.media.on_their_way();
        if let Some(record) = self.suspects.due(now) {
            // It is tried alone: what is on its way is waited for, and nothing else is sent.
            let parcel = (under_way == 0).then(|| self.tried(now, record)).flatten();
            return self.sent(now, parcel.into_iter().collect(), under_way);
        }
        let suspects = &self.suspects;
        let held = |record| suspects.holds(record);
        let mut parcels = Vec::new();
        while let Some(record) = self.alarms.next(now, backlog, held) {
            parcels.push(Parcel::Alarm(record));
        }
        // A silent room gets no megabytes, unless they are all there is to try it with.
        let free = self.allowance.free_at(now).is_none();
        if free && (self.alarms.room_answers() || self.alarms.is_empty(held)) {
            parcels.extend(self.media.next(now, backlog, held).map(Parcel::Piece));
        }
        self.sent(now, parcels, under_way)
    }

    /// A suspect, to be sent alone.
    fn tried(&mut self, now: Instant, record: RecordId) -> Option<Parcel> {
        let alarm = self.alarms.try_again(now, record).then_some(Parcel::Alarm(record));
        alarm.or_else(|| self.media.try_again(record).map(Parcel::Piece))
    }

    fn sent(&mut self, now: Instant, parcels: Vec<Parcel>, under_way: usize) -> Vec<Output> {
        for parcel in &parcels {
            let alone = if under_way + parcels.len() == 1 { Alone::Yes } else { Alone::No };
            self.suspects.sent(now, parcel.record(), alone);
        }
        parcels.into_iter().map(Output::Send).collect()
    }

    fn taken(&mut self, now: Instant, parcel: Parcel, refusal: Option<Refusal>) -> Vec<Output> {
        let record = parcel.record();
        self.suspects.cleared(record);
        if refusal.is_none() {
            self.failures = 0;
        }
        let tries = match parcel {
            Parcel::Alarm(_) if refusal.is_some() => self.alarms.refused(now, record),
            Parcel::Alarm(_) => return Vec::new(),
            Parcel::Piece(piece) => self.media.taken(now, piece, refusal.is_some()),
        };
        match refusal {
            Some(Refusal::Record(reason)) => self.set_aside(record, format!("broker: {reason}")),
            Some(Refusal::Broker(reason)) if tries >= MOST_TRIES => {
                self.set_aside(record, format!("broker: {reason}, {tries} times"))
            }
            _ => Vec::new(),
        }
    }

    fn answers(&mut self, now: Instant, answers: &[(RecordId, Verdict)]) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut stored = Vec::new();
        for (record, verdict) in answers {
            self.alarms.heard(now);
            match verdict {
                Verdict::Stored => {
                    self.forget(*record);
                    stored.push(*record);
                }
                Verdict::SendAgain => {
                    // An alarm is asked for because it did not come; that is no fault of its own.
                    self.alarms.again(now, *record);
                    let tries = self.media.again(now, *record);
                    if tries >= MOST_TRIES {
                        let reason = format!("control room: not whole, {tries} times");
                        outputs.extend(self.set_aside(*record, reason));
                    }
                }
                Verdict::Refused => {
                    outputs.extend(self.set_aside(*record, "control room: refused".to_owned()));
                }
            }
        }
        if !stored.is_empty() {
            outputs.push(Output::Free(stored));
        }
        outputs
    }

    fn set_aside(&mut self, record: RecordId, reason: String) -> Vec<Output> {
        self.forget(record);
        vec![Output::SetAside(record, reason)]
    }

    fn forget(&mut self, record: RecordId) {
        self.suspects.cleared(record);
        self.alarms.forget(record);
        self.media.forget(record);
    }
}

#[cfg(test)]
mod tests;
