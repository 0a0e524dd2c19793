//! The view: whether the camera still sees, in shares of the picture.
//!
//! Promises: every measure is a share that means the same for any picture size, exposure and scene;
//! a look allocates nothing once the picture's size is known. Refuses: saying what is a fault;
//! [`super::fault`] holds the thresholds.

mod edges;
mod memory;
mod reference;

use core::time::Duration;

use crate::luma::{Luma, count_pairs};
use crate::scene::light::Light;
use crate::scene::view::edges::Edges;
pub use crate::scene::view::reference::Likeness;
use crate::scene::view::reference::Reference;
use crate::time::FrameTime;

/// Luma at or below which a pixel shows nothing: a tenth of the range above black (16).
const BLACK: u8 = 32;
/// Luma at or above which a pixel is saturated: white is 235, or 255 in full range; a few levels
/// below it because shrinking and encoding smooth.
const WHITE: u8 = 225;
/// A pixel has changed when it differs by more than this from the frame before. The shrunk picture
/// is a mean of several pixels, so less than this is encoding and rounding.
const SAME: u8 = 1;
/// How often edges are looked at: a fault takes seconds, and the time of a frame is dear.
const EDGES_EVERY: Duration = Duration::from_millis(180);

/// How well the camera sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    /// Share of pixels that are next to black.
    pub black: f32,
    /// Share of pixels that are saturated.
    pub white: f32,
    /// Share of pixels that changed since the frame before; `None` when there is none to compare.
    pub changed: Option<f32>,
    /// Share of the picture without any edge.
    pub flat: f32,
    /// How like it is to the view the camera is meant to have; `None` until that is learnt.
    pub likeness: Option<Likeness>,
}

/// Measures the view from frame to frame.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewMeter {
    before: Luma,
    edges: Edges,
    reference: Reference,
    looked: Option<FrameTime>,
    flat: f32,
    likeness: Option<Likeness>,
}

impl ViewMeter {
    /// The view in the frame taken at `now`, in this light.
    pub(super) fn step(&mut self, now: FrameTime, light: Light, luma: &Luma) -> View {
        let pixels = luma.pixels();
        let view = View {
            black: share(count_pairs(pixels, pixels, |v, _| v <= BLACK), pixels.len()),
            white: share(count_pairs(pixels, pixels, |v, _| v >= WHITE), pixels.len()),
            changed: self.changed(luma),
            ..View::default()
        };
        self.before.copy(luma);
        // A stamp that goes back looks anew: it may be another timeline.
        let due = |last: FrameTime| now < last || now.since(last) >= EDGES_EVERY;
        if self.looked.is_none_or(due) {
            self.looked = Some(now);
            self.edges.measure(luma);
            self.flat = share(self.edges.flat_cells(), self.edges.cells().len());
            self.likeness = self.reference.step(now, light, &self.edges);
        }
        View { flat: self.flat, likeness: self.likeness, ..view }
    }

    fn changed(&self, luma: &Luma) -> Option<f32> {
        let (now, before) = (luma.pixels(), self.before.pixels());
        if now.is_empty() || (self.before.width(), before.len()) != (luma.width(), now.len()) {
            return None;
        }
        let changed = count_pairs(now, before, |a, b| a.abs_diff(b) > SAME);
        Some(share(changed, now.len()))
    }
}

/// `part` of `whole`; 0 of nothing.
fn share(part: usize, whole: usize) -> f32 {
    (part as f64 / whole.max(1) as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A street of sharp boxes, `shift` pixels further left, under this gain.
    fn street(shift: usize, gain: f32) -> Luma {
        let pixel = |x: usize, y: usize| {
            let (x, y) = ((x + shift) / 7, y / 9);
            let tone = (x * 37 + y * 91 + x * y * 13) % 160;
            (20.0 + tone as f32 * gain) as u8
        };
        let pixels = (0..180).flat_map(|y| (0..320).map(move |x| pixel(x, y))).collect();
        Luma::new(320, pixels).unwrap()
    }

    /// The last view of these pictures, each shown for so many seconds.
    fn shown(pictures: &[(u64, Luma)]) -> View {
        let (mut meter, mut now, mut view) = (ViewMeter::default(), 0, View::default());
        for (seconds, luma) in pictures {
            for _ in 0..seconds * 5 {
                now += 200_000;
                view = meter.step(FrameTime::from_micros(now), Light::Day, luma);
            }
        }
        view
    }

    #[test]
    fn a_view_at_rest_is_learnt_and_kept_under_another_exposure() {
        assert_eq!(shown(&[(4, street(0, 1.0))]).likeness, None);
        let seen = shown(&[(6, street(0, 1.0)), (3, street(0, 0.5))]).likeness.unwrap();
        assert!(seen.displaced < 0.05 && (0.4..0.6).contains(&seen.contrast), "{seen:?}");
        assert!((0.9..1.1).contains(&seen.sharpness), "{seen:?}");
    }

    #[test]
    fn another_view_is_displaced_until_it_has_stayed_for_ten_minutes() {
        let moved = |seconds| [(6, street(0, 1.0)), (seconds, street(40, 1.0))];
        let seen = shown(&moved(590)).likeness.unwrap();
        assert!(seen.displaced > 0.8, "{seen:?}");
        let seen = shown(&moved(610)).likeness.unwrap();
        assert!(seen.displaced < 0.05, "{seen:?}");
    }

    #[test]
    fn a_picture_without_edges_is_never_learnt() {
        let grey = Luma::new(320, vec![110; 320 * 180]).unwrap();
        let view = shown(&[(700, grey)]);
        assert_eq!((view.likeness, view.flat), (None, 1.0));
    }

    #[test]
    fn any_size_is_looked_at_and_a_new_one_learnt_anew() {
        for (width, height) in [(1, 1), (15, 200), (16, 16), (320, 1), (33, 47)] {
            let luma = Luma::new(width, vec![77; width * height]).unwrap();
            let view = shown(&[(6, street(0, 1.0)), (1, luma), (1, Luma::default())]);
            assert_eq!(view.likeness, None, "{width}x{height}");
        }
    }
}
