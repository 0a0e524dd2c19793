//! The room's folder: what was received, in files other programs can read.
//!
//! ```text
//! alarms/2026-11-23.jsonl              one alarm a line
//! newer/2026-11-23.jsonl               messages of later versions, as they came
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

pub(crate) use days::Days;
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
        let (mut kept, newer) = (Kept::default(), root.join("newer"));
        let alarms = Days::open(root.join("alarms"), &mut kept.alarms)?;
        let newer = Days::open(newer, &mut kept.alarms)?;
        let files = Files::open(root, &mut kept)?;
        Ok((Self { alarms, newer, files, _lock: lock }, kept))
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
