//! What a rule decided: the only thing that leaves this crate.

use std::sync::Arc;

use crate::detection::{Confidence, ObjectClass};
use crate::geometry::{NormBox, Point};
use crate::scene::light::Light;
use crate::time::FrameTime;

/// Names an event for as long as the process lives; minted in order from 1. The same id stands in
/// the event's begin, its updates and its end, and names its still and its clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventId(pub u64);

/// Names a followed object for as long as the process lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackId(pub u64);

impl TrackId {
    /// The number of a thing that rests, which the pixels show and not the detector: such things
    /// are numbered apart, from 2^48 on.
    #[must_use]
    pub const fn of_thing(number: u64) -> Self {
        Self((1 << 48) | number)
    }

    /// The number of a vehicle: numbered apart too, from 2^49 on.
    #[must_use]
    pub const fn of_vehicle(number: u64) -> Self {
        Self((1 << 49) | number)
    }
}

/// What happened, in KISA's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// 침입: somebody is inside a zone nobody may enter.
    Intrusion,
    /// 배회: somebody stays too long.
    Loitering,
    /// 쓰러짐: somebody who stood lies on the ground.
    Falldown,
    /// 유기: a thing somebody brought rests, and they have left it.
    Abandonment,
    /// 카메라 이상: the camera is covered, moved, blind, frozen or gone.
    CameraFault,
    /// 주정차: a vehicle has come to rest and stays.
    Parking,
}

/// Where an event stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The rule was met for the first time.
    Begin,
    /// Still going on, and something an operator should know has changed.
    Update,
    /// Over.
    End,
}

/// The value that decided, beside the threshold it was held against.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured, in one English word: "dwell", "inside", "down", "alone", "stood", or the
    /// [`Fault`](crate::scene::fault::Fault) that was.
    pub quantity: &'static str,
    /// The measured value.
    pub value: f32,
    /// What it had to reach.
    pub threshold: f32,
    /// The unit of both: "s", or "share" of the picture.
    pub unit: &'static str,
}

/// A followed object that takes part in an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// Its track.
    pub track: TrackId,
    /// What it is.
    pub class: ObjectClass,
    /// Where it is at the deciding frame.
    pub bounds: NormBox,
    /// The detector's last score for it.
    pub confidence: Confidence,
    /// Where its feet were, oldest first, at most [`Participant::MAX_PATH`] points, evenly thinned.
    pub path: Vec<(FrameTime, Point)>,
    /// How well it was seen.
    pub sights: Sights,
}

/// How well a followed object was seen, up to the deciding frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sights {
    /// Frames it was detected in.
    pub seen: u32,
    /// Frames in between, in which it was expected and not detected.
    pub missed: u32,
    /// The detector's last scores for it, oldest first, at most [`Sights::MAX_SCORES`].
    pub scores: Vec<Confidence>,
}

impl Sights {
    /// The most scores an event carries for one object.
    pub const MAX_SCORES: usize = 16;
}

impl Participant {
    /// The most path points an event carries for one object.
    pub const MAX_PATH: usize = 16;
}

/// One decision of one rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Which event this belongs to.
    pub id: EventId,
    /// Begin, update or end.
    pub phase: Phase,
    /// What happened.
    pub kind: EventKind,
    /// The configured name of the rule.
    pub rule: Arc<str>,
    /// The configured name of the zone; `None` is the whole picture.
    pub zone: Option<Arc<str>>,
    /// When it happened, by the rule's definition (KISA), which is before it could be decided.
    pub onset: FrameTime,
    /// The frame that decided this phase.
    pub decided: FrameTime,
    /// Why.
    pub measurement: Measurement,
    /// The light it was seen in.
    pub light: Light,
    /// Who, most involved first, at most [`Event::MAX_PARTICIPANTS`].
    pub participants: Vec<Participant>,
}

impl Event {
    /// The most participants an event carries.
    pub const MAX_PARTICIPANTS: usize = 8;
}
