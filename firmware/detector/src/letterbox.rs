//! The letterbox: a decoded picture becomes the network's input tensor in one pass.
//!
//! Promises: each row is scaled, converted from YCbCr, clamped as a picture would be, normalized
//! and written once, with nothing allocated after [`Letterbox::new`]. The picture lies at the top
//! left; the padding around it is written once, by [`Letterbox::pad`]. Refuses: knowing about
//! networks or boxes; the way back to the picture is [`Fit`].
//!
//! Colour: BT.601, limited range, chroma taken as centred between its luma samples. Scaling is
//! bilinear with half-pixel centres, and the mean over the area when it shrinks by more than two,
//! so no pixel of the picture is skipped. Against exact arithmetic a colour is off by at most 3
//! of 255 at the hardest edges, by a fraction of 1 elsewhere.

use crate::manifest::Input;
use crate::picture::{Picture, PixelLayout};

mod colour;
mod fit;
mod plane;
mod taps;

use colour::Matrix;
pub use fit::Fit;
use plane::{PlaneScaler, Samples};

/// A letterbox for one picture size and one model.
#[derive(Debug)]
pub struct Letterbox {
    fit: Fit,
    matrix: Matrix,
    pad: [f32; 3],
    luma: PlaneScaler,
    chroma_blue: PlaneScaler,
    chroma_red: PlaneScaler,
}

impl Letterbox {
    /// Plans the way from a `width` x `height` picture to the tensor `input` describes.
    #[must_use]
    pub fn new(width: usize, height: usize, input: &Input) -> Self {
        let fit = Fit::new(width, height, input);
        Self {
            matrix: Matrix::bt601_limited(input),
            pad: colour::normalized([input.pad; 3], input),
            luma: PlaneScaler::luma(&fit),
            chroma_blue: PlaneScaler::chroma(&fit),
            chroma_red: PlaneScaler::chroma(&fit),
            fit,
        }
    }

    /// Where the picture lies in the tensor.
    #[must_use]
    pub const fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Fills `tensor` (three planes of [`Fit::network`] size) with padding.
    ///
    /// # Panics
    /// When `tensor` has another length.
    pub fn pad(&self, tensor: &mut [f32]) {
        for (plane, value) in self.planes(tensor).into_iter().zip(self.pad) {
            plane.fill(value);
        }
    }

    /// Writes `picture` into `tensor`, leaving the padding as it is.
    ///
    /// # Panics
    /// When `tensor` has another length or `picture` another size than planned.
    pub fn paint(&mut self, picture: &Picture<'_>, tensor: &mut [f32]) {
        assert_eq!((picture.width(), picture.height()), self.fit.picture(), "picture size");
        let [first, second, third] = self.planes(tensor);
        let (columns, rows) = self.fit.scaled();
        let stride = self.fit.network().0;
        let [luma, blue, red] = samples(picture);
        for row in 0..rows {
            let line = row * stride..row * stride + columns;
            self.matrix.apply(
                [
                    self.luma.row(&luma, row),
                    self.chroma_blue.row(&blue, row),
                    self.chroma_red.row(&red, row),
                ],
                [&mut first[line.clone()], &mut second[line.clone()], &mut third[line]],
            );
        }
    }

    fn planes<'t>(&self, tensor: &'t mut [f32]) -> [&'t mut [f32]; 3] {
        let (columns, rows) = self.fit.network();
        assert_eq!(tensor.len(), 3 * columns * rows, "tensor length");
        let (first, rest) = tensor.split_at_mut(columns * rows);
        let (second, third) = rest.split_at_mut(columns * rows);
        [first, second, third]
    }
}

/// The luma, blue-difference and red-difference samples of `picture`.
fn samples<'p>(picture: &Picture<'p>) -> [Samples<'p>; 3] {
    let [first, second, third] = *picture.planes();
    match picture.layout() {
        PixelLayout::I420 => [first, second, third].map(Samples::Alone),
        PixelLayout::Nv12 => [Samples::Alone(first), Samples::Even(second), Samples::Odd(second)],
    }
}

#[cfg(test)]
mod tests;
