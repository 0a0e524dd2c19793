//! What is done to a film: faults made on real pictures, and what must not be taken for one.
//!
//! Every change has a strength from 0 to 1, so that it can come suddenly or little by little.

use crate::film::Still;

/// Where a moved camera looks before it is moved, as a share of the film's picture.
const WINDOW: f32 = 0.6;

/// What happens to the camera or before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// A flat sheet of this luma is pushed before the lens from one side.
    Sheet(u8),
    /// A hand or cloth too near to be in focus: blotches, and the sensor's noise.
    Blotches,
    /// Gaussian blur of up to this many thousandths of the picture's long side (one sigma).
    Blur(f32),
    /// The window is moved by this share of itself to the right and down.
    Shift(f32, f32),
    /// The window is turned by this many degrees.
    Turn(f32),
    /// Luma is taken towards black by this factor.
    Dim(f32),
    /// Luma is taken towards white by this factor.
    Flood(f32),
    /// Night mode: infrared light from the camera, no colour, noise.
    Infrared,
    /// Exposure: everything brighter or darker by this factor, little noise.
    Exposure(f32),
    /// A lorry: another sharp picture over this share of this one, from the bottom left.
    Lorry(f32),
    /// Headlights: a bright disc.
    Headlights,
    /// The same picture again and again.
    Freeze,
    /// No pictures.
    Silence,
    /// Nothing.
    Nothing,
}

impl Change {
    /// Whether the untouched film is shown through a window, so that there is more to see beside.
    const fn needs_window(self) -> bool {
        matches!(self, Self::Shift(..) | Self::Turn(_))
    }

    /// Whether it can come little by little.
    pub(crate) const fn grows(self) -> bool {
        !matches!(self, Self::Freeze | Self::Silence)
    }

    /// `still` with the change at this strength; `seed` makes the noise.
    pub(crate) fn make(self, still: &Still, strength: f32, seed: u64) -> Still {
        if self.needs_window() {
            return self.through_window(still, strength);
        }
        let mut still = still.clone();
        if strength <= 0.0 {
            return still;
        }
        match self {
            Self::Sheet(level) => cover(&mut still, strength, |_, _| level),
            Self::Blotches => cover(&mut still, strength, |x, y| {
                let wave = (x * 9.0).sin() + (y * 7.0 + x * 3.0).sin();
                (85.0 + 20.0 * wave + 4.0 * (noise(seed, x, y) - 0.5)) as u8
            }),
            Self::Blur(thousandths) => {
                let sigma = still.width.max(still.height) as f32 * thousandths * strength / 1000.0;
                blur(&mut still, sigma);
            }
            Self::Dim(factor) => tone(&mut still, |v| v * (1.0 + (factor - 1.0) * strength)),
            Self::Exposure(factor) => tone(&mut still, |v| v * (1.0 + (factor - 1.0) * strength)),
            Self::Flood(factor) => {
                tone(&mut still, |v| v * (1.0 + (factor - 1.0) * strength) + 180.0 * strength);
            }
            Self::Infrared => infrared(&mut still, strength, seed),
            Self::Lorry(share) => lorry(&mut still, share),
            Self::Headlights => headlights(&mut still),
            Self::Shift(..) | Self::Turn(_) | Self::Freeze | Self::Silence | Self::Nothing => {}
        }
        still
    }

    fn through_window(self, still: &Still, strength: f32) -> Still {
        let (width, height) = (
            (still.width as f32 * WINDOW) as usize & !1,
            (still.height as f32 * WINDOW) as usize & !1,
        );
        // A shift begins in one corner; a turn is made about the middle.
        let (left, top, angle) = match self {
            Self::Shift(x, y) => (x * width as f32, y * height as f32, 0.0),
            Self::Turn(degrees) => {
                ((still.width - width) as f32 / 2.0, (still.height - height) as f32 / 2.0, degrees)
            }
            _ => (0.0, 0.0, 0.0),
        };
        let fixed = if matches!(self, Self::Turn(_)) { 1.0 } else { strength };
        let (sin, cos) = (angle * strength).to_radians().sin_cos();
        let (mid_x, mid_y) = (width as f32 / 2.0, height as f32 / 2.0);
        let from = |x: usize, y: usize| {
            let (dx, dy) = (x as f32 - mid_x, y as f32 - mid_y);
            let at_x = dx * cos - dy * sin + mid_x + left * fixed;
            let at_y = dx * sin + dy * cos + mid_y + top * fixed;
            (at_x.clamp(0.0, still.width as f32 - 1.0), at_y.clamp(0.0, still.height as f32 - 1.0))
        };
        let luma = plane(width, height, |x, y| {
            let (x, y) = from(x, y);
            still.luma[y as usize * still.width + x as usize]
        });
        let chroma = [0, 1].map(|index| {
            plane(width / 2, height / 2, |x, y| {
                let (x, y) = from(2 * x, 2 * y);
                let (x, y) = ((x as usize / 2).min(still.width / 2 - 1), y as usize / 2);
                still.chroma[index][y.min(still.height / 2 - 1) * (still.width / 2) + x]
            })
        });
        Still { width, height, luma, chroma }
    }
}

fn plane(width: usize, height: usize, value: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| value(x, y)).collect()
}

/// Covers this share of the picture from the left.
fn cover(still: &mut Still, share: f32, level: impl Fn(f32, f32) -> u8) {
    let (width, height) = (still.width, still.height);
    let covered = (width as f32 * share) as usize;
    for y in 0..height {
        for x in 0..covered {
            let place = (x as f32 / width as f32, y as f32 / height as f32);
            still.luma[y * width + x] = level(place.0, place.1);
        }
    }
    for chroma in &mut still.chroma {
        chroma.chunks_mut(width / 2).for_each(|row| row[..covered / 2].fill(128));
    }
}

/// Three box blurs in each direction are nearly Gaussian (Wells 1986).
fn blur(still: &mut Still, sigma: f32) {
    let radius = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).round() as usize;
    for _ in 0..3 {
        let width = still.width;
        still.luma.chunks_mut(width).for_each(|row| box_blur(row, radius));
        for x in 0..width {
            let mut column: Vec<u8> = still.luma.iter().skip(x).step_by(width).copied().collect();
            box_blur(&mut column, radius);
            for (y, value) in column.into_iter().enumerate() {
                still.luma[y * width + x] = value;
            }
        }
    }
}

fn box_blur(line: &mut [u8], radius: usize) {
    let from = line.to_vec();
    let at = |index: isize| u32::from(from[index.clamp(0, from.len() as isize - 1) as usize]);
    let (reach, count) = (radius as isize, 2 * radius as u32 + 1);
    let mut sum: u32 = (-reach..=reach).map(at).sum();
    for (index, value) in line.iter_mut().enumerate() {
        *value = ((sum + count / 2) / count) as u8;
        sum = sum + at(index as isize + reach + 1) - at(index as isize - reach);
    }
}

/// Luma above black through `curve`, and cut where a sensor saturates.
fn tone(still: &mut Still, curve: impl Fn(f32) -> f32) {
    for value in &mut still.luma {
        *value = (16.0 + curve(f32::from(*value) - 16.0)).clamp(16.0, 235.0) as u8;
    }
}

/// Leaves and cloth are bright in infrared, the sky is dark, the corners of the lamp's cone too; the
/// gain makes noise; nothing has colour.
fn infrared(still: &mut Still, strength: f32, seed: u64) {
    let (width, height) = (still.width, still.height);
    for y in 0..height {
        for x in 0..width {
            let at = y / 2 * (width / 2) + x / 2;
            let [u, v] = [0, 1].map(|index| f32::from(still.chroma[index][at]) - 128.0);
            let place = (x as f32 / width as f32, y as f32 / height as f32);
            let away = (place.0 - 0.5).powi(2) + (place.1 - 0.6).powi(2);
            let lit = 1.2 - 1.6 * away;
            let value = f32::from(still.luma[y * width + x]) - 16.0;
            let night = (value + 1.5 * v - 1.0 * u) * lit * 0.8 + 5.0;
            let grain = 8.0 * (noise(seed, place.0, place.1) - 0.5);
            let mixed = value + (night + grain - value) * strength;
            still.luma[y * width + x] = (16.0 + mixed).clamp(16.0, 235.0) as u8;
        }
    }
    for value in still.chroma.iter_mut().flatten() {
        *value = (128.0 + (f32::from(*value) - 128.0) * (1.0 - strength)) as u8;
    }
}

fn lorry(still: &mut Still, share: f32) {
    let (width, height) = (still.width, still.height);
    let (right, top) = ((width as f32 * share) as usize, (height as f32 * (1.0 - share)) as usize);
    let from = still.luma.clone();
    for y in top..height {
        for x in 0..right {
            // Planks, a tarpaulin with letters: the same picture, upside down and mirrored.
            still.luma[y * width + x] = from[(height - 1 - y) * width + (width - 1 - x)];
        }
    }
}

fn headlights(still: &mut Still) {
    let (width, height) = (still.width, still.height);
    for y in 0..height {
        for x in 0..width {
            let (dx, dy) = (x as f32 / width as f32 - 0.4, y as f32 / height as f32 - 0.5);
            let glare = 400.0 / (1.0 + 20.0 * (dx * dx + dy * dy));
            let value = &mut still.luma[y * width + x];
            *value = (f32::from(*value) + glare).min(235.0) as u8;
        }
    }
}

/// A number from 0 to 1 that looks random (Steele 2014, SplitMix64).
pub(crate) fn noise(seed: u64, x: f32, y: f32) -> f32 {
    let place = (u64::from(x.to_bits()) << 32) | u64::from(y.to_bits());
    let mut bits = (seed ^ place).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) >> 40) as f32 / (1u32 << 24) as f32
}
