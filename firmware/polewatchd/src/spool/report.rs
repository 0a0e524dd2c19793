//! What the spool says of itself: once when it is opened, and at any time after.

use std::fmt;
use std::path::PathBuf;

/// What opening a spool found.
#[derive(Debug, Default)]
pub struct Recovery {
    /// The number of this start of the daemon.
    pub boot: u32,
    /// Alarms the control room has not acknowledged.
    pub alarms: u32,
    /// Stills and clips it has not acknowledged.
    pub media: u32,
    /// Everything that was not as it should be.
    pub findings: Vec<Finding>,
}

/// Something that was not as it should be, and what was done about it.
#[derive(Debug)]
pub enum Finding {
    /// The end of an append that never finished was cut off.
    TornTail {
        /// The segment.
        path: PathBuf,
        /// How much was cut.
        cut_bytes: u64,
    },
    /// A file could not be used and now ends in `.corrupt`.
    SetAside {
        /// Its old name.
        path: PathBuf,
        /// What was wrong with it.
        why: String,
    },
    /// A segment is damaged between records; the whole ones are used, then it is set aside.
    Damaged {
        /// The segment.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
        /// Whole records in it.
        saved_records: usize,
    },
    /// A file that was being written when the daemon ended was removed.
    Unfinished {
        /// Its name.
        path: PathBuf,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TornTail { path, cut_bytes } => {
                write!(f, "{}: cut {cut_bytes} bytes of an unfinished append", path.display())
            }
            Self::SetAside { path, why } => {
                write!(f, "{}: {why}; set aside as .corrupt", path.display())
            }
            Self::Damaged { path, why, saved_records } => {
                write!(f, "{}: {why}; its {saved_records} whole records are kept", path.display())
            }
            Self::Unfinished { path } => write!(f, "{}: unfinished, removed", path.display()),
        }
    }
}

/// What lies in the spool, and what has left it other than by an acknowledgement, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpoolStatus {
    /// Alarms the control room has not acknowledged.
    pub alarms: u32,
    /// Stills it has not acknowledged.
    pub stills: u32,
    /// Clips it has not acknowledged.
    pub clips: u32,
    /// Bytes on disk.
    pub used_bytes: u64,
    /// The most there may be.
    pub max_bytes: u64,
    /// Losses since the start.
    pub losses: Losses,
    /// The last disk error, until an append succeeds again.
    pub trouble: Option<String>,
}

impl SpoolStatus {
    /// Records on disk that the control room has not acknowledged.
    #[must_use]
    pub fn unacknowledged(&self) -> u32 {
        self.alarms + self.stills + self.clips
    }
}

/// Records that left the spool without an acknowledgement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Clips dropped for space or age.
    pub clips: u64,
    /// Stills dropped for space or age.
    pub stills: u64,
    /// Alarms whose retention ended, by age or because alarms alone filled the spool.
    pub alarms: u64,
    /// Records set aside because they were refused; alarms among them are kept under `dead/`.
    pub dead_letters: u64,
}
