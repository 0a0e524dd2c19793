//! Whether a box shows a body on the ground, measured against how the person stood there.

use crate::geometry::NormBox;
use crate::rule::falldown::stance::Measure;

/// How high the top of somebody lying is above the line the feet stood on, in standing heights. A
/// body lying across the view reaches 0.15 to 0.25, one lying towards the camera less; a head bent
/// down to tie a shoe, squatting or sitting on the ground stays above 0.45.
const LOW: f32 = 0.4;
/// The height no head of somebody sitting, squatting or bending comes down to.
const FLAT: f32 = 0.25;
/// How much wider than standing somebody flat on the ground is, and how much wider in proportion to
/// the height somebody is who has gone low; or how far below the feet's line a body reaches that
/// lies towards the camera. Legs alone, of somebody whose upper body is hidden, are neither.
const FLAT_WIDTH: f32 = 1.25;
const LOW_SHAPE: f32 = 3.0;
const BEYOND_FEET: f32 = 0.2;
/// How much wider somebody is whom the picture's bottom cuts: what is left in view of somebody who
/// walks out there is low too, but no wider.
const CUT_WIDTH: f32 = 1.5;
/// How much wider a body on the ground is for its height than the same person upright. Whoever is
/// not is somebody else, upright, nearer the camera.
const LYING_SHAPE: f32 = 1.33;
/// The least of a body that counts, in standing widths and heights: a foot is none.
const LEAST: (f32, f32) = (0.7, 0.1);
/// The greatest height of a box that shows one body on the ground.
const TALLEST: f32 = 1.3;
/// How far a body may lie from where it was last seen, in standing widths: about 60 cm a width.
const REACH: f32 = 1.5;
/// How far above the line of the feet a body that fell away from the camera ends, and how far below
/// it one that fell towards the camera, in standing heights.
const AWAY: f32 = 0.25;
const TOWARDS: f32 = 1.3;
/// How high a head is again that has got up, in standing heights.
const RISEN: f32 = 0.65;

/// What a box shows of somebody whose measure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Posture {
    /// A body on the ground.
    Down,
    /// Somebody who stands again, or has stood all the time.
    Risen,
    /// Something between, or nothing of theirs.
    Other,
}

/// What `bounds` shows of somebody who stood as `measure` says and was last seen at `last`.
pub(super) fn posture(measure: &Measure, last: &NormBox, bounds: &NormBox) -> Posture {
    if !is_near(measure, last, bounds) {
        return Posture::Other;
    }
    let (width, height) = (bounds.width() / measure.width, bounds.height() / measure.height);
    let head = (measure.foot - bounds.top()) / measure.height;
    let beyond = (bounds.bottom() - measure.foot) / measure.height;
    if head >= RISEN && height >= RISEN {
        return Posture::Risen;
    }
    let body = width >= LEAST.0.max(LYING_SHAPE * height) && (LEAST.1..=TALLEST).contains(&height);
    let spread = if bounds.cut_by().bottom {
        width >= CUT_WIDTH
    } else {
        beyond >= BEYOND_FEET
            || (head <= FLAT && width >= FLAT_WIDTH)
            || width >= LOW_SHAPE * height
    };
    if body && head <= LOW && spread { Posture::Down } else { Posture::Other }
}

/// Whether somebody last seen at `last` can lie or stand at `bounds` now.
pub(super) fn is_near(measure: &Measure, last: &NormBox, bounds: &NormBox) -> bool {
    let gap = (bounds.left() - last.right()).max(last.left() - bounds.right());
    let below = (bounds.bottom() - measure.foot) / measure.height;
    gap <= REACH * measure.width && (-AWAY..=TOWARDS).contains(&below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_on_the_ground_is_told_from_other_postures() {
        // Somebody 0.1 wide and 0.3 tall whose feet stand at 0.5, 0.6; boxes in those units: where
        // the middle and the bottom lie from the feet, width and height.
        let table = [
            ("standing", [0.0, 0.0, 1.0, 1.0], Posture::Risen),
            ("lying across the view", [0.8, 0.03, 2.3, 0.25], Posture::Down),
            ("lying towards the camera", [0.0, 0.55, 1.4, 0.6], Posture::Down),
            ("lying away from a low camera", [0.0, 0.0, 1.3, 0.25], Posture::Down),
            ("crumpled on the spot", [0.2, 0.03, 1.6, 0.38], Posture::Down),
            ("bending", [0.1, 0.03, 1.4, 0.52], Posture::Other),
            ("squatting", [0.0, 0.02, 1.2, 0.52], Posture::Other),
            ("sitting on the ground, legs out", [0.3, 0.05, 2.0, 0.5], Posture::Other),
            ("on a chair", [0.0, 0.03, 1.2, 0.75], Posture::Risen),
            ("legs alone", [0.0, 0.0, 0.9, 0.38], Posture::Other),
            ("somebody upright in front", [0.5, 0.8, 1.2, 1.2], Posture::Other),
            ("a foot", [0.0, 0.0, 0.3, 0.1], Posture::Other),
            ("a body two widths further on", [4.0, 0.03, 2.3, 0.25], Posture::Other),
        ];
        let measure = Measure { foot: 0.6, height: 0.3, width: 0.1, ..Measure::default() };
        let last = NormBox::new(0.45, 0.3, 0.55, 0.6).unwrap();
        for (what, [aside, below, width, height], expected) in table {
            let (middle, bottom) = (0.5 + aside * 0.1, 0.6 + below * 0.3);
            let (half, top) = (width * 0.05, bottom - height * 0.3);
            let bounds = NormBox::new(middle - half, top, middle + half, bottom).unwrap();
            assert_eq!(posture(&measure, &last, &bounds), expected, "{what}");
        }
    }

    #[test]
    fn whoever_walks_out_at_the_bottom_is_low_but_no_wider() {
        let measure = Measure { foot: 1.0, height: 0.5, width: 0.1, ..Measure::default() };
        let last = NormBox::new(0.45, 0.7, 0.55, 1.0).unwrap();
        let head = NormBox::new(0.44, 0.88, 0.56, 1.0).unwrap();
        let body = NormBox::new(0.42, 0.88, 0.6, 1.0).unwrap();
        assert_eq!(posture(&measure, &last, &head), Posture::Other);
        assert_eq!(posture(&measure, &last, &body), Posture::Down);
    }
}
