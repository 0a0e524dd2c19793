//! The media lane: stills and clips the control room has not acknowledged.
//!
//! Promises: a file is complete and synced before it has a name here; what was being written when
//! the daemon ended is removed at the next start; the newest event's media is offered first, because
//! an operator looks at what happens now. Refuses: to look into a file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wire::media::{MAX_CLIP_BYTES, MAX_STILL_BYTES, MediaKind};
use wire::record::{EventRef, RecordId};

use super::SpoolError;
use super::alarms::{forget_old_corrupt, has_suffix, list};
use super::footer::{self, FOOTER_BYTES, Media};
use super::lanes::refuse_above;
use super::report::Finding;
use super::segment::{set_aside, unfinished};
use crate::durable::{self, DiskError};

/// The bytes of a still or clip on their way into the spool.
#[derive(Debug)]
pub enum Payload {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a finished file in the spool's staging directory; the spool takes it.
    File(PathBuf),
}

/// A complete file that only lacks its name, synced, its footer written.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    media: Media,
}

/// What a still or clip shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The identity it shall have.
    pub record: RecordId,
    /// The event.
    pub event: EventRef,
    /// Still or clip.
    pub kind: MediaKind,
    /// Unix milliseconds now; 0 when the clock is not known.
    pub stored_ms: i64,
}

impl Staged {
    /// Hashes, completes and syncs a file under a draft's name in the lane's `dir`; slow, and needs
    /// no lock. After an error everything is as it was, and it may be tried again.
    ///
    /// # Errors
    /// When the payload cannot be read or written, is empty or 4 GiB long.
    pub fn prepare(dir: &Path, subject: Subject, payload: &Payload) -> Result<Self, DiskError> {
        let path = durable::draft_of(&dir.join(file_name(subject.record, subject.kind)));
        let prepared = Self::fill(&path, subject, payload);
        if prepared.is_err() {
            // A part of a file would take the room of which there is none.
            let _best_effort = match payload {
                Payload::Bytes(_) => durable::remove(&path),
                Payload::File(given) if path.exists() => durable::rename(&path, given),
                Payload::File(_) => Ok(()),
            };
        }
        prepared
    }

    fn fill(path: &Path, subject: Subject, payload: &Payload) -> Result<Self, DiskError> {
        let (sha256, length) = match payload {
            Payload::Bytes(bytes) => {
                durable::write(path, bytes)?;
                (Sha256::digest(bytes).into(), bytes.len() as u64)
            }
            Payload::File(given) => {
                durable::rename(given, path)?;
                hash(path)?
            }
        };
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, format!("{length} bytes long"));
        let total_bytes = match u32::try_from(length) {
            Ok(total_bytes) if total_bytes > 0 => total_bytes,
            _ => return Err(DiskError::new("store", path, invalid())),
        };
        let Subject { record, event, kind, stored_ms } = subject;
        let media = Media { record, event, kind, total_bytes, sha256, stored_ms };
        durable::seal(path, &footer::encode(&media))?;
        Ok(Self { path: path.to_path_buf(), media })
    }

    /// Refuses what the control room would not take.
    ///
    /// # Errors
    /// When the file is longer than the wire allows.
    pub fn within_wire_limits(&self) -> Result<(), SpoolError> {
        let (what, most_bytes) = match self.media.kind {
            MediaKind::Still => ("still", MAX_STILL_BYTES),
            MediaKind::Clip => ("clip", MAX_CLIP_BYTES),
        };
        refuse_above(what, self.media.total_bytes.into(), most_bytes.into())
    }

    /// Bytes it takes on disk.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        used(&self.media)
    }

    /// Removes the file again.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn discard(self) -> Result<(), DiskError> {
        durable::remove(&self.path)
    }
}

/// The stills and clips on disk.
#[derive(Debug)]
pub struct MediaLane {
    dir: PathBuf,
    stills: Shelf,
    clips: Shelf,
}

/// Media of one kind, oldest event first.
type Shelf = BTreeMap<(EventRef, RecordId), Media>;

impl MediaLane {
    /// The lane in `dir`, with what was found there.
    ///
    /// # Errors
    /// When the directory cannot be made or listed; damaged files are not errors.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Finding>), DiskError> {
        durable::create_dir(dir)?;
        let mut findings = Vec::new();
        let mut lane = Self { dir: dir.to_path_buf(), stills: Shelf::new(), clips: Shelf::new() };
        let names = list(dir)?;
        for path in names.iter().filter(|path| !has_suffix(path, "corrupt")) {
            if has_suffix(path, "new") {
                findings.push(unfinished(path));
                continue;
            }
            match read_footer(path) {
                Ok(media) if path.ends_with(file_name(media.record, media.kind)) => {
                    lane.insert(media);
                }
                Ok(_) => findings.push(set_aside(path, "named unlike its footer")),
                Err(error) => findings.push(set_aside(path, &error.source.to_string())),
            }
        }
        forget_old_corrupt(&names)?;
        Ok((lane, findings))
    }

    /// How many of a kind wait for an answer.
    #[must_use]
    pub fn pending(&self, kind: MediaKind) -> u32 {
        self.shelf(kind).len() as u32
    }

    /// Bytes on disk.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.stills.values().chain(self.clips.values()).map(used).sum()
    }

    /// The highest boot of any file here.
    #[must_use]
    pub fn newest_boot(&self) -> Option<u32> {
        let all = self.stills.values().chain(self.clips.values());
        all.map(|media| media.record.boot).max()
    }

    /// Gives a staged file its name in the lane.
    ///
    /// # Errors
    /// When it cannot be renamed.
    pub fn take(&mut self, staged: &Staged) -> Result<(), DiskError> {
        durable::rename(&staged.path, &self.path(&staged.media))?;
        self.insert(staged.media);
        Ok(())
    }

    /// The newest event's file of a kind, those in `passed` left out.
    #[must_use]
    pub fn newest(&self, kind: MediaKind, passed: &[RecordId]) -> Option<Media> {
        let newest_first = self.shelf(kind).values().rev();
        newest_first.copied().find(|media| !passed.contains(&media.record))
    }

    /// Whether a file of a kind of this event waits for an answer.
    #[must_use]
    pub fn holds(&self, event: EventRef, kind: MediaKind) -> bool {
        let [first, last] =
            [(0, 0), (u32::MAX, u64::MAX)].map(|(boot, number)| (event, RecordId { boot, number }));
        self.shelf(kind).range(first..=last).next().is_some()
    }

    /// Up to `length` bytes of a file from `offset` on; `None` when the file is no longer here.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(
        &self,
        media: &Media,
        offset: u32,
        length: usize,
    ) -> Result<Option<Vec<u8>>, DiskError> {
        if !self.shelf(media.kind).contains_key(&(media.event, media.record)) {
            return Ok(None);
        }
        let path = self.path(media);
        let rest = media.total_bytes.saturating_sub(offset) as usize;
        let mut bytes = vec![0; length.min(rest)];
        File::open(&path)
            .and_then(|file| file.read_exact_at(&mut bytes, u64::from(offset)))
            .map_err(|source| DiskError::new("read", &path, source))?;
        Ok(Some(bytes))
    }

    /// Removes a file the control room has answered for; `false` when it is not here.
    ///
    /// # Errors
    /// When it cannot be removed; it is forgotten all the same.
    pub fn remove(&mut self, record: RecordId) -> Result<bool, DiskError> {
        let all = self.stills.values().chain(self.clips.values());
        let Some(media) = all.copied().find(|media| media.record == record) else {
            return Ok(false);
        };
        self.shelf_mut(media.kind).remove(&(media.event, media.record));
        durable::remove(&self.path(&media)).map(|()| true)
    }

    /// Bytes the disk still takes; all there could be when it does not say.
    #[must_use]
    pub fn free_bytes(&self) -> u64 {
        let told = rustix::fs::statvfs(&self.dir);
        told.map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// The size of the largest clip here.
    #[must_use]
    pub fn largest_clip_bytes(&self) -> u64 {
        self.clips.values().map(used).max().unwrap_or(0)
    }

    /// Gives up the oldest file of a kind to make room.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn drop_oldest(&mut self, kind: MediaKind) -> Result<Option<Media>, DiskError> {
        let oldest = self.shelf(kind).values().next().copied();
        oldest.map(|media| self.discard(media)).transpose()
    }

    /// Drops a file of a kind that was stored before `unix_ms`, if there is one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn drop_older(
        &mut self,
        kind: MediaKind,
        unix_ms: i64,
    ) -> Result<Option<Media>, DiskError> {
        let old = |media: &&Media| (1..unix_ms).contains(&media.stored_ms);
        let expired = self.shelf(kind).values().find(old).copied();
        expired.map(|media| self.discard(media)).transpose()
    }

    /// A file that cannot be removed keeps its place: it still takes the room, and may yet be sent.
    fn discard(&mut self, media: Media) -> Result<Media, DiskError> {
        durable::remove(&self.path(&media))?;
        self.shelf_mut(media.kind).remove(&(media.event, media.record));
        Ok(media)
    }

    fn insert(&mut self, media: Media) {
        self.shelf_mut(media.kind).insert((media.event, media.record), media);
    }

    fn shelf(&self, kind: MediaKind) -> &Shelf {
        match kind {
            MediaKind::Still => &self.stills,
            MediaKind::Clip => &self.clips,
        }
    }

    fn shelf_mut(&mut self, kind: MediaKind) -> &mut Shelf {
        match kind {
            MediaKind::Still => &mut self.stills,
            MediaKind::Clip => &mut self.clips,
        }
    }

    fn path(&self, media: &Media) -> PathBuf {
        self.dir.join(file_name(media.record, media.kind))
    }
}

fn used(media: &Media) -> u64 {
    u64::from(media.total_bytes) + FOOTER_BYTES as u64
}

fn file_name(record: RecordId, kind: MediaKind) -> String {
    let suffix = match kind {
        MediaKind::Still => "still",
        MediaKind::Clip => "clip",
    };
    format!("{:08x}-{:016x}.{suffix}", record.boot, record.number)
}

fn read_footer(path: &Path) -> Result<Media, DiskError> {
    let failed = |source| DiskError::new("read", path, source);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let invalid = || failed(io::Error::new(io::ErrorKind::InvalidData, "no whole footer"));
    let at = length.checked_sub(FOOTER_BYTES as u64).ok_or_else(invalid)?;
    let mut bytes = [0; FOOTER_BYTES];
    file.read_exact_at(&mut bytes, at).map_err(failed)?;
    footer::decode(&bytes).filter(|media| u64::from(media.total_bytes) == at).ok_or_else(invalid)
}

fn hash(path: &Path) -> Result<([u8; 32], u64), DiskError> {
    let failed = |source| DiskError::new("read", path, source);
    let mut file = fs::File::open(path).map_err(failed)?;
    let (mut sha256, mut length, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok((sha256.finalize().into(), length)),
            read => {
                sha256.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}
