//! Stills and clips on disk.
//!
//! Promises: a file under `stills/` or `clips/` is whole, checked and durable; its name holds its
//! event and record, so the folders themselves are the list. Refuses: a file in memory; pieces are
//! written where they belong and the whole is read once, to be checked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wire::{BoxAddress, MediaKind, RecordId};

use crate::action::Checked;
use crate::assembly::{Claim, FileKey};
use crate::durable::{self, DiskError};
use crate::fact::{event_words, record_words};
use crate::room::Kept;
use crate::seen::Seen;

/// The folders of stills, clips and files on their way.
#[derive(Debug)]
pub(crate) struct Files {
    root: PathBuf,
    incoming: PathBuf,
}

/// A whole file to be checked; done by [`check`] away from the alarms.
#[derive(Debug)]
pub(crate) struct CheckJob {
    pub(crate) key: FileKey,
    pub(crate) claim: Claim,
    part: PathBuf,
    root: PathBuf,
}

impl Files {
    /// Opens the folders and notes what they hold.
    pub(crate) fn open(root: &Path, kept: &mut Kept) -> Result<Self, DiskError> {
        for folder in ["stills", "clips"] {
            let folder = root.join(folder);
            durable::make_folder(&folder)?;
            for site in names_in(&folder)? {
                for box_name in names_in(&folder.join(&site))? {
                    if let Ok(address) = BoxAddress::new(&site, &box_name) {
                        let names = names_in(&folder.join(&site).join(&box_name))?;
                        note_files(&address, &names, &mut kept.files);
                    }
                }
            }
        }
        let incoming = root.join("incoming");
        durable::make_folder(&incoming)?;
        kept.interrupted = names_in(&incoming)?.iter().filter_map(|name| key_of(name)).collect();
        Ok(Self { root: root.to_owned(), incoming })
    }

    /// Puts a piece at its place.
    pub(crate) fn write(&self, key: &FileKey, offset: u32, bytes: &[u8]) -> Result<(), DiskError> {
        let path = self.part(key);
        let opening = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = opening.map_err(DiskError::at("open", &path))?;
        file.write_all_at(bytes, u64::from(offset)).map_err(DiskError::at("write", &path))
    }

    /// Empties a file on its way; that it is there reminds the next start to ask for it.
    pub(crate) fn reset(&self, key: &FileKey) -> Result<(), DiskError> {
        let path = self.part(key);
        File::create(&path).map(drop).map_err(DiskError::at("empty", &path))
    }

    /// Removes a file on its way.
    pub(crate) fn discard(&self, key: &FileKey) -> Result<(), DiskError> {
        let path = self.part(key);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DiskError::at("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// All that [`check`] needs.
    pub(crate) fn check_job(&self, key: FileKey, claim: Claim) -> CheckJob {
        let part = self.part(&key);
        CheckJob { key, claim, part, root: self.root.clone() }
    }

    fn part(&self, key: &FileKey) -> PathBuf {
        let FileKey { address, record } = key;
        let record = record_words(*record);
        self.incoming.join(format!("{}_{}_{record}.part", address.site, address.box_name))
    }
}

/// Checks a whole file and moves it to its place.
pub(crate) fn check(job: &CheckJob) -> Checked {
    match try_check(job) {
        Ok(Some(file)) => Checked::Stored { file },
        Ok(None) => Checked::WrongHash,
        Err(error) => Checked::Failed { detail: error.to_string() },
    }
}

fn try_check(job: &CheckJob) -> Result<Option<String>, DiskError> {
    let mut file = File::open(&job.part).map_err(DiskError::at("open", &job.part))?;
    if sha256_of(&mut file).map_err(DiskError::at("read", &job.part))? != job.claim.sha256 {
        return Ok(None);
    }
    durable::sync(&file, &job.part)?;
    let (folder, extension) = match job.claim.kind {
        MediaKind::Still => ("stills", "jpg"),
        MediaKind::Clip => ("clips", "mp4"),
    };
    let FileKey { address: BoxAddress { site, box_name }, record } = &job.key;
    let (event, record) = (event_words(job.claim.event), record_words(*record));
    let name = format!("{folder}/{site}/{box_name}/{event}_{record}.{extension}");
    let path = job.root.join(&name);
    path.parent().map_or(Ok(()), durable::make_folder)?;
    durable::rename(&job.part, &path)?;
    Ok(Some(name))
}

fn sha256_of(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(hash.finalize().into()),
            length => hash.update(&block[..length]),
        }
    }
}

/// The names in a folder; what is not UTF-8 is not ours. A file where a folder should be is empty.
fn names_in(folder: &Path) -> Result<Vec<String>, DiskError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Vec::new()),
        entries => entries.map_err(DiskError::at("list", folder))?,
    };
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
    names
        .filter_map(Result::transpose)
        .collect::<io::Result<_>>()
        .map_err(DiskError::at("list", folder))
}

/// `EVENT_RECORD.jpg`
fn note_files(address: &BoxAddress, names: &[String], files: &mut Seen) {
    for name in names {
        let record = name.split_once('.').and_then(|(stem, _)| stem.split_once('_'));
        if let Some(record) = record.and_then(|(_, record)| record_of(record)) {
            files.insert(address, record);
        }
    }
}

/// `SITE_BOX_RECORD.part`
fn key_of(name: &str) -> Option<FileKey> {
    let mut words = name.strip_suffix(".part")?.split('_');
    let address = BoxAddress::new(words.next()?, words.next()?).ok()?;
    Some(FileKey { address, record: record_of(words.next()?)? })
}

/// `boot-number`
fn record_of(words: &str) -> Option<RecordId> {
    let (boot, number) = words.split_once('-')?;
    Some(RecordId { boot: boot.parse().ok()?, number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use wire::EventRef;

    use super::*;

    #[test]
    fn pieces_in_any_order_become_a_checked_file() {
        let (root, files) = open();
        let key = key(42);
        files.write(&key, 4, b"efg").unwrap();
        files.write(&key, 0, b"abcd").unwrap();
        files.write(&key, 4, b"efg").unwrap();
        let stored = check(&files.check_job(key.clone(), claim(b"abcdefg")));
        let file = "clips/gangnam/pole-1/3-7_3-42.mp4".to_owned();
        assert_eq!(stored, Checked::Stored { file: file.clone() });
        assert_eq!(fs::read(root.path().join(file)).unwrap(), b"abcdefg");
        assert_eq!(names_in(&files.incoming).unwrap(), [""; 0]);
        let kept = kept(root.path());
        assert!(kept.files.contains(&key.address, key.record));
    }

    #[test]
    fn a_wrong_hash_leaves_the_pieces_where_they_are() {
        let (root, files) = open();
        files.write(&key(42), 0, b"abc").unwrap();
        assert_eq!(check(&files.check_job(key(42), claim(b"abd"))), Checked::WrongHash);
        assert_eq!(kept(root.path()).interrupted, [key(42)]);
        files.reset(&key(42)).unwrap();
        assert_eq!(kept(root.path()).interrupted, [key(42)]);
        files.discard(&key(42)).unwrap();
        files.discard(&key(42)).unwrap();
        assert_eq!(kept(root.path()).interrupted, []);
    }

    #[test]
    fn a_failing_disk_is_named() {
        let (root, files) = open();
        fs::remove_dir(root.path().join("incoming")).unwrap();
        let error = files.write(&key(42), 0, b"abc").unwrap_err().to_string();
        assert!(error.contains("gangnam_pole-1_3-42.part"), "{error}");
        let failed = check(&files.check_job(key(42), claim(b"abc")));
        assert!(matches!(failed, Checked::Failed { .. }));
    }

    #[test]
    fn strange_names_are_passed_over() {
        let (root, _) = open();
        fs::create_dir_all(root.path().join("stills/gangnam/UPPER")).unwrap();
        fs::create_dir_all(root.path().join("stills/gangnam/pole-1")).unwrap();
        fs::write(root.path().join("stills/readme"), "").unwrap();
        fs::write(root.path().join("stills/gangnam/pole-1/note.txt"), "").unwrap();
        fs::write(root.path().join("incoming/x_y.part"), "").unwrap();
        let kept = kept(root.path());
        assert_eq!((kept.files.count(), kept.interrupted), (0, vec![]));
    }

    fn open() -> (tempfile::TempDir, Files) {
        let root = tempfile::tempdir().unwrap();
        let files = Files::open(root.path(), &mut Kept::default()).unwrap();
        (root, files)
    }

    fn kept(root: &Path) -> Kept {
        let mut kept = Kept::default();
        Files::open(root, &mut kept).unwrap();
        kept
    }

    fn key(number: u64) -> FileKey {
        let address = BoxAddress::new("gangnam", "pole-1").unwrap();
        FileKey { address, record: RecordId { boot: 3, number } }
    }

    fn claim(whole: &[u8]) -> Claim {
        let event = EventRef { boot: 3, number: 7 };
        let (kind, total_bytes) = (MediaKind::Clip, whole.len() as u32);
        Claim { event, kind, total_bytes, sha256: Sha256::digest(whole).into() }
    }
}
