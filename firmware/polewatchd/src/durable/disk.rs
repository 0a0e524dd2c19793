//! The calls that change a disk, each one thing the system does or has not done when the power goes.
//!
//! Promises: `durable` changes the disk through these alone, so whoever listens ([`Tape`]) hears all
//! that happens to it, in order; nobody listens but the crash model of the tests. Refuses: to say
//! what a call means; `durable` does.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// One change, or one promise that changes so far will last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A directory was made.
    MakeDir(PathBuf),
    /// A file was made, or emptied.
    Create(PathBuf),
    /// Bytes were written at an offset.
    Write(PathBuf, u64, Vec<u8>),
    /// A file was cut or lengthened.
    SetLength(PathBuf, u64),
    /// What was written to a file is on the disk.
    SyncFile(PathBuf),
    /// The names in a directory are on the disk.
    SyncDir(PathBuf),
    /// A file has another name.
    Rename(PathBuf, PathBuf),
    /// A file has no name any more.
    Unlink(PathBuf),
}

thread_local! {
    static TAPE: RefCell<Option<Vec<Op>>> = const { RefCell::new(None) };
}

/// Listens to what this thread does to the disk, until it is dropped.
#[derive(Debug)]
pub struct Tape(());

impl Tape {
    /// Starts to listen, from an empty tape.
    #[must_use]
    pub fn start() -> Self {
        TAPE.set(Some(Vec::new()));
        Self(())
    }

    /// How much was heard so far.
    #[must_use]
    pub fn len(&self) -> usize {
        TAPE.with_borrow(|tape| tape.as_ref().map_or(0, Vec::len))
    }

    /// Whether nothing was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends, and gives what was heard.
    #[must_use]
    pub fn stop(self) -> Vec<Op> {
        TAPE.take().unwrap_or_default()
    }
}

impl Drop for Tape {
    fn drop(&mut self) {
        TAPE.set(None);
    }
}

pub(super) fn make_dir(path: &Path) -> io::Result<()> {
    fs::create_dir(path)?;
    note(|| Op::MakeDir(path.to_owned()));
    Ok(())
}

pub(super) fn create(path: &Path) -> io::Result<File> {
    let file = File::create(path)?;
    note(|| Op::Create(path.to_owned()));
    Ok(file)
}

/// Opens a file to write into it, made when it is not there.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    match fs::OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path),
        opened => opened,
    }
}

pub(super) fn write_at(file: &File, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
    file.write_all_at(bytes, offset)?;
    note(|| Op::Write(path.to_owned(), offset, bytes.to_vec()));
    Ok(())
}

pub(super) fn set_length(file: &File, path: &Path, length_bytes: u64) -> io::Result<()> {
    file.set_len(length_bytes)?;
    note(|| Op::SetLength(path.to_owned(), length_bytes));
    Ok(())
}

/// Syncs data and whatever is needed to read it: its length, not its times.
pub(super) fn sync_data(file: &File, path: &Path) -> io::Result<()> {
    file.sync_data()?;
    note(|| Op::SyncFile(path.to_owned()));
    Ok(())
}

pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    note(|| Op::SyncDir(path.to_owned()));
    Ok(())
}

pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    note(|| Op::Rename(from.to_owned(), to.to_owned()));
    Ok(())
}

pub(super) fn unlink(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    note(|| Op::Unlink(path.to_owned()));
    Ok(())
}

fn note(op: impl FnOnce() -> Op) {
    TAPE.with_borrow_mut(|tape| {
        if let Some(tape) = tape {
            tape.push(op());
        }
    });
}
