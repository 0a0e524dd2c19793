//! Vehicles followed from box to box: where each has come to rest, and whether it was seen to come.
//!
//! Promises: at most [`Vehicles::MAX`] vehicles, the same numbers for the same input; one at rest
//! keeps its number while something hides it or the detector misses it. Refuses: judging whether it
//! may stand there, which is the rule's.

mod vehicle;

use core::time::Duration;

use crate::detection::{Confidence, Detection};
use crate::event::TrackId;
use crate::settings::Believed;
use crate::time::FrameTime;

pub(crate) use vehicle::{Rest, Vehicle};

/// The longest time between two frames that counts as watched: nobody knows what happened in longer
/// holes.
const BETWEEN_FRAMES: Duration = Duration::from_secs(1);
/// The IoU from which on a box is the vehicle seen in the frame before: half a length further at most.
const FOLLOWED: f32 = 0.5;
/// The IoU from which on two boxes are one vehicle under two classes: a van is a car, a truck and a bus.
const TWICE: f32 = 0.7;
/// The share of a box inside another's that makes it a part of that vehicle, or of what is seen of it.
const PART_OF: f32 = 0.8;
/// The share of a vehicle behind something else from which on a detector cannot be expected to see it.
const COVERED: f32 = 0.5;

/// A moment: by the frames' own axis, and by how long has been watched.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moment {
    now: FrameTime,
    watched: Duration,
}

/// All vehicles that are followed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vehicles {
    vehicles: Vec<Vehicle>,
    newest: u64,
    at: Moment,
}

impl Vehicles {
    /// The most vehicles followed, and the most looked at in one frame, surest first.
    pub(crate) const MAX: usize = 128;

    /// Every vehicle, oldest first.
    pub(crate) fn all(&self) -> &[Vehicle] {
        &self.vehicles
    }

    /// Forgets every vehicle and goes on from `now`; numbers go on too.
    pub(crate) fn restart(&mut self, now: FrameTime) {
        self.vehicles.clear();
        self.at.now = now;
    }

    /// Takes in what was seen at `now`, which must not lie before the last frame, and from which
    /// scores on it is `believed`.
    pub(crate) fn step(&mut self, now: FrameTime, believed: Believed, detections: &[Detection]) {
        let passed = now.since(self.at.now).min(BETWEEN_FRAMES);
        self.at = Moment { now, watched: self.at.watched.saturating_add(passed) };
        let mut seen = worth_looking_at(detections, believed.keep);
        // What has just been seen has the first claim: whoever takes the place of a vehicle that was
        // not seen to leave is another.
        let mut unseen =
            self.pair((0..self.vehicles.len()).collect(), &mut seen, Vehicle::is_fresh);
        unseen = self.pair(unseen, &mut seen, |_| true);
        for index in unseen {
            let vehicle = &mut self.vehicles[index];
            match seen.iter().position(|part| vehicle.shows(part)) {
                Some(part) => vehicle.glimpse(self.at, &seen.remove(part)),
                None => vehicle.miss(passed, detections),
            }
        }
        self.start(&seen, believed.start);
        let replaced: Vec<TrackId> =
            self.vehicles.iter().filter_map(|v| self.replaced(v)).collect();
        self.vehicles.retain(|vehicle| !vehicle.is_over() && !replaced.contains(&vehicle.id()));
    }

    /// Shows the vehicles of these indices that `may` be seen what fits them best, takes that out of
    /// `seen`, and gives back the indices left over.
    fn pair(
        &mut self,
        mut open: Vec<usize>,
        seen: &mut Vec<Detection>,
        may: impl Fn(&Vehicle) -> bool,
    ) -> Vec<usize> {
        let mut fits: Vec<(f32, usize, usize)> = Vec::new();
        for &index in open.iter().filter(|&&index| may(&self.vehicles[index])) {
            let likeness = |(column, seen): (usize, &Detection)| {
                (self.vehicles[index].likeness(&seen.bounds), index, column)
            };
            fits.extend(seen.iter().enumerate().map(likeness).filter(|fit| fit.0 >= FOLLOWED));
        }
        fits.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut taken = vec![false; seen.len()];
        for (_, index, column) in fits {
            if open.contains(&index) && !taken[column] {
                self.vehicles[index].see(self.at, &seen[column]);
                open.retain(|&other| other != index);
                taken[column] = true;
            }
        }
        let mut taken = taken.into_iter();
        seen.retain(|_| taken.next() == Some(false));
        open
    }

    /// Follows each sure one that is neither a part nor a second sight of a vehicle in view.
    fn start(&mut self, seen: &[Detection], start: Confidence) {
        for new in seen.iter().filter(|new| new.confidence >= start) {
            let known = self.vehicles.iter().filter(|vehicle| vehicle.is_seen()).any(|vehicle| {
                new.bounds.iou(vehicle.bounds()) >= FOLLOWED
                    || new.bounds.share_inside(vehicle.bounds()) >= PART_OF
            });
            if !known && self.vehicles.len() < Self::MAX {
                self.newest += 1;
                self.vehicles.push(Vehicle::new(TrackId::of_vehicle(self.newest), self.at, new));
            }
        }
    }

    /// The number of a vehicle in whose place another rests that came after it was last seen.
    fn replaced(&self, vehicle: &Vehicle) -> Option<TrackId> {
        let place = vehicle.rest().filter(|_| !vehicle.is_seen())?.bounds;
        let since = self.at.watched.saturating_sub(vehicle.unseen());
        let others = self.vehicles.iter().filter(|other| other.is_seen());
        let mut resting = others.filter_map(|other| other.rest_after(since));
        resting.any(|rest| rest.bounds.iou(&place) >= FOLLOWED).then_some(vehicle.id())
    }
}

/// The vehicles among the detections from the score `keep` on, the surest first, each in its surest
/// class only.
fn worth_looking_at(detections: &[Detection], keep: Confidence) -> Vec<Detection> {
    let vehicles = detections.iter().filter(|seen| seen.class.is_vehicle());
    let mut seen: Vec<Detection> =
        vehicles.filter(|seen| seen.confidence >= keep).copied().collect();
    // Stable, so that equal scores stay in the detector's order.
    seen.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
    let mut once: Vec<Detection> = Vec::new();
    for new in seen {
        let again = once.iter().any(|known| known.bounds.iou(&new.bounds) >= TWICE);
        if !again && once.len() < Vehicles::MAX {
            once.push(new);
        }
    }
    once
}
