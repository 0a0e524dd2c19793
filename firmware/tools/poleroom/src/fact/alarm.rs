//! An alarm as it is stored and told: plain names, plain units.
//!
//! Promises: coordinates and scores are shares from 0 to 1, times milliseconds since 1970 in UTC.
//! Refuses: to round measured values; one just below its threshold must not read as one above.

use serde::Serialize;
use wire::Appended;
use wire::alarm::{Alarm, Bounds, Kind, Measurement, Object, PathPoint, Phase};
use wire::evidence::{Light, Sights};

use super::{Origin, hex, quality_word};

/// [`super::Fact::Alarm`], and a line of `alarms/DATE.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct AlarmLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) boot: u32,
    pub(crate) number: u64,
    pub(crate) event_boot: u32,
    pub(crate) event_number: u64,
    /// "begin", "update", "end".
    pub(crate) phase: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) kind_ko: &'static str,
    pub(crate) camera: String,
    pub(crate) rule: String,
    pub(crate) zone: Option<String>,
    pub(crate) onset_unix_ms: i64,
    pub(crate) onset_quality: &'static str,
    pub(crate) detected_unix_ms: i64,
    pub(crate) detected_quality: &'static str,
    pub(crate) received_unix_ms: i64,
    /// Sent late; none from boxes that do not tell.
    pub(crate) historical: Option<bool>,
    /// To be added to the onset and the detection, when the box knew that at the sending.
    pub(crate) shift_ms: Option<i64>,
    /// The number of the alarm before it, 0 for the first; none from boxes that do not tell.
    pub(crate) previous: Option<u64>,
    pub(crate) measurement: Option<MeasurementLine>,
    /// "day", "dusk", "night_ir", "dark"; none from boxes that do not tell.
    pub(crate) light: Option<&'static str>,
    pub(crate) objects: Vec<ObjectLine>,
    pub(crate) still_follows: bool,
    pub(crate) clip_follows: bool,
    pub(crate) model: String,
    pub(crate) config: String,
    pub(crate) firmware: String,
}

impl AlarmLine {
    pub(crate) fn new(
        origin: Origin,
        received_unix_ms: i64,
        alarm: &Alarm,
        appended: &Appended,
    ) -> Self {
        let Appended { evidence, sequence, delivery } = appended;
        let sights = |at: usize| evidence.as_ref().and_then(|evidence| evidence.sights.get(at));
        let objects = alarm.objects.iter().enumerate();
        Self {
            origin,
            boot: alarm.record.boot,
            number: alarm.record.number,
            event_boot: alarm.event.boot,
            event_number: alarm.event.number,
            phase: phase_word(alarm.phase),
            kind: kind_word(alarm.kind),
            kind_ko: kind_ko(alarm.kind),
            camera: alarm.camera.to_string(),
            rule: alarm.rule.to_string(),
            zone: alarm.zone.as_ref().map(ToString::to_string),
            onset_unix_ms: alarm.onset.unix_ms,
            onset_quality: quality_word(alarm.onset.quality),
            detected_unix_ms: alarm.detected.unix_ms,
            detected_quality: quality_word(alarm.detected.quality),
            received_unix_ms,
            historical: delivery.map(|delivery| delivery.historical),
            shift_ms: delivery.and_then(|delivery| delivery.shift_ms),
            previous: sequence.map(|sequence| sequence.previous),
            measurement: alarm.measurement.as_ref().map(MeasurementLine::new),
            light: evidence.as_ref().map(|evidence| light_word(evidence.light)),
            objects: objects.map(|(at, object)| ObjectLine::new(object, sights(at))).collect(),
            still_follows: alarm.still_follows,
            clip_follows: alarm.clip_follows,
            model: hex(&alarm.model),
            config: hex(&alarm.config),
            firmware: alarm.firmware.to_string(),
        }
    }
}

/// Why an alarm was raised.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MeasurementLine {
    pub(crate) quantity: String,
    pub(crate) value: f32,
    pub(crate) threshold: f32,
    pub(crate) unit: String,
}

impl MeasurementLine {
    fn new(measurement: &Measurement) -> Self {
        let Measurement { quantity, value, threshold, unit } = measurement;
        let (quantity, unit) = (quantity.to_string(), unit.to_string());
        Self { quantity, value: *value, threshold: *threshold, unit }
    }
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ObjectLine {
    pub(crate) track: u64,
    pub(crate) class: String,
    /// Left, top, right, bottom in 0 to 1.
    pub(crate) bounds: [f64; 4],
    /// 0 to 1.
    pub(crate) confidence: f64,
    /// `[milliseconds before detection, x, y]`, oldest first.
    pub(crate) path: Vec<(u32, f64, f64)>,
    /// None from boxes that do not tell.
    pub(crate) sights: Option<SightsLine>,
}

/// How well somebody was seen up to the deciding frame.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SightsLine {
    /// Frames with and without them.
    pub(crate) seen: u32,
    pub(crate) missed: u32,
    /// The last scores, oldest first, 0 to 1.
    pub(crate) scores: Vec<f64>,
}

impl SightsLine {
    fn new(sights: &Sights) -> Self {
        let scores = sights.scores.iter().map(|&score| rounded(f64::from(score) / 255.0));
        Self { seen: sights.seen, missed: sights.missed, scores: scores.collect() }
    }
}

impl ObjectLine {
    fn new(object: &Object, sights: Option<&Sights>) -> Self {
        let Bounds { left, top, right, bottom } = object.bounds;
        let point = |p: &PathPoint| (p.age_ms, share(p.x), share(p.y));
        Self {
            track: object.track,
            class: object.class.to_string(),
            bounds: [left, top, right, bottom].map(share),
            confidence: rounded(f64::from(object.confidence) / 255.0),
            path: object.path.iter().map(point).collect(),
            sights: sights.map(SightsLine::new),
        }
    }
}

/// The stored and printed word of a kind.
fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Intrusion => "intrusion",
        Kind::Loitering => "loitering",
        Kind::Falldown => "falldown",
        Kind::Abandonment => "abandonment",
        Kind::CameraFault => "camera_fault",
        Kind::Tamper => "tamper",
        Kind::Parking => "parking",
    }
}

fn kind_ko(kind: Kind) -> &'static str {
    match kind {
        Kind::Intrusion => "침입",
        Kind::Loitering => "배회",
        Kind::Falldown => "쓰러짐",
        Kind::Abandonment => "유기",
        Kind::CameraFault => "카메라 이상",
        Kind::Tamper => "함체 열림",
        Kind::Parking => "주정차",
    }
}

fn light_word(light: Light) -> &'static str {
    match light {
        Light::Day => "day",
        Light::Dusk => "dusk",
        Light::NightIr => "night_ir",
        Light::Dark => "dark",
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}

/// A coordinate in 1/65535 as a share of the picture.
fn share(coordinate: u16) -> f64 {
    rounded(f64::from(coordinate) / f64::from(u16::MAX))
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
