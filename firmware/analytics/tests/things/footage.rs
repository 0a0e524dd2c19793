//! What the camera of a story sees: a paved ground with noise, and everything painted onto it.

use analytics::luma::Luma;

/// The picture: a small 16:9 one.
pub(crate) const SIZE: (usize, usize) = (480, 270);

/// A rectangle of the picture, in fractions of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub(crate) left: f32,
    pub(crate) top: f32,
    pub(crate) right: f32,
    pub(crate) bottom: f32,
}

/// One picture being painted.
pub(crate) struct Canvas {
    pixels: Vec<u8>,
}

impl Canvas {
    /// The ground, seen by a camera turned by so many pixels.
    pub(crate) fn ground((dx, dy): (isize, isize)) -> Self {
        let pixels = (0..SIZE.0 * SIZE.1).map(|index| {
            let (x, y) = ((index % SIZE.0) as isize + dx, (index / SIZE.0) as isize + dy);
            let slab = noise(x.div_euclid(24) as u64, y.div_euclid(16) as u64, 1) * 30.0;
            let grain = noise(x as u64, y as u64, 2) * 8.0;
            let seam = if x.rem_euclid(24) < 2 || y.rem_euclid(16) < 2 { 25.0 } else { 0.0 };
            (100.0 + slab + grain - seam) as u8
        });
        Self { pixels: pixels.collect() }
    }

    /// Repaints each pixel of a patch from what it was and where it is.
    pub(crate) fn paint(&mut self, patch: Patch, mut colour: impl FnMut(u8, usize, usize) -> f32) {
        let pixel = |side: f32, size: usize| (side.clamp(0.0, 1.0) * size as f32).round() as usize;
        for y in pixel(patch.top, SIZE.1)..pixel(patch.bottom, SIZE.1) {
            for x in pixel(patch.left, SIZE.0)..pixel(patch.right, SIZE.0) {
                let before = &mut self.pixels[y * SIZE.0 + x];
                *before = colour(*before, x, y) as u8;
            }
        }
    }

    /// The picture under a light this bright, with the noise of one frame.
    pub(crate) fn expose(self, light: f32, frame: u64) -> Luma {
        let noisy = |(index, &value): (usize, &u8)| {
            (f32::from(value) * light + 4.0 * (noise(index as u64, frame, 3) - 0.5)).round() as u8
        };
        Luma::new(SIZE.0, self.pixels.iter().enumerate().map(noisy).collect()).unwrap()
    }
}

/// A number between 0 and 1 that two others and a purpose always give (splitmix64).
pub(crate) fn noise(one: u64, other: u64, purpose: u64) -> f32 {
    let mut mixed = one.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ other.wrapping_mul(0xbf58_476d_1ce4_e5b9)
        ^ purpose.wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed >> 40) as f32 / (1_u64 << 24) as f32
}
