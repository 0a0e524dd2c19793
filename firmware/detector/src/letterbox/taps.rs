//! Which samples make up each output sample along one axis, and with what weight.
//!
//! Bilinear with half-pixel centres up to a shrinking by two, the mean over the covered interval
//! beyond. Weights are whole numbers that sum to the axis's unit for every output sample, so a
//! flat picture stays exactly flat.

/// The taps of one axis: for each output sample, `width` neighbours and their weights.
#[derive(Debug)]
pub(super) struct Axis {
    width: usize,
    first: Vec<u32>,
    weights: Vec<i16>,
}

/// How far one plane reaches along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Samples stored.
    pub(super) samples: usize,
    /// Samples the picture covers: half a sample less for the chroma of an odd side.
    pub(super) covered: f64,
}

impl Axis {
    /// Taps that turn `extent` into `outputs` samples, each sample's weights summing to `unit`.
    pub(super) fn new(extent: Extent, outputs: usize, unit: i16) -> Self {
        let ratio = extent.covered / outputs as f64;
        let width = if ratio == 1.0 {
            1
        } else if ratio <= 2.0 {
            2
        } else {
            ratio.ceil() as usize + 1
        }
        .min(extent.samples);
        let mut axis = Self { width, first: Vec::new(), weights: Vec::new() };
        for output in 0..outputs {
            // An interval of one sample around the centre weighs its two neighbours as bilinear
            // interpolation does; a longer one is the area.
            let centre = (output as f64 + 0.5) * ratio;
            let half = if ratio <= 2.0 { 0.5 } else { ratio / 2.0 };
            axis.push(centre - half, centre + half, extent.samples, unit);
        }
        axis
    }

    /// How many neighbours each output sample has.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// First neighbours, one for each output sample.
    pub(super) fn first(&self) -> &[u32] {
        &self.first
    }

    /// Weights, [`Axis::width`] for each output sample.
    pub(super) fn weights(&self) -> &[i16] {
        &self.weights
    }

    /// The first neighbour and the weights of one output sample.
    pub(super) fn taps(&self, output: usize) -> (usize, &[i16]) {
        let weights = &self.weights[output * self.width..][..self.width];
        (self.first[output] as usize, weights)
    }

    /// Weighs the samples by how much of `from..to` each covers; beyond the border the border
    /// sample counts.
    fn push(&mut self, from: f64, to: f64, samples: usize, unit: i16) {
        let first = (from.floor().max(0.0) as usize).min(samples - self.width);
        let mut before = 0;
        for tap in 1..=self.width {
            // The share of the interval left of this sample's right edge; rounding the running
            // share rather than each weight makes the weights sum to the unit.
            let edge = if tap == self.width { to } else { (first + tap) as f64 };
            let share = ((edge - from) / (to - from)).clamp(0.0, 1.0);
            let until = (share * f64::from(unit)).round() as i16;
            self.weights.push(until - before);
            before = until;
        }
        self.first.push(first as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Extent};

    fn axis(samples: usize, outputs: usize) -> Axis {
        Axis::new(Extent { samples, covered: samples as f64 }, outputs, 128)
    }

    #[test]
    fn equal_sizes_copy() {
        let axis = axis(5, 5);
        assert_eq!(
            (axis.width(), axis.first(), axis.weights()),
            (1, &[0, 1, 2, 3, 4][..], &[128; 5][..])
        );
    }

    #[test]
    fn halving_means_two() {
        let axis = axis(8, 4);
        assert_eq!(axis.first(), [0, 2, 4, 6]);
        assert_eq!(axis.weights(), [64; 8]);
    }

    #[test]
    fn doubling_holds_the_border_and_mixes_three_to_one() {
        let axis = axis(3, 6);
        assert_eq!(axis.taps(0), (0, &[128, 0][..]));
        assert_eq!(axis.taps(1), (0, &[96, 32][..]));
        assert_eq!(axis.taps(2), (0, &[32, 96][..]));
        assert_eq!(axis.taps(5), (1, &[0, 128][..]));
    }

    #[test]
    fn shrinking_by_three_means_three() {
        let axis = axis(9, 3);
        for (output, first) in [(0, 0), (1, 3), (2, 5)] {
            let (at, weights) = axis.taps(output);
            assert_eq!(at, first);
            assert_eq!(weights.iter().filter(|&&weight| weight >= 42).count(), 3, "{weights:?}");
        }
    }

    #[test]
    fn every_sample_of_a_strong_shrinking_counts_once() {
        let axis = Axis::new(Extent { samples: 100, covered: 100.0 }, 7, 1 << 14);
        let mut seen = [0_i32; 100];
        for output in 0..7 {
            let (first, weights) = axis.taps(output);
            for (seen, &weight) in seen[first..].iter_mut().zip(weights) {
                *seen += i32::from(weight);
            }
        }
        let each = (7 << 14) / 100;
        assert!(seen.iter().all(|&sum| (sum - each).abs() <= 2), "{seen:?}");
    }

    #[test]
    fn weights_sum_to_the_unit_and_stay_inside_for_odd_ratios() {
        for (samples, covered) in [(8, 7.5), (16, 16.0), (641, 640.5), (1920, 1920.0)] {
            for outputs in [1, 3, 7, 32, 333, 640] {
                let axis = Axis::new(Extent { samples, covered }, outputs, 1 << 14);
                for output in 0..outputs {
                    let (first, weights) = axis.taps(output);
                    assert!(first + weights.len() <= samples, "{samples} to {outputs}");
                    assert!(weights.iter().all(|&weight| weight >= 0));
                    assert_eq!(weights.iter().map(|&w| i32::from(w)).sum::<i32>(), 1 << 14);
                }
            }
        }
    }
}
