//! A zone file (`C00_001.map`): where a clip is watched, and for what.
//!
//! ```xml
//! <DA><DetectionAreas>
//!   <DetectArea><Point>0,90</Point>...</DetectArea>
//!   <Intrusion><Point>320,240</Point>...</Intrusion>
//! </DetectionAreas></DA>
//! ```
//!
//! Promises: points are pixels of a picture of 1280 x 720 whatever the recording's size; an error names
//! file, element, what was expected and what was found. Refuses: files over [`MAX_BYTES`], entities,
//! areas it does not know, since an area left out is a zone nobody watches.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use analytics::geometry::Point;
use analytics::polygon::Polygon;
use analytics::settings::{RuleKind, RuleSettings};
use analytics::zone::Zone;
use roxmltree::{Document, Node, ParsingOptions};

use crate::config::Config;

/// Largest zone file read; a real one has a few hundred bytes.
const MAX_BYTES: u64 = 64 * 1024;
/// Most XML nodes read.
const MAX_NODES: u32 = 4096;
/// The picture zone files are drawn on, in pixels.
const PICTURE_PX: (f32, f32) = (1280.0, 720.0);
/// How far outside of the picture a corner may lie, in pixels: zones are drawn by hand along its edge.
const SLACK_PX: f32 = 16.0;

/// What each area is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Area {
    /// For whatever has no area of its own: falls, abandoned objects.
    Detect,
    Loitering,
    Intrusion,
}

/// The zones of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Zones(Vec<(Area, Polygon)>);

/// Why a zone file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// It cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Something in it is not as KISA writes it.
    #[error("{}: {element}: expected {expected}, got {got}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// Which element, with its line.
        element: String,
        /// What should stand there.
        expected: String,
        /// What does.
        got: String,
    },
}

impl Zones {
    /// The zones of the file at `path`.
    ///
    /// # Errors
    /// One line, see [`MapError`].
    pub fn read(path: &Path) -> Result<Self, MapError> {
        let read = |path| -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        let bytes =
            read(path).map_err(|source| MapError::Read { path: path.to_owned(), source })?;
        parse(&bytes).map_err(|Wrong { element, expected, got }| MapError::Content {
            path: path.to_owned(),
            element,
            expected,
            got,
        })
    }

    /// Puts these zones in the place of the configured ones. Intrusion and loitering are watched
    /// where the file draws an area for them, by KISA's definitions; other rules on objects keep
    /// their settings and watch the detection area, or the whole picture where there is none.
    pub fn apply(&self, config: &mut Config) {
        config.zones = self.0.iter().map(|(area, outline)| area.zone(outline)).collect();
        config.rules.retain(|rule| {
            !matches!(
                rule.kind,
                RuleKind::Intrusion { .. } | RuleKind::Crossing { .. } | RuleKind::Loitering { .. }
            )
        });
        let has_detect_area = self.0.iter().any(|(area, _)| *area == Area::Detect);
        for rule in &mut config.rules {
            let takes_zone = !matches!(rule.kind, RuleKind::CameraFault { .. });
            rule.zone = (takes_zone && has_detect_area).then(|| Area::Detect.word().into());
        }
        config.rules.extend(self.0.iter().filter_map(|(area, _)| area.rule()));
    }
}

impl Area {
    const ALL: [Self; 3] = [Self::Detect, Self::Loitering, Self::Intrusion];

    const fn word(self) -> &'static str {
        match self {
            Self::Detect => "DetectArea",
            Self::Loitering => "Loitering",
            Self::Intrusion => "Intrusion",
        }
    }

    fn zone(self, outline: &Polygon) -> Zone {
        Zone { name: Arc::from(self.word()), area: outline.clone() }
    }

    fn rule(self) -> Option<RuleSettings> {
        let kind = match self {
            Self::Detect => return None,
            Self::Loitering => RuleKind::Loitering { dwell: RuleKind::DEFAULT_DWELL },
            Self::Intrusion => RuleKind::Intrusion { hold: RuleKind::DEFAULT_HOLD },
        };
        let name: Arc<str> = format!("kisa-{}", self.word()).into();
        Some(RuleSettings { name, zone: Some(self.word().into()), schedule: None, kind })
    }
}

/// What is wrong with a text, before the file is named.
#[derive(Debug, PartialEq, Eq)]
struct Wrong {
    element: String,
    expected: String,
    got: String,
}

impl Wrong {
    fn new(element: String, expected: impl Into<String>, got: impl Into<String>) -> Self {
        Self { element, expected: expected.into(), got: got.into() }
    }
}

fn parse(bytes: &[u8]) -> Result<Zones, Wrong> {
    let whole = || "file".to_owned();
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Wrong::new(whole(), format!("at most {MAX_BYTES} bytes"), "more"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Wrong::new(whole(), "UTF-8", format!("{error}")))?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)
        .map_err(|error| Wrong::new(whole(), "an XML document", error.to_string()))?;
    let areas = document
        .descendants()
        .find(|node| node.has_tag_name("DetectionAreas"))
        .ok_or_else(|| Wrong::new(whole(), "an element DetectionAreas", "none"))?;
    let mut zones: Vec<(Area, Polygon)> = Vec::new();
    for node in areas.children().filter(Node::is_element) {
        let area = area(&node)?;
        if zones.iter().any(|(known, _)| *known == area) {
            return Err(Wrong::new(place(&node), "one area of a kind", "another"));
        }
        zones.push((area, outline(&node)?));
    }
    if zones.is_empty() {
        return Err(Wrong::new(place(&areas), areas_known(), "none"));
    }
    Ok(Zones(zones))
}

fn area(node: &Node<'_, '_>) -> Result<Area, Wrong> {
    let name = node.tag_name().name();
    let known = Area::ALL.into_iter().find(|area| area.word() == name);
    known.ok_or_else(|| Wrong::new(place(node), areas_known(), name))
}

fn areas_known() -> String {
    Area::ALL.map(Area::word).join(" or ")
}

fn outline(node: &Node<'_, '_>) -> Result<Polygon, Wrong> {
    let mut corners = Vec::new();
    for child in node.children().filter(Node::is_element) {
        if !child.has_tag_name("Point") {
            return Err(Wrong::new(place(&child), "Point", child.tag_name().name()));
        }
        corners.push(corner(&child)?);
    }
    // Some are closed by their first point once more.
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    let shape = "a polygon inside the picture, no two sides crossing";
    Polygon::new(corners)
        .map_err(|error| Wrong::new(place(node), shape, format!("one that {error}")))
}

fn corner(node: &Node<'_, '_>) -> Result<Point, Wrong> {
    let text = node.text().unwrap_or_default();
    let share = |text: &str, side: f32| -> Option<f32> {
        let pixel: f32 = text.trim().parse().ok()?;
        let near = (-SLACK_PX..=side + SLACK_PX).contains(&pixel);
        near.then(|| (pixel / side).clamp(0.0, 1.0))
    };
    let point = text
        .split_once(',')
        .and_then(|(x, y)| Some(Point { x: share(x, PICTURE_PX.0)?, y: share(y, PICTURE_PX.1)? }));
    let expected = "\"x,y\" in pixels, 0,0 to 1280,720";
    point.ok_or_else(|| Wrong::new(place(node), expected, format!("{text:?}")))
}

/// "Intrusion in line 4".
fn place(node: &Node<'_, '_>) -> String {
    let line = node.document().text_pos_at(node.range().start).row;
    format!("{} in line {line}", node.tag_name().name())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: &str =
        "<Point>0,0</Point><Point>640, 0</Point><Point>640,360</Point><Point>0,360</Point>";

    fn file(areas: &str) -> String {
        format!(
            "\u{feff}<?xml version=\"1.0\"?><DA>\n<DetectionAreas>{areas}</DetectionAreas></DA>"
        )
    }

    #[test]
    fn areas_become_zones_of_any_picture_size() {
        let text = file(&format!(
            "<DetectArea>{SQUARE}</DetectArea><Intrusion>{SQUARE}<Point>0,0</Point></Intrusion>"
        ));
        let zones = parse(text.as_bytes()).unwrap();
        let kinds: Vec<Area> = zones.0.iter().map(|(area, _)| *area).collect();
        assert_eq!(kinds, [Area::Detect, Area::Intrusion]);
        let half = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)];
        let half = Polygon::new(half.map(|(x, y)| Point { x, y }).to_vec()).unwrap();
        assert!(zones.0.iter().all(|(_, outline)| *outline == half));
        assert_eq!(Area::Intrusion.rule().unwrap().zone.as_deref(), Some("Intrusion"));
    }

    #[test]
    fn a_wrong_file_is_named_by_element_expectation_and_find() {
        let table = [
            ("<DA>", "file: expected an XML document, got "),
            ("<DA/>", "file: expected an element DetectionAreas, got none"),
            (
                &file(""),
                "DetectionAreas in line 2: expected DetectArea or Loitering or Intrusion, got none",
            ),
            (
                &file("<Fire/>"),
                "Fire in line 2: expected DetectArea or Loitering or Intrusion, got Fire",
            ),
            (&file("\n<Intrusion><P/></Intrusion>"), "P in line 3: expected Point, got P"),
            (
                &file("<Intrusion><Point>1;2</Point></Intrusion>"),
                "Point in line 2: expected \"x,y\" in pixels, 0,0 to 1280,720, got \"1;2\"",
            ),
            (
                &file("<Intrusion><Point>1,800</Point></Intrusion>"),
                "Point in line 2: expected \"x,y\" in pixels, 0,0 to 1280,720, got \"1,800\"",
            ),
            (
                &file("<Intrusion><Point>1,1</Point></Intrusion>"),
                "Intrusion in line 2: expected a polygon inside the picture, no two sides crossing, \
                 got one that has 1 corners, needs at least 3",
            ),
            (
                &file(&format!("<Intrusion>{SQUARE}</Intrusion><Intrusion>{SQUARE}</Intrusion>")),
                "Intrusion in line 2: expected one area of a kind, got another",
            ),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "file: expected an XML document, got "),
        ];
        for (text, expected) in table {
            let Wrong { element, expected: wanted, got } = parse(text.as_bytes()).unwrap_err();
            let line = format!("{element}: expected {wanted}, got {got}");
            assert!(line.starts_with(expected), "{line}\n{expected}");
        }
        let long = vec![b' '; MAX_BYTES as usize + 1];
        assert_eq!(parse(&long).unwrap_err().expected, "at most 65536 bytes");
        assert!(parse(&[0xff]).is_err());
    }
}
