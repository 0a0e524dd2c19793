//! One vehicle: on its way, or at rest since when and where.

use core::time::Duration;
use std::collections::VecDeque;

use crate::detection::{Confidence, Detection};
use crate::event::{Participant, Sights, TrackId};
use crate::geometry::NormBox;
use crate::time::FrameTime;
use crate::tracker::Path;
use crate::vehicles::{COVERED, Moment, PART_OF};

/// The IoU with where it stopped from which on a vehicle stands: a detector's box jumps by a twentieth
/// of its size; and for how long it must have stood to have come to rest.
const STILL: f32 = 0.7;
const SETTLED: Duration = Duration::from_secs(2);
/// The IoU with where it rests below which it has driven off, and for how long it must have been seen
/// elsewhere.
const SAME_PLACE: f32 = 0.5;
const DRIVEN: Duration = Duration::from_secs(1);
/// How far it must have come to rest from where it was before, in own widths or heights: two metres.
const CAME: f32 = 0.5;
/// How long a vehicle is waited for that is not seen: on its way; seen to drive off; at rest, where
/// detectors lose what stands in a shadow, rain or a new light for a while.
const PASSED: Duration = Duration::from_secs(1);
const LEFT: Duration = Duration::from_secs(5);
const GONE: Duration = Duration::from_secs(30);
/// How long a vehicle at rest is waited for behind something else: a bus at a red light stays for two
/// minutes.
const HIDDEN: Duration = Duration::from_secs(180);

/// A vehicle that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Vehicle {
    id: TrackId,
    seen: Detection,
    /// Where it was before it came here.
    origin: NormBox,
    place: Place,
    /// Whether it was seen to come to where it rests.
    came: bool,
    /// How long it has not been seen: though nothing is in front of it, and behind something.
    missed: Duration,
    hidden: Duration,
    path: Path,
    sights: (u32, u32),
    scores: VecDeque<Confidence>,
}

/// Where a vehicle rests, or may be coming to rest.
#[derive(Clone, Copy, Debug)]
struct Place {
    bounds: NormBox,
    since: Moment,
    /// How long it has stood by the last sight of it here.
    stood: Duration,
    /// Whether it has come to rest.
    settled: bool,
    /// Since when it has been seen elsewhere.
    off: Option<Duration>,
}

/// A vehicle's rest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rest {
    pub(crate) bounds: NormBox,
    pub(crate) since: FrameTime,
    /// How long it has stood, seen or waited for, by the last sight of it; holes in the stream do not
    /// count.
    pub(crate) stood: Duration,
}

impl Vehicle {
    pub(super) fn new(id: TrackId, at: Moment, seen: &Detection) -> Self {
        Self {
            id,
            seen: *seen,
            origin: seen.bounds,
            place: Place::new(at, seen.bounds),
            came: false,
            missed: Duration::ZERO,
            hidden: Duration::ZERO,
            path: Path::new(at.now, seen.bounds.foot()),
            sights: (1, 0),
            scores: VecDeque::from([seen.confidence]),
        }
    }

    pub(crate) const fn id(&self) -> TrackId {
        self.id
    }

    /// As last seen whole.
    pub(super) const fn bounds(&self) -> &NormBox {
        &self.seen.bounds
    }

    /// Whether it is seen in this frame.
    pub(crate) fn is_seen(&self) -> bool {
        self.missed.is_zero() && self.hidden.is_zero()
    }

    /// Whether it was seen to come to where it rests.
    pub(crate) const fn came(&self) -> bool {
        self.came
    }

    /// Its rest, from when it has come to one until it has gone.
    pub(crate) fn rest(&self) -> Option<Rest> {
        let Place { bounds, since, stood, settled, .. } = self.place;
        settled.then_some(Rest { bounds, since: since.now, stood })
    }

    /// Its rest, if it came to it after so much had been watched.
    pub(super) fn rest_after(&self, watched: Duration) -> Option<Rest> {
        self.rest().filter(|_| self.place.since.watched >= watched)
    }

    /// As it stands in an event; its path is the way it came.
    pub(crate) fn participant(&self) -> Participant {
        let (seen, missed) = self.sights;
        Participant {
            track: self.id,
            class: self.seen.class,
            bounds: self.seen.bounds,
            confidence: self.seen.confidence,
            path: self.path.thinned(Participant::MAX_PATH),
            sights: Sights { seen, missed, scores: self.scores.iter().copied().collect() },
        }
    }

    /// Whether it was seen in the last frame, or might as well have been.
    pub(super) fn is_fresh(&self) -> bool {
        self.unseen() <= PASSED
    }

    /// How long it has not been seen.
    pub(super) const fn unseen(&self) -> Duration {
        self.missed.saturating_add(self.hidden)
    }

    /// How much a box is like it: the IoU with where it was last seen, or with where it rests.
    pub(super) fn likeness(&self, bounds: &NormBox) -> f32 {
        let resting = if self.place.settled { self.place.bounds.iou(bounds) } else { 0.0 };
        self.seen.bounds.iou(bounds).max(resting)
    }

    /// Whether this may be what something in front leaves to be seen of it.
    pub(super) fn shows(&self, part: &Detection) -> bool {
        self.place.settled && part.bounds.share_inside(&self.place.bounds) >= PART_OF
    }

    /// Takes in a sight of it.
    pub(super) fn see(&mut self, at: Moment, seen: &Detection) {
        self.seen = *seen;
        self.note(seen.confidence);
        if !self.place.settled {
            self.path.push(at.now, seen.bounds.foot());
        }
        if self.place.see(at, &seen.bounds) {
            self.came |= has_come(&self.origin, &self.place.bounds);
        } else if self.place.has_driven_off(at) {
            self.origin = self.place.bounds;
            self.place = Place::new(at, seen.bounds);
            self.path = Path::new(at.now, seen.bounds.foot());
        }
    }

    /// Takes in a sight of a part of it, where it rests.
    pub(super) fn glimpse(&mut self, at: Moment, part: &Detection) {
        self.note(part.confidence);
        self.place.see(at, &part.bounds);
    }

    /// Takes in that it is not seen in a frame `passed` after the last in which `others` are.
    pub(super) fn miss(&mut self, passed: Duration, others: &[Detection]) {
        self.sights.1 = self.sights.1.saturating_add(1);
        // Not seen is not seen, however little time has passed.
        let passed = passed.max(Duration::from_micros(1));
        let place = &self.place;
        let covered = |other: &Detection| place.bounds.share_inside(&other.bounds) >= COVERED;
        if place.settled && place.off.is_none() && others.iter().any(covered) {
            self.hidden = self.hidden.saturating_add(passed);
        } else {
            self.missed = self.missed.saturating_add(passed);
        }
    }

    /// Whether it has been waited for long enough.
    pub(super) fn is_over(&self) -> bool {
        let patience = match self.place {
            Place { settled: false, .. } => PASSED,
            Place { off: Some(_), .. } => LEFT,
            Place { off: None, .. } => GONE,
        };
        self.missed > patience || self.hidden > HIDDEN
    }

    fn note(&mut self, confidence: Confidence) {
        (self.missed, self.hidden) = (Duration::ZERO, Duration::ZERO);
        self.sights.0 = self.sights.0.saturating_add(1);
        if self.scores.len() == Sights::MAX_SCORES {
            self.scores.pop_front();
        }
        self.scores.push_back(confidence);
    }
}

impl Place {
    const fn new(at: Moment, bounds: NormBox) -> Self {
        Self { bounds, since: at, stood: Duration::ZERO, settled: false, off: None }
    }

    /// Takes in where the vehicle is seen; tells whether it is at rest here.
    fn see(&mut self, at: Moment, seen: &NormBox) -> bool {
        if !self.settled && self.bounds.iou(seen) < STILL {
            *self = Self::new(at, *seen);
        }
        if self.settled && !self.is_here(seen) {
            self.off.get_or_insert(at.watched);
            return false;
        }
        self.off = None;
        self.stood = at.watched.saturating_sub(self.since.watched);
        self.settled |= self.stood >= SETTLED;
        self.settled
    }

    /// Whether a box is the vehicle here: much the same, or a part of it, or it and more.
    fn is_here(&self, seen: &NormBox) -> bool {
        self.bounds.iou(seen) >= SAME_PLACE
            || seen.share_inside(&self.bounds) >= PART_OF
            || self.bounds.share_inside(seen) >= PART_OF
    }

    /// Whether it has been seen elsewhere for long enough.
    fn has_driven_off(&self, at: Moment) -> bool {
        self.off.is_some_and(|since| at.watched.saturating_sub(since) >= DRIVEN)
    }
}

/// Whether a vehicle has gone from one box to the other: both edges of it together, since what hides
/// a part of it moves one only.
fn has_come(from: &NormBox, to: &NormBox) -> bool {
    let together =
        |one: f32, other: f32| if one * other > 0.0 { one.abs().min(other.abs()) } else { 0.0 };
    together(to.left() - from.left(), to.right() - from.right()) >= CAME * to.width()
        || together(to.top() - from.top(), to.bottom() - from.bottom()) >= CAME * to.height()
}
