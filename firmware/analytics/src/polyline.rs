//! A polyline: a line with bends, drawn on the picture, and the two sides of it.
//!
//! ```text
//!              left of it
//!   first o---------o
//!                    \
//!                     o--------o last
//!              right of it
//! ```
//!
//! Left and right are those of somebody who walks from the first point to the last. Promises: a line
//! that exists has 2 to 8 points inside the picture, does not cross or touch itself; going over it and
//! back the same way comes to nothing. Refuses: anything else, naming the point that is wrong.

use thiserror::Error;

use crate::geometry::Point;
use crate::polygon::{lies_on, sides_touch, turn};

/// An open line in normalized picture coordinates.
#[derive(Clone, Debug, PartialEq)]
pub struct Polyline {
    points: Vec<Point>,
}

/// What is wrong with a line. Points are counted from 1, as people count them.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
pub enum PolylineError {
    /// Not enough points for a line.
    #[error("has {got} points, needs at least {}", Polyline::MIN_POINTS)]
    TooFew {
        /// How many were given.
        got: usize,
    },
    /// More points than a fence needs.
    #[error("has {got} points, may have at most {}", Polyline::MAX_POINTS)]
    TooMany {
        /// How many were given.
        got: usize,
    },
    /// A coordinate is not a number, or outside 0..=1.
    #[error("point {point} [{x}, {y}] is outside the picture; both must be 0 to 1")]
    OutsidePicture {
        /// Which point.
        point: usize,
        /// Its x.
        x: f32,
        /// Its y.
        y: f32,
    },
    /// A point stands where the one before it stands.
    #[error("point {point} repeats the point before it")]
    Repeated {
        /// The second of the two.
        point: usize,
    },
    /// Two pieces cross or touch: which side is left could not be told.
    #[error("piece {first} crosses or touches piece {second}")]
    CrossesItself {
        /// A piece, numbered by the point it starts from.
        first: usize,
        /// The other piece.
        second: usize,
    },
}

impl Polyline {
    /// The fewest points a line has.
    pub const MIN_POINTS: usize = 2;
    /// The most points a line may have.
    pub const MAX_POINTS: usize = 8;

    /// The line through these points in drawing order.
    ///
    /// # Errors
    /// The first thing that is wrong with it, see [`PolylineError`].
    pub fn new(points: Vec<Point>) -> Result<Self, PolylineError> {
        check_points(&points)?;
        check_pieces(&points)?;
        Ok(Self { points })
    }

    /// The points in drawing order.
    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// How many times more a straight way `from` one place `to` another leads over the line from its
    /// left to its right than the other way. Ways joined at a place count as one way would: a place
    /// on the line is to the right of it.
    #[must_use]
    pub fn crossings(&self, from: Point, to: Point) -> i32 {
        let right = |(a, b), point| turn(a, b, point) >= 0.0;
        let beyond = |point| turn(from, to, point) >= 0.0;
        let over = |&piece: &(Point, Point)| beyond(piece.0) != beyond(piece.1);
        let way = |piece| i32::from(right(piece, to)) - i32::from(right(piece, from));
        pieces(&self.points).filter(over).map(way).sum()
    }

    /// How far beside the line `point` is, when the picture is so many units wide and high. The first
    /// and the last piece are thought on beyond the ends: who passes an end is not beside the line.
    #[must_use]
    pub fn distance(&self, point: Point, (width, height): (f64, f64)) -> f64 {
        let scaled = |p: Point| (f64::from(p.x) * width, f64::from(p.y) * height);
        let (x, y) = scaled(point);
        let last = self.points.len() - 2;
        let squares = pieces(&self.points).enumerate().map(|(piece, (from, to))| {
            let ((ax, ay), (bx, by)) = (scaled(from), scaled(to));
            let (dx, dy) = (bx - ax, by - ay);
            let along = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy);
            let along = if piece == 0 { along } else { along.max(0.0) };
            let along = if piece == last { along } else { along.min(1.0) };
            let (off_x, off_y) = (ax + along * dx - x, ay + along * dy - y);
            off_x * off_x + off_y * off_y
        });
        squares.fold(f64::INFINITY, f64::min).sqrt()
    }
}

fn check_points(points: &[Point]) -> Result<(), PolylineError> {
    let got = points.len();
    if got < Polyline::MIN_POINTS {
        return Err(PolylineError::TooFew { got });
    }
    if got > Polyline::MAX_POINTS {
        return Err(PolylineError::TooMany { got });
    }
    for (point, &Point { x, y }) in (1..).zip(points) {
        if !((0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)) {
            return Err(PolylineError::OutsidePicture { point, x, y });
        }
    }
    match pieces(points).position(|(from, to)| from == to) {
        Some(piece) => Err(PolylineError::Repeated { point: piece + 2 }),
        None => Ok(()),
    }
}

fn check_pieces(points: &[Point]) -> Result<(), PolylineError> {
    let all: Vec<(Point, Point)> = pieces(points).collect();
    for first in 0..all.len() {
        for second in first + 1..all.len() {
            let ((a, b), (c, d)) = (all[first], all[second]);
            let wrong = if second == first + 1 {
                lies_on(d, a, b) || lies_on(a, c, d)
            } else {
                sides_touch((a, b), (c, d))
            };
            if wrong {
                return Err(PolylineError::CrossesItself { first: first + 1, second: second + 1 });
            }
        }
    }
    Ok(())
}

/// Each piece as its two ends, in drawing order.
fn pieces(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    points.iter().copied().zip(points.iter().copied().skip(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(all: &[(f32, f32)]) -> Vec<Point> {
        all.iter().map(|&(x, y)| Point { x, y }).collect()
    }

    #[test]
    fn going_over_counts_by_its_direction() {
        // From the left to the right of the picture, with a bend down in its middle.
        let fence =
            Polyline::new(points(&[(0.2, 0.5), (0.5, 0.5), (0.5, 0.7), (0.8, 0.7)])).unwrap();
        let table = [
            ("down over the first piece", [(0.3, 0.4), (0.3, 0.6)], 1),
            ("up over it", [(0.3, 0.6), (0.3, 0.4)], -1),
            ("down over the last piece", [(0.7, 0.6), (0.7, 0.8)], 1),
            ("over the bend from the right", [(0.6, 0.6), (0.4, 0.6)], 1),
            ("over and back over the bend", [(0.55, 0.45), (0.45, 0.6)], 1),
            ("over two pieces", [(0.4, 0.45), (0.6, 0.6)], 0),
            ("beside its end", [(0.1, 0.4), (0.1, 0.6)], 0),
            ("along it", [(0.2, 0.4), (0.8, 0.4)], 0),
            ("up to it", [(0.3, 0.4), (0.3, 0.5)], 1),
            ("on from it", [(0.3, 0.5), (0.3, 0.6)], 0),
            ("through a corner", [(0.4, 0.4), (0.6, 0.6)], 0),
            ("nowhere", [(0.3, 0.5), (0.3, 0.5)], 0),
        ];
        for (what, way, expected) in table {
            let way = points(&way);
            assert_eq!(fence.crossings(way[0], way[1]), expected, "{what}");
        }
    }

    #[test]
    fn distances_are_taken_to_the_nearest_piece_thought_on_beyond_the_ends() {
        let line = Polyline::new(points(&[(0.5, 0.25), (0.5, 0.75), (0.75, 0.75)])).unwrap();
        for (place, scale, expected) in [
            ((0.25, 0.5), (1.0, 1.0), 0.25),
            ((0.25, 0.5), (16.0, 9.0), 4.0),
            ((0.5, 0.0), (16.0, 8.0), 0.0),
            ((0.25, 0.0), (16.0, 8.0), 4.0),
            ((0.625, 0.5), (8.0, 8.0), 1.0),
            ((1.0, 1.0), (4.0, 4.0), 1.0),
            ((0.375, 0.875), (8.0, 8.0), 2.0_f64.sqrt()),
            ((0.5, 0.5), (1.0, 1.0), 0.0),
        ] {
            let got = line.distance(Point { x: place.0, y: place.1 }, scale);
            assert!((got - expected).abs() < 1e-9, "{place:?} {scale:?}: {got}");
        }
    }

    #[test]
    fn a_wrong_line_is_named_by_its_point() {
        let table = [
            (vec![(0.1, 0.1)], "has 1 points, needs at least 2"),
            (vec![(0.1, 0.1); 9], "has 9 points, may have at most 8"),
            (
                vec![(0.1, 0.1), (1.2, 0.1)],
                "point 2 [1.2, 0.1] is outside the picture; both must be 0 to 1",
            ),
            (
                vec![(f32::NAN, 0.1), (0.2, 0.1)],
                "point 1 [NaN, 0.1] is outside the picture; both must be 0 to 1",
            ),
            (vec![(0.1, 0.1), (0.2, 0.1), (0.2, 0.1)], "point 3 repeats the point before it"),
            (vec![(0.1, 0.1), (0.5, 0.1), (0.3, 0.1)], "piece 1 crosses or touches piece 2"),
            (
                vec![(0.1, 0.5), (0.9, 0.5), (0.9, 0.1), (0.5, 0.9)],
                "piece 1 crosses or touches piece 3",
            ),
            (
                vec![(0.1, 0.5), (0.9, 0.5), (0.9, 0.1), (0.1, 0.5)],
                "piece 1 crosses or touches piece 3",
            ),
        ];
        for (wrong, expected) in table {
            assert_eq!(Polyline::new(points(&wrong)).unwrap_err().to_string(), expected);
        }
    }
}
