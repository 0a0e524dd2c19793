//! The control room's answer: only this frees a record from the box's disk.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::record::RecordId;

/// What the control room did with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Stored durably: forget it.
    Stored,
    /// The assembled file's SHA-256 is wrong: send all of it again.
    SendAgain,
    /// Cannot be used (reason in the room's log): set it aside, do not send it again.
    Refused,
}

/// Answers for up to 64 records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// Each record and what became of it.
    pub answers: Vec<(RecordId, Verdict), 64>,
}
