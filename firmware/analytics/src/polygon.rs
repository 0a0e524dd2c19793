//! A polygon: a piece of the picture with a drawn outline.
//!
//! Promises: an outline that exists has 3 to 32 corners inside the picture, does not cross or touch
//! itself and has an area; a point on the outline is inside. Refuses: anything else, naming the
//! corner that is wrong.

use thiserror::Error;

use crate::geometry::{NormBox, Point};

/// A simple polygon in normalized picture coordinates, convex or not, drawn either way round.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    corners: Vec<Point>,
}

/// What is wrong with an outline. Corners are counted from 1, as people count them.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum PolygonError {
    /// Not enough corners to enclose anything.
    #[error("has {got} corners, needs at least {}", Polygon::MIN_CORNERS)]
    TooFew {
        /// How many were given.
        got: usize,
    },
    /// More corners than a zone needs.
    #[error("has {got} corners, may have at most {}", Polygon::MAX_CORNERS)]
    TooMany {
        /// How many were given.
        got: usize,
    },
    /// A coordinate is infinite or not a number.
    #[error("corner {corner} is not a finite number")]
    NotFinite {
        /// Which corner.
        corner: usize,
    },
    /// A corner lies outside 0..=1.
    #[error("corner {corner} [{x}, {y}] is outside the picture; both must be 0 to 1")]
    OutsidePicture {
        /// Which corner.
        corner: usize,
        /// Its x.
        x: f32,
        /// Its y.
        y: f32,
    },
    /// A corner stands where the one before it stands; the last must not repeat the first either.
    #[error("corner {corner} repeats the corner before it")]
    Repeated {
        /// The second of the two.
        corner: usize,
    },
    /// Two sides cross or touch.
    #[error("side {first} crosses or touches side {second}")]
    CrossesItself {
        /// A side, numbered by the corner it starts from.
        first: usize,
        /// The other side.
        second: usize,
    },
    /// All corners lie on one line.
    #[error("encloses no area")]
    NoArea,
}

impl Polygon {
    /// The fewest corners an outline has.
    pub const MIN_CORNERS: usize = 3;
    /// The most corners an outline may have.
    pub const MAX_CORNERS: usize = 32;

    /// The polygon with these corners in drawing order; the last is joined to the first.
    ///
    /// # Errors
    /// The first thing that is wrong with the outline, see [`PolygonError`].
    pub fn new(corners: Vec<Point>) -> Result<Self, PolygonError> {
        check_corners(&corners)?;
        check_sides(&corners)?;
        if doubled_area(&corners) == 0.0 {
            return Err(PolygonError::NoArea);
        }
        Ok(Self { corners })
    }

    /// The corners in drawing order.
    #[must_use]
    pub fn corners(&self) -> &[Point] {
        &self.corners
    }

    /// Whether `point` lies inside or on the outline.
    #[must_use]
    pub fn contains(&self, point: Point) -> bool {
        let mut inside = false;
        for (from, to) in sides(&self.corners) {
            if lies_on(point, from, to) {
                return true;
            }
            // The crossing rule: a ray to the right crosses the outline an odd number of times.
            let spans = (from.y > point.y) != (to.y > point.y);
            if spans && (turn(from, to, point) > 0.0) == (to.y > from.y) {
                inside = !inside;
            }
        }
        inside
    }

    /// How much of `bounds` lies inside, as a fraction of its area, 0 to 1.
    #[must_use]
    pub fn covers(&self, bounds: &NormBox) -> f32 {
        // Sutherland and Hodgman (1974): cutting by a convex shape keeps the signed area right even
        // where a concave outline falls into pieces joined by edges of no width.
        let mut piece = self.corners.clone();
        cut(&mut piece, |p| p.x - bounds.left());
        cut(&mut piece, |p| bounds.right() - p.x);
        cut(&mut piece, |p| p.y - bounds.top());
        cut(&mut piece, |p| bounds.bottom() - p.y);
        let fraction = doubled_area(&piece) / 2.0 / f64::from(bounds.area());
        if fraction.is_finite() { (fraction as f32).clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn check_corners(corners: &[Point]) -> Result<(), PolygonError> {
    let got = corners.len();
    if got < Polygon::MIN_CORNERS {
        return Err(PolygonError::TooFew { got });
    }
    if got > Polygon::MAX_CORNERS {
        return Err(PolygonError::TooMany { got });
    }
    for (index, point) in corners.iter().enumerate() {
        let (corner, x, y) = (index + 1, point.x, point.y);
        if !(x.is_finite() && y.is_finite()) {
            return Err(PolygonError::NotFinite { corner });
        }
        if !((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)) {
            return Err(PolygonError::OutsidePicture { corner, x, y });
        }
    }
    match sides(corners).position(|(from, to)| from == to) {
        Some(side) => Err(PolygonError::Repeated { corner: (side + 1) % got + 1 }),
        None => Ok(()),
    }
}

fn check_sides(corners: &[Point]) -> Result<(), PolygonError> {
    let all: Vec<(Point, Point)> = sides(corners).collect();
    // A triangle's sides only touch at its corners; one on a line is reported as having no area.
    if all.len() == 3 {
        return Ok(());
    }
    for first in 0..all.len() {
        for second in first + 1..all.len() {
            if touch_wrongly(&all, first, second) {
                return Err(PolygonError::CrossesItself { first: first + 1, second: second + 1 });
            }
        }
    }
    Ok(())
}

/// Whether two sides meet anywhere but at the corner that neighbours share.
fn touch_wrongly(all: &[(Point, Point)], first: usize, second: usize) -> bool {
    let ((a, b), (c, d)) = (all[first], all[second]);
    if second == first + 1 {
        return lies_on(d, a, b) || lies_on(a, c, d);
    }
    if first == 0 && second == all.len() - 1 {
        return lies_on(c, a, b) || lies_on(b, c, d);
    }
    sides_touch((a, b), (c, d))
}

/// Whether two straight lines between points cross or touch anywhere.
pub(crate) fn sides_touch((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    let apart = |p, q, r, s| turn(p, q, r) * turn(p, q, s) < 0.0;
    (apart(a, b, c, d) && apart(c, d, a, b))
        || lies_on(c, a, b)
        || lies_on(d, a, b)
        || lies_on(a, c, d)
        || lies_on(b, c, d)
}

/// Each side as its two ends, in drawing order.
fn sides(corners: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    corners.iter().copied().zip(corners.iter().copied().cycle().skip(1))
}

/// Twice the signed area of the triangle: the sign says which way the path turns at `to`, positive
/// to the right as the picture is seen. Exact enough in f64, since the inputs are f32.
pub(crate) fn turn(from: Point, to: Point, then: Point) -> f64 {
    let (ax, ay) = (f64::from(to.x) - f64::from(from.x), f64::from(to.y) - f64::from(from.y));
    let (bx, by) = (f64::from(then.x) - f64::from(from.x), f64::from(then.y) - f64::from(from.y));
    ax * by - ay * bx
}

pub(crate) fn lies_on(point: Point, from: Point, to: Point) -> bool {
    turn(from, to, point) == 0.0
        && (from.x.min(to.x)..=from.x.max(to.x)).contains(&point.x)
        && (from.y.min(to.y)..=from.y.max(to.y)).contains(&point.y)
}

fn doubled_area(corners: &[Point]) -> f64 {
    sides(corners)
        .map(|(from, to)| f64::from(from.x) * f64::from(to.y) - f64::from(to.x) * f64::from(from.y))
        .sum::<f64>()
        .abs()
}

/// Keeps the part of `corners` where `inside` is not negative.
fn cut(corners: &mut Vec<Point>, inside: impl Fn(Point) -> f32) {
    let mut kept = Vec::with_capacity(corners.len() + 4);
    for (from, to) in sides(corners) {
        let (a, b) = (inside(from), inside(to));
        if a >= 0.0 {
            kept.push(from);
        }
        if (a >= 0.0) != (b >= 0.0) {
            let share = a / (a - b);
            kept.push(Point {
                x: from.x + (to.x - from.x) * share,
                y: from.y + (to.y - from.y) * share,
            });
        }
    }
    *corners = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(corners: &[(f32, f32)]) -> Vec<Point> {
        corners.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    fn polygon(corners: &[(f32, f32)]) -> Polygon {
        Polygon::new(points(corners)).unwrap()
    }

    #[test]
    fn a_wrong_outline_is_named() {
        let many: Vec<(f32, f32)> = (0..33u8).map(|i| (f32::from(i) / 40.0, 0.5)).collect();
        let table: [(&[(f32, f32)], &str); 9] = [
            (&[(0.0, 0.0), (1.0, 1.0)], "has 2 corners, needs at least 3"),
            (&many, "has 33 corners, may have at most 32"),
            (&[(0.0, 0.0), (f32::NAN, 0.0), (0.0, 1.0)], "corner 2 is not a finite number"),
            (
                &[(0.0, 0.0), (1.0, 0.0), (0.5, 1.5)],
                "corner 3 [0.5, 1.5] is outside the picture; both must be 0 to 1",
            ),
            (
                &[(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 1.0)],
                "corner 3 repeats the corner before it",
            ),
            (
                &[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)],
                "corner 1 repeats the corner before it",
            ),
            (&[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)], "side 1 crosses or touches side 3"),
            (&[(0.0, 0.0), (0.8, 0.0), (0.4, 0.0), (0.4, 0.5)], "side 1 crosses or touches side 2"),
            (&[(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)], "encloses no area"),
        ];
        for (corners, expected) in table {
            let error = Polygon::new(points(corners)).unwrap_err();
            assert_eq!(error.to_string(), expected, "{corners:?}");
        }
    }

    #[test]
    fn a_point_on_the_outline_is_inside() {
        // A C-shaped zone open to the right, down to the picture's bottom edge.
        let zone = polygon(&[
            (0.2, 0.2),
            (0.8, 0.2),
            (0.8, 0.4),
            (0.4, 0.4),
            (0.4, 0.8),
            (0.8, 0.8),
            (0.8, 1.0),
            (0.2, 1.0),
        ]);
        let table = [
            ((0.3, 0.5), true, "in the back of the C"),
            ((0.6, 0.6), false, "in the gap of the C"),
            ((0.6, 0.3), true, "in the upper arm"),
            ((0.2, 0.5), true, "on the left side"),
            ((0.5, 1.0), true, "at the picture's bottom edge"),
            ((0.8, 0.2), true, "on a corner"),
            ((0.1, 0.2), false, "level with a side"),
            ((0.9, 0.4), false, "level with two corners"),
        ];
        for ((x, y), expected, what) in table {
            assert_eq!(zone.contains(Point { x, y }), expected, "{what}");
        }
    }

    #[test]
    fn the_covered_fraction_is_that_of_the_area() {
        let half = polygon(&[(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)]);
        let notch =
            polygon(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.75, 0.5), (0.25, 0.5), (0.0, 1.0)]);
        let table = [
            (&half, (0.0, 0.0, 1.0, 1.0), 0.5),
            (&half, (0.1, 0.1, 0.3, 0.3), 1.0),
            (&half, (0.7, 0.7, 0.9, 0.9), 0.0),
            (&half, (0.25, 0.25, 0.75, 0.75), 0.5),
            (&notch, (0.25, 0.0, 0.75, 1.0), 0.5),
            (&notch, (0.0, 0.0, 1.0, 1.0), 0.625),
        ];
        for (zone, (left, top, right, bottom), expected) in table {
            let bounds = NormBox::new(left, top, right, bottom).unwrap();
            let got = zone.covers(&bounds);
            assert!((got - expected).abs() < 1e-5, "{bounds:?}: {got}, expected {expected}");
        }
    }
}
