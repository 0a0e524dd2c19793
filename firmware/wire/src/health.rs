//! What the box says of itself: retained at the broker, replaced by the last will when it is gone.
//!
//! Promises: says of every part whether it works and, if not, why. Refuses: secrets, pictures,
//! addresses of the camera; a health message is the only thing that leaves besides alarms and media.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::alarm::WallTime;
use crate::text::{Label, Name, Sentence};

/// The most parts a report lists.
pub const MAX_PARTS: usize = 8;

/// The box's report.
// Without an allocator the report stays whole; one exists at a time.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Health {
    /// The daemon runs.
    Online(Report),
    /// The last will: the broker lost the box.
    Offline,
}

/// A running daemon's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The start of the daemon.
    pub boot: u32,
    /// The camera's name for people.
    pub camera: Label,
    /// The firmware's version.
    pub firmware: Name,
    /// When it was made.
    pub at: WallTime,
    /// Seconds since the daemon's start.
    pub uptime_s: u64,
    /// Frames analysed since the start.
    pub frames: u64,
    /// Records on disk that the control room has not acknowledged.
    pub unacknowledged: u32,
    /// The parts.
    pub parts: Vec<Part, MAX_PARTS>,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Works.
    Ok,
    /// Works worse than it should.
    Warn,
    /// Does not work.
    Fail,
}

/// One part of the box.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// "camera", "detector", "spool".
    pub name: Name,
    /// How it is.
    pub state: State,
    /// Why, in a short English sentence.
    pub detail: Sentence,
}
