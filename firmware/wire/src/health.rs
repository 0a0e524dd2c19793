//! What the box says of itself: retained at the broker, replaced by the last will when it is gone.

use heapless::{String, Vec};
use serde::{Deserialize, Serialize};

use crate::alarm::{Label, Name, WallTime};

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
    pub detail: String<160>,
}

/// The box's report.
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
    pub parts: Vec<Part, 8>,
}
