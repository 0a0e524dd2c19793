//! Greedy suppression: of two boxes of one class that overlap much, the weaker goes.

use analytics::detection::Detection;

/// Keeps, in order, the detections of `sorted` (surest first) that overlap no kept one of their
/// class by more than `iou`. The work is the square of the length, which the caller bounds.
pub(crate) fn suppress(sorted: &mut Vec<Detection>, iou: f32) {
    let mut kept = 0;
    for at in 0..sorted.len() {
        let candidate = sorted[at];
        let overlaps = |other: &Detection| {
            other.class == candidate.class && other.bounds.iou(&candidate.bounds) > iou
        };
        if !sorted[..kept].iter().any(overlaps) {
            sorted[kept] = candidate;
            kept += 1;
        }
    }
    sorted.truncate(kept);
}

#[cfg(test)]
mod tests {
    use analytics::detection::{Confidence, Detection, ObjectClass};
    use analytics::geometry::NormBox;

    use super::suppress;

    fn detection(class: ObjectClass, score: f32, left: f32) -> Detection {
        Detection {
            class,
            confidence: Confidence::new(score).unwrap(),
            bounds: NormBox::new(left, 0.1, left + 0.2, 0.5).unwrap(),
        }
    }

    fn kept(mut detections: Vec<Detection>) -> Vec<f32> {
        suppress(&mut detections, 0.5);
        detections.iter().map(|d| d.confidence.get()).collect()
    }

    #[test]
    fn the_weaker_of_two_overlapping_goes() {
        let person = |score, left| detection(ObjectClass::Person, score, left);
        assert_eq!(kept(vec![person(0.9, 0.10), person(0.8, 0.12), person(0.7, 0.6)]), [0.9, 0.7]);
    }

    #[test]
    fn another_class_in_the_same_place_stays() {
        let bag = detection(ObjectClass::Backpack, 0.4, 0.1);
        assert_eq!(kept(vec![detection(ObjectClass::Person, 0.9, 0.1), bag]), [0.9, 0.4]);
    }

    #[test]
    fn a_suppressed_box_suppresses_nothing() {
        let person = |score, left| detection(ObjectClass::Person, score, left);
        // The second overlaps the first, the third only the second.
        assert_eq!(kept(vec![person(0.9, 0.1), person(0.8, 0.16), person(0.7, 0.22)]), [0.9, 0.7]);
    }
}
