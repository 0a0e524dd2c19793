//! What the room says, on standard output: lines for people or JSON for scripts.
//!
//! Promises: one fact, one line, flushed at once. Refuses: to stop the room when nobody listens any
//! more; a closed pipe costs the words, not the alarms.

use std::io::Write;

use crate::civil::UtcOffset;
use crate::fact::Fact;
use crate::words;

/// How facts are worded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Korean and English lines.
    Words,
    /// One JSON object a line, every fact.
    Json,
}

impl Voice {
    /// Says a fact.
    pub(crate) fn say(self, fact: &Fact, offset: UtcOffset) {
        let line = match self {
            Self::Words => words::line(fact, offset),
            Self::Json => serde_json::to_string(fact).ok(),
        };
        if let Some(line) = line {
            let mut out = std::io::stdout().lock();
            let _ = writeln!(out, "{line}").and_then(|()| out.flush());
        }
    }
}
