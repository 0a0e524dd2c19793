//! What has been seen at one place for a while: furniture, sleepers, anything that was there before.

use core::time::Duration;

use crate::geometry::NormBox;
use crate::time::FrameTime;

/// The IoU of two sights of one thing.
const SAME: f32 = 0.5;
/// How long a thing must have been in view to be one: whoever walks past is gone by then.
const STAYS: Duration = Duration::from_secs(1);
/// The longest time between two sights of a thing that counts as time in view.
const BETWEEN: Duration = Duration::from_millis(400);
/// The longest a thing at the threshold stays away; after that it is another passer-by.
const COMES_AND_GOES: Duration = Duration::from_millis(1500);
/// How long a thing not seen is remembered: things at the threshold come and go.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Boxes that look like persons, with the time each place was first taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Scenery {
    things: Vec<Thing>,
}

#[derive(Clone, Copy, Debug)]
struct Thing {
    bounds: NormBox,
    in_view: Duration,
    /// Since when it has been in view for long enough.
    there_since: Option<FrameTime>,
    last_seen: FrameTime,
}

impl Scenery {
    /// The most things remembered; the longest unseen goes first.
    const MAX_THINGS: usize = 256;

    /// Takes in what was seen in one frame, but for bodies on the ground: those get up again.
    pub(super) fn step(&mut self, now: FrameTime, seen: impl Iterator<Item = NormBox>) {
        self.things.retain(|thing| now.since(thing.last_seen) <= REMEMBERED);
        for bounds in seen {
            match self.things.iter_mut().find(|thing| thing.bounds.iou(&bounds) >= SAME) {
                Some(thing) => thing.see(now),
                None => self.remember(Thing::new(now, bounds)),
            }
        }
    }

    /// Whether something had been at this place for `before` at `then`.
    pub(super) fn was_there(&self, bounds: &NormBox, then: FrameTime, before: Duration) -> bool {
        let there =
            |thing: &&Thing| thing.there_since.is_some_and(|since| then.since(since) > before);
        self.things.iter().filter(there).any(|thing| thing.bounds.iou(bounds) >= SAME)
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.things.clear();
    }

    fn remember(&mut self, thing: Thing) {
        if self.things.len() == Self::MAX_THINGS {
            let oldest = self.things.iter().enumerate().min_by_key(|(_, thing)| thing.last_seen);
            if let Some((index, _)) = oldest {
                self.things.swap_remove(index);
            }
        }
        self.things.push(thing);
    }
}

impl Thing {
    const fn new(now: FrameTime, bounds: NormBox) -> Self {
        Self { bounds, in_view: Duration::ZERO, there_since: None, last_seen: now }
    }

    fn see(&mut self, now: FrameTime) {
        let passed = now.since(self.last_seen);
        if passed > COMES_AND_GOES {
            self.in_view = Duration::ZERO;
        }
        (self.in_view, self.last_seen) = (self.in_view.saturating_add(passed.min(BETWEEN)), now);
        if self.in_view >= STAYS {
            self.there_since.get_or_insert(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_scenery_and_what_passes_is_not() {
        let at = |ms: u64| FrameTime::from_micros(ms * 1000);
        let bench = NormBox::new(0.2, 0.7, 0.5, 0.9).unwrap();
        let passer = |x: f32| NormBox::new(x, 0.5, x + 0.1, 0.9).unwrap();
        let mut scenery = Scenery::default();
        for frame in 0..50 {
            // The bench flickers; somebody walks past at half the picture's width a second.
            let bench = (frame % 3 == 0).then_some(bench);
            let seen = bench.into_iter().chain([passer(frame as f32 * 0.01)]);
            scenery.step(at(frame * 100), seen);
        }
        assert!(scenery.was_there(&bench, at(4900), Duration::ZERO));
        assert!(!scenery.was_there(&bench, at(500), Duration::ZERO), "not yet then");
        assert!(!scenery.was_there(&passer(0.3), at(4900), Duration::ZERO));
        scenery.step(at(100_000), std::iter::empty());
        assert!(
            !scenery.was_there(&bench, at(100_000), Duration::ZERO),
            "forgotten after a minute"
        );
    }

    #[test]
    fn memory_is_bounded() {
        let mut scenery = Scenery::default();
        for frame in 0..1000_u16 {
            let x = f32::from(frame) / 1001.0;
            let bounds = NormBox::new(x, x, x + 0.0005, x + 0.0005).unwrap();
            scenery.step(FrameTime::default(), std::iter::once(bounds));
        }
        assert_eq!(scenery.things.len(), Scenery::MAX_THINGS);
    }
}
