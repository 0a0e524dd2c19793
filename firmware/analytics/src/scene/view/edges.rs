//! The edges in a picture, cell by cell.
//!
//! Promises: a direction turned by half a turn is the same edge, so a thing that is lighter than its
//! ground by day and darker by infrared keeps its edges; memory is kept from frame to frame. Refuses:
//! edges finer than the shrunk picture shows.

use crate::luma::Luma;

/// A cell's side in luma pixels: a twentieth of the picture.
const CELL: usize = 16;
/// Luma pixels that make one coarse pixel: coarse edges stay put when the pole sways by a pixel.
const COARSE: usize = 4;
/// A cell's side in coarse pixels.
const SIDE: usize = CELL / COARSE;
/// Coarse steps smaller than this, in levels over two coarse pixels, are noise and encoding.
const NOISE: f32 = 3.0;

/// Mean strength up to which a cell shows nothing: one weak edge along one side.
const FLAT: f32 = 1.0;

/// Direction (doubled angle) and strength of the edge at a coarse pixel.
pub(super) type Edge = [f32; 2];

/// One cell of the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Cell {
    /// Mean step from pixel to pixel, in levels: the fine structure.
    pub(super) fine: f32,
    /// Mean strength of its coarse edges, in levels.
    pub(super) coarse: f32,
    /// Its coarse edges, row by row.
    pub(super) edges: [Edge; SIDE * SIDE],
}

/// All cells of a picture, row by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Edges {
    columns: usize,
    cells: Vec<Cell>,
    coarse: Vec<f32>,
}

impl Edges {
    /// Measures `luma`; what is left over at its right and bottom is not looked at.
    pub(super) fn measure(&mut self, luma: &Luma) {
        let (columns, rows) = (luma.width() / CELL, luma.height() / CELL);
        self.columns = columns;
        self.cells.clear();
        self.cells.resize(columns * rows, Cell::default());
        self.coarse.clear();
        self.coarse.resize(columns * rows * SIDE * SIDE, 0.0);
        if self.cells.is_empty() {
            return;
        }
        self.measure_fine(luma);
        self.shrink(luma);
        self.measure_coarse();
    }

    /// The cells.
    pub(super) fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// How many cells have no edge at all.
    pub(super) fn flat_cells(&self) -> usize {
        self.cells.iter().filter(|cell| cell.coarse <= FLAT).count()
    }

    /// Cells in a row.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    fn measure_fine(&mut self, luma: &Luma) {
        let width = luma.width();
        let last = luma.height() - 1;
        for (y, cells) in self.cells.chunks_exact_mut(self.columns).enumerate() {
            for line in y * CELL..(y + 1) * CELL {
                let row = &luma.pixels()[line * width..][..width];
                let below = &luma.pixels()[(line + 1).min(last) * width..][..width];
                for (x, cell) in cells.iter_mut().enumerate() {
                    let at = x * CELL;
                    let run =
                        |row: &[u8]| row[at..at + CELL].first_chunk().copied().unwrap_or_default();
                    cell.fine += f32::from(steps(&run(row), &run(below)));
                }
            }
            for cell in cells {
                // One step less than pixels in a row, as many as pixels down.
                cell.fine /= (CELL * (2 * CELL - 1)) as f32;
            }
        }
    }

    fn shrink(&mut self, luma: &Luma) {
        let (width, across) = (luma.width(), self.columns * SIDE);
        for (y, out) in self.coarse.chunks_exact_mut(across).enumerate() {
            for line in y * COARSE..(y + 1) * COARSE {
                let row = &luma.pixels()[line * width..][..width];
                for (sum, block) in out.iter_mut().zip(row.as_chunks::<COARSE>().0) {
                    let block = block.iter().fold(0, |sum: u16, &v| sum.wrapping_add(u16::from(v)));
                    *sum += f32::from(block);
                }
            }
            for value in out {
                *value /= (COARSE * COARSE) as f32;
            }
        }
    }

    fn measure_coarse(&mut self) {
        let across = self.columns * SIDE;
        let down = self.coarse.len() / across;
        for y in 0..down {
            let row = |y: usize| &self.coarse[y * across..][..across];
            let (above, here, below) =
                (row(y.saturating_sub(1)), row(y), row((y + 1).min(down - 1)));
            for x in 0..across {
                let dx = here[(x + 1).min(across - 1)] - here[x.saturating_sub(1)];
                let dy = below[x] - above[x];
                let strength = (dx * dx + dy * dy).sqrt();
                if strength < NOISE {
                    continue;
                }
                let cell = &mut self.cells[y / SIDE * self.columns + x / SIDE];
                cell.edges[y % SIDE * SIDE + x % SIDE] =
                    [(dx * dx - dy * dy) / strength, 2.0 * dx * dy / strength];
                cell.coarse += strength / (SIDE * SIDE) as f32;
            }
        }
    }
}

/// How strong an edge is, in levels.
pub(super) fn length(edge: Edge) -> f32 {
    (edge[0] * edge[0] + edge[1] * edge[1]).sqrt()
}

/// The sum of the steps along a row of a cell and down to the row below. It is at most 31 x 255, so
/// that nothing wraps; checked additions would keep the compiler from making vector code.
fn steps(row: &[u8; CELL], below: &[u8; CELL]) -> u16 {
    let add = |sum: u16, (a, b): (&u8, &u8)| sum.wrapping_add(u16::from(a.abs_diff(*b)));
    let along = row.iter().zip(&row[1..]).fold(0, add);
    row.iter().zip(below).fold(along, add)
}
