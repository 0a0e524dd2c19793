//! How far one detector agrees with another that is the measure, over the same pictures.
//!
//! Promises: whoever is surely there for one is looked for in the other: same class, boxes that overlap
//! by half, one object for one object, and as sure as was asked for. Refuses: knowing which of the two is
//! right.

use analytics::detection::Detection;
use serde::Serialize;

/// Two boxes that overlap by this much are of one object.
const SAME: f32 = 0.5;

/// Counts over pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agreement {
    /// The score from which a detection is the partner of a sure one: somebody whose score is a hair's
    /// breadth from [`SURE`](Self::SURE) lies above for one and below for the other.
    pub partner_from: f32,
    /// Pictures compared.
    pub frames: usize,
    /// Sure ones of the measure, and how many of them have a partner of the other's.
    pub expected: usize,
    /// See [`expected`](Self::expected).
    pub found: usize,
    /// Sure ones of the other, and how many of them have a partner of the measure's.
    pub seen: usize,
    /// See [`seen`](Self::seen).
    pub confirmed: usize,
    /// The sum of the overlaps of those found.
    overlap: f64,
}

impl Agreement {
    /// A detection this sure is one both should have.
    pub const SURE: f32 = 0.5;

    /// Nothing compared yet; partners count from the score `partner_from`, [`SURE`](Self::SURE) at most.
    #[must_use]
    pub const fn new(partner_from: f32) -> Self {
        Self { partner_from, frames: 0, expected: 0, found: 0, seen: 0, confirmed: 0, overlap: 0.0 }
    }

    /// Takes in what was `found` in a picture, and what the measure has there.
    pub fn add(&mut self, found: &[Detection], expected: &[Detection]) {
        let (found, expected) = (self.partners(found), self.partners(expected));
        self.frames += 1;
        self.expected += expected.iter().filter(is_sure).count();
        self.seen += found.iter().filter(is_sure).count();
        let mut free = found;
        for wanted in &expected {
            let Some((at, overlap)) = best(&free, wanted) else { continue };
            self.confirmed += usize::from(is_sure(&&free.remove(at)));
            if is_sure(&wanted) {
                self.found += 1;
                self.overlap += f64::from(overlap);
            }
        }
    }

    /// Those of `all` that count as partners, the surest first, so that none of them is robbed of its own.
    fn partners(&self, all: &[Detection]) -> Vec<Detection> {
        let counts = |detection: &&Detection| detection.confidence.get() >= self.partner_from;
        let mut partners: Vec<_> = all.iter().filter(counts).copied().collect();
        partners.sort_by(|one, other| other.confidence.get().total_cmp(&one.confidence.get()));
        partners
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

fn is_sure(detection: &&Detection) -> bool {
    detection.confidence.get() >= Agreement::SURE
}

/// Where in `all` the detection is that is most likely of the same object, and its overlap.
fn best(all: &[Detection], wanted: &Detection) -> Option<(usize, f32)> {
    let same_class = all.iter().enumerate().filter(|(_, other)| other.class == wanted.class);
    let overlaps = same_class.map(|(at, other)| (at, other.bounds.iou(&wanted.bounds)));
    overlaps.filter(|&(_, overlap)| overlap >= SAME).max_by(|one, other| one.1.total_cmp(&other.1))
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
    fn a_partner_within_the_margin_counts_and_a_weak_or_missing_one_does_not() {
        let found = [person(0.1, 0.46), person(0.3, 0.44), person(0.8, 0.9)];
        let expected = [person(0.1, 0.6), person(0.3, 0.6), person(0.5, 0.9)];
        let mut agreement = Agreement::new(0.45);
        agreement.add(&found, &expected);
        assert_eq!((agreement.found, agreement.expected), (1, 3));
        assert_eq!((agreement.confirmed, agreement.seen), (0, 1));
        assert!(!agreement.reaches(0.1));
        let said = agreement.to_string();
        assert_eq!(
            said,
            "in 1 frames 1 of 3 sure detections found, 0 of 1 confirmed, mean IoU 1.000"
        );
        let mut strict = Agreement::new(Agreement::SURE);
        strict.add(&found, &expected);
        assert_eq!((strict.found, strict.confirmed), (0, 0));
    }

    #[test]
    fn one_object_is_the_partner_of_one() {
        let (near, nearer) = (person(0.11, 0.9), person(0.102, 0.55));
        for (found, expected) in [(2, 1), (1, 2)] {
            let mut agreement = Agreement::new(Agreement::SURE);
            agreement.add(&[person(0.1, 0.8); 2][..found], &[near, nearer][..expected]);
            assert_eq!((agreement.seen, agreement.confirmed), (found, 1));
            assert_eq!((agreement.expected, agreement.found), (expected, 1));
        }
    }

    #[test]
    fn two_that_see_nobody_prove_nothing() {
        let mut agreement = Agreement::new(Agreement::SURE);
        agreement.add(&[], &[]);
        assert!(!agreement.reaches(0.95));
        agreement.add(&[person(0.1, 0.6)], &[person(0.1, 0.6)]);
        assert!(agreement.reaches(0.95));
    }

    #[test]
    fn another_class_in_the_same_place_is_somebody_else() {
        let mut agreement = Agreement::new(Agreement::SURE);
        let car = Detection { class: ObjectClass::Car, ..person(0.1, 0.9) };
        agreement.add(&[car], &[person(0.1, 0.9)]);
        assert_eq!(
            (agreement.recall(), agreement.precision(), agreement.mean_iou()),
            (0.0, 0.0, 0.0)
        );
    }
}
