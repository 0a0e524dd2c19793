//! Rules: zones, lines, hours and numbers as somebody may write them into a configuration.
//!
//! Promises: each is offered to its constructor as it is; what is refused is refused in one line and
//! left out, so that the rest is watched. Refuses: more of a kind than make a difference.

use std::fmt::Display;
use std::time::Duration;

use analytics::detection::Confidence;
use analytics::geometry::Point;
use analytics::line::{Direction, Line};
use analytics::polygon::Polygon;
use analytics::polyline::Polyline;
use analytics::scene::fault::{Fault, Faults};
use analytics::scene::light::Light;
use analytics::schedule::{Day, Days, Hours, Schedule};
use analytics::settings::{Believed, RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::zone::Zone;
use arbitrary::Arbitrary;
use fuzz::Number;

/// The most zones, lines and rules offered of each.
const MAX_OFFERS: usize = 6;

/// What a camera's configuration says.
#[derive(Arbitrary, Debug)]
pub(super) struct Rules {
    /// Start and keep, in each light.
    believed: [(Number, Number); Light::ALL.len()],
    zones: Vec<Vec<(Number, Number)>>,
    lines: Vec<Vec<(Number, Number)>>,
    rules: Vec<Rule>,
}

#[derive(Arbitrary, Debug)]
struct Rule {
    place: Option<u8>,
    hours: Option<(u8, Vec<(u16, u16)>)>,
    kind: Kind,
}

/// Times in milliseconds.
#[derive(Arbitrary, Clone, Copy, Debug)]
enum Kind {
    Intrusion { hold: u16 },
    Crossing { direction: u8 },
    Loitering { dwell: u16 },
    Falldown { down: u16 },
    Abandonment { rest: u16, alone: u16 },
    CameraFault { faults: u8, after: Option<u16> },
    Parking { stay: u16 },
}

impl Rules {
    /// The settings that are left when every refused part is.
    pub(super) fn settings(&self) -> Settings {
        let zones: Vec<Zone> = outlines(&self.zones)
            .filter_map(|(index, corners)| {
                let area = accepted(Polygon::new(corners))?;
                Some(Zone { name: format!("zone{index}").into(), area })
            })
            .collect();
        let lines: Vec<Line> = outlines(&self.lines)
            .filter_map(|(index, points)| {
                let way = accepted(Polyline::new(points))?;
                Some(Line { name: format!("line{index}").into(), way })
            })
            .collect();
        let offer =
            |rules| Settings::with_lines(self.tracker(), zones.clone(), lines.clone(), rules);
        let rules = self.rules.iter().take(MAX_OFFERS).enumerate();
        let rules = rules.map(|(index, rule)| rule.settings(index));
        let whole = rules.filter(|rule| accepted(offer(vec![rule.clone()])).is_some());
        offer(whole.collect()).expect("what is right one by one is right together")
    }

    fn tracker(&self) -> TrackerSettings {
        let confidence = |score: Number| Confidence::new(score.0).unwrap_or_default();
        let lights = Light::ALL.into_iter().zip(&self.believed);
        let offered = lights.fold(TrackerSettings::default(), |offered, (light, scores)| {
            let (start, keep) = (confidence(scores.0), confidence(scores.1));
            offered.with(light, Believed { start, keep })
        });
        accepted(Settings::new(offered, vec![], vec![]))
            .map_or(TrackerSettings::default(), |settings| settings.tracker())
    }
}

impl Rule {
    fn settings(&self, index: usize) -> RuleSettings {
        let place = if matches!(self.kind, Kind::Crossing { .. }) { "line" } else { "zone" };
        RuleSettings {
            name: format!("rule{index}").into(),
            zone: self.place.map(|place_index| format!("{place}{}", place_index % 4).into()),
            schedule: self.hours.as_ref().and_then(|(days, hours)| schedule(*days, hours)),
            kind: self.kind.settings(),
        }
    }
}

impl Kind {
    fn settings(self) -> RuleKind {
        let time = |ms: u16| Duration::from_millis(ms.into());
        match self {
            Self::Intrusion { hold } => RuleKind::Intrusion { hold: time(hold) },
            Self::Crossing { direction } => {
                RuleKind::Crossing { direction: Direction::ALL[usize::from(direction % 3)] }
            }
            Self::Loitering { dwell } => RuleKind::Loitering { dwell: time(dwell) },
            Self::Falldown { down } => RuleKind::Falldown { down: time(down) },
            Self::Abandonment { rest, alone } => {
                RuleKind::Abandonment { rest: time(rest), alone: time(alone) }
            }
            Self::Parking { stay } => RuleKind::Parking { stay: time(stay) },
            Self::CameraFault { faults, after } => {
                RuleKind::CameraFault { faults: chosen_faults(faults), after: after.map(time) }
            }
        }
    }
}

fn schedule(days: u8, hours: &[(u16, u16)]) -> Option<Schedule> {
    // Minutes of a day, and some that no day has.
    let hours = hours.iter().map(|&(from, to)| Hours::new(from % 1500, to % 1500));
    let hours = hours.filter_map(accepted).collect();
    accepted(Schedule::new(chosen(days, &Day::ALL).collect::<Days>(), hours))
}

fn chosen_faults(bits: u8) -> Faults {
    chosen(bits, &Fault::ALL).collect()
}

/// Those of `all` whose bit is set.
fn chosen<T: Copy>(bits: u8, all: &[T]) -> impl Iterator<Item = T> {
    all.iter().enumerate().filter(move |(index, _)| bits & (1 << index) != 0).map(|(_, &one)| one)
}

fn outlines(all: &[Vec<(Number, Number)>]) -> impl Iterator<Item = (usize, Vec<Point>)> {
    let point = |&(x, y): &(Number, Number)| Point { x: x.0, y: y.0 };
    let outlines = all.iter().take(MAX_OFFERS).enumerate();
    outlines.map(move |(index, outline)| (index, outline.iter().map(point).collect()))
}

/// What was accepted; a refusal has to be one line.
fn accepted<T, E: Display>(offered: Result<T, E>) -> Option<T> {
    offered
        .inspect_err(|refusal| assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}"))
        .ok()
}
