//! What happened, in the shape scripts read: one JSON object a line, `what` says of which kind.
//!
//! Promises: field names and units stand in docs/poleroom.md and do not change. The alarm's object is also
//! the stored line. Refuses: to be read back by this program beyond its record's numbers.

mod alarm;
mod health;

use serde::Serialize;
use wire::alarm::ClockQuality;
use wire::{BoxAddress, EventRef, RecordId};

pub(crate) use alarm::{AlarmLine, MeasurementLine};
pub(crate) use health::HealthLine;
#[cfg(test)]
pub(crate) use health::{PartLine, ReportLine};

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
    /// The times of alarms are wrong, and by how much.
    Correction(CorrectionLine),
    /// Alarms of a box are missing, or came after all.
    Gap(GapLine),
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
    /// "connected", "lost", "refused" or "certificate".
    pub(crate) state: &'static str,
    /// Whether the broker kept the session; or why it was lost.
    pub(crate) detail: String,
    /// When the next attempt is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_ms: Option<u64>,
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

/// [`Fact::Correction`], and a line of `corrections/DATE.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CorrectionLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    pub(crate) boot: u32,
    /// The numbers of the first and the last alarm that were dated wrong.
    pub(crate) first: u64,
    pub(crate) last: u64,
    /// To be added to their times.
    pub(crate) shift_ms: i64,
}

/// [`Fact::Gap`], and a line of `gaps/DATE.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GapLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    /// "open" or "closed".
    pub(crate) state: &'static str,
    pub(crate) boot: u32,
    /// The alarm `to` is missing, and whatever alarms have numbers from `from` on.
    pub(crate) from: u64,
    pub(crate) to: u64,
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

/// How far a clock can be trusted, in one word.
fn quality_word(quality: ClockQuality) -> &'static str {
    match quality {
        ClockQuality::Unknown => "unknown",
        ClockQuality::FreeRunning => "free_running",
        ClockQuality::Synchronized => "synchronized",
    }
}
