//! Who stays in a zone. Bounded: one stay per track, and as many waited for.

use core::time::Duration;

use crate::polygon::Polygon;
use crate::rule::Scene;
use crate::rule::footing::footing;
use crate::rule::stay::{INSIDE, Patience, Stay};
use crate::time::FrameTime;
use crate::tracker::{Standing, Track, Tracker};

/// A track no older than this has just appeared.
const JUST_APPEARED: Duration = Duration::from_secs(1);
/// The longest time between two frames that counts as time seen inside.
const BETWEEN_FRAMES: Duration = Duration::from_secs(1);

/// The stays in one zone.
#[derive(Clone, Debug)]
pub(crate) struct Occupancy {
    area: Option<Polygon>,
    patience: Patience,
    stays: Vec<Stay>,
    /// Visits that ended with the last step.
    ended: Vec<Stay>,
    now: FrameTime,
    /// Since when time counts.
    counts_from: FrameTime,
}

impl Occupancy {
    const MAX_STAYS: usize = 2 * Tracker::MAX_TRACKS;

    /// An empty zone; without an area it is the whole picture.
    pub(crate) const fn new(area: Option<Polygon>, patience: Patience) -> Self {
        let now = FrameTime::from_micros(0);
        Self { area, patience, stays: Vec::new(), ended: Vec::new(), now, counts_from: now }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>) {
        let passed = scene.now.since(self.now).min(BETWEEN_FRAMES);
        self.now = scene.now;
        let counts_from = scene.duty.unwrap_or(self.now);
        if counts_from > self.counts_from {
            self.count_from(counts_from);
        }
        let (now, area, patience) = (self.now, self.area.as_ref(), self.patience);
        for stay in &mut self.stays {
            let track = scene.track(stay.track);
            stay.see(now, passed, track, |bounds| footing(area, bounds));
        }
        self.ended = self.stays.extract_if(.., |stay| stay.is_over(now, patience)).collect();
        let there = |track: &&Track| track.standing() == Standing::Followed && !track.may_be_out();
        for track in scene.tracks.iter().filter(there) {
            let known = self.stays.iter().any(|stay| stay.track == track.id());
            if !known && footing(self.area.as_ref(), track.bounds()) >= INSIDE {
                self.admit(track);
            }
        }
    }

    /// Whoever is inside now and whoever is waited for, longest stay first.
    pub(crate) fn stays(&self) -> &[Stay] {
        &self.stays
    }

    /// The same, to be judged.
    pub(crate) fn stays_mut(&mut self) -> impl Iterator<Item = &mut Stay> {
        self.stays.iter_mut()
    }

    /// The visits that ended with the last step.
    pub(crate) fn ended(&self) -> &[Stay] {
        &self.ended
    }

    /// Ends every visit.
    pub(crate) fn clear(&mut self) {
        self.ended = core::mem::take(&mut self.stays);
        self.counts_from = FrameTime::default();
    }

    /// Forgets how long they have been there, but for those already at fault: until now they might.
    fn count_from(&mut self, from: FrameTime) {
        self.counts_from = from;
        for stay in self.stays.iter_mut().filter(|stay| stay.charge.is_none()) {
            stay.count_from(from);
        }
    }

    /// Somebody is in the zone who was not: a hidden one under a new id, or somebody new, who has
    /// been there since first seen or has just come in.
    fn admit(&mut self, track: &Track) {
        let (now, area) = (self.now, self.area.as_ref());
        let just_appeared = now.since(track.first_seen()) <= JUST_APPEARED;
        let hidden = self.stays.iter_mut().find(|stay| just_appeared && stay.may_be(track));
        if let Some(stay) = hidden {
            stay.track = track.id();
            stay.see(now, Duration::ZERO, Some(track), |bounds| footing(area, bounds));
        } else if self.stays.len() < Self::MAX_STAYS {
            let appeared_inside = just_appeared && footing(area, track.origin()) >= INSIDE;
            let entered = if appeared_inside { track.first_seen() } else { now };
            self.stays.push(Stay::new(now, track, entered.max(self.counts_from)));
            self.stays.sort_by_key(|stay| stay.entered);
        }
    }
}
