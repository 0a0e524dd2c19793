//! Who was where in the last minute: a thing is seen only once whoever put it down has stepped
//! aside, so that the question comes late.
//!
//! Bounded: [`Whereabouts::MAX_SIGHTS`] sights, the oldest forgotten first.

use core::time::Duration;
use std::collections::VecDeque;

use crate::detection::Confidence;
use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::rule::Scene;
use crate::time::FrameTime;
use crate::tracker::Standing;

/// The time between two sights of one person: half a step.
const EVERY: Duration = Duration::from_millis(250);
/// How far back it is remembered: somebody who waits a minute beside a bag is still there then.
const MEMORY: Duration = Duration::from_secs(60);

/// One person at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) at: FrameTime,
    pub(super) track: TrackId,
    pub(super) bounds: NormBox,
    pub(super) confidence: Confidence,
}

/// The last minute's sights, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Whereabouts {
    sights: VecDeque<Sight>,
    newest: Option<FrameTime>,
}

impl Whereabouts {
    /// A minute of 17 people.
    const MAX_SIGHTS: usize = 4096;

    /// Takes in one frame.
    pub(super) fn step(&mut self, scene: &Scene<'_>) {
        if self.newest.is_some_and(|newest| scene.now.since(newest) < EVERY) {
            return;
        }
        self.newest = Some(scene.now);
        let people = scene.tracks.iter().filter(|track| {
            track.standing() == Standing::Followed && track.is_person(scene.start_confidence)
        });
        for track in people {
            self.sights.push_back(Sight {
                at: scene.now,
                track: track.id(),
                bounds: *track.bounds(),
                confidence: track.confidence(),
            });
        }
        while self.sights.len() > Self::MAX_SIGHTS
            || self.sights.front().is_some_and(|sight| scene.now.since(sight.at) > MEMORY)
        {
            self.sights.pop_front();
        }
    }

    /// The sights between two moments, oldest first.
    pub(super) fn between(
        &self,
        from: FrameTime,
        to: FrameTime,
    ) -> impl Iterator<Item = &Sight> + Clone {
        self.sights.iter().filter(move |sight| (from..=to).contains(&sight.at))
    }

    /// Forgets everybody.
    pub(super) fn clear(&mut self) {
        self.sights.clear();
        self.newest = None;
    }
}
