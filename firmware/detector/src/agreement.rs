//! How far one detector agrees with another that is the measure, over the same pictures.
//!
//! Promises: whoever is surely there for one is looked for in the other, however sure that is: same
//! class, boxes that overlap by half. Refuses: knowing which of the two is right.

use analytics::detection::Detection;
use serde::Serialize;

/// A detection this sure is one both should have.
const SURE: f32 = 0.5;
/// Two boxes that overlap by this much are of one object.
const SAME: f32 = 0.5;

/// Counts over pictures.
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
    /// Takes in what was `found` in a picture, and what the measure has there.
    pub fn add(&mut self, found: &[Detection], expected: &[Detection]) {
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

    /// The share of the other's sure detections that the measure has, 1 when there are none.
    #[must_use]
    pub fn precision(&self) -> f64 {
        share(self.confirmed, self.seen)
    }

    /// How well the boxes of those found lie on the measure's: their mean overlap, 0 when there are none.
    #[must_use]
    pub fn mean_iou(&self) -> f64 {
        self.overlap / self.found.max(1) as f64
    }

    /// Whether recall and precision are `least` or better, and somebody was there at all.
    #[must_use]
    pub fn reaches(&self, least: f64) -> bool {
        self.expected > 0 && self.recall() >= least && self.precision() >= least
    }
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { frames, expected, found, seen, confirmed, .. } = self;
        write!(
            f,
            "in {frames} frames {found} of {expected} sure detections found, {confirmed} of {seen} \
             confirmed, mean IoU {:.3}",
            self.mean_iou()
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

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
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
        assert!(!agreement.reaches(0.1));
        let said = agreement.to_string();
        assert_eq!(
            said,
            "in 1 frames 1 of 2 sure detections found, 0 of 1 confirmed, mean IoU 1.000"
        );
    }

    #[test]
    fn two_that_see_nobody_prove_nothing() {
        let mut agreement = Agreement::default();
        agreement.add(&[], &[]);
        assert!(!agreement.reaches(0.95));
        agreement.add(&[person(0.1, 0.6)], &[person(0.1, 0.6)]);
        assert!(agreement.reaches(0.95));
    }

    #[test]
    fn another_class_in_the_same_place_is_somebody_else() {
        let mut agreement = Agreement::default();
        let car = Detection { class: ObjectClass::Car, ..person(0.1, 0.9) };
        agreement.add(&[car], &[person(0.1, 0.9)]);
        assert_eq!(
            (agreement.recall(), agreement.precision(), agreement.mean_iou()),
            (0.0, 0.0, 0.0)
        );
    }
}
