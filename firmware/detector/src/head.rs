//! The head: output tensors become detections.
//!
//! Promises: every detection is of a class of the manifest, inside the picture and at least as
//! sure as asked; outputs that are not numbers give no detection. The work is bounded: of each
//! frame the [`HeadDecoder::CANDIDATES`] best scored (anchor, class) pairs become boxes. Refuses:
//! tensors whose dimensions do not match the manifest, when planned and not when decoded.
//!
//! A class is judged by itself, not by whether it is the best of its anchor: somebody lying down
//! whom the model finds a little more dog than person must still be followed.

use std::cmp::Ordering;

use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::geometry::NormBox;

use crate::backend::{BackendError, Outputs};
use crate::letterbox::{Fit, Window};
use crate::manifest::{Head, Manifest, Scores, Thresholds};

mod grid;
mod suppression;

pub(crate) use suppression::suppress;

use grid::Grid;
pub use grid::ShapeError;

/// The decoding of one model's outputs, planned for one input shape at a time.
#[derive(Debug)]
pub struct HeadDecoder {
    head: Head,
    grids: Vec<Grid>,
    classes: Vec<(usize, ObjectClass)>,
    thresholds: Thresholds,
    candidates: Vec<Candidate>,
    found: Vec<Detection>,
    /// Pairs of anchor and class that scored enough in the last decoding.
    passed: usize,
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
        let mut decoder = Self {
            head: manifest.head.clone(),
            grids: Vec::with_capacity(manifest.head.strides.len()),
            classes: manifest.classes.clone(),
            thresholds,
            candidates: Vec::with_capacity(2 * Self::CANDIDATES),
            found: Vec::with_capacity(Self::CANDIDATES),
            passed: 0,
        };
        decoder.plan(network, shapes)?;
        Ok(decoder)
    }

    /// Plans anew, for outputs of `shapes` and an input of `network` pixels. Without success
    /// nothing is found until the next plan.
    pub fn plan(
        &mut self,
        network: (usize, usize),
        shapes: &[Vec<usize>],
    ) -> Result<(), ShapeError> {
        self.grids.clear();
        for level in 0..self.head.strides.len() {
            match Grid::new(&self.head, level, network, shapes) {
                Ok(grid) => self.grids.push(grid),
                Err(error) => {
                    self.grids.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// The detections in `outputs`, whose input was `window`, surest first.
    pub fn decode(
        &mut self,
        outputs: &dyn Outputs,
        window: &Window,
        fit: &Fit,
    ) -> Result<&[Detection], BackendError> {
        self.candidates.clear();
        self.found.clear();
        self.passed = 0;
        for grid in 0..self.grids.len() {
            let values = outputs.output(self.grids[grid].scores.output)?;
            self.collect(grid, values);
        }
        self.keep_best();
        self.candidates.sort_by(Candidate::best_first);
        for at in 0..self.candidates.len() {
            let candidate = self.candidates[at];
            let values = outputs.output(self.grids[candidate.grid].distances.output)?;
            let sides = self.sides(candidate, values, window);
            self.found.extend(self.detection(candidate, fit.to_picture(sides)));
        }
        suppress(&mut self.found, self.thresholds.suppression_iou);
        Ok(&self.found)
    }

    /// Notes every pair of `grid` whose score passes.
    fn collect(&mut self, grid: usize, values: &[f32]) {
        let threshold = self.head.scores.raw(self.thresholds.believed.lowest());
        for index in 0..self.classes.len() {
            let (channel, class) = self.classes[index];
            let scores = self.grids[grid].scores.channel(values, channel);
            for (anchor, &score) in scores.take(self.grids[grid].anchors()).enumerate() {
                // Not a number is not at least the threshold.
                if score >= threshold {
                    self.passed += 1;
                    self.candidates.push(Candidate { score, class, grid, anchor });
                    if self.candidates.len() == 2 * Self::CANDIDATES {
                        self.keep_best();
                    }
                }
            }
        }
    }

    /// What the last decoding found, surest first.
    #[must_use]
    pub fn found(&self) -> &[Detection] {
        &self.found
    }

    /// How many classes scored enough in the last decoding, on average over all anchors.
    #[must_use]
    pub fn crowdedness(&self) -> f32 {
        let anchors: usize = self.grids.iter().map(Grid::anchors).sum();
        self.passed as f32 / anchors.max(1) as f32
    }

    fn keep_best(&mut self) {
        if self.candidates.len() > Self::CANDIDATES {
            self.candidates.select_nth_unstable_by(Self::CANDIDATES, Candidate::best_first);
            self.candidates.truncate(Self::CANDIDATES);
        }
    }

    /// The box of `candidate`, in pixels of the whole input.
    fn sides(&self, candidate: Candidate, values: &[f32], window: &Window) -> [f32; 4] {
        let grid = &self.grids[candidate.grid];
        let (x, y) = grid.center(candidate.anchor);
        let (left, top) = window.corner();
        let (x, y) = (x + left as f32, y + top as f32);
        let distance = |side: usize| {
            let bins = side * self.head.bins..(side + 1) * self.head.bins;
            let logit = |bin| grid.distances.value(values, bin, candidate.anchor);
            grid.stride() * expectation(bins.map(logit))
        };
        [x - distance(0), y - distance(1), x + distance(2), y + distance(3)]
    }

    fn detection(&self, candidate: Candidate, bounds: Option<NormBox>) -> Option<Detection> {
        let confidence = self.head.scores.confidence(candidate.score)?;
        // The threshold was rounded on its way to the outputs' terms and back.
        (confidence >= self.thresholds.believed.lowest()).then_some(())?;
        Some(Detection { class: candidate.class, confidence, bounds: bounds? })
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
