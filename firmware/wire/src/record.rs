//! The identity of whatever a box sends: what is acknowledged, and what duplicates are known by.
//!
//! Promises: the same numbers are never used twice by one box. Refuses: meaning; an identity says
//! nothing of time or importance.

use serde::{Deserialize, Serialize};

/// Names one record of one box for ever: `boot` counts the daemon's starts (kept on disk), `number`
/// counts the records of that start from 1. Together with the box's name in the topic it is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordId {
    /// Which start of the daemon made the record.
    pub boot: u32,
    /// Which record of that start.
    pub number: u64,
}

/// Names one event of one box for ever; the alarms, still and clip of the event share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventRef {
    /// Which start of the daemon saw the event.
    pub boot: u32,
    /// The event's number in that start, from 1.
    pub number: u64,
}
