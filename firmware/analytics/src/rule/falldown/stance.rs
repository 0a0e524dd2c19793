//! How somebody stood before they went down: the measure that what follows is taken in.

use core::time::Duration;

use crate::geometry::NormBox;
use crate::time::FrameTime;

/// How far back the stance reaches: longer than a fall, shorter than a walk to another place.
const MEMORY: Duration = Duration::from_secs(2);
/// How long somebody must have been seen standing, so that one odd box is no measure.
const KNOWN: Duration = Duration::from_millis(300);
/// How far back the feet count: they move on with somebody who walks, up to a stride back, but not
/// with the box of somebody who topples towards the camera, which is upright for a moment longer.
const LATELY: Duration = Duration::from_secs(1);
/// The least time between two sights that are kept.
const APART: Duration = Duration::from_millis(90);
/// The sights kept: [`MEMORY`] in steps of [`APART`].
const SIGHTS: usize = 24;
/// How far the top of somebody's box comes down within [`LATELY`] when they fall, in standing heights:
/// collapsing over the knees takes it from 1 to 0.4 in 1.5 s. Lying down slowly is half as fast, and
/// a walker's who comes nearer hardly moves.
const DROP: f32 = 0.4;
/// The least height, in standing heights, of somebody upright: a person leaning by 40 degrees, or
/// sitting upright on a high chair.
const UPRIGHT: f32 = 0.75;
/// The greatest width, in standing widths, of somebody upright: arms held out, a long stride.
const NARROW: f32 = 1.5;

/// The last sights of somebody upright, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Stance {
    sights: Vec<(FrameTime, NormBox)>,
    /// What they come to.
    measure: Option<Measure>,
}

/// The measure: where the feet stood, and how tall and wide the person was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
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
    /// Takes in a sight, unless a side of the picture cuts it: that is no measure. Tells whether it
    /// is one of somebody upright. Somebody not seen upright for as long as the stance reaches has
    /// another posture: sitting is then what is upright.
    pub(super) fn see(&mut self, now: FrameTime, bounds: &NormBox) -> bool {
        let kept = self.sights.len();
        self.sights.retain(|sight| now.since(sight.0) <= MEMORY);
        if self.sights.len() < kept {
            self.measure = self.taken();
        }
        let upright = self.measure.is_none_or(|measure| measure.is_upright(bounds));
        let cut = bounds.cut_by();
        if upright && !cut.left && !cut.right {
            self.keep(now, bounds);
            self.measure = self.taken();
        }
        upright
    }

    /// The measure, once somebody has been seen upright for long enough.
    pub(super) const fn measure(&self) -> Option<Measure> {
        self.measure
    }

    /// The measure of the sights: the upper quartile of the heights, since a box that misses the
    /// legs is commoner than one too tall, and the median of the widths.
    fn taken(&self) -> Option<Measure> {
        let (first, last) = (self.sights.first()?, self.sights.last()?);
        if last.0.since(first.0) < KNOWN || self.sights.len() < 3 {
            return None;
        }
        Some(Measure {
            foot: self.feet(last.0),
            height: ranked(sides(&self.sights, NormBox::height), 3),
            width: ranked(sides(&self.sights, NormBox::width), 2),
            upright: last.0,
        })
    }

    /// Whether the top of the box came down just now: somebody sat down, bent, or fell towards the
    /// camera, which leaves the box as tall as it was.
    pub(super) fn has_dropped(&self, now: FrameTime, bounds: &NormBox) -> bool {
        let highest = sides(self.lately(now), NormBox::top).fold(f32::MAX, f32::min);
        self.measure().is_some_and(|measure| bounds.top() - highest >= DROP * measure.height)
    }

    /// The line the feet have got to with the last sight: with somebody who walks, but no further
    /// than the last sights, since who walked may have stopped, and not with somebody who topples.
    fn feet(&self, last: FrameTime) -> f32 {
        let (pace, lately) = (pace(&self.sights), self.lately(last));
        let ago = |sight: &(FrameTime, NormBox)| last.since(sight.0).as_secs_f32();
        let now = lately.iter().map(|sight| sight.1.bottom() + pace * ago(sight));
        let bottom = |sights| ranked(sides(sights, NormBox::bottom), 2);
        let (middle, newest) = (bottom(lately), bottom(&lately[lately.len().saturating_sub(3)..]));
        ranked(now, 2).clamp(middle.min(newest), middle.max(newest))
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

/// How fast the bottom of the box moves down the picture, a second: the median slope between any two
/// sights (Theil 1950), which three sights in ten of somebody already toppling do not turn.
fn pace(sights: &[(FrameTime, NormBox)]) -> f32 {
    let mut slopes = Vec::new();
    for (index, later) in sights.iter().enumerate() {
        for earlier in &sights[..index] {
            let passed = later.0.since(earlier.0).as_secs_f32();
            if passed > 0.0 {
                slopes.push((later.1.bottom() - earlier.1.bottom()) / passed);
            }
        }
    }
    ranked(slopes.into_iter(), 2)
}

fn sides(
    sights: &[(FrameTime, NormBox)],
    side: impl Fn(&NormBox) -> f32,
) -> impl Iterator<Item = f32> {
    sights.iter().map(move |sight| side(&sight.1))
}

/// The value a given number of quarters up the sorted values; 0 of none.
fn ranked(values: impl Iterator<Item = f32>, quarters: usize) -> f32 {
    let mut values: Vec<f32> = values.collect();
    values.sort_unstable_by(f32::total_cmp);
    values.get(values.len().saturating_sub(1) * quarters / 4).copied().unwrap_or(0.0)
}

impl Measure {
    fn is_upright(&self, bounds: &NormBox) -> bool {
        let (height, width) = (bounds.height() / self.height, bounds.width() / self.width);
        width <= NARROW && height >= UPRIGHT * width.min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line of the feet of somebody whose box had these bottoms, ten a second.
    fn feet(bottoms: &[f32]) -> f32 {
        let mut stance = Stance::default();
        for (at, bottom) in (0..).map(|n| FrameTime::from_micros(100_000 * n)).zip(bottoms) {
            stance.see(at, &NormBox::new(0.4, bottom - 0.3, 0.5, *bottom).unwrap());
        }
        stance.measure().unwrap().foot
    }

    #[test]
    fn the_line_of_the_feet_goes_with_a_walker_and_neither_beyond_nor_with_who_topples() {
        let walking: Vec<f32> = (0..20).map(|n| 0.5 + 0.01 * n as f32).collect();
        let stopping = [&walking[..15], &[0.64; 5]].concat();
        let toppling = [&[0.5; 17][..], &[0.55, 0.62, 0.7]].concat();
        for (bottoms, expected) in [(walking, 0.69), (stopping, 0.64), (toppling, 0.5)] {
            let feet = feet(&bottoms);
            assert!((feet - expected).abs() < 0.011, "{feet}, expected {expected}: {bottoms:?}");
        }
    }
}
