//! An alarm: what happened, where, when, how sure, and why.
//!
//! Promises: enough for an operator to judge it without asking the box back. Refuses: pictures
//! (they follow as media of the same event) and anything that names a person.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::record::{EventRef, RecordId};
pub use crate::text::{Label, Name};

/// The most objects an alarm lists.
pub const MAX_OBJECTS: usize = 8;
/// The most points of an object's path.
pub const MAX_PATH: usize = 16;

/// The alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// This record.
    pub record: RecordId,
    /// The event it tells of; the same in begin, update and end, and in its still and clip.
    pub event: EventRef,
    /// Begin, update or end.
    pub phase: Phase,
    /// What happened.
    pub kind: Kind,
    /// The camera's name for people, Korean as a rule.
    pub camera: Label,
    /// The configured name of the rule that decided.
    pub rule: Name,
    /// The configured name of the zone; `None` is the whole picture.
    pub zone: Option<Name>,
    /// When it happened (KISA's start time).
    pub onset: WallTime,
    /// When the deciding frame was taken.
    pub detected: WallTime,
    /// Why.
    pub measurement: Option<Measurement>,
    /// Who, most involved first.
    pub objects: Vec<Object, MAX_OBJECTS>,
    /// A still of the deciding frame follows as media of this event.
    pub still_follows: bool,
    /// A clip follows as media of this event.
    pub clip_follows: bool,
    /// First eight bytes of the SHA-256 of the model that ran when it was decided; zeros for the box's
    /// own events, which no model decides.
    pub model: [u8; 8],
    /// First eight bytes of the configuration's SHA-256.
    pub config: [u8; 8],
    /// The firmware's version.
    pub firmware: Name,
}

/// How far a wall-clock time can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClockQuality {
    /// The box does not know.
    Unknown,
    /// Set once, not disciplined now.
    FreeRunning,
    /// Disciplined by a time server.
    Synchronized,
}

/// Wall time as the box knew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallTime {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: i64,
    /// How far to trust it.
    pub quality: ClockQuality,
}

/// What happened. KISA's AlarmDescription words are given by [`Kind::kisa`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// 침입.
    Intrusion,
    /// 배회.
    Loitering,
    /// 쓰러짐.
    Falldown,
    /// 유기.
    Abandonment,
    /// 카메라 이상.
    CameraFault,
    /// 함체 열림: the box's door is open.
    Tamper,
    /// 주정차: a vehicle stands where it may not. Since version 2.
    Parking,
}

impl Kind {
    /// Every kind, in the order of their numbers on the wire.
    pub const ALL: [Self; 7] = [
        Self::Intrusion,
        Self::Loitering,
        Self::Falldown,
        Self::Abandonment,
        Self::CameraFault,
        Self::Tamper,
        Self::Parking,
    ];

    /// KISA's AlarmDescription word, case-sensitive; `None` for what KISA does not test.
    pub fn kisa(self) -> Option<&'static str> {
        match self {
            Self::Intrusion => Some("Intrusion"),
            Self::Loitering => Some("Loitering"),
            Self::Falldown => Some("Falldown"),
            Self::Abandonment => Some("Abandonment"),
            Self::CameraFault | Self::Tamper | Self::Parking => None,
        }
    }
}

/// Where the event stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// First alarm of the event.
    Begin,
    /// More is known.
    Update,
    /// The event is over.
    End,
}

/// The value that decided, beside its threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// What was measured: "dwell", "inside".
    pub quantity: Name,
    /// The measured value.
    pub value: f32,
    /// What it had to reach.
    pub threshold: f32,
    /// The unit of both.
    pub unit: Name,
}

/// A box in the picture, each side in 1/65535 of the picture's width or height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    /// Left edge.
    pub left: u16,
    /// Top edge.
    pub top: u16,
    /// Right edge.
    pub right: u16,
    /// Bottom edge.
    pub bottom: u16,
}

/// A point of a path: where the feet were, and how long before the alarm's detection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathPoint {
    /// From the left edge, in 1/65535.
    pub x: u16,
    /// From the top edge, in 1/65535.
    pub y: u16,
    /// Milliseconds before `detected`.
    pub age_ms: u32,
}

/// An object that takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The box's number for the followed object, unique within a boot.
    pub track: u64,
    /// Its class as a COCO word ("person").
    pub class: Name,
    /// Where it was at the deciding frame.
    pub bounds: Bounds,
    /// The detector's score, 0 to 255 for 0 to 1.
    pub confidence: u8,
    /// Its way there, oldest first.
    pub path: Vec<PathPoint, MAX_PATH>,
}
