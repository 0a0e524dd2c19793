//! Change: where a picture differs from what was last looked at.
//!
//! Promises: each cell is compared with the picture it was last looked at in, not with the last
//! picture, so slow changes add up; noise that lies over the whole picture is no change. Refuses:
//! judging what changed.

use std::ops::Range;

use analytics::geometry::NormBox;
use analytics::luma::Luma;

/// Side of a cell in grey pixels: some 10 pixels of a network's input, a tenth of somebody standing
/// 15 m away.
pub(super) const CELL: usize = 4;

/// Pixels of a cell.
const PIXELS: f32 = (CELL * CELL) as f32;

/// Mean difference of a cell's pixels, of 255, below which nothing is noticed: more than what
/// compression does to a still wall, less than what a dark coat does to a dark road.
const FAINTEST: f32 = 3.0;

/// How far a cell must stand out of the picture's own noise, which is the median over its cells:
/// with less, one of a thousand cells of mere noise still would.
const OVER_NOISE: f32 = 3.0;

/// From this median difference on it is not noise but another picture: the light was switched, the
/// camera was turned.
const ANOTHER_PICTURE: f32 = 8.0;

/// Where one picture differs from what was seen.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// What was last looked at, cell by cell.
    reference: Luma,
    /// The picture last compared.
    newest: Luma,
    /// Sum of absolute differences, cell by cell; empty when there was nothing to compare with.
    differences: Vec<u16>,
    columns: usize,
    /// The difference from which a cell counts as changed.
    threshold: u16,
    scratch: Vec<u16>,
}

/// How much of a picture changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Extent {
    Nothing,
    /// All that changed lies inside.
    Part(NormBox),
    Everything,
}

impl Change {
    /// Compares `luma` with what was seen.
    pub(super) fn compare(&mut self, luma: &Luma) -> Extent {
        self.newest.clone_from(luma);
        self.measure();
        if self.differences.is_empty() {
            return Extent::Everything;
        }
        let noise = self.median() / PIXELS;
        if noise > ANOTHER_PICTURE {
            return Extent::Everything;
        }
        self.threshold = ((noise * OVER_NOISE).max(FAINTEST) * PIXELS) as u16;
        self.changed().map_or(Extent::Nothing, Extent::Part)
    }

    /// Whether anything inside `bounds` changed.
    pub(super) fn touches(&self, bounds: &NormBox) -> bool {
        let Some((columns, mut rows)) = self.cells(bounds) else { return true };
        rows.any(|row| {
            let line = &self.differences[row * self.columns..][..self.columns];
            line[columns.clone()].iter().any(|&difference| difference >= self.threshold)
        })
    }

    /// All of the newest picture has been looked at.
    pub(super) fn seen_whole(&mut self) {
        self.reference.clone_from(&self.newest);
    }

    /// What of the newest picture lies in `region` has been looked at.
    pub(super) fn seen(&mut self, region: &NormBox) {
        let Some((columns, rows)) = self.cells(region) else { return };
        let width = self.newest.width();
        for row in rows.start * CELL..rows.end * CELL {
            let line = row * width + columns.start * CELL..row * width + columns.end * CELL;
            self.reference.pixels_mut()[line.clone()].copy_from_slice(&self.newest.pixels()[line]);
        }
    }

    fn measure(&mut self) {
        let size = |luma: &Luma| (luma.width(), luma.height());
        self.differences.clear();
        if size(&self.newest) != size(&self.reference) {
            return;
        }
        self.columns = self.newest.width() / CELL;
        let rows = self.newest.height() / CELL;
        self.differences.resize(self.columns * rows, 0);
        let lines = self.newest.rows().zip(self.reference.rows()).take(rows * CELL);
        for (at, (now, before)) in lines.enumerate() {
            let sums = &mut self.differences[at / CELL * self.columns..][..self.columns];
            let cells = now.as_chunks::<CELL>().0.iter().zip(before.as_chunks::<CELL>().0);
            for (sum, (now, before)) in sums.iter_mut().zip(cells) {
                let differences = now.iter().zip(before).map(|(a, b)| u16::from(a.abs_diff(*b)));
                *sum += differences.sum::<u16>();
            }
        }
    }

    fn median(&mut self) -> f32 {
        self.scratch.clone_from(&self.differences);
        let middle = self.scratch.len() / 2;
        f32::from(*self.scratch.select_nth_unstable(middle).1)
    }

    /// The box around all changed cells, one cell wider all around: an edge that moves less than a
    /// cell shows in one cell only.
    fn changed(&self) -> Option<NormBox> {
        let (mut left, mut right, mut top, mut bottom) = (usize::MAX, 0, usize::MAX, 0);
        for (row, line) in self.differences.chunks_exact(self.columns).enumerate() {
            let changed = |difference: &u16| *difference >= self.threshold;
            let Some(first) = line.iter().position(changed) else { continue };
            let last = line.iter().rposition(changed).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last));
            (top, bottom) = (top.min(row), row);
        }
        if left == usize::MAX {
            return None;
        }
        let (width, height) = (self.newest.width() as f32, self.newest.height() as f32);
        let before = |cell: usize| (cell.saturating_sub(1) * CELL) as f32;
        let after = |cell: usize| ((cell + 2) * CELL) as f32;
        NormBox::new(
            before(left) / width,
            before(top) / height,
            after(right) / width,
            after(bottom) / height,
        )
    }

    /// The columns and rows of cells that `bounds` touch; `None` when nothing was compared.
    fn cells(&self, bounds: &NormBox) -> Option<(Range<usize>, Range<usize>)> {
        let rows = self.differences.len().checked_div(self.columns).filter(|&rows| rows > 0)?;
        let (width, height) = (self.newest.width() as f32, self.newest.height() as f32);
        let range = |from: f32, to: f32, pixels: f32, cells: usize| {
            let cell = |side: f32| ((side * pixels) as usize / CELL).min(cells - 1);
            cell(from)..cell(to) + 1
        };
        Some((
            range(bounds.left(), bounds.right(), width, self.columns),
            range(bounds.top(), bounds.bottom(), height, rows),
        ))
    }
}
