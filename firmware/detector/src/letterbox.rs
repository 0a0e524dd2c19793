//! The letterbox: a decoded picture becomes the network's input tensor in one pass.
//!
//! Promises: each row is scaled, converted from YCbCr, clamped as a picture would be, normalized
//! and written once, with nothing allocated after [`Letterbox::new`]. The picture lies at the top
//! left, padding right of it and below; a [`Window`] of all that can be written alone. Refuses:
//! knowing about networks or boxes; the way back to the picture is [`Fit`].
//!
//! Colour: BT.601, limited range, chroma taken as centred between its luma samples. Scaling is
//! bilinear with half-pixel centres, and the mean over the area when it shrinks by more than two,
//! so no pixel of the picture is skipped. Against exact arithmetic a colour is off by at most 3
//! of 255 at the hardest edges, by a fraction of 1 elsewhere.

use std::ops::Range;

use crate::manifest::Input;
use crate::picture::{Picture, PixelLayout};

mod colour;
mod fit;
mod plane;
mod taps;
mod window;

use colour::Matrix;
pub use fit::Fit;
use plane::{PlaneScaler, Samples};
pub use window::Window;

/// A letterbox for one picture size and one model.
#[derive(Debug)]
pub struct Letterbox {
    fit: Fit,
    matrix: Matrix,
    pad: [f32; 3],
    luma: PlaneScaler,
    chroma_blue: PlaneScaler,
    chroma_red: PlaneScaler,
    /// Scratch for one line of three planes, where pixels are wanted; kept for its memory.
    line: Vec<f32>,
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
            line: Vec::new(),
            fit,
        }
    }

    /// Where the picture lies in the tensor.
    #[must_use]
    pub const fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Writes the part of `picture`, and of the padding around it, that lies in `window` into
    /// `tensor`: three planes of the window's size.
    ///
    /// # Panics
    /// When `tensor` has another length or `picture` another size than planned.
    pub fn paint(&mut self, picture: &Picture<'_>, window: &Window, tensor: &mut [f32]) {
        assert_eq!((picture.width(), picture.height()), self.fit.picture(), "picture size");
        let (width, height) = window.size();
        let mut planes = planes(tensor, width * height);
        let (left, top) = window.corner();
        let (columns, rows) = self.fit.scaled();
        let across = left.min(columns)..columns.min(left + width);
        let samples = samples(picture);
        for line in 0..height {
            let row = top + line;
            let painted = if row < rows { across.len() } else { 0 };
            let lines = planes.each_mut().map(|plane| &mut plane[line * width..][..width]);
            for (line, pad) in lines.into_iter().zip(self.pad) {
                line[painted..].fill(pad);
            }
            if painted > 0 {
                let lines = planes.each_mut().map(|plane| &mut plane[line * width..][..painted]);
                self.paint_line(&samples, row, across.clone(), lines);
            }
        }
    }

    /// Writes the whole of `picture`, and the padding around it, as rows of interleaved pixels
    /// `row_bytes` apart. For a letterbox that does not normalize, see [`Input::unnormalized`].
    ///
    /// # Panics
    /// When the rows do not fit into `bytes` or `picture` has another size than planned.
    pub fn paint_pixels(&mut self, picture: &Picture<'_>, bytes: &mut [u8], row_bytes: usize) {
        assert_eq!((picture.width(), picture.height()), self.fit.picture(), "picture size");
        let (width, height) = self.fit.network();
        let (columns, rows) = self.fit.scaled();
        let pad = self.pad.map(to_byte);
        let samples = samples(picture);
        let mut planes = std::mem::take(&mut self.line);
        planes.resize(3 * columns, 0.0);
        for row in 0..height {
            let line = &mut bytes[row * row_bytes..][..3 * width];
            let painted = if row < rows { columns } else { 0 };
            let (pixels, padding) = line.as_chunks_mut::<3>().0.split_at_mut(painted);
            padding.fill(pad);
            if painted > 0 {
                let lines = self::planes(&mut planes, columns);
                self.paint_line(&samples, row, 0..columns, lines);
                interleave(&planes, pixels);
            }
        }
        self.line = planes;
    }

    fn paint_line(
        &mut self,
        [luma, blue, red]: &[Samples<'_>; 3],
        row: usize,
        across: Range<usize>,
        lines: [&mut [f32]; 3],
    ) {
        let scaled = [
            self.luma.row(luma, row, across.clone()),
            self.chroma_blue.row(blue, row, across.clone()),
            self.chroma_red.row(red, row, across),
        ];
        self.matrix.apply(scaled, lines);
    }
}

/// The three planes of `tensor`, each `length` values.
fn planes(tensor: &mut [f32], length: usize) -> [&mut [f32]; 3] {
    assert_eq!(tensor.len(), 3 * length, "tensor length");
    let (first, rest) = tensor.split_at_mut(length);
    let (second, third) = rest.split_at_mut(length);
    [first, second, third]
}

/// Three planes of one line become pixels.
fn interleave(planes: &[f32], pixels: &mut [[u8; 3]]) {
    let (first, rest) = planes.split_at(pixels.len());
    let (second, third) = rest.split_at(pixels.len());
    for (((pixel, &a), &b), &c) in pixels.iter_mut().zip(first).zip(second).zip(third) {
        *pixel = [to_byte(a), to_byte(b), to_byte(c)];
    }
}

/// To the nearest; what is beyond a byte, and what is not a number, becomes its nearest end.
fn to_byte(value: f32) -> u8 {
    (value + 0.5) as u8
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
