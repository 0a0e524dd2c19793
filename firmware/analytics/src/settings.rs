//! What an analyzer is told once, at the start.
//!
//! Promises: settings that exist are whole: every rule's zone is there, every name is unique and
//! every number is in its range. Refuses: anything else, naming it, its value and what is allowed.

use core::time::Duration;
use std::sync::Arc;

use thiserror::Error;

mod tracker;

use crate::line::{Direction, Line};
use crate::scene::fault::Faults;
use crate::scene::light::Light;
use crate::schedule::Schedule;
use crate::zone::Zone;

pub use tracker::{Believed, TrackerSettings};

/// Everything an [`Analyzer`](crate::Analyzer) is told.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    tracker: TrackerSettings,
    zones: Vec<Zone>,
    lines: Vec<Line>,
    rules: Vec<RuleSettings>,
}

/// One configured rule.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSettings {
    /// The configured name, unique among the rules.
    pub name: Arc<str>,
    /// The zone it watches, or the line; `None` is the whole picture.
    pub zone: Option<Arc<str>>,
    /// When it watches; `None` is always.
    pub schedule: Option<Schedule>,
    /// What it looks for.
    pub kind: RuleKind,
}

/// What a rule looks for, with its own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// 침입: somebody stands on the zone's ground.
    Intrusion {
        /// How long they must have stood there, so that a foot over the line is none.
        hold: Duration,
    },
    /// 침입: somebody goes over a line; [`RuleSettings::zone`] names the line.
    Crossing {
        /// Which way.
        direction: Direction,
    },
    /// 배회: somebody stays on the zone's ground.
    Loitering {
        /// How long is too long; KISA says 10 s.
        dwell: Duration,
    },
    /// 쓰러짐: somebody who stood lies on the ground.
    Falldown {
        /// How long they must have stayed down.
        down: Duration,
    },
    /// 유기: a thing somebody brought rests, and they have left it.
    Abandonment {
        /// How long it must have rested, so that what is put down for a moment is none.
        rest: Duration,
        /// How long its people must have been gone, so that a few steps aside are none.
        alone: Duration,
    },
    /// 주정차: a vehicle has come to rest on the zone's ground and stays.
    Parking {
        /// How long is too long.
        stay: Duration,
    },
    /// 카메라 이상: something is wrong with the camera.
    CameraFault {
        /// What is looked for.
        faults: Faults,
        /// How long it must have lasted; `None` is each fault's own
        /// [usual time](crate::scene::fault::Fault::usual_time).
        after: Option<Duration>,
    },
}

/// What is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SettingsError {
    /// The two confidences of a light do not stand in order.
    #[error("{}: keep_confidence {keep} must be above 0 and at most start_confidence {start}",
        light.word())]
    Confidences {
        /// The light.
        light: Light,
        /// The given keep confidence.
        keep: f32,
        /// The given start confidence.
        start: f32,
    },
    /// A name is empty or too long for an alarm to carry.
    #[error("{what} name \"{name}\" has {} bytes; allowed 1 to {}", name.len(), Settings::MAX_NAME)]
    Name {
        /// "zone", "line" or "rule".
        what: &'static str,
        /// The name.
        name: Arc<str>,
    },
    /// Two things of a kind, or a zone and a line, carry one name.
    #[error("{what} name \"{name}\" is used twice")]
    Duplicate {
        /// "zone", "line" or "rule".
        what: &'static str,
        /// The name.
        name: Arc<str>,
    },
    /// More of a kind than a frame's time allows.
    #[error("{got} {what}s; at most {} are allowed", Settings::MAX_ZONES)]
    TooMany {
        /// "zone", "line" or "rule".
        what: &'static str,
        /// How many were given.
        got: usize,
    },
    /// A rule names a zone or line that is not there.
    #[error("rule \"{rule}\": there is no {what} \"{name}\"")]
    NoSuchPlace {
        /// The rule.
        rule: Arc<str>,
        /// "zone" or "line".
        what: &'static str,
        /// The name it gives.
        name: Arc<str>,
    },
    /// An intrusion rule without a zone or line: the whole picture cannot be entered.
    #[error("rule \"{rule}\": intrusion needs a {what}")]
    NeedsPlace {
        /// The rule.
        rule: Arc<str>,
        /// "zone" or "line".
        what: &'static str,
    },
    /// A rule about the whole picture names a zone.
    #[error("rule \"{rule}\": {kind} takes no zone")]
    TakesNoZone {
        /// The rule.
        rule: Arc<str>,
        /// Its kind's word.
        kind: &'static str,
    },
    /// A camera fault rule that looks for nothing.
    #[error("rule \"{rule}\": camera_fault needs at least one fault")]
    NeedsFaults {
        /// The rule.
        rule: Arc<str>,
    },
    /// A duration is out of its range.
    #[error("rule \"{rule}\": {key} is {} s; allowed {} to {} s",
        got.as_secs_f32(), min.as_secs_f32(), max.as_secs_f32())]
    Duration {
        /// The rule.
        rule: Arc<str>,
        /// The setting's name: "hold", "dwell", "down", "rest", "alone", "stay" or "after".
        key: &'static str,
        /// What was given.
        got: Duration,
        /// The least allowed.
        min: Duration,
        /// The most allowed.
        max: Duration,
    },
}

impl Settings {
    /// The most zones, lines, and rules.
    pub const MAX_ZONES: usize = 32;
    /// The longest zone or rule name in bytes; an alarm carries no longer one.
    pub const MAX_NAME: usize = 48;

    /// Settings for one camera without lines.
    ///
    /// # Errors
    /// The first thing found wrong, see [`SettingsError`].
    pub fn new(
        tracker: TrackerSettings,
        zones: Vec<Zone>,
        rules: Vec<RuleSettings>,
    ) -> Result<Self, SettingsError> {
        Self::with_lines(tracker, zones, Vec::new(), rules)
    }

    /// Settings for one camera.
    ///
    /// # Errors
    /// The first thing found wrong, see [`SettingsError`].
    pub fn with_lines(
        tracker: TrackerSettings,
        zones: Vec<Zone>,
        lines: Vec<Line>,
        rules: Vec<RuleSettings>,
    ) -> Result<Self, SettingsError> {
        if let Some(light) = Light::ALL.into_iter().find(|l| !tracker.in_light(*l).is_whole()) {
            let Believed { start, keep } = tracker.in_light(light);
            return Err(SettingsError::Confidences { light, keep: keep.get(), start: start.get() });
        }
        check_names("zone", zones.iter().map(|zone| &zone.name))?;
        check_names("line", lines.iter().map(|line| &line.name))?;
        check_names("rule", rules.iter().map(|rule| &rule.name))?;
        if let Some(line) = lines.iter().find(|line| zones.iter().any(|z| z.name == line.name)) {
            return Err(SettingsError::Duplicate { what: "line", name: line.name.clone() });
        }
        let settings = Self { tracker, zones, lines, rules };
        settings.rules.iter().try_for_each(|rule| rule.check(&settings))?;
        Ok(settings)
    }

    /// The tracker's part.
    #[must_use]
    pub const fn tracker(&self) -> TrackerSettings {
        self.tracker
    }

    /// The zones in configured order.
    #[must_use]
    pub fn zones(&self) -> &[Zone] {
        &self.zones
    }

    /// The rules in configured order.
    #[must_use]
    pub fn rules(&self) -> &[RuleSettings] {
        &self.rules
    }

    /// The zone a rule watches; `None` is the whole picture.
    pub(crate) fn zone_of(&self, rule: &RuleSettings) -> Option<&Zone> {
        rule.zone.as_ref().and_then(|name| self.zones.iter().find(|zone| zone.name == *name))
    }

    /// The line a rule watches.
    pub(crate) fn line_of(&self, rule: &RuleSettings) -> Option<&Line> {
        rule.zone.as_ref().and_then(|name| self.lines.iter().find(|line| line.name == *name))
    }
}

impl RuleKind {
    /// Intrusion's usual hold.
    pub const DEFAULT_HOLD: Duration = Duration::from_millis(500);
    /// Loitering's usual dwell.
    pub const DEFAULT_DWELL: Duration = Duration::from_secs(10);
    /// A fall's usual time on the ground: whoever bends or stumbles is up again by then.
    pub const DEFAULT_DOWN: Duration = Duration::from_millis(1500);
    /// The shortest time on the ground that is not just a jump.
    pub const MIN_DOWN: Duration = Duration::from_millis(500);
    /// The longest time on the ground to wait for.
    pub const MAX_DOWN: Duration = Duration::from_secs(60);
    /// Abandonment's usual rest.
    pub const DEFAULT_REST: Duration = Duration::from_secs(3);
    /// Abandonment's usual time alone.
    pub const DEFAULT_ALONE: Duration = Duration::from_secs(5);
    /// The shortest rest that is not just a look, and the shortest time alone that is not a step.
    pub const MIN_REST: Duration = Duration::from_secs(1);
    /// The longest rest and time alone: somewhat later a thing belongs to the place.
    pub const MAX_REST: Duration = Duration::from_secs(300);
    /// Parking's usual stay: a driver who stops for up to five minutes does not park (도로교통법, 2조).
    pub const DEFAULT_STAY: Duration = Duration::from_secs(300);
    /// The shortest stay that is more than letting somebody get out.
    pub const MIN_STAY: Duration = Duration::from_secs(5);
    /// The longest stay.
    pub const MAX_STAY: Duration = Duration::from_secs(3600);
    /// The longest hold: whoever stays longer loiters.
    pub const MAX_HOLD: Duration = Duration::from_secs(60);
    /// The shortest dwell that is not just passing.
    pub const MIN_DWELL: Duration = Duration::from_secs(1);
    /// The longest dwell.
    pub const MAX_DWELL: Duration = Duration::from_secs(3600);
    /// The shortest time of a camera fault: what passes by or flickers takes less.
    pub const MIN_AFTER: Duration = Duration::from_secs(2);
    /// The longest time of a camera fault.
    pub const MAX_AFTER: Duration = Duration::from_secs(3600);
}

impl RuleSettings {
    fn check(&self, settings: &Settings) -> Result<(), SettingsError> {
        self.check_place(settings)?;
        let (key, got, min, max) = match self.kind {
            RuleKind::Crossing { .. } => return Ok(()),
            RuleKind::Intrusion { hold } => ("hold", hold, Duration::ZERO, RuleKind::MAX_HOLD),
            RuleKind::Loitering { dwell } => {
                ("dwell", dwell, RuleKind::MIN_DWELL, RuleKind::MAX_DWELL)
            }
            RuleKind::Falldown { down } => ("down", down, RuleKind::MIN_DOWN, RuleKind::MAX_DOWN),
            RuleKind::Abandonment { rest, alone } => {
                let (least, most) = (RuleKind::MIN_REST, RuleKind::MAX_REST);
                let rests = (least..=most).contains(&rest);
                let (key, got) = if rests { ("alone", alone) } else { ("rest", rest) };
                (key, got, least, most)
            }
            RuleKind::Parking { stay } => ("stay", stay, RuleKind::MIN_STAY, RuleKind::MAX_STAY),
            RuleKind::CameraFault { faults, .. } if faults.is_empty() => {
                return Err(SettingsError::NeedsFaults { rule: self.name.clone() });
            }
            RuleKind::CameraFault { after, .. } => {
                let after = after.unwrap_or(RuleKind::MIN_AFTER);
                ("after", after, RuleKind::MIN_AFTER, RuleKind::MAX_AFTER)
            }
        };
        if (min..=max).contains(&got) {
            return Ok(());
        }
        Err(SettingsError::Duration { rule: self.name.clone(), key, got, min, max })
    }

    fn check_place(&self, settings: &Settings) -> Result<(), SettingsError> {
        let rule = self.name.clone();
        let crosses = matches!(self.kind, RuleKind::Crossing { .. });
        let what = if crosses { "line" } else { "zone" };
        let there = if crosses {
            settings.line_of(self).is_some()
        } else {
            settings.zone_of(self).is_some()
        };
        match (&self.zone, self.kind) {
            (Some(_), RuleKind::CameraFault { .. }) => {
                Err(SettingsError::TakesNoZone { rule, kind: "camera_fault" })
            }
            (Some(name), _) if !there => {
                Err(SettingsError::NoSuchPlace { rule, what, name: name.clone() })
            }
            (None, RuleKind::Intrusion { .. } | RuleKind::Crossing { .. }) => {
                Err(SettingsError::NeedsPlace { rule, what })
            }
            _ => Ok(()),
        }
    }
}

fn check_names<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a Arc<str>>,
) -> Result<(), SettingsError> {
    let mut seen: Vec<&Arc<str>> = Vec::new();
    for name in names {
        if name.is_empty() || name.len() > Settings::MAX_NAME {
            return Err(SettingsError::Name { what, name: name.clone() });
        }
        if seen.contains(&name) {
            return Err(SettingsError::Duplicate { what, name: name.clone() });
        }
        seen.push(name);
    }
    if seen.len() > Settings::MAX_ZONES {
        return Err(SettingsError::TooMany { what, got: seen.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detection::Confidence;
    use crate::geometry::Point;
    use crate::polygon::Polygon;

    fn zone(name: &str) -> Zone {
        let corners = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)];
        let corners = corners.iter().map(|&(x, y)| Point { x, y }).collect();
        Zone { name: name.into(), area: Polygon::new(corners).unwrap() }
    }

    fn rule(name: &str, zone: Option<&str>, kind: RuleKind) -> RuleSettings {
        RuleSettings { name: name.into(), zone: zone.map(Into::into), schedule: None, kind }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_value_and_range() {
        let hold = |ms| RuleKind::Intrusion { hold: Duration::from_millis(ms) };
        let dwell = |secs| RuleKind::Loitering { dwell: Duration::from_secs(secs) };
        let stays = |secs| RuleKind::Parking { stay: Duration::from_secs(secs) };
        let left = |rest, alone| RuleKind::Abandonment {
            rest: Duration::from_secs(rest),
            alone: Duration::from_secs(alone),
        };
        let faults =
            |faults, secs| RuleKind::CameraFault { faults, after: Some(Duration::from_secs(secs)) };
        let lawn = vec![zone("lawn")];
        let table = [
            (vec![zone("")], vec![], "zone name \"\" has 0 bytes; allowed 1 to 48"),
            (vec![zone("a"), zone("a")], vec![], "zone name \"a\" is used twice"),
            (
                lawn.clone(),
                vec![rule("r", Some("roof"), hold(500))],
                "rule \"r\": there is no zone \"roof\"",
            ),
            (lawn.clone(), vec![rule("r", None, hold(500))], "rule \"r\": intrusion needs a zone"),
            (
                lawn.clone(),
                vec![rule("r", Some("lawn"), faults(Faults::ALL, 10))],
                "rule \"r\": camera_fault takes no zone",
            ),
            (
                vec![],
                vec![rule("r", None, faults(Faults::from_iter([]), 10))],
                "rule \"r\": camera_fault needs at least one fault",
            ),
            (
                vec![],
                vec![rule("r", None, faults(Faults::ALL, 1))],
                "rule \"r\": after is 1 s; allowed 2 to 3600 s",
            ),
            (
                lawn,
                vec![rule("r", Some("lawn"), hold(60_001))],
                "rule \"r\": hold is 60.001 s; allowed 0 to 60 s",
            ),
            (
                vec![],
                vec![rule("r", None, left(0, 5))],
                "rule \"r\": rest is 0 s; allowed 1 to 300 s",
            ),
            (
                vec![],
                vec![rule("r", None, left(3, 301))],
                "rule \"r\": alone is 301 s; allowed 1 to 300 s",
            ),
            (
                vec![],
                vec![rule("r", None, stays(3601))],
                "rule \"r\": stay is 3601 s; allowed 5 to 3600 s",
            ),
            (
                vec![],
                vec![rule("r", None, dwell(0))],
                "rule \"r\": dwell is 0 s; allowed 1 to 3600 s",
            ),
            (
                vec![],
                (0..33).map(|i| rule(&format!("r{i}"), None, dwell(10))).collect(),
                "33 rules; at most 32 are allowed",
            ),
        ];
        for (zones, rules, expected) in table {
            let error = Settings::new(TrackerSettings::default(), zones, rules).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn confidences_stand_in_order() {
        let confidence = |score| Confidence::new(score).unwrap();
        for (start, keep) in [(0.4, 0.0), (0.2, 0.4)] {
            let wrong = Believed { start: confidence(start), keep: confidence(keep) };
            let tracker = TrackerSettings::default().with(Light::Dusk, wrong);
            let error = Settings::new(tracker, vec![], vec![]).unwrap_err();
            assert_eq!(error, SettingsError::Confidences { light: Light::Dusk, keep, start });
        }
    }
}
