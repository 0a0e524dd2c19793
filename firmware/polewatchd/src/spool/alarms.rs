//! The alarm lane: every alarm the control room has not acknowledged, in the order they were made.
//!
//! Promises: an alarm is on disk when [`AlarmLane::append`] returns and stays there until it is
//! acknowledged, refused or expired; what a restart finds is exactly what was not. Memory grows with
//! the number of segments, not of alarms. Refuses: to know what an alarm is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use wire::record::RecordId;

use super::record::Header;
use super::report::Finding;
use super::segment::Segment;
use crate::durable::{self, DiskError};

/// Damaged files kept for an engineer; the oldest go first.
const KEPT_CORRUPT: usize = 8;

/// The alarms on disk.
#[derive(Debug)]
pub struct AlarmLane {
    dir: PathBuf,
    segments: BTreeMap<RecordId, Segment>,
    /// The segment read last; only this one keeps its places in memory.
    reading: Option<RecordId>,
}

impl AlarmLane {
    /// The lane in `dir`, healed, with what healing found.
    ///
    /// # Errors
    /// When the directory cannot be made or listed; damaged files are not errors.
    pub fn open(dir: &Path) -> Result<(Self, Vec<Finding>), DiskError> {
        durable::create_dir(dir)?;
        let mut lane = Self { dir: dir.to_path_buf(), segments: BTreeMap::new(), reading: None };
        let mut findings = Vec::new();
        let names = list(dir)?;
        for path in names.iter().filter(|path| has_suffix(path, "log")) {
            let (segment, finding) = Segment::recover(path);
            findings.extend(finding);
            lane.segments.extend(segment.map(|segment| (segment.first(), segment)));
        }
        for path in names.iter().filter(|path| has_suffix(path, "acks")) {
            if !path.with_extension("log").exists() {
                durable::remove(path)?;
            }
        }
        forget_old_corrupt(&names)?;
        lane.remove_done()?;
        Ok((lane, findings))
    }

    /// How many alarms wait for an answer.
    #[must_use]
    pub fn pending(&self) -> u32 {
        self.segments.values().map(Segment::pending).sum()
    }

    /// Bytes on disk.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.segments.values().map(Segment::length_bytes).sum()
    }

    /// The highest boot of any alarm here.
    #[must_use]
    pub fn newest_boot(&self) -> Option<u32> {
        self.segments.keys().next_back().map(|first| first.boot)
    }

    /// Appends alarms, in ascending order and newer than any here, all with one sync.
    ///
    /// # Errors
    /// When the disk refuses; none of them is stored then, and all may be appended again.
    pub fn append(&mut self, alarms: &[(Header, Vec<u8>)]) -> Result<(), DiskError> {
        let (Some((first, _)), Some((last, _))) = (alarms.first(), alarms.last()) else {
            return Ok(());
        };
        let takes_all = |segment: &Segment| segment.takes(last.record);
        let open = match self.segments.last_entry() {
            Some(newest) if takes_all(newest.get()) => newest.into_mut(),
            _ => {
                self.close_newest()?;
                let segment = Segment::start(&self.dir, first.record)?;
                self.segments.entry(first.record).insert_entry(segment).into_mut()
            }
        };
        open.append(alarms)
    }

    /// The first alarm behind `after` that waits for an answer.
    #[must_use]
    pub fn next_pending(&self, after: Option<RecordId>) -> Option<RecordId> {
        let segments = match after {
            None => self.segments.range(..),
            Some(after) => {
                let holds = self.segments.range(..=after).next_back().map(|(first, _)| *first);
                self.segments.range(holds.unwrap_or(after)..)
            }
        };
        segments.into_iter().find_map(|(_, segment)| segment.next_pending(after))
    }

    /// The payload of an alarm that waits for an answer; `None` when it does not wait here.
    ///
    /// # Errors
    /// When its segment cannot be read, or the record is no longer whole.
    pub fn read(&mut self, record: RecordId) -> Result<Option<Vec<u8>>, DiskError> {
        let Some((first, segment)) = self.segments.range_mut(..=record).next_back() else {
            return Ok(None);
        };
        if !segment.waits(record) {
            return Ok(None);
        }
        let first = *first;
        let payload = segment.read(record);
        if let Some(before) = self.reading.replace(first).filter(|before| *before != first) {
            self.segments.get_mut(&before).into_iter().for_each(Segment::forget_places);
        }
        payload
    }

    /// Notes answers; records that do not wait here are passed over. Says how many did.
    ///
    /// # Errors
    /// When answers cannot be written or a finished segment cannot be removed; all answers hold until
    /// the process ends.
    pub fn acknowledge(&mut self, records: &[RecordId]) -> Result<u32, DiskError> {
        let holds = |record: &RecordId| self.segments.range(..=*record).next_back();
        let firsts: BTreeSet<_> =
            records.iter().filter_map(holds).map(|(first, _)| *first).collect();
        let touched = self.segments.iter_mut().filter(|(first, _)| firsts.contains(first));
        // On a full disk none can be written, and the segments that are done with make room again.
        let noted: Vec<_> = touched.map(|(_, segment)| segment.acknowledge(records)).collect();
        self.remove_done()?;
        noted.into_iter().try_fold(0, |sum, answered| Ok(sum + answered?))
    }

    /// Makes noted answers survive a power cut.
    ///
    /// # Errors
    /// When one cannot be synced.
    pub fn sync_acks(&mut self) -> Result<(), DiskError> {
        let synced: Vec<_> = self.segments.values_mut().map(Segment::sync_acks).collect();
        synced.into_iter().collect()
    }

    /// Ends the retention of segments whose newest alarm was stored before `unix_ms`; says how many
    /// alarms were still waiting. Alarms that did not know their time stay.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn expire(&mut self, unix_ms: i64) -> Result<u32, DiskError> {
        let old = |segment: &&Segment| (1..unix_ms).contains(&segment.newest_ms());
        let firsts: Vec<_> = self.segments.values().filter(old).map(Segment::first).collect();
        firsts.into_iter().try_fold(0, |lost, first| Ok(lost + self.drop_segment(first)?))
    }

    /// Gives up the oldest segment to make room; says how many alarms were still waiting, or `None`
    /// when only the segment being written is left.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn drop_oldest(&mut self) -> Result<Option<u32>, DiskError> {
        let oldest = self.segments.values().find(|segment| !segment.is_open());
        let first = oldest.map(Segment::first);
        first.map(|first| self.drop_segment(first)).transpose()
    }

    fn drop_segment(&mut self, first: RecordId) -> Result<u32, DiskError> {
        let Some(segment) = self.segments.get(&first) else { return Ok(0) };
        segment.remove()?;
        let lost = segment.pending();
        self.segments.remove(&first);
        Ok(lost)
    }

    /// A segment left empty by a failed append has the name the next one needs.
    fn close_newest(&mut self) -> Result<(), DiskError> {
        if let Some(mut newest) = self.segments.last_entry() {
            newest.get_mut().close();
        }
        self.remove_done()
    }

    fn remove_done(&mut self) -> Result<(), DiskError> {
        let done = |segment: &&Segment| !segment.is_open() && segment.pending() == 0;
        let firsts: Vec<_> = self.segments.values().filter(done).map(Segment::first).collect();
        firsts.into_iter().try_for_each(|first| self.drop_segment(first).map(drop))
    }
}

/// The paths in a directory, sorted.
///
/// # Errors
/// When it cannot be listed.
pub fn list(dir: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let failed = |source| DiskError::new("list", dir, source);
    let entries = fs::read_dir(dir).map_err(failed)?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// Whether a path's name ends in `.suffix`.
#[must_use]
pub fn has_suffix(path: &Path, suffix: &str) -> bool {
    path.extension().is_some_and(|extension| extension == suffix)
}

/// Removes all but the newest damaged files of a directory.
///
/// # Errors
/// When one cannot be removed.
pub fn forget_old_corrupt(names: &[PathBuf]) -> Result<(), DiskError> {
    let corrupt: Vec<_> = names.iter().filter(|path| has_suffix(path, "corrupt")).collect();
    let old = corrupt.len().saturating_sub(KEPT_CORRUPT);
    corrupt[..old].iter().try_for_each(|path| durable::remove(path))
}
