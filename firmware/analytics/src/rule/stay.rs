//! One person's visit to a zone.

use core::time::Duration;

use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::time::FrameTime;
use crate::tracker::{Standing, Track};

/// How much of the lower legs must stand in the zone to be inside, and below how much somebody
/// inside is outside again; between the two nothing changes, so that walking along the line is one
/// visit.
pub(crate) const INSIDE: f32 = 0.75;
const OUTSIDE: f32 = 0.35;
/// How far from where a hidden person was last seen somebody may appear and be taken for the same,
/// in own widths and heights, and how many times taller: a metre, and a change of posture.
const SAME_PLACE: (f32, f32) = (1.5, 0.5);
const SAME_HEIGHT: f32 = 1.6;
/// How long somebody who may be out of the picture is waited for.
const BACK: Duration = Duration::from_secs(1);

/// How long somebody who is not inside is still counted as staying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Seen outside.
    pub(crate) outside: Duration,
    /// Not seen at all.
    pub(crate) hidden: Duration,
}

/// A visit: from the first time inside until seen outside, gone from the picture, or hidden for too
/// long. It outlives a step over the line, a short occlusion and a change of track id.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    /// The track it is followed by now.
    pub(crate) track: TrackId,
    /// When they were inside for the first time.
    pub(crate) entered: FrameTime,
    /// How long they have been seen inside.
    pub(crate) inside: Duration,
    /// Since when they have stood wholly inside without a break.
    pub(crate) whole_since: Option<FrameTime>,
    /// The most that was measured while nothing was found.
    pub(crate) most: Duration,
    /// What the rule has found, once it has.
    pub(crate) charge: Option<Charge>,
    last_inside: FrameTime,
    last_bounds: NormBox,
    presence: Presence,
}

/// What a rule has found of somebody.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Charge {
    /// When it happened, by the rule's definition.
    pub(crate) onset: FrameTime,
    /// The greatest value measured so far.
    pub(crate) measured: Duration,
}

/// Where somebody is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Inside,
    Outside,
    Hidden,
    Leaving,
}

impl Stay {
    /// The visit of somebody who is inside at `now` and has been since `entered`.
    pub(crate) fn new(now: FrameTime, track: &Track, entered: FrameTime) -> Self {
        Self {
            track: track.id(),
            entered,
            inside: now.since(entered),
            whole_since: Some(entered),
            most: Duration::ZERO,
            charge: None,
            last_inside: now,
            last_bounds: *track.bounds(),
            presence: Presence::Inside,
        }
    }

    /// Forgets the part of the visit before `from`.
    pub(crate) fn count_from(&mut self, from: FrameTime) {
        self.entered = self.entered.max(from);
        self.whole_since = self.whole_since.map(|since| since.max(from));
        self.inside = Duration::ZERO;
    }

    /// Whether they are seen inside in this frame.
    pub(crate) fn is_inside(&self) -> bool {
        self.presence == Presence::Inside
    }

    /// Takes in one frame, `passed` after the last: their track, if it still is one, and how much
    /// of them stands in the zone.
    pub(crate) fn see(
        &mut self,
        now: FrameTime,
        passed: Duration,
        track: Option<&Track>,
        footing: impl Fn(&NormBox) -> f32,
    ) {
        let was_inside = self.is_inside();
        match track {
            Some(track) if track.may_be_out() => self.vanish(Presence::Leaving),
            Some(track) if track.standing() == Standing::Followed => {
                self.last_bounds = *track.bounds();
                self.stand(now, footing(track.bounds()));
            }
            _ => self.vanish(Presence::Hidden),
        }
        if self.is_inside() {
            self.last_inside = now;
            if was_inside {
                self.inside = self.inside.saturating_add(passed);
            }
        }
    }

    /// Whether the visit is over.
    pub(crate) fn is_over(&self, now: FrameTime, patience: Patience) -> bool {
        let waited_for = match self.presence {
            Presence::Inside | Presence::Hidden => patience.hidden,
            Presence::Outside => patience.outside,
            Presence::Leaving => BACK,
        };
        now.since(self.last_inside) > waited_for
    }

    /// Whether a track that has just appeared may be this person, hidden until now.
    pub(crate) fn may_be(&self, track: &Track) -> bool {
        self.presence == Presence::Hidden && may_be_same(&self.last_bounds, track)
    }

    fn stand(&mut self, now: FrameTime, footing: f32) {
        let needed = if self.is_inside() { OUTSIDE } else { INSIDE };
        self.presence = if footing >= needed { Presence::Inside } else { Presence::Outside };
        self.whole_since = if footing >= INSIDE { self.whole_since.or(Some(now)) } else { None };
    }

    /// They are not seen; whoever was outside or leaving when last seen still is.
    fn vanish(&mut self, presence: Presence) {
        if self.is_inside() {
            self.presence = presence;
        }
    }
}

/// Whether a track that has just appeared may be somebody who was hidden when last seen at `then`.
pub(crate) fn may_be_same(then: &NormBox, track: &Track) -> bool {
    let now = track.bounds();
    let (was, is) = (then.center(), now.center());
    let taller = now.height() / then.height();
    !came_in(then, track.origin())
        && (was.x - is.x).abs() <= SAME_PLACE.0 * then.width().max(now.width())
        && (was.y - is.y).abs() <= SAME_PLACE.1 * then.height().max(now.height())
        && (1.0 / SAME_HEIGHT..=SAME_HEIGHT).contains(&taller)
}

/// Whether somebody first seen at `origin` came in over an edge of the picture, one that somebody
/// last seen at `then` was not standing at.
fn came_in(then: &NormBox, origin: &NormBox) -> bool {
    let (was, is) = (then.cut_by(), origin.cut_by());
    (is.left && !was.left) || (is.right && !was.right) || (is.bottom && !was.bottom)
}
