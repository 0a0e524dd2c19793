//! How much of somebody stands on a zone's ground, judged by the lower legs in the picture.

use crate::geometry::{NormBox, Point};
use crate::polygon::Polygon;

/// What must stand in the zone: the lower legs, the lowest quarter of the box. Seen from a pole's
/// camera at 30 degrees that is the ground up to 0.9 m behind the heels, so that people who walk
/// along the zone's far edge are outside.
const LOWER_LEGS: f32 = 0.25;
/// The ankles, as a share of the height above the box's bottom; boxes reach a little too low.
const ANKLES: f32 = 0.05;
/// The feet of somebody cut by the picture's bottom are below it, and not in a zone that ends this
/// far above it.
const BELOW: f32 = 0.01;
/// Somebody cut by a side of the picture is not wholly inside whatever zone reaches it (KISA: the
/// whole body), but may well be standing there: at most this much, which neither begins a visit nor
/// ends one.
const CUT_BY_A_SIDE: f32 = 0.5;

/// How much of the lower legs lies in `area`, 0 to 1; nothing while the ankles do not. The body
/// above them may well project beyond the zone's far edge. In a zone too thin to hold the legs, a
/// strip along a fence, it is how much of the strip there is taken up. Without an area it is all.
pub(crate) fn footing(area: Option<&Polygon>, bounds: &NormBox) -> f32 {
    let Some(area) = area else { return 1.0 };
    let (left, right, height) = (bounds.left(), bounds.right(), bounds.height());
    let above = if bounds.cut_by().bottom { BELOW } else { ANKLES * height };
    let ankles = Point { x: bounds.center().x, y: bounds.bottom() - above };
    let legs = NormBox::new(left, bounds.bottom() - LOWER_LEGS * height, right, bounds.bottom());
    let (Some(legs), Some(column)) = (legs, NormBox::new(left, 0.0, right, 1.0)) else {
        return 0.0;
    };
    let room = (area.covers(&column) * column.area()).min(legs.area());
    if room <= 0.0 || !area.contains(ankles) {
        return 0.0;
    }
    let cut = bounds.cut_by();
    let most = if cut.left || cut.right { CUT_BY_A_SIDE } else { 1.0 };
    (area.covers(&legs) * legs.area() / room).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(left: f32, top: f32, right: f32, bottom: f32) -> Polygon {
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
        Polygon::new(corners.iter().map(|&(x, y)| Point { x, y }).collect()).unwrap()
    }

    #[test]
    fn the_lower_legs_decide() {
        let lawn = area(0.2, 0.5, 0.8, 1.0);
        let deck = area(0.2, 0.5, 0.8, 0.97);
        let strip = area(0.0, 0.50, 1.0, 0.52);
        let all = area(0.0, 0.0, 1.0, 1.0);
        // A person 0.2 wide and 0.4 high, by the middle of the feet.
        let table = [
            ("well inside", &lawn, (0.5, 0.8), 1.0),
            ("the far edge at the knees", &lawn, (0.5, 0.6), 1.0),
            ("on the far edge", &lawn, (0.5, 0.53), 0.3),
            ("before the far edge", &lawn, (0.5, 0.49), 0.0),
            ("half across a side", &lawn, (0.25, 0.8), 0.75),
            ("beside a side, an arm in", &lawn, (0.15, 0.8), 0.0),
            ("the head above the zone", &lawn, (0.5, 0.7), 1.0),
            ("feet below the picture, in a zone that reaches its edge", &lawn, (0.5, 1.0), 1.0),
            ("feet below the picture, below the zone too", &deck, (0.5, 1.0), 0.0),
            ("half out of the picture, in a zone that reaches its side", &all, (0.05, 0.8), 0.5),
            ("on a strip thinner than legs", &strip, (0.5, 0.53), 1.0),
            ("before it", &strip, (0.5, 0.58), 0.0),
        ];
        for (what, area, (x, y), expected) in table {
            let bounds = NormBox::new(x - 0.1, y - 0.4, x + 0.1, y).unwrap();
            let got = footing(Some(area), &bounds);
            assert!((got - expected).abs() < 0.01, "{what}: {got}, expected {expected}");
        }
        assert_eq!(footing(None, &NormBox::new(0.0, 0.0, 0.1, 0.1).unwrap()), 1.0);
    }
}
