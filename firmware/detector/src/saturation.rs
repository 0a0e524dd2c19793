//! How much colour a picture has.
//!
//! Promises: one pass over a quarter of the chroma rows, which is enough for a mean. Refuses: colours
//! themselves; it tells a colour picture from a grey one.

use crate::picture::{Picture, PixelLayout};

/// Neutral chroma: no colour.
const NEUTRAL: u8 = 128;
/// Every how many rows are looked at.
const EVERY: usize = 4;

/// Mean distance of chroma from neutral, in levels, 0 to 128.
#[must_use]
pub fn saturation(picture: &Picture<'_>) -> f32 {
    let half = picture.width().div_ceil(2);
    let rows = picture.height().div_ceil(2);
    let (planes, row) = match picture.layout() {
        PixelLayout::I420 => (&picture.planes()[1..], half),
        PixelLayout::Nv12 => (&picture.planes()[1..2], 2 * half),
    };
    let (mut sum, mut count) = (0_u64, 0_u64);
    for plane in planes {
        for line in (0..rows).step_by(EVERY) {
            let from = line * plane.stride;
            let samples = &plane.data[from..from + row];
            // A row of 8192 pixels sums up to 2^20.
            sum += u64::from(samples.iter().map(|&v| u32::from(v.abs_diff(NEUTRAL))).sum::<u32>());
            count += row as u64;
        }
    }
    (sum as f64 / count.max(1) as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Plane;

    #[test]
    fn both_layouts_tell_colour_from_grey() {
        let luma = vec![77; 20 * 16];
        for (chroma, expected) in [([128, 128], 0.0), ([118, 128], 5.0), ([0, 255], 127.5)] {
            let [u, v] = chroma.map(|value| vec![value; 10 * 8]);
            let both: Vec<u8> = chroma.iter().copied().cycle().take(20 * 8).collect();
            let plane = |data, stride| Plane { data, stride };
            let table = [
                (PixelLayout::I420, [plane(&luma[..], 20), plane(&u[..], 10), plane(&v[..], 10)]),
                (PixelLayout::Nv12, [plane(&luma[..], 20), plane(&both[..], 20), plane(&[], 0)]),
            ];
            for (layout, planes) in table {
                let picture = Picture::new(layout, 20, 16, planes).unwrap();
                assert_eq!(saturation(&picture), expected, "{layout:?} {chroma:?}");
            }
        }
    }
}
