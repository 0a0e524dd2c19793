//! Patches: pixels side by side at which something rests, and the outline that tells what it is.
//!
//! Promises: nothing allocated once the picture's size is known; work proportional to the resting
//! pixels. Refuses: remembering; what a patch was a look ago is the caller's.

use crate::scene::ground::Ground;

/// How far two resting pixels may lie apart and belong together: a seam the noise has eaten.
const GAP: isize = 2;
/// How far from a patch's edge its outside is looked at, so that neither lies in the blur of it.
const BEYOND: isize = 2;

/// A patch's extent in pixels, and how long it has been there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Patch {
    /// Left, top, right, bottom; the last two just outside.
    pub(super) sides: [usize; 4],
    /// Pixels that rest.
    pub(super) area: usize,
    /// Looks since it was first seen, and since the ground was last seen there: medians.
    pub(super) age: u8,
    pub(super) away: u8,
    pub(super) outline: Outline,
}

/// How much brightness steps across a patch's edge.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outline {
    /// From the ground outside to what rests inside, a mean in levels.
    pub(super) with: f32,
    /// From the ground outside to the ground inside.
    pub(super) without: f32,
    /// How much what rests looks like the ground under it, but for brightness: correlation, -1 to
    /// 1; 0 where the ground is too even to tell.
    pub(super) likeness: f32,
}

/// Where a patch search works.
#[derive(Clone, Debug, Default)]
pub(super) struct Patches {
    /// 0 untouched, else the patch it belongs to, counted from 1 and around.
    marks: Vec<u8>,
    /// The pixels of one patch; those behind `pixels.len()` are still to be looked around.
    pixels: Vec<u32>,
}

impl Patches {
    /// Calls `found` with every patch of at least `least` pixels; those for which it says so belong
    /// to the ground from now on.
    pub(super) fn find(
        &mut self,
        ground: &mut Ground,
        least: usize,
        mut found: impl FnMut(Patch) -> bool,
    ) {
        let (width, height) = (ground.width(), ground.height());
        self.marks.clear();
        self.marks.resize(width * height, 0);
        self.pixels.reserve(width * height);
        let mut mark = 0;
        for start in 0..width * height {
            if self.marks[start] != 0 || !ground.rests(start) {
                continue;
            }
            mark = mark % u8::MAX + 1;
            self.fill(ground, start, mark);
            if self.pixels.len() >= least && found(self.measure(ground, mark)) {
                self.pixels.iter().for_each(|&pixel| ground.absorb(pixel as usize));
            }
        }
    }

    /// Gathers the patch around `start`.
    fn fill(&mut self, ground: &Ground, start: usize, mark: u8) {
        let (width, height) = (ground.width() as isize, ground.height() as isize);
        self.pixels.clear();
        self.pixels.push(start as u32);
        self.marks[start] = mark;
        let mut next = 0;
        while let Some(&pixel) = self.pixels.get(next) {
            next += 1;
            let (x, y) = (pixel as isize % width, pixel as isize / width);
            for row in (y - GAP).max(0)..(y + GAP + 1).min(height) {
                for column in (x - GAP).max(0)..(x + GAP + 1).min(width) {
                    let near = (row * width + column) as usize;
                    if self.marks[near] == 0 && ground.rests(near) {
                        self.marks[near] = mark;
                        self.pixels.push(near as u32);
                    }
                }
            }
        }
    }

    fn measure(&self, ground: &Ground, mark: u8) -> Patch {
        let width = ground.width();
        let mut sides = [width, ground.height(), 0, 0];
        let (mut ages, mut aways) = ([0_u32; 256], [0_u32; 256]);
        for &pixel in &self.pixels {
            let (x, y) = (pixel as usize % width, pixel as usize / width);
            sides = [sides[0].min(x), sides[1].min(y), sides[2].max(x + 1), sides[3].max(y + 1)];
            let (age, away) = ground.ages(pixel as usize);
            ages[usize::from(age)] += 1;
            aways[usize::from(away)] += 1;
        }
        let outline = self.outline(ground, mark);
        let area = self.pixels.len();
        Patch { sides, area, age: median(&ages), away: median(&aways), outline }
    }

    fn outline(&self, ground: &Ground, mark: u8) -> Outline {
        let (width, height) = (ground.width() as isize, ground.height() as isize);
        let (mut with, mut without, mut steps) = (0_u32, 0_u32, 0_u32);
        let mut sums = Sums::default();
        for &pixel in &self.pixels {
            let (before, now) = ground.brightness(pixel as usize);
            sums.add(f32::from(before), f32::from(now));
            let (x, y) = (pixel as isize % width, pixel as isize / width);
            for (dx, dy) in [(-BEYOND, 0), (BEYOND, 0), (0, -BEYOND), (0, BEYOND)] {
                let (x, y) = (x + dx, y + dy);
                let outside = (y * width + x) as usize;
                if !(0..width).contains(&x)
                    || !(0..height).contains(&y)
                    || self.marks[outside] == mark
                {
                    continue;
                }
                let (beside, _) = ground.brightness(outside);
                with += u32::from(now.abs_diff(beside));
                without += u32::from(before.abs_diff(beside));
                steps += 1;
            }
        }
        let mean = |sum: u32| sum as f32 / steps.max(1) as f32;
        Outline { with: mean(with), without: mean(without), likeness: sums.correlation() }
    }
}

/// The running sums of a correlation.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: f32,
    one: f32,
    other: f32,
    one_squared: f32,
    other_squared: f32,
    product: f32,
}

impl Sums {
    fn add(&mut self, one: f32, other: f32) {
        self.count += 1.0;
        self.one += one;
        self.other += other;
        self.one_squared += one * one;
        self.other_squared += other * other;
        self.product += one * other;
    }

    /// 0 where either varies by less than the noise.
    fn correlation(&self) -> f32 {
        const EVEN: f32 = 25.0;
        let n = self.count.max(1.0);
        let one = self.one_squared / n - (self.one / n) * (self.one / n);
        let other = self.other_squared / n - (self.other / n) * (self.other / n);
        if one < EVEN || other < EVEN {
            return 0.0;
        }
        (self.product / n - (self.one / n) * (self.other / n)) / (one * other).sqrt()
    }
}

/// The median of a histogram.
fn median(counts: &[u32; 256]) -> u8 {
    let total: u32 = counts.iter().sum();
    let mut below = 0;
    let at = counts.iter().position(|&count| {
        below += count;
        below * 2 >= total
    });
    at.map_or(0, |at| at as u8)
}
