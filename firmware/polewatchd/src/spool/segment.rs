//! A segment: one append-only file of alarms, and the answers beside it.
//!
//! Promises: an append has been synced when it returns; a segment opened after a crash holds every
//! record whose append returned; damage is cut off or set aside and told, never fatal. Refuses:
//! records of two boots in one file, and appending to a file of an earlier start.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use wire::record::RecordId;

use super::acks::{AckFile, Bits, SPAN};
use super::record::{self, Damage, Found, HEADER_BYTES, Header};
use super::report::Finding;
use crate::durable::{self, Appender, DiskError};

/// A segment takes no more records once it is this long.
const FULL_BYTES: u64 = 1024 * 1024;
/// The file's first bytes; the digits are the format's version.
const MAGIC: &[u8; 8] = b"PWLOG001";

/// One file of alarms.
#[derive(Debug)]
pub struct Segment {
    path: PathBuf,
    first: RecordId,
    length_bytes: u64,
    written: Bits,
    acks: AckFile,
    newest_ms: i64,
    /// Only in the segment that is being appended to.
    appender: Option<Appender>,
    /// Where each record lies; forgotten while nobody reads here.
    places: Option<Vec<Found>>,
    /// Kept for an engineer when its alarms are done with.
    damaged: bool,
}

impl Segment {
    /// A new segment in `dir` whose first record will be `first`.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn start(dir: &Path, first: RecordId) -> Result<Self, DiskError> {
        let path = dir.join(file_name(first));
        let acks = AckFile::open(acks_beside(&path), first);
        let appender = Appender::create(&path, MAGIC)?;
        Ok(Self {
            first,
            length_bytes: appender.length_bytes(),
            written: Bits::none(),
            acks,
            newest_ms: 0,
            appender: Some(appender),
            places: Some(Vec::new()),
            damaged: false,
            path,
        })
    }

    /// The segment at `path` as an earlier start left it, healed, with what healing found; no
    /// segment when nothing in the file could be used.
    #[must_use]
    pub fn recover(path: &Path) -> (Option<Self>, Option<Finding>) {
        let Some(first) = path.file_name().and_then(|name| parse_name(name.to_str()?)) else {
            return (None, Some(set_aside(path, "not a segment's name")));
        };
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) => return (None, Some(set_aside(path, &error.to_string()))),
        };
        let (places, damage) = whole_records(&bytes, first);
        if places.is_empty() && !bytes.starts_with(MAGIC) {
            let finding = match bytes.len() <= MAGIC.len() {
                true => unfinished(path),
                false => set_aside(path, "no whole record in it"),
            };
            return (None, Some(finding));
        }
        let finding = damage.map(|damage| heal(path, damage, bytes.len(), places.len()));
        let mut segment = Self::of_places(path, first, &places);
        segment.damaged = matches!(damage, Some(Damage::Middle { .. }));
        (Some(segment), finding)
    }

    fn of_places(path: &Path, first: RecordId, places: &[Found]) -> Self {
        let mut written = Bits::none();
        for found in places {
            written.set(found.header.record.number - first.number);
        }
        let end = places.last().map_or(MAGIC.len(), |last| last.offset + stored_bytes(last));
        Self {
            path: path.to_path_buf(),
            first,
            length_bytes: end as u64,
            written,
            acks: AckFile::open(acks_beside(path), first),
            newest_ms: places.iter().map(|found| found.header.stored_ms).max().unwrap_or(0),
            appender: None,
            places: None,
            damaged: false,
        }
    }

    /// The identity its first record has, or may have.
    #[must_use]
    pub fn first(&self) -> RecordId {
        self.first
    }

    /// Bytes on disk, the answers left out.
    #[must_use]
    pub fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Unix milliseconds of the newest record that knew its time; 0 when none did.
    #[must_use]
    pub fn newest_ms(&self) -> i64 {
        self.newest_ms
    }

    /// Whether `record` may be appended here.
    #[must_use]
    pub fn takes(&self, record: RecordId) -> bool {
        self.appender.is_some() && self.length_bytes < FULL_BYTES && self.index(record).is_some()
    }

    /// Whether records may still be appended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.appender.is_some()
    }

    /// Takes no more records from now on.
    pub fn close(&mut self) {
        self.appender = None;
        self.places = None;
    }

    /// Appends records it [`takes`](Self::takes), all with one sync.
    ///
    /// # Errors
    /// When the disk refuses; none of them is stored then, and the segment is closed.
    pub fn append(&mut self, records: &[(Header, Vec<u8>)]) -> Result<(), DiskError> {
        let bytes: Vec<u8> =
            records.iter().flat_map(|(header, payload)| record::encode(*header, payload)).collect();
        let closed = || DiskError::new("append to", &self.path, io::Error::other("closed"));
        let appended = self.appender.as_mut().ok_or_else(closed)?.append(&bytes);
        let mut offset = match appended {
            Ok(start) => start as usize,
            Err(error) => {
                self.close();
                return Err(error);
            }
        };
        for (header, payload) in records {
            let found = Found { header: *header, offset, payload_bytes: payload.len() };
            offset += stored_bytes(&found);
            self.written.set(header.record.number - self.first.number);
            self.newest_ms = self.newest_ms.max(header.stored_ms);
            self.places.get_or_insert_default().push(found);
        }
        self.length_bytes = offset as u64;
        Ok(())
    }

    /// How many records wait for an answer.
    #[must_use]
    pub fn pending(&self) -> u32 {
        self.written.without(self.acks.bits()).count()
    }

    /// The first record behind `after` that waits for an answer.
    #[must_use]
    pub fn next_pending(&self, after: Option<RecordId>) -> Option<RecordId> {
        let from = match after {
            Some(after) if after >= self.first => self.index(after)? + 1,
            _ => 0,
        };
        let index = self.written.without(self.acks.bits()).first_from(from)?;
        Some(RecordId { boot: self.first.boot, number: self.first.number + index })
    }

    /// Whether `record` lies here and waits for an answer.
    #[must_use]
    pub fn waits(&self, record: RecordId) -> bool {
        let waiting = |index| self.written.get(index) && !self.acks.bits().get(index);
        self.index(record).is_some_and(waiting)
    }

    /// Notes that the control room has answered for those of `records` that wait here; says how
    /// many did.
    ///
    /// # Errors
    /// When the answers cannot be written; they hold until the process ends.
    pub fn acknowledge(&mut self, records: &[RecordId]) -> Result<u32, DiskError> {
        let waiting = records.iter().filter(|record| self.waits(**record));
        let indices: Vec<u64> = waiting.filter_map(|record| self.index(*record)).collect();
        if !indices.is_empty() {
            self.acks.note(&indices)?;
        }
        Ok(indices.len() as u32)
    }

    /// Makes noted answers survive a power cut.
    ///
    /// # Errors
    /// When they cannot be synced.
    pub fn sync_acks(&mut self) -> Result<(), DiskError> {
        self.acks.sync()
    }

    /// The payload of a record that lies here; `None` when it does not.
    ///
    /// # Errors
    /// When the file cannot be read, or the record is no longer whole.
    pub fn read(&mut self, record: RecordId) -> Result<Option<Vec<u8>>, DiskError> {
        let failed = |source| DiskError::new("read", &self.path, source);
        let places = match &mut self.places {
            Some(places) => places,
            empty => {
                empty.insert(whole_records(&fs::read(&self.path).map_err(failed)?, self.first).0)
            }
        };
        let Ok(at) = places.binary_search_by_key(&record, |found| found.header.record) else {
            return Ok(None);
        };
        let found = places[at];
        let mut bytes = vec![0; stored_bytes(&found)];
        let file = File::open(&self.path).map_err(failed)?;
        file.read_exact_at(&mut bytes, found.offset as u64).map_err(failed)?;
        match record::decode(&bytes) {
            Some((header, payload)) if header == found.header => Ok(Some(payload.to_vec())),
            _ => Err(failed(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("record {}/{} is damaged", record.boot, record.number),
            ))),
        }
    }

    /// Gives back the memory that reading took; it is taken again when somebody reads.
    pub fn forget_places(&mut self) {
        if self.appender.is_none() {
            self.places = None;
        }
    }

    /// Removes the segment and its answers from the disk; a damaged one is renamed instead.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove(&self) -> Result<(), DiskError> {
        match self.damaged {
            true => durable::rename(&self.path, &durable::with_suffix(&self.path, "corrupt"))?,
            false => durable::remove(&self.path)?,
        }
        durable::remove(&acks_beside(&self.path))
    }

    fn index(&self, record: RecordId) -> Option<u64> {
        let ahead = record.number.checked_sub(self.first.number)?;
        (record.boot == self.first.boot && ahead < SPAN).then_some(ahead)
    }
}

/// The answers' file of a segment's file.
#[must_use]
pub fn acks_beside(path: &Path) -> PathBuf {
    path.with_extension("acks")
}

/// Renames a file that cannot be used so that nobody tries again.
pub fn set_aside(path: &Path, why: &str) -> Finding {
    let why = match durable::rename(path, &durable::with_suffix(path, "corrupt")) {
        Ok(()) => why.to_owned(),
        Err(error) => format!("{why}, and {error}"),
    };
    Finding::SetAside { path: path.to_path_buf(), why }
}

/// Removes what a crash left behind before it held anything.
pub fn unfinished(path: &Path) -> Finding {
    match durable::remove(path) {
        Ok(()) => Finding::Unfinished { path: path.to_path_buf() },
        Err(error) => Finding::SetAside { path: path.to_path_buf(), why: error.to_string() },
    }
}

/// The records of this segment in a file's bytes, in order, and what else is in there.
fn whole_records(bytes: &[u8], first: RecordId) -> (Vec<Found>, Option<Damage>) {
    let headed = bytes.starts_with(MAGIC);
    let (mut found, damage) = record::scan(bytes, if headed { MAGIC.len() } else { 0 });
    let scanned = found.len();
    found.retain(|found| {
        let record = found.header.record;
        let numbers = first.number..first.number + SPAN;
        record.boot == first.boot && numbers.contains(&record.number)
    });
    found.sort_by_key(|found| found.header.record);
    found.dedup_by_key(|found| found.header.record);
    let foreign = !headed || found.len() < scanned;
    (found, if foreign { Some(Damage::Middle { at: 0 }) } else { damage })
}

/// Cuts a torn tail off; other damage stays where it is, between records that can be read.
fn heal(path: &Path, damage: Damage, length: usize, whole: usize) -> Finding {
    match damage {
        Damage::TornTail { at } => match durable::truncate(path, at as u64) {
            Ok(()) => {
                let cut_bytes = (length - at) as u64;
                Finding::TornTail { path: path.to_path_buf(), cut_bytes }
            }
            Err(error) => damaged(path, error.to_string(), whole),
        },
        Damage::Middle { at } => damaged(path, format!("damaged at byte {at}"), whole),
    }
}

fn damaged(path: &Path, why: String, saved_records: usize) -> Finding {
    Finding::Damaged { path: path.to_path_buf(), why, saved_records }
}

fn stored_bytes(found: &Found) -> usize {
    HEADER_BYTES + found.payload_bytes
}

fn file_name(first: RecordId) -> String {
    format!("{:08x}-{:016x}.log", first.boot, first.number)
}

fn parse_name(name: &str) -> Option<RecordId> {
    let (boot, number) = name.strip_suffix(".log")?.split_once('-')?;
    let record = RecordId {
        boot: u32::from_str_radix(boot, 16).ok()?,
        number: u64::from_str_radix(number, 16).ok()?,
    };
    (file_name(record) == name && record.number < u64::MAX - SPAN).then_some(record)
}
