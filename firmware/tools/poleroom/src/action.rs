//! What the room wants done: the only way its decisions reach disk, broker and terminal.
//!
//! Promises: whoever carries actions out does the disk's first and answers only when they are durable.
//! Refuses: results; those come back to the room as new input.

use wire::{BoxAddress, RecordId, Verdict};

use crate::assembly::{Claim, FileKey};
use crate::fact::{AlarmLine, CorrectionLine, Fact, GapLine, NewerLine};

/// One thing to do. `'p` is the payload it came from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action<'p> {
    /// Append to the alarms, then tell.
    KeepAlarm(Box<AlarmLine>),
    /// Append to the newer messages, then tell.
    KeepNewer(Box<NewerLine>),
    /// Append to the corrections, then tell.
    KeepCorrection(CorrectionLine),
    /// Append to the gaps, then tell.
    KeepGap(GapLine),
    /// Put a piece at its place in its file on the way.
    Write {
        /// The file.
        key: FileKey,
        /// Where.
        offset: u32,
        /// What.
        bytes: &'p [u8],
    },
    /// Check a whole file and move it to its place; the outcome comes back.
    Check {
        /// The file.
        key: FileKey,
        /// What it must be.
        claim: Claim,
    },
    /// Forget a file's pieces, but remember on disk that it is still to come.
    Reset(FileKey),
    /// Forget a file altogether.
    Discard(FileKey),
    /// Tell the box, once everything before this is durable.
    Answer(BoxAddress, RecordId, Verdict),
    /// Tell people and scripts, once everything before this is durable.
    Say(Fact),
}

/// How checking a whole file ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Checked {
    /// Right, and durable under this name below the store's folder.
    Stored {
        /// The name.
        file: String,
    },
    /// Its SHA-256 is not the claimed one.
    WrongHash,
    /// The disk failed.
    Failed {
        /// The error, naming the path.
        detail: String,
    },
}
