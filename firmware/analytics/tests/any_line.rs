//! Whatever is drawn and wherever people walk: no panic, and lines that count both ways alike.

use analytics::geometry::Point;
use analytics::polyline::Polyline;
use proptest::prelude::*;

fn place() -> impl Strategy<Value = Point> {
    (0.0f32..=1.0, 0.0f32..=1.0).prop_map(|(x, y)| Point { x, y })
}

fn anywhere() -> impl Strategy<Value = Point> {
    let number = prop_oneof![4 => 0.0f32..=1.0, 1 => any::<f32>()];
    (number.clone(), number).prop_map(|(x, y)| Point { x, y })
}

fn line() -> impl Strategy<Value = Polyline> {
    let points = prop::collection::vec(place(), Polyline::MIN_POINTS..4);
    points.prop_filter_map("a line", |points| Polyline::new(points).ok())
}

proptest! {
    #[test]
    fn any_points_are_a_line_or_refused(points in prop::collection::vec(anywhere(), 0..12)) {
        let inside = |p: &Point| (0.0..=1.0).contains(&p.x) && (0.0..=1.0).contains(&p.y);
        if let Ok(line) = Polyline::new(points.clone()) {
            prop_assert!(points.iter().all(inside));
            prop_assert_eq!(line.points(), points);
        }
    }

    #[test]
    fn there_and_back_comes_to_nothing(line in line(), way in prop::collection::vec(place(), 2..20)) {
        let along = |way: &[Point]| -> i32 {
            way.windows(2).map(|step| line.crossings(step[0], step[1])).sum()
        };
        let back: Vec<Point> = way.iter().rev().copied().collect();
        prop_assert_eq!(along(&way) + along(&back), 0);
    }

    #[test]
    fn a_line_from_edge_to_edge_has_two_sides(
        (top, bottom) in (0.0f32..=1.0, 0.0f32..=1.0),
        way in prop::collection::vec(place(), 2..20),
    ) {
        // However somebody walks, they are over as often as the ends of their way say.
        let wall = Polyline::new(vec![Point { x: top, y: 0.0 }, Point { x: bottom, y: 1.0 }]);
        let Ok(wall) = wall else { return Ok(()) };
        let steps = way.windows(2).map(|step| wall.crossings(step[0], step[1]));
        let straight = wall.crossings(way[0], way[way.len() - 1]);
        let inner = |p: &Point| p.y > 0.0 && p.y < 1.0;
        prop_assume!(way.iter().all(inner));
        prop_assert_eq!(steps.sum::<i32>(), straight);
    }

    #[test]
    fn distances_are_lengths(line in line(), point in place(), height in 1e-30f64..1.0) {
        let distance = line.distance(point, (1.8 / height, 1.0 / height));
        prop_assert!(distance.is_finite() && distance >= 0.0);
    }
}
