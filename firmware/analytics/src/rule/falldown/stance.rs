//! How somebody stood before they went down: the measure that what follows is taken in.

use core::time::Duration;

use crate::geometry::NormBox;
use crate::time::FrameTime;

/// How far back the stance reaches: longer than a fall, shorter than a walk to another place.
const MEMORY: Duration = Duration::from_secs(2);
/// How long somebody must have been seen standing, so that one odd box is no measure.
const KNOWN: Duration = Duration::from_millis(300);
/// How far back the feet count: they move on with somebody who walks, but not with the box of
/// somebody who topples towards the camera, which is upright for a moment longer.
const LATELY: Duration = Duration::from_secs(1);
/// The least time between two sights that are kept.
const APART: Duration = Duration::from_millis(90);
/// The sights kept: [`MEMORY`] in steps of [`APART`].
const SIGHTS: usize = 24;
/// How far the top of somebody's box comes down within [`LATELY`] when something happens to them, in
/// standing heights: more than a walker's, who comes nearer, less than anybody's who sits down.
const DROP: f32 = 0.2;
/// The least height, in standing heights, of somebody upright: a person leaning by 40 degrees, or
/// sitting upright on a high chair.
const UPRIGHT: f32 = 0.75;
/// The greatest width, in standing widths, of somebody upright: arms held out, a long stride.
const NARROW: f32 = 1.5;

/// The last sights of somebody upright, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Stance {
    sights: Vec<(FrameTime, NormBox)>,
}

/// The measure: where the feet stood, and how tall and wide the person was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measure {
    /// The line the feet stood on.
    pub(super) foot: f32,
    /// The standing height.
    pub(super) height: f32,
    /// The standing width.
    pub(super) width: f32,
    /// When they were last seen upright.
    pub(super) upright: FrameTime,
}

impl Stance {
    /// Takes in a sight, unless a side of the picture cuts it: that is no measure. Tells whether it is one of somebody upright. Somebody not seen upright for
    /// as long as the stance reaches has another posture: sitting is then what is upright.
    pub(super) fn see(&mut self, now: FrameTime, bounds: &NormBox) -> bool {
        self.sights.retain(|sight| now.since(sight.0) <= MEMORY);
        let upright = self.measure().is_none_or(|measure| measure.is_upright(bounds));
        let cut = bounds.cut_by();
        if upright && !cut.left && !cut.right {
            self.keep(now, bounds);
        }
        upright
    }

    /// The measure, once somebody has been seen upright for long enough: the upper quartile of the
    /// heights, since a box that misses the legs is commoner than one too tall, and the median of
    /// the widths.
    pub(super) fn measure(&self) -> Option<Measure> {
        let (first, last) = (self.sights.first()?, self.sights.last()?);
        if last.0.since(first.0) < KNOWN || self.sights.len() < 3 {
            return None;
        }
        Some(Measure {
            foot: ranked(self.lately(last.0), NormBox::bottom, 2),
            height: ranked(&self.sights, NormBox::height, 3),
            width: ranked(&self.sights, NormBox::width, 2),
            upright: last.0,
        })
    }

    /// Whether the top of the box came down just now: somebody sat down, bent, or fell towards the
    /// camera, which leaves the box as tall as it was.
    pub(super) fn has_dropped(&self, now: FrameTime, bounds: &NormBox) -> bool {
        let highest = self.lately(now).iter().map(|sight| sight.1.top()).fold(f32::MAX, f32::min);
        self.measure().is_some_and(|measure| bounds.top() - highest >= DROP * measure.height)
    }

    /// The newest sight stands for the place, however close it follows the one before.
    fn keep(&mut self, now: FrameTime, bounds: &NormBox) {
        let before = self.sights.len().checked_sub(2).map(|index| self.sights[index].0);
        if before.is_some_and(|before| now.since(before) < APART) {
            self.sights.pop();
        } else if self.sights.len() == SIGHTS {
            self.sights.remove(0);
        }
        self.sights.push((now, *bounds));
    }

    /// The sights of the last step or two before `then`.
    fn lately(&self, then: FrameTime) -> &[(FrameTime, NormBox)] {
        let from = self.sights.partition_point(|sight| then.since(sight.0) > LATELY);
        &self.sights[from..]
    }
}

/// The value a given number of quarters up the sorted values; 0 of none.
fn ranked(
    sights: &[(FrameTime, NormBox)],
    value: impl Fn(&NormBox) -> f32,
    quarters: usize,
) -> f32 {
    let mut values: Vec<f32> = sights.iter().map(|sight| value(&sight.1)).collect();
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len().saturating_sub(1) * quarters / 4).copied().unwrap_or(0.0)
}

impl Measure {
    fn is_upright(&self, bounds: &NormBox) -> bool {
        let (height, width) = (bounds.height() / self.height, bounds.width() / self.width);
        width <= NARROW && height >= UPRIGHT * width.min(1.0)
    }
}
