//! The room's folder: what was received, in files other programs can read.
//!
//! ```text
//! alarms/2026-11-23.jsonl              one alarm a line
//! newer/2026-11-23.jsonl               messages of later versions, as they came
//! corrections/2026-11-23.jsonl         which alarms' times are wrong, and by how much
//! gaps/2026-11-23.jsonl                which alarms are missing, and which came after all
//! stills/SITE/BOX/EVENT_RECORD.jpg     checked; EVENT and RECORD are boot-number
//! clips/SITE/BOX/EVENT_RECORD.mp4      checked
//! incoming/SITE_BOX_RECORD.part        on the way
//! lock                                 held by the running room
//! ```
//! Promises: a line or file that was reported stored survives a power cut; a line torn by one is cut
//! off at the next start. Refuses: a folder another room writes to.

mod days;
mod files;

use std::fs::File;
use std::path::Path;

use anyhow::Context;

pub(crate) use days::{Days, Noted};
pub(crate) use files::{CheckJob, Files, check};

use crate::durable;
use crate::room::Kept;

/// The open store.
#[derive(Debug)]
pub(crate) struct Store {
    /// Alarms by day.
    pub(crate) alarms: Days,
    /// Newer messages by day.
    pub(crate) newer: Days,
    /// Corrections by day.
    pub(crate) corrections: Days,
    /// Gaps by day.
    pub(crate) gaps: Days,
    /// Stills and clips.
    pub(crate) files: Files,
    /// Held open; the lock ends with the process.
    _lock: File,
}

impl Store {
    /// Opens a store, making it if it is new, and tells what it holds.
    ///
    /// # Errors
    /// The folder cannot be made, read or written, or another room holds it.
    pub(crate) fn open(root: &Path) -> anyhow::Result<(Self, Kept)> {
        durable::make_folder(root)?;
        let lock = lock(&root.join("lock"))?;
        let mut kept = Kept::default();
        let days = |name: &str| root.join(name);
        let alarms = Days::open(days("alarms"), |noted| kept.note_alarm(noted))?;
        let newer = Days::open(days("newer"), |noted| kept.note_alarm(noted))?;
        let corrections = Days::open(days("corrections"), |Noted { address, record, .. }| {
            kept.corrected.insert(&address, record);
        })?;
        let gaps = Days::open(days("gaps"), |Noted { address, record, .. }| {
            kept.told_missing.insert(&address, record);
        })?;
        let files = Files::open(root, &mut kept)?;
        Ok((Self { alarms, newer, corrections, gaps, files, _lock: lock }, kept))
    }
}

fn lock(path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.try_lock().map_err(|error| {
        let path = path.display();
        anyhow::anyhow!("cannot lock {path}, another poleroom uses this store: {error}")
    })?;
    Ok(file)
}
