//! A window: the part of the network's input that is computed, in the input's pixels.

use analytics::geometry::NormBox;

use super::fit::Fit;

/// A rectangle of the network's whole input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Window {
    /// What an object's score draws from beyond its box, in the input's pixels. Of 96 people wholly
    /// inside windows cut that far around them the whole input's detections were found again, each
    /// score within .04; cut closer 7 in 100 were lost.
    const MARGIN: f32 = 32.0;

    /// Windows begin and end on this grid, the coarsest stride of the networks in use: an object
    /// then meets the same anchors in a window as in the whole. It bounds the number of shapes too.
    const GRID: usize = 64;

    /// From this share of the whole on, the whole costs no more and is worth more: small inputs take
    /// a tenth longer for each pixel.
    const WORTH_IT: f32 = 0.8;

    /// All of the network's input.
    #[must_use]
    pub const fn whole(fit: &Fit) -> Self {
        let (width, height) = fit.network();
        Self { left: 0, top: 0, width, height }
    }

    /// The smallest window from which what lies in `region` can be judged, the whole when that is
    /// hardly more.
    #[must_use]
    pub fn around(region: &NormBox, fit: &Fit) -> Self {
        let whole = Self::whole(fit);
        let (columns, rows) = fit.scaled();
        let (left, width) = span(region.left(), region.right(), columns, whole.width);
        let (top, height) = span(region.top(), region.bottom(), rows, whole.height);
        let window = Self { left, top, width, height };
        if window.share(fit) < Self::WORTH_IT { window } else { whole }
    }

    /// Its upper left corner, from the input's.
    #[must_use]
    pub const fn corner(&self) -> (usize, usize) {
        (self.left, self.top)
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// Its area as a fraction of the whole input's.
    #[must_use]
    pub fn share(&self, fit: &Fit) -> f32 {
        let (width, height) = fit.network();
        (self.width * self.height) as f32 / (width * height) as f32
    }
}

/// Where a window begins along one side, and how long it is: `from..to` of the `scaled` pixels the
/// picture takes, with the margin, out to the grid, cut to the input's `padded` pixels.
fn span(from: f32, to: f32, scaled: usize, padded: usize) -> (usize, usize) {
    let at = |share: f32| share * scaled as f32;
    // Below zero the conversion gives zero.
    let first = (at(from) - Window::MARGIN) as usize / Window::GRID * Window::GRID;
    let last = ((at(to) + Window::MARGIN).ceil() as usize).next_multiple_of(Window::GRID);
    // A box lies in the picture and the picture in the input, so first < padded.
    (first, last.min(padded) - first)
}
