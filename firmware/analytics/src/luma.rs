//! A small grey picture: what is left of a frame for whoever looks at pixels and not at objects.
//!
//! Promises: as many bytes as pixels, rows without padding. Refuses: knowing how it was made; the
//! frame's owner shrinks it.

/// How many bytes are added up in a byte, at most 1 each.
const RUN: usize = 128;

/// Brightness of each pixel, 0 (black) to 255, row by row from the top left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Luma {
    width: usize,
    pixels: Vec<u8>,
}

impl Luma {
    /// A picture `width` pixels wide; `None` when `pixels` do not fill whole rows.
    #[must_use]
    pub fn new(width: usize, pixels: Vec<u8>) -> Option<Self> {
        (width > 0 && pixels.len().is_multiple_of(width)).then_some(Self { width, pixels })
    }

    /// Takes another size, all black; keeps the memory.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.width = width;
        self.pixels.clear();
        self.pixels.resize(width * height, 0);
    }

    /// Becomes the same as `other`; keeps the memory.
    pub fn copy(&mut self, other: &Self) {
        self.width = other.width;
        self.pixels.clone_from(&other.pixels);
    }

    /// Width in pixels; 0 only before the first [`Luma::resize`].
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.pixels.len().checked_div(self.width).unwrap_or(0)
    }

    /// The pixels.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixels, to be painted.
    pub fn pixels_mut(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    /// The rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.width.max(1))
    }
}

/// The sum of what `of` makes of each byte. In this crate additions are checked, which keeps the
/// compiler from making vector code of them; a row's sum stays below 2^32 by far.
pub(crate) fn sum(row: &[u8], of: impl Fn(u8) -> u8) -> u32 {
    row.iter().fold(0, |sum: u32, &value| sum.wrapping_add(u32::from(of(value))))
}

/// How many pairs are so.
pub(crate) fn count_pairs(a: &[u8], b: &[u8], so: impl Fn(u8, u8) -> bool) -> usize {
    let in_run = |(a, b): (&[u8], &[u8])| {
        let pairs = a.iter().zip(b);
        pairs.fold(0, |sum: u8, (&a, &b)| sum.wrapping_add(u8::from(so(a, b))))
    };
    a.chunks(RUN).zip(b.chunks(RUN)).map(|runs| usize::from(in_run(runs))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_rows_are_a_picture() {
        assert_eq!(Luma::new(2, vec![1, 2, 3]), None);
        assert_eq!(Luma::new(0, vec![]), None);
        let luma = Luma::new(2, vec![1, 2, 3, 4]).unwrap();
        assert_eq!((luma.width(), luma.height()), (2, 2));
        assert_eq!(luma.rows().collect::<Vec<_>>(), [[1, 2], [3, 4]]);
        assert_eq!(Luma::default().height(), 0);
    }

    #[test]
    fn a_resized_picture_is_black() {
        let mut luma = Luma::new(1, vec![9, 9]).unwrap();
        luma.resize(3, 1);
        assert_eq!(luma.pixels(), [0, 0, 0]);
    }
}
