//! The control room's answer: only this frees a record from the box's disk.
//!
//! Promises: an answer names the record, so it may come late, twice or for a record long gone; the
//! box ignores what it does not know. Refuses: orders; an answer changes nothing but the spool.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::record::RecordId;

/// The most answers in one [`Ack`].
pub const MAX_ANSWERS: usize = 64;

/// Answers for up to 64 records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ack {
    /// Each record and what became of it.
    pub answers: Vec<(RecordId, Verdict), MAX_ANSWERS>,
}

/// What the control room did with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Stored durably: forget it.
    Stored,
    /// The file did not arrive whole (wrong SHA-256, pieces lost): send all of it again.
    SendAgain,
    /// Cannot be used (reason in the room's log): set it aside, do not send it again.
    Refused,
}
