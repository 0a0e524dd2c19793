//! The view: whether the camera still sees, in shares of the picture.
//!
//! Promises: every measure is a share from 0 to 1 that means the same for any picture size, exposure
//! and scene. Refuses: saying what is a fault; [`super::fault`] holds the thresholds.

use crate::luma::Luma;

/// Luma at or below which a pixel shows nothing: a tenth of the range above black (16).
const BLACK: u8 = 32;
/// Luma at or above which a pixel is saturated: white is 235, or 255 in full range; a few levels
/// below it because shrinking and encoding smooth.
const WHITE: u8 = 225;
/// A pixel has changed when it differs by more than this from the frame before. The shrunk picture
/// is a mean of several pixels, so less than this is encoding and rounding.
const SAME: u8 = 1;

/// How well the camera sees.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    /// Share of pixels that are next to black.
    pub black: f32,
    /// Share of pixels that are saturated.
    pub white: f32,
    /// Share of pixels that changed since the frame before; `None` when there is none to compare.
    pub changed: Option<f32>,
}

/// Measures the view from frame to frame.
#[derive(Clone, Debug, Default)]
pub(super) struct ViewMeter {
    before: Luma,
}

impl ViewMeter {
    /// The view in a frame.
    pub(super) fn step(&mut self, luma: &Luma) -> View {
        let pixels = luma.pixels();
        let view = View {
            black: share(pixels.iter().filter(|&&v| v <= BLACK).count(), pixels.len()),
            white: share(pixels.iter().filter(|&&v| v >= WHITE).count(), pixels.len()),
            changed: self.changed(luma),
        };
        self.before.copy(luma);
        view
    }

    fn changed(&self, luma: &Luma) -> Option<f32> {
        let (now, before) = (luma.pixels(), self.before.pixels());
        if now.is_empty() || (self.before.width(), before.len()) != (luma.width(), now.len()) {
            return None;
        }
        let changed = now.iter().zip(before).filter(|(a, b)| a.abs_diff(**b) > SAME).count();
        Some(share(changed, now.len()))
    }
}

/// `part` of `whole`; 0 of nothing.
fn share(part: usize, whole: usize) -> f32 {
    (part as f64 / whole.max(1) as f64) as f32
}
