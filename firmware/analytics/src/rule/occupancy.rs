//! Who stands on a zone's ground, and since when.
//!
//! One [`Stay`] is one person's visit. It outlives a step over the line, a short occlusion and a
//! change of track id at the same place; it ends when the person is seen outside, walks out of the
//! picture, or stays hidden for too long. Bounded: one stay per track, plus those waited for.

use core::time::Duration;

use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::polygon::Polygon;
use crate::rule::Scene;
use crate::time::FrameTime;
use crate::tracker::{Standing, Track, Tracker};

/// How much of the feet's box must lie in the zone to be inside, and below how much somebody inside
/// is outside again; between the two nothing changes, so that a foot on the line is one event.
const INSIDE: f32 = 0.75;
const OUTSIDE: f32 = 0.35;
/// The feet: the lowest tenth of the box, the middle half of its width.
const FEET: (f32, f32) = (0.5, 0.1);
/// A track no older than this has been in the zone since it was first seen.
const FRESH: Duration = Duration::from_secs(1);
/// How far from where a hidden person was last seen somebody may appear and be taken for the same,
/// in own widths and heights, and how many times taller.
const SAME_PLACE: (f32, f32) = (1.5, 0.5);
const SAME_HEIGHT: f32 = 1.6;
/// How long somebody walking out of the picture may be back at the same place.
const BACK: Duration = Duration::from_secs(1);
/// The longest time between two frames that counts as time spent inside.
const BETWEEN_FRAMES: Duration = Duration::from_secs(1);

/// How long somebody who is not inside is still counted as staying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Seen outside.
    pub(crate) outside: Duration,
    /// Not seen at all.
    pub(crate) hidden: Duration,
}

/// One person's visit to the zone.
#[derive(Clone, Debug)]
pub(crate) struct Stay {
    /// The track it is followed by now.
    pub(crate) track: TrackId,
    /// When they were inside for the first time.
    pub(crate) entered: FrameTime,
    /// How long they have been seen inside.
    pub(crate) inside: Duration,
    /// The rule has found them at fault.
    pub(crate) charged: bool,
    last_inside: FrameTime,
    last_bounds: NormBox,
    presence: Presence,
}

/// Where somebody is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    Inside,
    Outside,
    Hidden,
    Leaving,
}

/// The stays in one zone.
#[derive(Clone, Debug)]
pub(crate) struct Occupancy {
    area: Option<Polygon>,
    patience: Patience,
    stays: Vec<Stay>,
    now: FrameTime,
}

impl Occupancy {
    /// The most stays: everybody followed, and as many waited for.
    const MAX_STAYS: usize = 2 * Tracker::MAX_TRACKS;

    /// An empty zone; without an area it is the whole picture.
    pub(crate) const fn new(area: Option<Polygon>, patience: Patience) -> Self {
        let now = FrameTime::from_micros(0);
        Self { area, patience, stays: Vec::new(), now }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>) {
        let passed = scene.now.since(self.now).min(BETWEEN_FRAMES);
        self.now = scene.now;
        for stay in &mut self.stays {
            let track = scene.tracks.iter().find(|track| track.id() == stay.track);
            stay.see(scene.now, track, self.area.as_ref(), passed);
        }
        let (now, patience) = (scene.now, self.patience);
        self.stays.retain(|stay| now.since(stay.last_inside) <= stay.waited_for(patience));
        for track in scene.tracks.iter().filter(|track| track.standing() == Standing::Followed) {
            let known = self.stays.iter().any(|stay| stay.track == track.id());
            if !known && footing(self.area.as_ref(), track.bounds()) >= INSIDE {
                self.admit(scene.now, track);
            }
        }
    }

    /// Whoever is inside now and whoever is waited for, longest stay first.
    pub(crate) fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        self.stays.clear();
    }

    pub(crate) fn stays_mut(&mut self) -> impl Iterator<Item = &mut Stay> {
        self.stays.iter_mut()
    }

    /// Somebody is in the zone who was not: a hidden one under a new id, or somebody new.
    fn admit(&mut self, now: FrameTime, track: &Track) {
        let fresh = now.since(track.first_seen()) <= FRESH;
        let same = self.stays.iter_mut().find(|stay| fresh && stay.may_be(track));
        if let Some(stay) = same {
            stay.track = track.id();
            stay.see(now, Some(track), self.area.as_ref(), Duration::ZERO);
            return;
        }
        if self.stays.len() < Self::MAX_STAYS {
            let entered = if fresh { track.first_seen() } else { now };
            self.stays.push(Stay {
                track: track.id(),
                entered,
                inside: now.since(entered),
                charged: false,
                last_inside: now,
                last_bounds: *track.bounds(),
                presence: Presence::Inside,
            });
            self.stays.sort_by_key(|stay| stay.entered);
        }
    }
}

impl Stay {
    /// Whether they are seen inside in this frame.
    pub(crate) fn is_inside(&self) -> bool {
        self.presence == Presence::Inside
    }

    fn see(
        &mut self,
        now: FrameTime,
        track: Option<&Track>,
        area: Option<&Polygon>,
        passed: Duration,
    ) {
        let Some(track) = track else { return };
        let was_inside = self.is_inside();
        self.presence = match track.standing() {
            Standing::Followed => {
                self.last_bounds = *track.bounds();
                let needed = if was_inside { OUTSIDE } else { INSIDE };
                let inside = footing(area, track.bounds()) >= needed;
                if inside { Presence::Inside } else { Presence::Outside }
            }
            _ if track.was_leaving() => Presence::Leaving,
            _ => Presence::Hidden,
        };
        if self.is_inside() {
            self.last_inside = now;
            if was_inside {
                self.inside = self.inside.saturating_add(passed);
            }
        }
    }

    fn waited_for(&self, patience: Patience) -> Duration {
        match self.presence {
            Presence::Inside | Presence::Hidden => patience.hidden,
            Presence::Outside => patience.outside,
            Presence::Leaving => BACK,
        }
    }

    /// Whether a track that has just appeared may be this person, hidden until now.
    fn may_be(&self, track: &Track) -> bool {
        let (then, now) = (&self.last_bounds, track.bounds());
        let (was, is) = (then.center(), now.center());
        let taller = now.height() / then.height();
        self.presence == Presence::Hidden
            && (was.x - is.x).abs() <= SAME_PLACE.0 * then.width().max(now.width())
            && (was.y - is.y).abs() <= SAME_PLACE.1 * then.height().max(now.height())
            && (1.0 / SAME_HEIGHT..=SAME_HEIGHT).contains(&taller)
    }
}

/// How much of somebody's feet stands on the zone's ground, 0 to 1. The body above them may well
/// project beyond the zone's far edge: a camera looks down on the ground at a slant.
fn footing(area: Option<&Polygon>, bounds: &NormBox) -> f32 {
    let Some(area) = area else { return 1.0 };
    let margin = bounds.width() * (1.0 - FEET.0) / 2.0;
    let top = bounds.bottom() - bounds.height() * FEET.1;
    let feet = NormBox::new(bounds.left() + margin, top, bounds.right() - margin, bounds.bottom());
    feet.map_or(0.0, |feet| area.covers(&feet))
}
