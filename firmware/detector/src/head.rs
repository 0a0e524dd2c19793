//! The head: output tensors become detections.
//!
//! Promises: every detection is of a class of the manifest, inside the picture and at least as
//! sure as asked; outputs that are not numbers give no detection. The work is bounded: of each
//! frame the [`HeadDecoder::CANDIDATES`] best scored (anchor, class) pairs become boxes. Refuses:
//! tensors whose dimensions do not match the manifest, when planned and not when run.
//!
//! A class is judged by itself, not by whether it is the best of its anchor: somebody lying down
//! whom the model finds a little more dog than person must still be followed.

use std::cmp::Ordering;

use analytics::detection::{Confidence, Detection, ObjectClass};

use crate::backend::{BackendError, Network};
use crate::letterbox::Fit;
use crate::manifest::{Manifest, Scores, Thresholds};

mod grid;
mod suppression;

use grid::Grid;
pub use grid::ShapeError;

/// The decoding of one model's outputs for one input shape.
#[derive(Debug)]
pub struct HeadDecoder {
    grids: Vec<Grid>,
    classes: Vec<(usize, ObjectClass)>,
    bins: usize,
    scores: Scores,
    thresholds: Thresholds,
    candidates: Vec<Candidate>,
    found: Vec<Detection>,
}

/// An (anchor, class) pair that passed the threshold; `score` in the outputs' own terms.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    score: f32,
    class: ObjectClass,
    grid: usize,
    anchor: usize,
}

impl HeadDecoder {
    /// How many (anchor, class) pairs of one frame become boxes at most, best first.
    pub const CANDIDATES: usize = 512;

    /// Plans the decoding of outputs of `shapes` for an input of `network` (width, height) pixels.
    pub fn new(
        manifest: &Manifest,
        thresholds: Thresholds,
        network: (usize, usize),
        shapes: &[Vec<usize>],
    ) -> Result<Self, ShapeError> {
        let head = &manifest.head;
        let grids = (0..head.strides.len()).map(|level| Grid::new(head, level, network, shapes));
        Ok(Self {
            grids: grids.collect::<Result<_, _>>()?,
            classes: manifest.classes.clone(),
            bins: head.bins,
            scores: head.scores,
            thresholds,
            candidates: Vec::with_capacity(2 * Self::CANDIDATES),
            found: Vec::with_capacity(Self::CANDIDATES),
        })
    }

    /// The detections in the last run of `network`, surest first.
    pub fn decode(
        &mut self,
        network: &dyn Network,
        fit: &Fit,
    ) -> Result<&[Detection], BackendError> {
        self.candidates.clear();
        self.found.clear();
        for grid in 0..self.grids.len() {
            let values = network.output(self.grids[grid].scores.output)?;
            self.collect(grid, values);
        }
        self.keep_best();
        self.candidates.sort_by(Candidate::best_first);
        for at in 0..self.candidates.len() {
            let candidate = self.candidates[at];
            let values = network.output(self.grids[candidate.grid].distances.output)?;
            self.found.extend(self.detection(candidate, values, fit));
        }
        suppression::suppress(&mut self.found, self.thresholds.suppression_iou);
        Ok(&self.found)
    }

    /// Notes every pair of `grid` whose score passes.
    fn collect(&mut self, grid: usize, values: &[f32]) {
        let threshold = self.scores.raw(self.thresholds.keep);
        for index in 0..self.classes.len() {
            let (channel, class) = self.classes[index];
            let scores = self.grids[grid].scores.channel(values, channel);
            for (anchor, &score) in scores.take(self.grids[grid].anchors()).enumerate() {
                // Not a number is not at least the threshold.
                if score >= threshold {
                    self.candidates.push(Candidate { score, class, grid, anchor });
                    if self.candidates.len() == 2 * Self::CANDIDATES {
                        self.keep_best();
                    }
                }
            }
        }
    }

    fn keep_best(&mut self) {
        if self.candidates.len() > Self::CANDIDATES {
            self.candidates.select_nth_unstable_by(Self::CANDIDATES, Candidate::best_first);
            self.candidates.truncate(Self::CANDIDATES);
        }
    }

    fn detection(&self, candidate: Candidate, values: &[f32], fit: &Fit) -> Option<Detection> {
        let confidence = self.scores.confidence(candidate.score)?;
        // The threshold was rounded on its way to the outputs' terms and back.
        if confidence < self.thresholds.keep {
            return None;
        }
        let grid = &self.grids[candidate.grid];
        let (x, y) = grid.center(candidate.anchor);
        let distance = |side: usize| {
            let bins = side * self.bins..(side + 1) * self.bins;
            let logit = |bin| grid.distances.value(values, bin, candidate.anchor);
            grid.stride() * expectation(bins.map(logit))
        };
        let sides = [x - distance(0), y - distance(1), x + distance(2), y + distance(3)];
        let bounds = fit.to_picture(sides)?;
        Some(Detection { class: candidate.class, confidence, bounds })
    }
}

impl Candidate {
    /// Best score first; equal scores in the order of the grids, so that two runs agree.
    fn best_first(&self, other: &Self) -> Ordering {
        let place = |c: &Self| (c.grid, c.anchor, c.class);
        other.score.total_cmp(&self.score).then_with(|| place(self).cmp(&place(other)))
    }
}

impl Scores {
    /// A confidence in the outputs' own terms, so that an anchor is judged without an `exp`.
    fn raw(self, confidence: Confidence) -> f32 {
        let score = confidence.get();
        match self {
            Self::Logit => (score / (1.0 - score)).ln(),
            Self::Probability => score,
        }
    }

    /// An output as a confidence; `None` when it is not a number.
    fn confidence(self, raw: f32) -> Option<Confidence> {
        Confidence::new(match self {
            Self::Logit => 1.0 / (1.0 + (-raw).exp()),
            Self::Probability => raw,
        })
    }
}

/// The mean bin of a distribution given by its logits: softmax, then the sum of each bin times its
/// probability (distribution focal loss, Li et al. 2020). Not a number when any logit is not
/// finite.
fn expectation(logits: impl Iterator<Item = f32> + Clone) -> f32 {
    let highest = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    let (mut total, mut weighted) = (0.0, 0.0);
    for (bin, logit) in logits.enumerate() {
        // Less the highest: no `exp` can overflow.
        let weight = (logit - highest).exp();
        total += weight;
        weighted += weight * bin as f32;
    }
    weighted / total
}

#[cfg(test)]
mod tests;
