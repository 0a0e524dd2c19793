//! Whether the camera stands still and the light is the same all over.
//!
//! A camera that turns or is pushed, and sunlight that moves on, change edges and shadows in all
//! parts of the picture; things that come to rest lie in a few.

use crate::luma::Luma;
use crate::scene::ground::Ground;

/// By how much of the picture's width it may lie off the ground: a quarter of a pixel in 640. And how
/// much of that it may change from look to look and still be going somewhere: a swaying pole goes to
/// and fro.
const DRIFTING: f32 = 0.25 / 640.0;
const SWAYING: f32 = 0.5;
/// The share of a new look in the mean shift: some two seconds' worth.
const FRESH: f32 = 0.25;
/// The looks it takes to tell drifting from swaying.
const ENOUGH: u8 = 8;
/// Differences above this are things and people, not edges that have moved.
const EDGE: f64 = 40.0;
/// Every so many pixels across and down are asked for the shift.
const STEP: usize = 2;
/// Tiles across and down, the share of a tile's pixels at which something has come to rest that
/// counts, and the share of such tiles that is not things any more.
const TILES: usize = 12;
const TOUCHED: f32 = 0.05;
const WIDESPREAD: f32 = 0.125;

/// How the last looks lay off the ground, in pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drift {
    last: (f32, f32),
    mean: (f32, f32),
    /// The mean change from look to look.
    change: f32,
    looks: u8,
}

impl Drift {
    /// Takes in a look's shift; whether the camera moves.
    pub(super) fn step(&mut self, (x, y): (f32, f32), width: usize) -> bool {
        let change = length(x - self.last.0, y - self.last.1);
        self.change += (change - self.change) * FRESH;
        self.mean.0 += (x - self.mean.0) * FRESH;
        self.mean.1 += (y - self.mean.1) * FRESH;
        self.last = (x, y);
        self.looks = self.looks.saturating_add(1);
        let drift = length(self.mean.0, self.mean.1);
        self.looks >= ENOUGH && drift > DRIFTING * width as f32 && self.change < SWAYING * drift
    }
}

fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// The sums of a least-squares fit of two unknowns.
#[derive(Clone, Copy, Debug, Default)]
struct Fit {
    xx: f64,
    xy: f64,
    yy: f64,
    xd: f64,
    yd: f64,
}

impl Ground {
    /// How far the picture lies off the ground, in pixels: the shift that explains the differences
    /// best, to first order (Lucas and Kanade 1981).
    pub(super) fn shift(&self, luma: &Luma, covered: &[bool]) -> (f32, f32) {
        let (width, height) = (self.width, self.height());
        let level = |index: usize| f64::from(self.places[index].ground) / 256.0;
        let mut fit = Fit::default();
        for y in (1..height.saturating_sub(1)).step_by(STEP) {
            for x in (1..width.saturating_sub(1)).step_by(STEP) {
                let index = y * width + x;
                let (left, right) = (index - 1, index + 1);
                let (above, below) = (index - width, index + width);
                let known = |&near: &usize| self.places[near].known;
                let difference = f64::from(luma.pixels()[index]) - level(index);
                if !covered[index]
                    && difference.abs() <= EDGE
                    && [index, left, right, above, below].iter().all(known)
                {
                    let across = (level(right) - level(left)) / 2.0;
                    let down = (level(below) - level(above)) / 2.0;
                    fit.add(across, down, difference);
                }
            }
        }
        fit.solve()
    }

    /// Whether something rests all over the picture.
    pub(super) fn is_widespread(&self) -> bool {
        let (width, height) = (self.width, self.height());
        let mut resting = [[0_usize; TILES]; TILES];
        for (row, places) in self.places.chunks_exact(width.max(1)).enumerate() {
            let tiles = &mut resting[row * TILES / height];
            for (column, place) in places.iter().enumerate() {
                tiles[column * TILES / width] += usize::from(place.rests());
            }
        }
        let tile = (width * height) as f32 / (TILES * TILES) as f32;
        let touched = |count: &&usize| **count as f32 > TOUCHED * tile;
        let count = resting.as_flattened().iter().filter(touched).count();
        count as f32 > WIDESPREAD * (TILES * TILES) as f32
    }
}

impl Fit {
    fn add(&mut self, across: f64, down: f64, difference: f64) {
        self.xx += across * across;
        self.xy += across * down;
        self.yy += down * down;
        self.xd += across * difference;
        self.yd += down * difference;
    }

    /// No shift where the ground has no edges to tell by.
    fn solve(&self) -> (f32, f32) {
        let determinant = self.xx * self.yy - self.xy * self.xy;
        if determinant <= 0.0 {
            return (0.0, 0.0);
        }
        let x = (self.yy * self.xd - self.xy * self.yd) / determinant;
        let y = (self.xx * self.yd - self.xy * self.xd) / determinant;
        (x as f32, y as f32)
    }
}
