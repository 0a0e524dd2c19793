//! Dead letters: alarms that were refused, kept for a person with the reason beside them.
//!
//! Promises: an alarm is here, synced, before it leaves the lane; the number kept is bounded, oldest
//! out first. Refuses: stills and clips, which say nothing without their alarm.
//!
//! Layout: one file an alarm: the reason in one line of UTF-8, then the payload.

use std::path::{Path, PathBuf};

use wire::record::RecordId;

use super::alarms::list;
use crate::durable::{self, DiskError};

/// The most letters kept.
const KEPT: usize = 1024;

/// The folder of dead letters.
#[derive(Debug)]
pub struct DeadLetters {
    dir: PathBuf,
}

impl DeadLetters {
    /// The folder `dir`.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: &Path) -> Result<Self, DiskError> {
        durable::create_dir(dir)?;
        Ok(Self { dir: dir.to_path_buf() })
    }

    /// Keeps a refused alarm.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(&self, record: RecordId, reason: &str, payload: &[u8]) -> Result<(), DiskError> {
        let name = format!("{:08x}-{:016x}.letter", record.boot, record.number);
        let line = reason.replace('\n', " ");
        let bytes = [line.as_bytes(), b"\n", payload].concat();
        durable::replace(&self.dir.join(name), &bytes)?;
        let letters = list(&self.dir)?;
        let old = letters.len().saturating_sub(KEPT);
        letters[..old].iter().try_for_each(|path| durable::remove(path))
    }
}
