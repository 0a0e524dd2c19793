//! One component of a picture, scaled row by row.
//!
//! Down first, as sums of whole rows in 16-bit numbers, then across; both loops are written so
//! that the compiler turns them into vector code.

use std::ops::Range;

use crate::picture::Plane;

use super::fit::Fit;
use super::taps::{Axis, Extent};

/// What a scaled sample is multiplied by. Weights down sum to 2^7, which keeps a sum of bytes
/// inside an i16; weights across to 2^14, which keeps that sum's products inside an i32.
pub(super) const UNIT: i32 = (DOWN_UNIT as i32) * (ACROSS_UNIT as i32);
const DOWN_UNIT: i16 = 1 << 7;
const ACROSS_UNIT: i16 = 1 << 14;

/// Where a component's samples lie in a plane.
#[derive(Clone, Copy, Debug)]
pub(super) enum Samples<'p> {
    /// The plane holds nothing else.
    Alone(Plane<'p>),
    /// The first of each pair.
    Even(Plane<'p>),
    /// The second of each pair.
    Odd(Plane<'p>),
}

/// The scaling of one component, with its scratch rows.
#[derive(Debug)]
pub(super) struct PlaneScaler {
    down: Axis,
    across: Axis,
    blended: Vec<i16>,
    neighbours: Vec<[i16; 2]>,
    stretched: Vec<i32>,
}

impl PlaneScaler {
    /// For the luma of a picture.
    pub(super) fn luma(fit: &Fit) -> Self {
        let whole = |side: usize| Extent { samples: side, covered: side as f64 };
        let (width, height) = fit.picture();
        Self::new(whole(width), whole(height), fit.scaled())
    }

    /// For either chroma component, stored at half the picture's size, rounded up.
    pub(super) fn chroma(fit: &Fit) -> Self {
        let half = |side: usize| Extent { samples: side.div_ceil(2), covered: side as f64 / 2.0 };
        let (width, height) = fit.picture();
        Self::new(half(width), half(height), fit.scaled())
    }

    fn new(width: Extent, height: Extent, (columns, rows): (usize, usize)) -> Self {
        Self {
            down: Axis::new(height, rows, DOWN_UNIT),
            across: Axis::new(width, columns, ACROSS_UNIT),
            blended: vec![0; width.samples],
            neighbours: vec![[0; 2]; columns],
            stretched: vec![0; columns],
        }
    }

    /// The samples `columns` of output row `row`, in [`UNIT`]ths.
    pub(super) fn row(
        &mut self,
        samples: &Samples<'_>,
        row: usize,
        columns: Range<usize>,
    ) -> &[i32] {
        let (first, weights) = self.down.taps(row);
        match samples {
            Samples::Alone(plane) => blend::<1, 0>(plane, first, weights, &mut self.blended),
            Samples::Even(plane) => blend::<2, 0>(plane, first, weights, &mut self.blended),
            Samples::Odd(plane) => blend::<2, 1>(plane, first, weights, &mut self.blended),
        }
        let out = &mut self.stretched[..columns.len()];
        stretch(&self.blended, &self.across, columns, &mut self.neighbours, out);
        out
    }
}

/// Sums the rows from `first`, each times its weight, taking sample `AT` of every `STEP`.
fn blend<const STEP: usize, const AT: usize>(
    plane: &Plane<'_>,
    first: usize,
    weights: &[i16],
    out: &mut [i16],
) {
    let length = out.len() * STEP;
    let row = |at: usize| plane.data[(first + at) * plane.stride..][..length].as_chunks::<STEP>().0;
    match *weights {
        [weight] => {
            for (out, sample) in out.iter_mut().zip(row(0)) {
                *out = i16::from(sample[AT]) * weight;
            }
        }
        [upper, lower] => {
            let (above, below) = (row(0), row(1));
            for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
                *out = i16::from(above[AT]) * upper + i16::from(below[AT]) * lower;
            }
        }
        _ => {
            out.fill(0);
            for (at, &weight) in weights.iter().enumerate().filter(|&(_, &weight)| weight != 0) {
                for (out, sample) in out.iter_mut().zip(row(at)) {
                    *out += i16::from(sample[AT]) * weight;
                }
            }
        }
    }
}

/// Sums neighbours along `row`, each times its weight, for the output samples `columns`;
/// `neighbours` is scratch.
fn stretch(
    row: &[i16],
    axis: &Axis,
    columns: Range<usize>,
    neighbours: &mut [[i16; 2]],
    out: &mut [i32],
) {
    match axis.width() {
        1 => {
            for (out, &sample) in out.iter_mut().zip(&row[columns]) {
                *out = i32::from(sample) * i32::from(ACROSS_UNIT);
            }
        }
        2 => {
            // Fetching apart from multiplying: together they stay scalar, apart the second loop
            // becomes multiply-add on whole vectors (`pmaddwd`), which halves the time.
            for (pair, &first) in neighbours.iter_mut().zip(&axis.first()[columns.clone()]) {
                let first = first as usize;
                pair.copy_from_slice(&row[first..first + 2]);
            }
            let weights = &axis.weights().as_chunks::<2>().0[columns];
            for ((out, pair), weight) in out.iter_mut().zip(&*neighbours).zip(weights) {
                *out = i32::from(pair[0]) * i32::from(weight[0])
                    + i32::from(pair[1]) * i32::from(weight[1]);
            }
        }
        _ => {
            for (out, column) in out.iter_mut().zip(columns) {
                let (first, weights) = axis.taps(column);
                let terms = row[first..].iter().zip(weights);
                *out = terms.map(|(&s, &w)| i32::from(s) * i32::from(w)).sum();
            }
        }
    }
}
