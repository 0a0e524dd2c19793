//! The camera's exposure: one factor for the whole picture.
//!
//! Somebody in a bright coat walks by and the camera turns everything down; a lamp goes on. When
//! half of the ground has changed by one factor, all of it is held to have.

use crate::luma::Luma;
use crate::scene::ground::Ground;

/// Every so many pixels across and down are asked.
const STEP: usize = 4;
/// Factors are counted in 64ths; rounding alone makes one of them.
const ONE: u32 = 64;
const CHANGED: u32 = 2;
/// Darker ground than this says little of a factor.
const DARK: u32 = 24;

impl Ground {
    /// Brings what is known to the exposure of this picture.
    pub(super) fn follow_exposure(&mut self, luma: &Luma, covered: &[bool]) {
        let Some(factor) = self.factor(luma, covered) else { return };
        for place in &mut self.places {
            let scaled = u32::from(place.ground) * factor / ONE;
            place.ground = u16::try_from(scaled).unwrap_or(u16::MAX);
            let scaled = u32::from(place.other) * factor / ONE;
            place.other = u8::try_from(scaled).unwrap_or(u8::MAX);
        }
    }

    /// The median factor, in 64ths, when it is not one.
    fn factor(&self, luma: &Luma, covered: &[bool]) -> Option<u32> {
        let mut factors = [0_u32; 256];
        let mut total = 0;
        for y in (0..self.height()).step_by(STEP) {
            for x in (0..self.width).step_by(STEP) {
                let index = y * self.width + x;
                let level = u32::from(self.places[index].level());
                if self.places[index].known && !covered[index] && level >= DARK {
                    let factor = (u32::from(luma.pixels()[index]) * ONE + level / 2) / level;
                    factors[factor.min(255) as usize] += 1;
                    total += 1;
                }
            }
        }
        let mut below = 0;
        let median = factors.iter().position(|&count| {
            below += count;
            below * 2 > total
        })?;
        let median = u32::try_from(median).ok()?;
        (median.abs_diff(ONE) >= CHANGED).then_some(median)
    }
}
