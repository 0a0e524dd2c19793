//! Which of a frame's sights may be of one person, and what they show.

use core::time::Duration;

use crate::detection::Detection;
use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::rule::Scene;
use crate::rule::falldown::ground::{Posture, posture};
use crate::rule::falldown::scenery::Scenery;
use crate::rule::falldown::stance::Measure;
use crate::time::FrameTime;
use crate::tracker::Track;

/// How long before a fall something must have been seen to be no part of it.
const BEFORE: Duration = Duration::from_millis(500);
/// The share of a box inside another's that makes it a part of the other.
const PART_OF: f32 = 0.8;
/// The IoU of a neighbour's box with a sight of the neighbour.
const SAME: f32 = 0.6;

/// The sights of one frame that may be of one person.
pub(super) struct Glimpses<'a> {
    /// Surest first.
    seen: Vec<&'a Detection>,
}

impl<'a> Glimpses<'a> {
    /// The sights that may be of somebody followed by `track` and last seen upright at `upright`:
    /// not what was there before, and no part of anybody else who was.
    pub(super) fn new(
        scene: &Scene<'a>,
        scenery: &Scenery,
        (track, upright): (TrackId, FrameTime),
    ) -> Self {
        let is_older = |other: &&Track| {
            other.id() != track
                && other.last_seen() == scene.now
                && upright.since(other.first_seen()) >= BEFORE
        };
        let neighbours: Vec<&Track> = scene.tracks.iter().filter(is_older).collect();
        let new = |seen: &&Detection| {
            let bounds = &seen.bounds;
            let of = |other: &&Track| {
                bounds.share_inside(other.bounds()) >= PART_OF || bounds.iou(other.bounds()) >= SAME
            };
            !neighbours.iter().any(of) && !scenery.was_there(bounds, upright, BEFORE)
        };
        let mut seen: Vec<&Detection> = scene.seen.iter().chain(scene.closer).filter(new).collect();
        seen.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
        Self { seen }
    }

    /// Those that show the body on the ground of somebody who stood as `measure` says and was last
    /// seen at `last`, surest first, and whether one shows them risen. What lies inside a surer
    /// sight of something else is a part of that: the legs of whoever walks past.
    pub(super) fn judged(&self, measure: &Measure, last: &NormBox) -> (Vec<Detection>, bool) {
        let (mut bodies, mut others, mut risen) = (Vec::new(), Vec::new(), false);
        for seen in &self.seen {
            let part = |whole: &&Detection| seen.bounds.share_inside(&whole.bounds) >= PART_OF;
            match posture(measure, last, &seen.bounds) {
                Posture::Down if !others.iter().any(part) => bodies.push(**seen),
                shown => {
                    risen |= shown == Posture::Risen;
                    others.push(*seen);
                }
            }
        }
        (bodies, risen)
    }
}
