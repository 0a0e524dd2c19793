//! One of the people a thing came with: with it still, or gone from it since when.

use core::time::Duration;

use crate::detection::ObjectClass;
use crate::event::{Participant, Sights, TrackId};
use crate::geometry::{NormBox, Point};
use crate::rule::Scene;
use crate::rule::abandonment::distance::Scale;
use crate::rule::abandonment::whereabouts::Sight;
use crate::time::FrameTime;
use crate::tracker::{Standing, Track};

/// Further than this from their thing, its people have left it (SUBITO); nearer than that they are
/// back. A step lies between.
const LEFT_M: f32 = 2.0;
const BACK_M: f32 = 1.5;
/// How long somebody lost beside their thing is held to be there: as long as a crowd takes to pass,
/// or a detector to find somebody who bends down.
const VANISHED: Duration = Duration::from_secs(10);

/// Somebody who was within reach of a thing when it was put down, or came to those who were.
#[derive(Clone, Debug)]
pub(super) struct Member {
    /// As last seen, and when.
    seen: Participant,
    at: FrameTime,
    scale: Scale,
    left: Option<FrameTime>,
}

impl Member {
    /// Somebody who is beside the thing now; `None` when they cannot be seen.
    pub(super) fn beside(track: &Track, scene: &Scene<'_>, scale: Scale) -> Option<Self> {
        let seen = scene.participant(track.id())?;
        Some(Self { seen, at: scene.now, scale, left: None })
    }

    /// The one of these sights, followed on to the last of them; `None` without any.
    pub(super) fn of<'a>(
        sights: impl Iterator<Item = &'a Sight> + Clone,
        scale: Scale,
        thing: &NormBox,
    ) -> Option<Self> {
        let last = sights.clone().last()?;
        let seen = Participant {
            track: last.track,
            class: ObjectClass::Person,
            bounds: last.bounds,
            confidence: last.confidence,
            path: thinned(sights.clone()),
            sights: Sights::default(),
        };
        let mut member = Self { seen, at: last.at, scale, left: None };
        for sight in sights {
            member.stand(sight.at, &sight.bounds, thing);
        }
        Some(member)
    }

    pub(super) const fn track(&self) -> TrackId {
        self.seen.track
    }

    /// As last seen.
    pub(super) const fn seen(&self) -> &Participant {
        &self.seen
    }

    /// Since when they have been gone from the thing.
    pub(super) const fn left(&self) -> Option<FrameTime> {
        self.left
    }

    /// Takes in one frame.
    pub(super) fn step(&mut self, scene: &Scene<'_>, thing: &NormBox) {
        match scene.track(self.seen.track) {
            Some(track) if track.standing() == Standing::Followed => {
                if let Some(seen) = scene.participant(track.id()) {
                    (self.seen, self.at) = (seen, scene.now);
                }
                self.stand(scene.now, track.bounds(), thing);
            }
            Some(_) => {}
            None => self.miss(scene.now),
        }
    }

    /// Takes in that somebody else is followed beside the thing by `now`: whoever was lost there is
    /// most likely the same.
    pub(super) fn give_way(&mut self, now: FrameTime) {
        if self.at < now {
            self.leave(self.at);
        }
    }

    fn stand(&mut self, at: FrameTime, bounds: &NormBox, thing: &NormBox) {
        let apart = self.scale.apart(bounds, thing);
        if apart > LEFT_M {
            self.leave(at);
        } else if apart < BACK_M {
            self.left = None;
        }
    }

    /// Their track has ended: beyond the picture's edge, or where they stood.
    fn miss(&mut self, now: FrameTime) {
        let cut = self.seen.bounds.cut_by();
        if cut.left || cut.right || cut.bottom || now.since(self.at) > VANISHED {
            self.leave(self.at);
        }
    }

    fn leave(&mut self, at: FrameTime) {
        self.left.get_or_insert(at);
    }
}

/// The way of these sights, at most as many points as an event carries, the last among them.
fn thinned<'a>(sights: impl Iterator<Item = &'a Sight> + Clone) -> Vec<(FrameTime, Point)> {
    let count = sights.clone().count();
    let stride = count.div_ceil(Participant::MAX_PATH).max(1);
    let kept = sights.enumerate().filter(|(index, _)| (count - 1 - index).is_multiple_of(stride));
    kept.map(|(_, sight)| (sight.at, sight.bounds.foot())).collect()
}
