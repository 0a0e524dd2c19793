//! What happened, in the shape scripts read: one JSON object a line, `what` says of which kind.
//!
//! Promises: field names and units stand in docs/wire.md and do not change. The alarm's object is also
//! the stored line. Refuses: to be read back by this program beyond its record's numbers.

use serde::Serialize;
use wire::alarm::{Alarm, Bounds, ClockQuality, Kind, Measurement, Object, PathPoint, Phase};
use wire::health::{Health, Report, State};
use wire::{BoxAddress, EventRef, RecordId};

use crate::civil::UtcOffset;

/// Something an operator or a script may want to know.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(crate) enum Fact {
    /// The program runs; its store is open.
    Started(Started),
    /// The broker was found or lost.
    Broker(Broker),
    /// An alarm is on disk.
    Alarm(Box<AlarmLine>),
    /// A still is on disk and checked.
    Still(MediaStored),
    /// A clip is on disk and checked.
    Clip(MediaStored),
    /// A file was not stored.
    Media(MediaTrouble),
    /// A record came a second time.
    Duplicate(Duplicate),
    /// A message of a later version.
    Newer(Box<NewerLine>),
    /// A box's state has changed.
    Health(Box<HealthLine>),
    /// Something that cannot be used.
    Garbage(Garbage),
    /// The store cannot be written, or can again.
    Disk(Disk),
    /// A clean end.
    Stopped(Stopped),
}

/// When and whose: the first fields of whatever comes from a box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Origin {
    /// When the room received it, RFC 3339.
    pub(crate) at: String,
    /// The site.
    pub(crate) site: String,
    /// The box.
    #[serde(rename = "box")]
    pub(crate) box_name: String,
}

impl Origin {
    pub(crate) fn new(received_unix_ms: i64, offset: UtcOffset, address: &BoxAddress) -> Self {
        Self {
            at: offset.civil(received_unix_ms).stamp(),
            site: address.site.to_string(),
            box_name: address.box_name.to_string(),
        }
    }
}

/// [`Fact::Started`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Started {
    pub(crate) at: String,
    pub(crate) store: String,
    /// Alarms found in the store.
    pub(crate) alarms: u64,
    /// Stills and clips found in the store.
    pub(crate) files: u64,
}

/// [`Fact::Broker`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Broker {
    pub(crate) at: String,
    pub(crate) broker: String,
    /// "connected" or "lost".
    pub(crate) state: &'static str,
    /// Whether the broker kept the session; or why it was lost.
    pub(crate) detail: String,
    /// When the next attempt is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_ms: Option<u64>,
}

/// [`Fact::Alarm`], and a line of `alarms/DATE.jsonl`.
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
    pub(crate) measurement: Option<MeasurementLine>,
    pub(crate) objects: Vec<ObjectLine>,
    pub(crate) still_follows: bool,
    pub(crate) clip_follows: bool,
    pub(crate) model: String,
    pub(crate) config: String,
    pub(crate) firmware: String,
}

impl AlarmLine {
    pub(crate) fn new(origin: Origin, received_unix_ms: i64, alarm: &Alarm) -> Self {
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
            measurement: alarm.measurement.as_ref().map(MeasurementLine::new),
            objects: alarm.objects.iter().map(ObjectLine::new).collect(),
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
}

impl ObjectLine {
    fn new(object: &Object) -> Self {
        let Bounds { left, top, right, bottom } = object.bounds;
        let point = |p: &PathPoint| (p.age_ms, share(p.x), share(p.y));
        Self {
            track: object.track,
            class: object.class.to_string(),
            bounds: [left, top, right, bottom].map(share),
            confidence: rounded(f64::from(object.confidence) / 255.0),
            path: object.path.iter().map(point).collect(),
        }
    }
}

/// [`Fact::Still`] and [`Fact::Clip`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MediaStored {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) boot: u32,
    pub(crate) number: u64,
    pub(crate) event_boot: u32,
    pub(crate) event_number: u64,
    pub(crate) bytes: u32,
    pub(crate) sha256: String,
    /// Below the store's folder.
    pub(crate) file: String,
    pub(crate) received_unix_ms: i64,
}

/// [`Fact::Media`]: a file was not stored, and what was done about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MediaTrouble {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) boot: u32,
    pub(crate) number: u64,
    /// "wrong SHA-256", "no room", "disk".
    pub(crate) reason: String,
    /// "send_again" or "refused".
    pub(crate) answer: &'static str,
}

/// [`Fact::Duplicate`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Duplicate {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    /// "alarm" or "media".
    pub(crate) of: &'static str,
    pub(crate) boot: u32,
    pub(crate) number: u64,
}

/// [`Fact::Newer`], and a line of `newer/DATE.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct NewerLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) version: u8,
    pub(crate) boot: u32,
    pub(crate) number: u64,
    pub(crate) received_unix_ms: i64,
    /// The whole payload.
    pub(crate) payload_hex: String,
}

/// [`Fact::Health`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HealthLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    /// "online" or "offline".
    pub(crate) state: &'static str,
    #[serde(flatten)]
    pub(crate) report: Option<ReportLine>,
}

/// What an online box says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportLine {
    pub(crate) boot: u32,
    pub(crate) camera: String,
    pub(crate) firmware: String,
    pub(crate) made_unix_ms: i64,
    pub(crate) made_quality: &'static str,
    pub(crate) uptime_s: u64,
    pub(crate) frames: u64,
    pub(crate) unacknowledged: u32,
    pub(crate) parts: Vec<PartLine>,
}

/// One part of a box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PartLine {
    pub(crate) name: String,
    /// "ok", "warn", "fail".
    pub(crate) state: &'static str,
    pub(crate) detail: String,
}

impl HealthLine {
    pub(crate) fn new(origin: Origin, health: &Health) -> Self {
        match health {
            Health::Offline => Self { origin, state: "offline", report: None },
            Health::Online(report) => {
                Self { origin, state: "online", report: Some(ReportLine::new(report)) }
            }
        }
    }
}

impl ReportLine {
    fn new(report: &Report) -> Self {
        let parts = report.parts.iter().map(|part| PartLine {
            name: part.name.to_string(),
            state: state_word(part.state),
            detail: part.detail.to_string(),
        });
        Self {
            boot: report.boot,
            camera: report.camera.to_string(),
            firmware: report.firmware.to_string(),
            made_unix_ms: report.at.unix_ms,
            made_quality: quality_word(report.at.quality),
            uptime_s: report.uptime_s,
            frames: report.frames,
            unacknowledged: report.unacknowledged,
            parts: parts.collect(),
        }
    }
}

/// [`Fact::Garbage`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Garbage {
    pub(crate) at: String,
    pub(crate) topic: String,
    /// One word for the reason, stable.
    pub(crate) reason: &'static str,
    /// The reason in a sentence.
    pub(crate) detail: String,
    /// How often this box has sent this so far.
    pub(crate) count: u64,
}

/// [`Fact::Disk`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Disk {
    pub(crate) at: String,
    /// "failing" or "working".
    pub(crate) state: &'static str,
    pub(crate) detail: String,
}

/// [`Fact::Stopped`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Stopped {
    pub(crate) at: String,
    pub(crate) reason: String,
}

/// `boot-number`, as operators and file names have it.
pub(crate) fn record_words(record: RecordId) -> String {
    format!("{}-{}", record.boot, record.number)
}

/// `boot-number` of an event.
pub(crate) fn event_words(event: EventRef) -> String {
    format!("{}-{}", event.boot, event.number)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The stored and printed word of a kind.
pub(crate) fn kind_word(kind: Kind) -> &'static str {
    match kind {
        Kind::Intrusion => "intrusion",
        Kind::Loitering => "loitering",
        Kind::Falldown => "falldown",
        Kind::Abandonment => "abandonment",
        Kind::CameraFault => "camera_fault",
        Kind::Tamper => "tamper",
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
    }
}

fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}

fn quality_word(quality: ClockQuality) -> &'static str {
    match quality {
        ClockQuality::Unknown => "unknown",
        ClockQuality::FreeRunning => "free_running",
        ClockQuality::Synchronized => "synchronized",
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "fail",
    }
}

/// A coordinate in 1/65535 as a share of the picture.
fn share(coordinate: u16) -> f64 {
    rounded(f64::from(coordinate) / f64::from(u16::MAX))
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
