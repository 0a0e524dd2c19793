//! A remembered view: the mean of the edges of many looks, so that what moves through it fades.
//!
//! Promises: likeness is judged by edges' places and directions, not by brightness, contrast or which
//! side is lighter, and most by edges that would show a shift in any direction.

use crate::scene::view::edges::{Cell, Edges, length};

/// Mean strength above which a remembered cell has structure, in levels: clear of noise that
/// happened to agree.
const STRUCTURE: f32 = 5.0;
/// Correlation of a cell's edges with the remembered ones from which they are the same. Cells of
/// other views reach it in one of eight, the same cell misses it where somebody stands or leaves
/// sway.
const ALIKE: f32 = 0.6;

/// The mean of looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Memory {
    columns: usize,
    cells: Vec<Cell>,
}

/// How a look compares to a memory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Comparison {
    /// Share of the remembered structure still in place.
    pub(super) kept: f32,
    /// Strength of the coarse edges, in terms of the remembered ones.
    pub(super) contrast: f32,
    /// Strength of the fine steps, in terms of the remembered ones.
    pub(super) detail: f32,
}

impl Memory {
    /// Whether this is a memory of pictures of this shape.
    pub(super) fn fits(&self, edges: &Edges) -> bool {
        self.columns == edges.columns() && self.cells.len() == edges.cells().len()
    }

    /// Forgets everything but this look.
    pub(super) fn restart(&mut self, edges: &Edges) {
        self.columns = edges.columns();
        self.cells.clear();
        self.cells.extend_from_slice(edges.cells());
    }

    /// Lets this look count for `share` of the memory.
    pub(super) fn blend(&mut self, edges: &Edges, share: f32) {
        let nearer = |mine: &mut f32, new: f32| *mine += (new - *mine) * share;
        for (mine, new) in self.cells.iter_mut().zip(edges.cells()) {
            nearer(&mut mine.fine, new.fine);
            nearer(&mut mine.coarse, new.coarse);
            for (mine, new) in mine.edges.iter_mut().zip(&new.edges) {
                nearer(&mut mine[0], new[0]);
                nearer(&mut mine[1], new[1]);
            }
        }
    }

    /// Share of its cells that have structure.
    pub(super) fn structured(&self) -> f32 {
        let cells = self.cells.iter().filter(|cell| strength(cell) >= STRUCTURE).count();
        cells as f32 / self.cells.len().max(1) as f32
    }

    /// How this look compares; `None` where nothing is remembered to compare it with.
    pub(super) fn compare(&self, edges: &Edges) -> Option<Comparison> {
        let (mut weights, mut kept) = (0.0_f32, 0.0_f32);
        let (mut then, mut now) = (Cell::default(), Cell::default());
        for (known, seen) in self.cells.iter().zip(edges.cells()) {
            if strength(known) < STRUCTURE {
                continue;
            }
            let weight = variety(known);
            weights += weight;
            if are_alike(known, seen) {
                kept += weight;
            }
            then.fine += known.fine;
            then.coarse += known.coarse;
            now.fine += seen.fine;
            now.coarse += seen.coarse;
        }
        (weights > 0.0 && then.fine > 0.0).then(|| Comparison {
            kept: kept / weights,
            contrast: now.coarse / then.coarse,
            detail: now.fine / then.fine,
        })
    }
}

/// Mean strength of the edges that stayed; passing ones have averaged out.
fn strength(cell: &Cell) -> f32 {
    cell.edges.iter().map(|&edge| length(edge)).sum::<f32>() / cell.edges.len() as f32
}

/// From 0 for edges of one direction, which a shift along them leaves in place, to 1 for edges of
/// all directions.
fn variety(cell: &Cell) -> f32 {
    let sum = cell.edges.iter().fold([0.0, 0.0], |sum, edge| [sum[0] + edge[0], sum[1] + edge[1]]);
    let all: f32 = cell.edges.iter().map(|&edge| length(edge)).sum();
    let order = length(sum) / all;
    (1.0 - order * order).max(0.0)
}

fn are_alike(known: &Cell, seen: &Cell) -> bool {
    let (mut product, mut known_square, mut seen_square) = (0.0, 0.0, 0.0);
    for (a, b) in known.edges.iter().zip(&seen.edges) {
        product += a[0] * b[0] + a[1] * b[1];
        known_square += a[0] * a[0] + a[1] * a[1];
        seen_square += b[0] * b[0] + b[1] * b[1];
    }
    seen_square > 0.0 && product >= ALIKE * (known_square * seen_square).sqrt()
}
