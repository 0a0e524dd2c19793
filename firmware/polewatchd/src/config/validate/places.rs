//! The places of a configuration: zones and lines, and whether they can be drawn.

use analytics::geometry::Point;
use analytics::line::Line;
use analytics::polygon::{Polygon, PolygonError};
use analytics::polyline::{Polyline, PolylineError};
use analytics::zone::Zone;

use super::super::raw::{RawConfig, RawZone};
use super::{Check, MAX_NAME_BYTES};

const MAX_ZONES: usize = 16;
const MAX_LINES: usize = 16;

impl Check<'_> {
    pub(super) fn zones(&mut self, raw: &[RawZone]) -> Vec<Zone> {
        if raw.len() > MAX_ZONES {
            self.refuse(
                "zone",
                format_args!("{} zones", raw.len()),
                format!("at most {MAX_ZONES}"),
            );
        }
        let mut zones: Vec<Zone> = Vec::new();
        for (index, zone) in raw.iter().enumerate() {
            let name = self.label(&format!("zone[{index}].name"), &zone.name, MAX_NAME_BYTES);
            if zones.iter().any(|other| other.name == name) {
                self.refuse(
                    format!("zone[{index}].name"),
                    format_args!("{name:?}"),
                    "a name no other zone has",
                );
            }
            if let Some(area) = self.polygon(index, &zone.polygon) {
                zones.push(Zone { name, area });
            }
        }
        zones
    }

    fn polygon(&mut self, zone: usize, points: &[[f64; 2]]) -> Option<Polygon> {
        let key = format!("zone[{zone}].polygon");
        let error = match Polygon::new(drawn(points)) {
            Ok(area) => return Some(area),
            Err(error) => error,
        };
        match error {
            PolygonError::NotFinite { corner } | PolygonError::OutsidePicture { corner, .. } => {
                // Corners are counted from 1 for people, keys from 0 as TOML's readers do.
                let [x, y] = points.get(corner - 1).copied().unwrap_or_default();
                self.refuse(
                    format!("{key}[{}]", corner - 1),
                    format_args!("[{x}, {y}]"),
                    "x and y inside the picture, 0 to 1",
                );
            }
            shape => self.refuse(
                key,
                format_args!("a polygon that {shape}"),
                format!(
                    "{} to {} corners, no two sides crossing",
                    Polygon::MIN_CORNERS,
                    Polygon::MAX_CORNERS
                ),
            ),
        }
        None
    }

    pub(super) fn lines(&mut self, raw: &RawConfig) -> Vec<Line> {
        if raw.lines.len() > MAX_LINES {
            let got = format!("{} lines", raw.lines.len());
            self.refuse("line", got, format!("at most {MAX_LINES}"));
        }
        let mut lines: Vec<Line> = Vec::new();
        for (index, line) in raw.lines.iter().enumerate() {
            let key = format!("line[{index}].name");
            let name = self.label(&key, &line.name, MAX_NAME_BYTES);
            let is_zone = raw.zones.iter().any(|zone| zone.name == line.name);
            if is_zone || lines.iter().any(|other| other.name == name) {
                self.refuse(key, format_args!("{name:?}"), "a name no other line and no zone has");
            }
            if let Some(way) = self.polyline(index, &line.points) {
                lines.push(Line { name, way });
            }
        }
        lines
    }

    fn polyline(&mut self, line: usize, points: &[[f64; 2]]) -> Option<Polyline> {
        let key = format!("line[{line}].points");
        let error = match Polyline::new(drawn(points)) {
            Ok(way) => return Some(way),
            Err(error) => error,
        };
        if let PolylineError::OutsidePicture { point, .. } = error {
            let [x, y] = points.get(point - 1).copied().unwrap_or_default();
            self.refuse(
                format!("{key}[{}]", point - 1),
                format_args!("[{x}, {y}]"),
                "x and y inside the picture, 0 to 1",
            );
            return None;
        }
        let (least, most) = (Polyline::MIN_POINTS, Polyline::MAX_POINTS);
        self.refuse(
            key,
            format_args!("a line that {error}"),
            format!("{least} to {most} points, no two pieces crossing"),
        );
        None
    }
}

#[expect(clippy::cast_possible_truncation, reason = "0 to 1 fits an f32 well enough")]
fn drawn(points: &[[f64; 2]]) -> Vec<Point> {
    points.iter().map(|[x, y]| Point { x: *x as f32, y: *y as f32 }).collect()
}
