//! The way from a picture to a small grey one.
//!
//! Promises: every pixel of the picture counts (the mean over whole blocks, no pixel skipped), in
//! one pass. Refuses: enlarging, and shrinking by anything but a whole factor.

use analytics::luma::Luma;

use crate::picture::Picture;

/// Shrinks the luma of `picture` by the smallest whole factor that leaves neither side longer than
/// `longest_px`, into `into`. Blocks cut by the right and bottom edges are left away.
pub fn shrink(picture: &Picture<'_>, longest_px: usize, into: &mut Luma) {
    let factor = picture.width().max(picture.height()).div_ceil(longest_px.max(1)).max(1);
    // A picture thinner than one block still has one pixel.
    let across = factor.min(picture.width());
    let down = factor.min(picture.height());
    let (width, height) = (picture.width() / across, picture.height() / down);
    into.resize(width, height);
    let plane = picture.planes()[0];
    let mut sums = vec![0_u32; width];
    let area = u32::try_from(across * down).unwrap_or(u32::MAX);
    for (row, out) in into.pixels_mut().chunks_exact_mut(width).enumerate() {
        sums.fill(0);
        for line in 0..down {
            let from = (row * down + line) * plane.stride;
            add_blocks(&plane.data[from..from + width * across], across, &mut sums);
        }
        for (out, &sum) in out.iter_mut().zip(&sums) {
            *out = u8::try_from((sum + area / 2) / area).unwrap_or(u8::MAX);
        }
    }
}

/// Adds each run of `length` samples of `line` to its sum.
fn add_blocks(line: &[u8], length: usize, sums: &mut [u32]) {
    // The usual factors as constants: the compiler makes vector code of them.
    match length {
        1 => add_known::<1>(line, sums),
        2 => add_known::<2>(line, sums),
        3 => add_known::<3>(line, sums),
        4 => add_known::<4>(line, sums),
        6 => add_known::<6>(line, sums),
        8 => add_known::<8>(line, sums),
        _ => {
            for (sum, block) in sums.iter_mut().zip(line.chunks_exact(length)) {
                *sum += block.iter().map(|&sample| u32::from(sample)).sum::<u32>();
            }
        }
    }
}

fn add_known<const LENGTH: usize>(line: &[u8], sums: &mut [u32]) {
    for (sum, block) in sums.iter_mut().zip(line.as_chunks::<LENGTH>().0) {
        *sum += block.iter().map(|&sample| u32::from(sample)).sum::<u32>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{PixelLayout, Plane};

    /// A picture of `width` x 16 with rows of `stride` bytes whose luma is `luma(x, y)`.
    fn shrunk(width: usize, longest: usize, luma: impl Fn(usize, usize) -> u8) -> Luma {
        const HEIGHT: usize = 16;
        let stride = width + 5;
        let data: Vec<u8> = (0..HEIGHT)
            .flat_map(|y| (0..stride).map(move |x| (x, y)))
            .map(|(x, y)| if x < width { luma(x, y) } else { 255 })
            .collect();
        let chroma = vec![128; stride * HEIGHT];
        let planes = [&data[..], &chroma, &[]].map(|data| Plane { data, stride });
        let picture = Picture::new(PixelLayout::Nv12, width, HEIGHT, planes).unwrap();
        let mut small = Luma::default();
        shrink(&picture, longest, &mut small);
        small
    }

    #[test]
    fn each_pixel_is_the_mean_of_its_block_and_padding_is_not_read() {
        for longest in [64, 32, 22, 16, 13, 9] {
            let factor = 64_usize.div_ceil(longest);
            let value = |x: usize, y: usize| u8::try_from((x * 7 + y * 13) % 200).unwrap();
            let small = shrunk(64, longest, value);
            assert_eq!((small.width(), small.height()), (64 / factor, 16 / factor));
            for (y, row) in small.rows().enumerate() {
                for (x, &got) in row.iter().enumerate() {
                    let block = (0..factor * factor).map(|i| {
                        f64::from(value(x * factor + i % factor, y * factor + i / factor))
                    });
                    let mean = block.sum::<f64>() / (factor * factor) as f64;
                    assert!((f64::from(got) - mean).abs() <= 0.5, "{got} for {mean}");
                }
            }
        }
    }

    #[test]
    fn a_picture_small_enough_is_copied() {
        let small = shrunk(32, 320, |x, y| u8::try_from(x + y).unwrap());
        assert_eq!((small.width(), small.height()), (32, 16));
        assert_eq!(small.pixels()[33], 2);
    }

    #[test]
    fn a_sliver_keeps_its_short_side() {
        let small = shrunk(8000, 320, |_, _| 77);
        assert_eq!((small.width(), small.height()), (320, 1));
        assert!(small.pixels().iter().all(|&value| value == 77));
    }
}
