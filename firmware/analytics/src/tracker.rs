//! Detections of one frame after another become tracks, in the manner of ByteTrack (Zhang 2022).
//!
//! Every track's place is predicted; sure detections are paired with tracks first, unsure ones only
//! keep alive what is already followed, what is left of the sure ones may start a track. Promises:
//! at most [`Tracker::MAX_TRACKS`] tracks, the same ids for the same input. Follows persons; other
//! classes pass by unseen until a rule needs them.

mod assignment;
mod evidence;
mod motion;
mod path;
mod track;

use crate::detection::{Detection, ObjectClass};
use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::scene::light::Light;
use crate::settings::{Believed, TrackerSettings};
use crate::time::FrameTime;

use assignment::Costs;
use motion::Motion;
pub use path::Path;
pub use track::{Standing, Track};

/// A sure detection may lie anywhere the person may have got to; an unsure one must fit where the
/// person is expected, else the nearest chair or shadow would carry the track away.
const SURE: Fit = Fit { alike: 0.2, slack: 1.0 };
const UNSURE: Fit = Fit { alike: 0.4, slack: 0.0 };
/// How long an unsure detection can keep alive what has not been seen, in seconds.
const UNSURE_AFTER_S: f32 = 1.0;
/// How many times taller or wider one box may be than the other; a body's width changes more.
const SAME_HEIGHT: f32 = 2.0;
const SAME_WIDTH: f32 = 3.0;
/// The share of a detection that lies in a surer track's box and makes it a part of that person.
const PART_OF: f32 = 0.8;
/// The IoU with a surer track's box that makes a detection the same person seen twice: two people
/// this close are told apart once they part.
const TWICE: f32 = 0.4;

/// All that is followed.
#[derive(Clone, Debug)]
pub(crate) struct Tracker {
    settings: TrackerSettings,
    light: Light,
    tracks: Vec<Track>,
    seen: Vec<Detection>,
    newest_id: u64,
    now: FrameTime,
}

/// How well a detection must fit a prediction.
#[derive(Clone, Copy, Debug)]
struct Fit {
    /// The least IoU of the two boxes, both widened.
    alike: f32,
    /// By how many times the prediction's own uncertainty they are widened.
    slack: f32,
}

impl Tracker {
    /// The most tracks followed, and the most detections looked at in one frame, surest first.
    pub(crate) const MAX_TRACKS: usize = 128;

    pub(crate) const fn new(settings: TrackerSettings) -> Self {
        let now = FrameTime::from_micros(0);
        let light = Light::Day;
        Self { settings, light, tracks: Vec::new(), seen: Vec::new(), newest_id: 0, now }
    }

    /// Every track, the tentative and the lost included, oldest first.
    pub(crate) fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The persons detected in the last frame that were looked at, surest first.
    pub(crate) fn seen(&self) -> &[Detection] {
        &self.seen
    }

    /// The scores that count in the last frame's light.
    pub(crate) const fn believed(&self) -> Believed {
        self.settings.in_light(self.light)
    }

    /// Forgets every track and goes on from `now`; ids go on too.
    pub(crate) fn restart(&mut self, now: FrameTime) {
        self.tracks.clear();
        self.now = now;
    }

    /// Takes in what was seen at `now`, which must not lie before the last frame, in this `light`.
    pub(crate) fn step(&mut self, now: FrameTime, light: Light, detections: &[Detection]) {
        let passed = now.since(self.now);
        (self.now, self.light) = (now, light);
        if passed > track::HIDDEN {
            self.tracks.clear();
        }
        for track in &mut self.tracks {
            track.predict(passed.as_secs_f32());
        }
        self.seen = self.worth_looking_at(detections);
        let start = self.believed().start;
        let split = self.seen.partition_point(|seen| seen.confidence >= start);
        let (sure, unsure) = (self.seen[..split].to_vec(), self.seen[split..].to_vec());
        let known = |track: &Track| track.standing() != Standing::Tentative;
        let mut open: Vec<usize> = (0..self.tracks.len()).collect();
        let sure = self.pair(&mut open, sure, known, SURE);
        let fresh = |track: &Track| track.motion().unseen_s() <= UNSURE_AFTER_S;
        let unsure = self.pair(&mut open, unsure, |track| known(track) && fresh(track), UNSURE);
        let sure = self.pair(&mut open, sure, |track| !known(track), SURE);
        self.pair(&mut open, unsure, |track| !known(track), UNSURE);
        for index in open {
            self.tracks[index].miss();
        }
        self.tracks.retain(|track| !track.is_over(now));
        self.start(&sure);
    }

    /// The persons among the detections, the surest first.
    fn worth_looking_at(&self, detections: &[Detection]) -> Vec<Detection> {
        let keep = self.believed().keep;
        let mut persons: Vec<Detection> = detections
            .iter()
            .filter(|seen| seen.class == ObjectClass::Person && seen.confidence >= keep)
            .copied()
            .collect();
        // Stable, so that equal scores stay in the detector's order.
        persons.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        persons.truncate(Self::MAX_TRACKS);
        persons
    }

    /// Pairs the open tracks that `may` with the detections, takes them out of `open`, and gives
    /// back the detections left over.
    fn pair(
        &mut self,
        open: &mut Vec<usize>,
        seen: Vec<Detection>,
        may: impl Fn(&Track) -> bool,
        fit: Fit,
    ) -> Vec<Detection> {
        let rows: Vec<usize> =
            open.iter().copied().filter(|&index| may(&self.tracks[index])).collect();
        let costs = Costs::new(rows.len(), seen.len(), 1.0 - fit.alike, |row, column| {
            1.0 - likeness(self.tracks[rows[row]].motion(), &seen[column].bounds, fit.slack)
        });
        let mut paired = vec![false; seen.len()];
        for (row, column) in costs.cheapest_pairs() {
            let start = self.believed().start;
            self.tracks[rows[row]].see(self.now, &seen[column], start);
            open.retain(|&index| index != rows[row]);
            paired[column] = true;
        }
        let left = seen.into_iter().zip(paired);
        left.filter_map(|(detection, paired)| (!paired).then_some(detection)).collect()
    }

    /// Starts a track for each detection that is not a part of somebody already followed.
    fn start(&mut self, seen: &[Detection]) {
        for detection in seen {
            let part = self.tracks.iter().any(|track| {
                track.last_seen() == self.now
                    && track.confidence() >= detection.confidence
                    && (detection.bounds.share_inside(track.bounds()) >= PART_OF
                        || detection.bounds.iou(track.bounds()) >= TWICE)
            });
            if !part && self.tracks.len() < Self::MAX_TRACKS {
                self.newest_id += 1;
                self.tracks.push(Track::new(TrackId(self.newest_id), self.now, detection));
            }
        }
    }
}

/// IoU of the predicted and the seen box, both widened by `slack` times how unsure the prediction
/// is; 0 when their sizes are not one person's. Widening lets small fast people be followed at 5
/// frames a second, where their boxes no longer overlap (buffered IoU, Yang 2023).
fn likeness(expected: &Motion, seen: &NormBox, slack: f32) -> f32 {
    let (width, height) = expected.size();
    if !within(seen.height() / height, SAME_HEIGHT) || !within(seen.width() / width, SAME_WIDTH) {
        return 0.0;
    }
    let (center, spot) = (expected.center(), seen.center());
    let (wider, taller) = (slack * expected.slack().0, slack * expected.slack().1);
    let across = overlap(center.x - spot.x, width + 2.0 * wider, seen.width() + 2.0 * wider);
    let down = overlap(center.y - spot.y, height + 2.0 * taller, seen.height() + 2.0 * taller);
    let shared = across * down;
    let total = (width + 2.0 * wider) * (height + 2.0 * taller)
        + (seen.width() + 2.0 * wider) * (seen.height() + 2.0 * taller);
    shared / (total - shared)
}

/// How much two spans share whose middles are `apart`.
fn overlap(apart: f32, one: f32, other: f32) -> f32 {
    (f32::midpoint(one, other) - apart.abs()).clamp(0.0, one.min(other))
}

fn within(ratio: f32, most: f32) -> bool {
    (1.0 / most..=most).contains(&ratio)
}
