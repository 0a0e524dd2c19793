//! The only file of this program that syncs to disk.
//!
//! Promises: when a function returns `Ok`, a power cut no longer takes what it was given. Refuses: to
//! guess after a failed sync; the caller writes again from what it knows to be durable.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// What the disk did not do.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {cause}", path.display())]
pub(crate) struct DiskError {
    /// "write", "rename".
    pub(crate) action: &'static str,
    /// Where.
    pub(crate) path: PathBuf,
    /// Why.
    pub(crate) cause: io::Error,
}

impl DiskError {
    /// For `map_err`.
    pub(crate) fn at(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self { action, path, cause }
    }
}

/// Makes a file's bytes durable.
pub(crate) fn sync(file: &File, path: &Path) -> Result<(), DiskError> {
    file.sync_data().map_err(DiskError::at("sync", path))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), DiskError> {
    let opened = File::open(folder).map_err(DiskError::at("open", folder))?;
    opened.sync_all().map_err(DiskError::at("sync", folder))
}

/// Makes a folder and those above it, durably; none of it is an error when it is there.
pub(crate) fn make_folder(folder: &Path) -> Result<(), DiskError> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(DiskError::at("make folder", folder)(error))
        }
        _ => sync_folder(above.unwrap_or(Path::new("."))),
    }
}

/// Gives a synced file its final name, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    fs::rename(from, to).map_err(DiskError::at("rename", from))?;
    to.parent().map_or(Ok(()), sync_folder)
}
