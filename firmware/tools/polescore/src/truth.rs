//! What a person wrote down about a clip: its events, its zones and what not to count.
//!
//! Promises: a truth that was read is whole (times finite and in order, its clip there). Refuses:
//! anything else, in one line that names the file and what is wrong in it. Keys it does not know
//! (source, licence, notes) are left alone.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The kinds of event that are scored, in the truth files' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EventType {
    Fall,
    Loiter,
    Abandon,
    Intrusion,
    /// Something wrong with the camera: a clip whose truth does not tell of it has a whole one.
    Camera,
}

/// One clip's truth.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Truth {
    /// The clip's file name, beside the truth file.
    pub(crate) clip: String,
    pub(crate) duration_s: f64,
    /// Normalized corners by zone name.
    #[serde(default)]
    pub(crate) zones: BTreeMap<String, Vec<[f64; 2]>>,
    pub(crate) events: Vec<TrueEvent>,
    #[serde(default)]
    pub(crate) ignore: Vec<Interval>,
    #[serde(default)]
    pub(crate) negatives_for: Vec<EventType>,
    /// By how much a label may be wrong, per type.
    #[serde(default)]
    pub(crate) label_tolerance_s: BTreeMap<EventType, f64>,
}

/// Something that happened.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TrueEvent {
    #[serde(rename = "type")]
    pub(crate) kind: EventType,
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
    /// Abandonment: when the owner walked off, which is before `start_s`.
    pub(crate) owner_leaves_s: Option<f64>,
    /// Fall: how long the person can be seen lying.
    pub(crate) down_visible_s: Option<f64>,
}

/// A time in which alarms of one type count neither as true nor as false.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Interval {
    #[serde(rename = "type")]
    pub(crate) kind: EventType,
    pub(crate) start_s: f64,
    pub(crate) end_s: f64,
}

/// Why a truth file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum TruthError {
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{}: {reason}", path.display())]
    Malformed { path: PathBuf, reason: serde_json::Error },
    #[error("{}: {what}", path.display())]
    Wrong { path: PathBuf, what: String },
}

impl EventType {
    /// Every type, in the order of the tables.
    pub(crate) const ALL: [Self; 5] =
        [Self::Fall, Self::Loiter, Self::Abandon, Self::Intrusion, Self::Camera];

    /// The word in truth files and results.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Fall => "fall",
            Self::Loiter => "loiter",
            Self::Abandon => "abandon",
            Self::Intrusion => "intrusion",
            Self::Camera => "camera",
        }
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Truth {
    /// Reads and checks the truth file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, is not a truth, or contradicts itself.
    pub(crate) fn read(path: &Path) -> Result<Self, TruthError> {
        let text = fs::read_to_string(path)
            .map_err(|reason| TruthError::Unreadable { path: path.into(), reason })?;
        let truth: Self = serde_json::from_str(&text)
            .map_err(|reason| TruthError::Malformed { path: path.into(), reason })?;
        truth.check(path).map_err(|what| TruthError::Wrong { path: path.into(), what })?;
        Ok(truth)
    }

    /// By how much labels of this type may be wrong, in seconds.
    pub(crate) fn tolerance_s(&self, kind: EventType) -> f64 {
        self.label_tolerance_s.get(&kind).copied().unwrap_or(0.0)
    }

    fn check(&self, path: &Path) -> Result<(), String> {
        if Path::new(&self.clip).file_name().is_none_or(|name| name != self.clip.as_str()) {
            return Err(format!("clip \"{}\" is not a file name", self.clip));
        }
        if !path.with_file_name(&self.clip).is_file() {
            return Err(format!("its clip {} is not beside it", self.clip));
        }
        if !(self.duration_s.is_finite() && self.duration_s > 0.0) {
            return Err(format!("duration_s is {}, must be above 0", self.duration_s));
        }
        let events = self.events.iter().map(|event| ("events", event.start_s, event.end_s));
        let ignored = self.ignore.iter().map(|span| ("ignore", span.start_s, span.end_s));
        for (list, start, end) in events.chain(ignored) {
            if !(start.is_finite() && end.is_finite() && 0.0 <= start && start <= end) {
                return Err(format!("{list}: {start} to {end} s is not a time in the clip"));
            }
        }
        for (kind, tolerance) in &self.label_tolerance_s {
            if !(tolerance.is_finite() && *tolerance >= 0.0) {
                return Err(format!("label_tolerance_s.{kind} is {tolerance}, must be 0 or more"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_truth_file_is_named_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.mp4"), "").unwrap();
        let table = [
            ("{", "EOF while parsing"),
            (r#"{"clip":"a.mp4","duration_s":5}"#, "missing field `events`"),
            (
                r#"{"clip":"a.mp4","duration_s":5,"events":[{"type":"jump"}]}"#,
                "unknown variant `jump`",
            ),
            (r#"{"clip":"b.mp4","duration_s":5,"events":[]}"#, "its clip b.mp4 is not beside it"),
            (
                r#"{"clip":"../a.mp4","duration_s":5,"events":[]}"#,
                "clip \"../a.mp4\" is not a file name",
            ),
            (
                r#"{"clip":"a.mp4","duration_s":5,
                    "events":[{"type":"fall","start_s":3,"end_s":2}]}"#,
                "events: 3 to 2 s is not a time in the clip",
            ),
            (r#"{"clip":"a.mp4","duration_s":0,"events":[]}"#, "duration_s is 0, must be above 0"),
        ];
        let path = dir.path().join("a.json");
        for (text, expected) in table {
            fs::write(&path, text).unwrap();
            let error = Truth::read(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            assert!(error.starts_with(&path.display().to_string()), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
