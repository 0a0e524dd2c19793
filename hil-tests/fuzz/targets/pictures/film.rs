//! A film: shots of walls, with things before them and noise over them, each of its own size.
//!
//! Promises: a few bytes paint a picture and hold it for long enough that it becomes the ground on
//! which something rests. Refuses: pictures larger than some thousand pixels.

use analytics::luma::Luma;
use arbitrary::Arbitrary;
use fuzz::{Number, Place, Step};

/// The most shots of a film, frames of a shot and things in one.
const MAX_SHOTS: usize = 12;
const MAX_FRAMES: u8 = 40;
const MAX_THINGS: usize = 8;
/// Sizes stay below these, and begin with nothing.
const SIZES: (u8, u8) = (96, 64);
/// The size before any other is given.
const FIRST_SIZE: (usize, usize) = (64, 48);

/// What a camera shows.
#[derive(Arbitrary, Debug)]
pub(super) struct Film {
    shots: Vec<Shot>,
}

/// Some frames of the same picture.
#[derive(Arbitrary, Debug)]
pub(super) struct Shot {
    pub(super) step: Step,
    frames: u8,
    /// Another size from here on.
    size: Option<(u8, u8)>,
    wall: Wall,
    things: Vec<Thing>,
    pub(super) saturation: Number,
    pub(super) person: Option<Place>,
}

/// Stripes of two kinds of brightness, and how much noise lies over everything, in levels.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Wall {
    level: u8,
    contrast: u8,
    stripe_px: u8,
    noise: u8,
}

/// A box of one brightness, in pixels.
#[derive(Arbitrary, Clone, Copy, Debug)]
struct Thing {
    left: u8,
    top: u8,
    width: u8,
    height: u8,
    level: u8,
}

impl Film {
    /// The shots, each with its size.
    pub(super) fn shots(&self) -> impl Iterator<Item = (&Shot, (usize, usize))> {
        let shots = self.shots.iter().take(MAX_SHOTS);
        shots.scan(FIRST_SIZE, |size, shot| {
            if let Some((width, height)) = shot.size {
                *size = (usize::from(width % SIZES.0), usize::from(height % SIZES.1));
            }
            Some((shot, *size))
        })
    }
}

impl Shot {
    pub(super) fn frames(&self) -> u8 {
        1 + self.frames % MAX_FRAMES
    }

    /// Paints one of the shot's frames.
    pub(super) fn paint(&self, luma: &mut Luma, (width, height): (usize, usize), frame: u8) {
        luma.resize(width, height);
        let things = &self.things[..self.things.len().min(MAX_THINGS)];
        for (index, pixel) in luma.pixels_mut().iter_mut().enumerate() {
            let (x, y) = (index % width, index / width);
            let thing = things.iter().rev().find(|thing| thing.covers(x, y));
            let level = thing.map_or_else(|| self.wall.level_at(x, y), |thing| thing.level);
            *pixel = level.saturating_add(noise(index, frame) % self.wall.noise.max(1));
        }
    }
}

impl Wall {
    fn level_at(self, x: usize, y: usize) -> u8 {
        let stripe = (x + 2 * y) / usize::from(self.stripe_px % 16 + 1);
        if stripe.is_multiple_of(2) { self.level } else { self.level.wrapping_add(self.contrast) }
    }
}

impl Thing {
    fn covers(self, x: usize, y: usize) -> bool {
        let span = |from: u8, size: u8| usize::from(from)..usize::from(from) + usize::from(size);
        span(self.left, self.width).contains(&x) && span(self.top, self.height).contains(&y)
    }
}

/// Something else for each pixel of each frame, the same at every run (Knuth's multiplicative hash).
fn noise(index: usize, frame: u8) -> u8 {
    let seed = index as u32 ^ (u32::from(frame) << 16);
    (seed.wrapping_mul(2_654_435_761) >> 24) as u8
}
