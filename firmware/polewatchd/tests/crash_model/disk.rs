//! A disk that loses its power: what may be on it after any of the calls that changed it.
//!
//! Promises: a file holds what was last synced, and of what was written since any part; a name is
//! there as its directory was last synced, and of the changes since any number, in order. That is
//! what POSIX promises and no more; real file systems (ext4 with ordered data) lose less.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use polewatchd::durable::disk::Op;

/// What a disk writes whole.
const SECTOR: usize = 512;

/// What becomes of bytes that were written and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// They are gone.
    Lost,
    /// They are there.
    Kept,
    /// The last write is there up to the middle, by sectors.
    Torn,
    /// Only the last write is there: it overtook the others.
    Overtaken,
    /// The file is as long as it was made, and zeros are there.
    Zeros,
}

/// What becomes of names that were changed and not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// As they were.
    Lost,
    /// As they were made last.
    Kept,
    /// Half of the changes.
    Half,
}

/// Every way in which the power may go.
pub(crate) const WAYS: [(Data, Names); 15] = {
    use Data::{Kept as K, Lost as L, Overtaken as O, Torn as T, Zeros as Z};
    use Names::{Half, Kept, Lost};
    [
        (L, Lost),
        (K, Lost),
        (T, Lost),
        (O, Lost),
        (Z, Lost),
        (L, Kept),
        (K, Kept),
        (T, Kept),
        (O, Kept),
        (Z, Kept),
        (L, Half),
        (K, Half),
        (T, Half),
        (O, Half),
        (Z, Half),
    ]
};

type Inode = usize;

#[derive(Clone, Debug, Default)]
struct Content {
    synced: Vec<u8>,
    /// Changes since, in order.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone, Debug)]
enum Naming {
    Put(PathBuf, Inode),
    Take(PathBuf),
    Move(PathBuf, PathBuf, Inode),
    Dir(PathBuf),
}

/// The disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, Inode>,
    synced_names: BTreeMap<PathBuf, Inode>,
    synced_dirs: Vec<PathBuf>,
    pending: Vec<Naming>,
}

/// What is found on a disk after the power came back.
#[derive(Debug, Default)]
pub(crate) struct Image {
    dirs: Vec<PathBuf>,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Disk {
    /// Does what a call did.
    pub(crate) fn apply(&mut self, op: &Op) {
        match op {
            Op::MakeDir(path) => self.pending.push(Naming::Dir(path.clone())),
            Op::Create(path) => match self.names.get(path) {
                Some(&inode) => self.contents[inode].pending.push(Change::Length(0)),
                None => {
                    let inode = self.contents.len();
                    self.contents.push(Content::default());
                    self.names.insert(path.clone(), inode);
                    self.pending.push(Naming::Put(path.clone(), inode));
                }
            },
            Op::Write(path, offset, bytes) => {
                self.change(path, Change::Write(*offset as usize, bytes.clone()));
            }
            Op::SetLength(path, length) => self.change(path, Change::Length(*length as usize)),
            Op::SyncFile(path) => {
                let Some(&inode) = self.names.get(path) else { return };
                let content = &mut self.contents[inode];
                content.synced = content.with(&content.pending);
                content.pending.clear();
            }
            Op::SyncDir(path) => self.sync_names(path),
            Op::Rename(from, to) => {
                let Some(inode) = self.names.remove(from) else { return };
                self.names.insert(to.clone(), inode);
                self.pending.push(Naming::Move(from.clone(), to.clone(), inode));
            }
            Op::Unlink(path) => {
                self.names.remove(path);
                self.pending.push(Naming::Take(path.clone()));
            }
        }
    }

    /// What is left when the power goes now, in this way.
    pub(crate) fn after_power_cut(&self, (data, names): (Data, Names)) -> Image {
        let kept = match names {
            Names::Lost => 0,
            Names::Kept => self.pending.len(),
            Names::Half => self.pending.len().div_ceil(2),
        };
        let (mut there, mut dirs) = (self.synced_names.clone(), self.synced_dirs.clone());
        for naming in &self.pending[..kept] {
            naming.apply(&mut there, &mut dirs);
        }
        let contents = |inode: Inode| self.contents[inode].after_power_cut(data);
        let files = there.into_iter().map(|(path, inode)| (path, contents(inode))).collect();
        Image { dirs, files }
    }

    fn change(&mut self, path: &Path, change: Change) {
        if let Some(&inode) = self.names.get(path) {
            self.contents[inode].pending.push(change);
        }
    }

    fn sync_names(&mut self, dir: &Path) {
        let (of_dir, others) = self.pending.drain(..).partition(|naming| naming.is_in(dir));
        self.pending = others;
        for naming in <Vec<Naming>>::into_iter(of_dir) {
            naming.apply(&mut self.synced_names, &mut self.synced_dirs);
        }
    }
}

impl Content {
    fn with(&self, changes: &[Change]) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for change in changes {
            match change {
                Change::Length(length) => bytes.resize(*length, 0),
                Change::Write(offset, written) => {
                    let end = offset + written.len();
                    bytes.resize(bytes.len().max(end), 0);
                    bytes[*offset..end].copy_from_slice(written);
                }
            }
        }
        bytes
    }

    fn after_power_cut(&self, data: Data) -> Vec<u8> {
        let Some((last, earlier)) = self.pending.split_last() else { return self.synced.clone() };
        match (data, last) {
            (Data::Lost, _) => self.synced.clone(),
            (Data::Torn, Change::Write(offset, bytes)) => {
                let half = bytes.len() / 2;
                let whole = if half > SECTOR { half - half % SECTOR } else { half };
                let mut changes = earlier.to_vec();
                changes.push(Change::Write(*offset, bytes[..whole].to_vec()));
                self.with(&changes)
            }
            (Data::Overtaken, _) => self.with(std::slice::from_ref(last)),
            (Data::Zeros, Change::Write(offset, bytes)) => {
                let mut changes = earlier.to_vec();
                changes.push(Change::Write(*offset, vec![0; bytes.len()]));
                self.with(&changes)
            }
            (Data::Kept | Data::Torn | Data::Zeros, _) => self.with(&self.pending),
        }
    }
}

impl Naming {
    fn is_in(&self, dir: &Path) -> bool {
        let within = |path: &Path| path.parent() == Some(dir);
        match self {
            Self::Put(path, _) | Self::Take(path) | Self::Dir(path) => within(path),
            Self::Move(from, to, _) => within(to) || within(from),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, Inode>, dirs: &mut Vec<PathBuf>) {
        match self {
            Self::Put(path, inode) => drop(names.insert(path.clone(), *inode)),
            Self::Take(path) => drop(names.remove(path)),
            Self::Move(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Self::Dir(path) => dirs.push(path.clone()),
        }
    }
}

impl Image {
    /// Puts what is left into the folder `to`, in the place of what was `from`.
    pub(crate) fn put(&self, from: &Path, to: &Path) {
        let there = |path: &Path| to.join(path.strip_prefix(from).unwrap());
        for dir in self.dirs.iter().filter(|dir| dir.starts_with(from)) {
            fs::create_dir_all(there(dir)).unwrap();
        }
        for (path, bytes) in &self.files {
            // A file whose directory was lost is lost with it.
            if there(path).parent().is_some_and(Path::is_dir) {
                fs::write(there(path), bytes).unwrap();
            }
        }
    }
}
