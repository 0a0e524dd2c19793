//! How far two detectors agree.

use analytics::detection::Detection;
use serde::Serialize;

/// A detection this sure is one both should have.
const SURE: f32 = 0.5;
/// Two boxes that overlap by this much are of one object.
const SAME: f32 = 0.5;

/// Detections of two detectors on the same pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Pictures compared.
    pub frames: usize,
    /// Sure ones of the measure, and how many of them the other has at all.
    pub expected: usize,
    /// See [`expected`](Self::expected).
    pub found: usize,
    /// Sure ones of the other, and how many of them the measure has at all.
    pub seen: usize,
    /// See [`seen`](Self::seen).
    pub confirmed: usize,
    /// The sum of the overlaps of those found.
    overlap: f64,
}

impl Agreement {
    /// Takes in one picture.
    pub(super) fn add(&mut self, found: &[Detection], expected: &[Detection]) {
        self.frames += 1;
        for sure in sure(expected) {
            self.expected += 1;
            if let Some(overlap) = best(found, sure) {
                self.found += 1;
                self.overlap += f64::from(overlap);
            }
        }
        for sure in sure(found) {
            self.seen += 1;
            self.confirmed += usize::from(best(expected, sure).is_some());
        }
    }

    /// The share of the measure's sure detections that were found, 1 when there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        share(self.found, self.expected)
    }

    /// The share of the other's sure detections that the measure has.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.confirmed, self.seen)
    }

    pub(super) fn problem(&self, least: f64) -> Option<String> {
        let enough = self.expected > 0 && self.recall() >= least && self.precision() >= least;
        (!enough).then(|| format!("{self}; expected {least} of each at least, and somebody in it"))
    }
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { frames, expected, found, seen, confirmed, overlap } = self;
        let iou = overlap / (*found).max(1) as f64;
        write!(
            f,
            "in {frames} frames {found} of the CPU's {expected} sure detections found, \
             {confirmed} of {seen} confirmed, mean IoU {iou:.3}"
        )
    }
}

fn sure(all: &[Detection]) -> impl Iterator<Item = &Detection> {
    all.iter().filter(|detection| detection.confidence.get() >= SURE)
}

/// The overlap of the detection in `all` that is of the same object.
fn best(all: &[Detection], wanted: &Detection) -> Option<f32> {
    let same_class = all.iter().filter(|other| other.class == wanted.class);
    let overlaps = same_class.map(|other| other.bounds.iou(&wanted.bounds));
    overlaps.filter(|&overlap| overlap >= SAME).reduce(f32::max)
}

#[expect(clippy::cast_precision_loss, reason = "counts of a film are small")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// The cosine of the angle between two outputs, -1 to 1; not a number when one is nothing but zeros.
pub(super) fn cosine(one: &[f32], other: &[f32]) -> f64 {
    let product = |one: &[f32], other: &[f32]| -> f64 {
        one.iter().zip(other).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
    };
    product(one, other) / (product(one, one) * product(other, other)).sqrt()
}

#[cfg(test)]
mod tests {
    use analytics::detection::{Confidence, ObjectClass};
    use analytics::geometry::NormBox;

    use super::*;

    fn person(left: f32, confidence: f32) -> Detection {
        Detection {
            class: ObjectClass::Person,
            confidence: Confidence::new(confidence).unwrap(),
            bounds: NormBox::new(left, 0.2, left + 0.1, 0.6).unwrap(),
        }
    }

    #[test]
    fn a_weak_partner_counts_and_a_missing_one_does_not() {
        let mut agreement = Agreement::default();
        agreement.add(&[person(0.1, 0.3), person(0.8, 0.9)], &[person(0.1, 0.6), person(0.5, 0.9)]);
        assert_eq!((agreement.found, agreement.expected), (1, 2));
        assert_eq!((agreement.confirmed, agreement.seen), (0, 1));
        assert!(agreement.problem(0.95).unwrap().contains("1 of the CPU's 2 sure"));
        agreement = Agreement::default();
        assert!(agreement.problem(0.95).is_some(), "nobody was seen by either");
        agreement.add(&[person(0.1, 0.6)], &[person(0.1, 0.6)]);
        assert_eq!(agreement.problem(0.95), None);
    }

    #[test]
    fn likeness_is_that_of_directions() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-12);
        assert!(cosine(&[1.0, 0.0], &[0.0, 3.0]).abs() < 1e-12);
        assert!(cosine(&[0.0], &[1.0]).is_nan());
    }
}
