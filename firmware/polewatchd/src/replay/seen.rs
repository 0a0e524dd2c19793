//! What was seen: all that the rules are told of each frame, as a file of JSON lines.
//!
//! Promises: what is read back is to the bit what was written, so the same rules decide the same.
//! Refuses: pixels; a rule that looks at those needs the recording. docs/events.md gives the fields.

mod pose_part;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::geometry::NormBox;
use analytics::pose::Pose;
use analytics::scene::Observations;
use analytics::scene::light::Light;
use analytics::scene::resting::{Change, RestingThing};
use analytics::scene::view::{Likeness, View};
use analytics::schedule::{Day, WeekTime};
use analytics::settings::{Believed, TrackerSettings};
use analytics::time::FrameTime;
use serde::{Deserialize, Serialize};

use super::event_line::sides;
use crate::analysis::Step;
use pose_part::PosePart;

/// The longest line that is read: some 50,000 detections in one frame.
const LONGEST: u64 = 8 * 1024 * 1024;

/// What the rules were told of one frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) at: FrameTime,
    pub(super) detections: Vec<Detection>,
    /// What a closer look found, when a rule had asked for one.
    pub(super) closer: Vec<Detection>,
    /// The pose a rule had asked for.
    pub(super) pose: Option<Pose>,
    pub(super) observations: Observations,
}

/// What was seen, on its way from a file.
#[derive(Debug)]
pub(super) struct SeenFile {
    path: PathBuf,
    lines: BufReader<File>,
    line: usize,
    recording: String,
    tracker: TrackerSettings,
}

/// Why a file of what was seen cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeenError {
    /// The file.
    #[error("{}: cannot be read: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// One line of it.
    #[error("{}: line {line}: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
}

/// The first line: what holds for all that follow.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    /// The recording's file name.
    recording: String,
    /// The scores from which on the detector was believed, in each light.
    believed: BTreeMap<Cow<'static, str>, BelievedPart>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BelievedPart {
    start_confidence: f32,
    keep_confidence: f32,
}

/// One frame; numbers are written so that they are read back exactly.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeenLine {
    at_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    local: Option<LocalPart>,
    light: Cow<'static, str>,
    view: ViewPart,
    aspect: f32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    resting: Vec<ThingPart>,
    detections: Vec<DetectionPart>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    closer: Vec<DetectionPart>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pose: Option<PosePart>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LocalPart {
    day: Cow<'static, str>,
    second: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ViewPart {
    black: f32,
    white: f32,
    changed: Option<f32>,
    flat: f32,
    likeness: Option<LikenessPart>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LikenessPart {
    displaced: f32,
    contrast: f32,
    sharpness: f32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ThingPart {
    id: u64,
    #[serde(rename = "box")]
    bounds: [f32; 4],
    ground_seen_s: f64,
    first_seen_s: f64,
    settled_s: f64,
    visible: bool,
    change: Cow<'static, str>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DetectionPart {
    class: Cow<'static, str>,
    confidence: f32,
    #[serde(rename = "box")]
    bounds: [f32; 4],
}

impl SeenFile {
    /// Opens the file and reads its first line.
    pub(super) fn open(path: &Path) -> Result<Self, SeenError> {
        let file = File::open(path)
            .map_err(|source| SeenError::Unreadable { path: path.to_owned(), source })?;
        let mut seen = Self {
            path: path.to_owned(),
            lines: BufReader::new(file),
            line: 0,
            recording: String::new(),
            tracker: TrackerSettings::default(),
        };
        let first = seen.text()?.ok_or_else(|| seen.malformed(&"is not there"))?;
        let opening: Opening =
            serde_json::from_str(&first).map_err(|error| seen.malformed(&error))?;
        seen.tracker = opening.tracker().map_err(|what| seen.malformed(&what))?;
        seen.recording = opening.recording;
        Ok(seen)
    }

    /// The recording's file name.
    pub(super) fn recording(&self) -> &str {
        &self.recording
    }

    /// The scores from which on the detector was believed.
    pub(super) const fn tracker(&self) -> TrackerSettings {
        self.tracker
    }

    fn text(&mut self) -> Result<Option<String>, SeenError> {
        let mut text = String::new();
        let read = self.lines.by_ref().take(LONGEST).read_line(&mut text);
        let read =
            read.map_err(|source| SeenError::Unreadable { path: self.path.clone(), source })?;
        self.line += 1;
        if read as u64 == LONGEST {
            return Err(self.malformed(&format_args!("is longer than {LONGEST} bytes")));
        }
        Ok((read > 0).then_some(text))
    }

    fn malformed(&self, what: &impl ToString) -> SeenError {
        SeenError::Malformed { path: self.path.clone(), line: self.line, what: what.to_string() }
    }
}

impl Iterator for SeenFile {
    type Item = Result<Seen, SeenError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.text().transpose()?;
        let seen = text.and_then(|text| {
            let line = serde_json::from_str::<SeenLine>(&text);
            let line = line.map_err(|error| self.malformed(&error))?;
            Seen::try_from(line).map_err(|what| self.malformed(&what))
        });
        Some(seen)
    }
}

impl Opening {
    pub(super) fn new(recording: &str, tracker: TrackerSettings) -> Self {
        Self {
            recording: recording.to_owned(),
            believed: Light::ALL
                .map(|light| (light.word().into(), tracker.in_light(light).into()))
                .into(),
        }
    }

    fn tracker(&self) -> Result<TrackerSettings, String> {
        let mut tracker = TrackerSettings::default();
        for light in Light::ALL {
            let word = light.word();
            let part = self.believed.get(word).ok_or_else(|| format!("light {word} is missing"))?;
            let believed = part.believed()?;
            let Believed { start, keep } = believed;
            if !(keep.get() > 0.0 && keep <= start) {
                let (start, keep) = (start.get(), keep.get());
                return Err(format!(
                    "{word}: expected a keep_confidence above 0 and at most {start}, got {keep}"
                ));
            }
            tracker = tracker.with(light, believed);
        }
        Ok(tracker)
    }
}

impl BelievedPart {
    fn believed(self) -> Result<Believed, String> {
        let (start, keep) = (confidence(self.start_confidence)?, confidence(self.keep_confidence)?);
        Ok(Believed { start, keep })
    }
}

impl From<Believed> for BelievedPart {
    fn from(believed: Believed) -> Self {
        let Believed { start, keep } = believed;
        Self { start_confidence: start.get(), keep_confidence: keep.get() }
    }
}

impl SeenLine {
    pub(super) fn new(at: FrameTime, step: &Step<'_>) -> Self {
        let Observations { light, view, aspect, ref resting, local } = step.observations;
        Self {
            at_s: at.as_secs_f64(),
            local: local.map(LocalPart::from),
            light: light.word().into(),
            view: view.into(),
            aspect,
            resting: resting.iter().map(ThingPart::from).collect(),
            detections: step.detections.iter().map(DetectionPart::from).collect(),
            closer: step.closer.iter().map(DetectionPart::from).collect(),
            pose: step.pose.map(PosePart::from),
        }
    }
}

impl TryFrom<SeenLine> for Seen {
    type Error = String;

    fn try_from(line: SeenLine) -> Result<Self, String> {
        let light = Light::of_word(&line.light)
            .ok_or_else(|| format!("light \"{}\" is not known", line.light))?;
        let resting = line.resting.into_iter().map(RestingThing::try_from);
        let observations = Observations {
            light,
            view: line.view.into(),
            aspect: line.aspect,
            resting: resting.collect::<Result<_, _>>()?,
            local: line.local.map(WeekTime::try_from).transpose()?,
        };
        let detections = |parts: Vec<DetectionPart>| {
            parts.into_iter().map(Detection::try_from).collect::<Result<_, String>>()
        };
        Ok(Self {
            at: time(line.at_s)?,
            detections: detections(line.detections)?,
            closer: detections(line.closer)?,
            pose: line.pose.map(Pose::try_from).transpose()?,
            observations,
        })
    }
}

impl From<WeekTime> for LocalPart {
    fn from(local: WeekTime) -> Self {
        Self { day: local.day().word().into(), second: local.second() }
    }
}

impl TryFrom<LocalPart> for WeekTime {
    type Error = String;

    fn try_from(part: LocalPart) -> Result<Self, String> {
        let LocalPart { day, second } = part;
        let since_midnight = Duration::from_secs(second.into());
        let known = Day::of_word(&day).and_then(|day| Self::new(day, since_midnight));
        known.ok_or_else(|| format!("local time {day} {second} s is not known"))
    }
}

impl From<View> for ViewPart {
    fn from(view: View) -> Self {
        let View { black, white, changed, flat, likeness } = view;
        let likeness = likeness.map(|Likeness { displaced, contrast, sharpness }| LikenessPart {
            displaced,
            contrast,
            sharpness,
        });
        Self { black, white, changed, flat, likeness }
    }
}

impl From<ViewPart> for View {
    fn from(part: ViewPart) -> Self {
        let ViewPart { black, white, changed, flat, likeness } = part;
        let likeness = likeness.map(|LikenessPart { displaced, contrast, sharpness }| Likeness {
            displaced,
            contrast,
            sharpness,
        });
        Self { black, white, changed, flat, likeness }
    }
}

impl From<&RestingThing> for ThingPart {
    fn from(thing: &RestingThing) -> Self {
        Self {
            id: thing.id,
            bounds: sides(&thing.bounds),
            ground_seen_s: thing.ground_seen.as_secs_f64(),
            first_seen_s: thing.first_seen.as_secs_f64(),
            settled_s: thing.settled.as_secs_f64(),
            visible: thing.visible,
            change: thing.change.word().into(),
        }
    }
}

impl TryFrom<ThingPart> for RestingThing {
    type Error = String;

    fn try_from(part: ThingPart) -> Result<Self, String> {
        let change = Change::of_word(&part.change)
            .ok_or_else(|| format!("change \"{}\" is not known", part.change))?;
        Ok(Self {
            id: part.id,
            bounds: bounds(part.bounds)?,
            ground_seen: time(part.ground_seen_s)?,
            first_seen: time(part.first_seen_s)?,
            settled: time(part.settled_s)?,
            visible: part.visible,
            change,
        })
    }
}

impl From<&Detection> for DetectionPart {
    fn from(detection: &Detection) -> Self {
        Self {
            class: detection.class.word().into(),
            confidence: detection.confidence.get(),
            bounds: sides(&detection.bounds),
        }
    }
}

impl TryFrom<DetectionPart> for Detection {
    type Error = String;

    fn try_from(part: DetectionPart) -> Result<Self, String> {
        let class = ObjectClass::of_word(&part.class)
            .ok_or_else(|| format!("class \"{}\" is not known", part.class))?;
        let confidence = confidence(part.confidence)?;
        Ok(Self { class, confidence, bounds: bounds(part.bounds)? })
    }
}

fn confidence(score: f32) -> Result<Confidence, String> {
    let known = (0.0..=1.0).contains(&score).then(|| Confidence::new(score)).flatten();
    known.ok_or_else(|| format!("confidence {score} does not lie between 0 and 1"))
}

fn bounds(sides: [f32; 4]) -> Result<NormBox, String> {
    let [left, top, right, bottom] = sides;
    NormBox::new(left, top, right, bottom)
        .ok_or_else(|| format!("box {sides:?} has no area inside the picture"))
}

/// Seconds back to the microseconds they were: exact up to 10^15 of those, 31 years.
fn time(seconds: f64) -> Result<FrameTime, String> {
    let micros = seconds * 1e6;
    if !(0.0..1e15).contains(&micros) {
        return Err(format!("{seconds} s is not a time in a recording"));
    }
    Ok(FrameTime::from_micros(micros.round() as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Any number a measurement can be: what is no number is never written.
    fn finite() -> impl Strategy<Value = f32> {
        any::<f32>().prop_filter("JSON has no other", |value| value.is_finite())
    }

    #[test]
    fn confidences_no_tracker_takes_are_told_with_file_and_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("seen.jsonl");
        let lights = Light::ALL.map(|light| {
            format!(r#""{}":{{"start_confidence":0.1,"keep_confidence":0.2}}"#, light.word())
        });
        let opening = format!(r#"{{"recording":"a.mp4","believed":{{{}}}}}"#, lights.join(","));
        std::fs::write(&path, opening).expect("a file");
        let error = SeenFile::open(&path).expect_err("0.2 is above 0.1").to_string();
        let what = "expected a keep_confidence above 0 and at most 0.1, got 0.2";
        assert!(error.ends_with(&format!("seen.jsonl: line 1: day: {what}")), "{error}");
    }

    proptest! {
        #[test]
        fn numbers_come_back_to_the_bit(value in finite(), micros in 0_u64..1_000_000_000_000_000) {
            let text = serde_json::to_string(&value).expect("a number is JSON");
            let back: f32 = serde_json::from_str(&text).expect("and comes back");
            prop_assert_eq!(back.to_bits(), value.to_bits());
            let at = FrameTime::from_micros(micros);
            let text = serde_json::to_string(&at.as_secs_f64()).expect("a number is JSON");
            let back = serde_json::from_str(&text).expect("and comes back");
            prop_assert_eq!(time(back), Ok(at));
        }
    }
}
