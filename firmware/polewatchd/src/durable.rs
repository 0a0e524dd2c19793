//! The only place that syncs to disk.
//!
//! Promises: when a function here returns, what it did survives a power cut, names in directories
//! included; a replaced file is the old one or the new one, never a mixture; every error names the
//! operation and the path. Refuses: leaving the sync to somebody else, except where a name ends in
//! `_later` and says so.

pub mod disk;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// A disk operation that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} {}: {source}", path.display())]
pub struct DiskError {
    /// What was tried, as a verb: "append to".
    pub operation: &'static str,
    /// On which file or directory.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl DiskError {
    /// An error of `operation` on `path`.
    #[must_use]
    pub fn new(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self { operation, path: path.to_path_buf(), source }
    }

    /// Whether freeing space would help.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let full = [Errno::NOSPC, Errno::DQUOT].map(Errno::raw_os_error);
        self.source.raw_os_error().is_some_and(|code| full.contains(&code))
    }

    /// Whether the data is gone for good, so that trying again is no use.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
        [InvalidData, NotFound, UnexpectedEof].contains(&self.source.kind())
    }
}

/// A file that only grows, and whose every append is on disk when it returns.
#[derive(Debug)]
pub struct Appender {
    file: File,
    path: PathBuf,
    length_bytes: u64,
}

impl Appender {
    /// Starts the file with `header`. A file that is already there is a leftover of a failed start
    /// and is replaced.
    ///
    /// # Errors
    /// When the file cannot be made or synced.
    pub fn create(path: &Path, header: &[u8]) -> Result<Self, DiskError> {
        let failed = |source| DiskError::new("create", path, source);
        let file = filled(path, header).map_err(failed)?;
        sync_parent(path)?;
        Ok(Self { file, path: path.to_path_buf(), length_bytes: header.len() as u64 })
    }

    /// Appends `bytes` and syncs; returns the offset they start at. After an error the file is cut
    /// back to what it was, as far as the disk allows, and must not be appended to again: what the
    /// kernel did with the pages of a failed sync is unknown.
    ///
    /// # Errors
    /// When writing or syncing fails; nothing of `bytes` counts as written then.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64, DiskError> {
        let start = self.length_bytes;
        let (file, path) = (&self.file, &self.path);
        let written = disk::write_at(file, path, start, bytes)
            .and_then(|()| disk::sync_data(file, path))
            .map_err(|source| DiskError::new("append to", path, source));
        if let Err(error) = written {
            let _best_effort =
                disk::set_length(file, path, start).and_then(|()| disk::sync_data(file, path));
            return Err(error);
        }
        self.length_bytes += bytes.len() as u64;
        Ok(start)
    }

    /// The file's length.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }
}

/// Makes a directory and its parents.
///
/// # Errors
/// When one cannot be made or synced.
pub fn create_dir(path: &Path) -> Result<(), DiskError> {
    if path.is_dir() {
        return Ok(());
    }
    // Each parent by itself: a name is only on the disk once its own directory is synced.
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dir(parent)?;
    }
    match disk::make_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => {
            made.map_err(|source| DiskError::new("create directory", path, source))?;
            sync_parent(path)
        }
    }
}

/// Puts `bytes` in the place of whatever is at `path`, at once or not at all.
///
/// # Errors
/// When any step fails; the old file is then still there.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let draft = draft_of(path);
    write(&draft, bytes)?;
    rename(&draft, path)
}

/// Writes a new file; a crash may leave a part of it under this name.
///
/// # Errors
/// When it cannot be written or synced.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    filled(path, bytes).map(drop).map_err(|source| DiskError::new("write", path, source))
}

/// Adds `bytes` to the end of a finished file and syncs all of it, what others wrote included. After
/// an error the file is cut back to what it was, as far as the disk allows.
///
/// # Errors
/// When it cannot be opened, written or synced.
pub fn seal(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let failed = |source| DiskError::new("seal", path, source);
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    let end = file.metadata().map_err(failed)?.len();
    let sealed =
        disk::write_at(&file, path, end, bytes).and_then(|()| disk::sync_data(&file, path));
    sealed.map_err(|source| {
        let _best_effort = disk::set_length(&file, path, end);
        failed(source)
    })
}

/// Copies a file.
///
/// # Errors
/// When reading, writing or syncing fails.
pub fn copy(from: &Path, to: &Path) -> Result<(), DiskError> {
    let bytes = fs::read(from).map_err(|source| DiskError::new("read", from, source))?;
    replace(to, &bytes)
}

/// Renames within one file system, replacing `to`.
///
/// # Errors
/// When the rename or the sync of a directory fails.
pub fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    disk::rename(from, to).map_err(|source| DiskError::new("rename", from, source))?;
    if from.parent() != to.parent() {
        sync_parent(from)?;
    }
    sync_parent(to)
}

/// Removes a file; one that is not there is removed already.
///
/// # Errors
/// When the removal or the sync of the directory fails.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    match disk::unlink(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(DiskError::new("remove", path, source)),
    }
}

/// Cuts a file to its first `length_bytes`.
///
/// # Errors
/// When it cannot be opened, cut or synced.
pub fn truncate(path: &Path, length_bytes: u64) -> Result<(), DiskError> {
    let failed = |source| DiskError::new("truncate", path, source);
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    disk::set_length(&file, path, length_bytes)
        .and_then(|()| disk::sync_data(&file, path))
        .map_err(failed)
}

/// Writes `bytes` at `offset`, making the file when needed. On disk only after [`sync`]; until then
/// it survives the end of the process, but not a power cut.
///
/// # Errors
/// When the file cannot be opened or written.
pub fn write_later(path: &Path, offset: u64, bytes: &[u8]) -> Result<(), DiskError> {
    let failed = |source| DiskError::new("write", path, source);
    let file = disk::open_or_create(path).map_err(failed)?;
    disk::write_at(&file, path, offset, bytes).map_err(failed)
}

/// Syncs a file written with [`write_later`], and its name.
///
/// # Errors
/// When it cannot be opened or synced.
pub fn sync(path: &Path) -> Result<(), DiskError> {
    let failed = |source| DiskError::new("sync", path, source);
    File::open(path).and_then(|file| disk::sync_data(&file, path)).map_err(failed)?;
    sync_parent(path)
}

/// The name a file has while it is being written.
#[must_use]
pub fn draft_of(path: &Path) -> PathBuf {
    with_suffix(path, "new")
}

/// `path` with `.suffix` behind its whole name.
#[must_use]
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}

/// A new file of these bytes, synced; its name is not yet.
fn filled(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let file = disk::create(path)?;
    disk::write_at(&file, path, 0, bytes)?;
    disk::sync_data(&file, path)?;
    Ok(file)
}

fn sync_parent(path: &Path) -> Result<(), DiskError> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    disk::sync_dir(parent).map_err(|source| DiskError::new("sync directory", parent, source))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn an_append_says_where_it_starts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut log = Appender::create(&path, b"head").unwrap();
        assert_eq!(log.append(b"one").unwrap(), 4);
        assert_eq!(log.append(b"two").unwrap(), 7);
        assert_eq!(log.length_bytes(), 10);
        assert_eq!(fs::read(&path).unwrap(), b"headonetwo");
    }

    #[test]
    fn a_replaced_file_leaves_no_draft() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("value");
        replace(&path, b"old").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(!draft_of(&path).exists());
    }

    #[test]
    fn removing_what_is_gone_is_no_error() {
        let dir = tempfile::tempdir().unwrap();
        remove(&dir.path().join("never")).unwrap();
    }

    #[test]
    fn an_error_names_operation_path_and_cause() {
        let error = truncate(Path::new("nowhere/log"), 0).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("cannot truncate nowhere/log: No such file"), "{text}");
        assert!(!error.is_full());
    }

    #[test]
    fn a_full_disk_is_recognised() {
        let failed = io::Error::from_raw_os_error(Errno::NOSPC.raw_os_error());
        assert!(DiskError::new("append to", Path::new("log"), failed).is_full());
        let mut full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let failed = full.write_all(b"x").unwrap_err();
        assert!(DiskError::new("append to", Path::new("log"), failed).is_full());
    }
}
