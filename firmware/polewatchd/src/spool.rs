//! The spool: everything the control room has not acknowledged yet, on disk.
//!
//! Promises: an alarm is synced when [`Spool::append_alarms`] returns, and leaves the disk only when
//! the control room has acknowledged it, refused it (then it is kept as a dead letter) or its
//! retention ends, which is counted and logged; a full disk costs clips first, oldest first, then
//! stills, and an alarm only when nothing else is left; damaged files are set aside and told, never
//! fatal. Refuses: two daemons on one spool, and to know what a payload means.
//!
//! Formats and guarantees: docs/spool.md.

pub mod acks;
pub mod alarms;
pub mod dead;
pub mod footer;
mod lanes;
pub mod media;
pub mod record;
pub mod report;
pub mod segment;
pub mod tenancy;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use wire::alarm::{ClockQuality, WallTime};
use wire::media::MediaKind;
use wire::record::{EventRef, RecordId};

use self::alarms::AlarmLane;
use self::dead::DeadLetters;
use self::footer::Media;
use self::lanes::{Claim, Lanes, refuse_above};
use self::media::{MediaLane, Payload, Staged, Subject};
use self::record::{HEADER_BYTES, Header, MAX_PAYLOAD_BYTES};
use self::report::{Losses, Recovery, SpoolStatus};
use self::tenancy::Lock;
use crate::clock::Clock;
use crate::durable::{self, DiskError};

/// How much, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of alarms, stills and clips together.
    pub max_bytes: u64,
    /// Stills and clips together; their list is kept in memory.
    pub max_media: u32,
    /// How long stills and clips are kept for a control room that does not answer.
    pub media_age: Duration,
    /// How long alarms are.
    pub alarm_age: Duration,
}

impl Limits {
    /// `max_bytes`, and for the rest: 10,000 files, a week of media and 30 days of alarms (the
    /// retention Korean law takes for granted, PIPA standard guideline article 41).
    #[must_use]
    pub const fn of_bytes(max_bytes: u64) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self {
            max_bytes,
            max_media: 10_000,
            media_age: DAY.saturating_mul(7),
            alarm_age: DAY.saturating_mul(30),
        }
    }
}

/// Why the spool did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another daemon has it.
    #[error("spool {}: in use by process {holder}", dir.display())]
    Busy {
        /// The spool.
        dir: PathBuf,
        /// Its process id, as it wrote it.
        holder: String,
    },
    /// The disk refused.
    #[error("spool: {0}")]
    Disk(#[from] DiskError),
    /// A payload that cannot be kept.
    #[error("spool: {what} of {bytes} bytes, expected at most {most_bytes}")]
    TooLarge {
        /// "alarm", "still" or "clip".
        what: &'static str,
        /// Its length.
        bytes: u64,
        /// The most there may be.
        most_bytes: u64,
    },
    /// No room without dropping what matters more.
    #[error("spool: full, no room for a {what} of {bytes} bytes")]
    Full {
        /// "still" or "clip".
        what: &'static str,
        /// Its length.
        bytes: u64,
    },
}

/// The spool of one daemon; its clones are the same spool.
#[derive(Clone, Debug)]
pub struct Spool(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    boot: u32,
    staging: PathBuf,
    media: PathBuf,
    limits: Limits,
    clock: Clock,
    last_number: AtomicU64,
    /// When the newest alarm of this start was stored, and its number.
    newest_alarm: Mutex<Option<(Instant, u64)>>,
    lanes: Mutex<Lanes>,
    _lock: Lock,
}

impl Spool {
    /// Opens the spool in `dir`, made when it is not there, and counts this start of the daemon.
    ///
    /// # Errors
    /// When another daemon has it, or the directory cannot be made, listed or written. Damaged files
    /// are findings of the recovery.
    pub fn open(dir: &Path, limits: Limits, clock: Clock) -> Result<(Self, Recovery), SpoolError> {
        durable::create_dir(dir)?;
        let lock = Lock::take(dir)?
            .map_err(|holder| SpoolError::Busy { dir: dir.to_path_buf(), holder })?;
        let staging = dir.join("staging");
        let (alarms, mut findings) = AlarmLane::open(&dir.join("alarms"))?;
        durable::create_dir(&staging)?;
        findings.extend(alarms::list(&staging)?.iter().map(|path| segment::unfinished(path)));
        let (media, found) = MediaLane::open(&dir.join("media"))?;
        findings.extend(found);
        let newest_seen = alarms.newest_boot().max(media.newest_boot());
        let dead = DeadLetters::open(&dir.join("dead"))?;
        let mut lanes = Lanes { alarms, media, dead, losses: Losses::default(), trouble: None };
        let now_ms = clock.wall().unix_ms;
        let count = |_: &mut Lanes| tenancy::count_boot(dir, newest_seen, now_ms);
        let (boot, found) = match lanes.try_with_less(Claim::Alarm, count) {
            Err(error) if error.is_full() => {
                tenancy::count_boot_in_place(dir, newest_seen, now_ms)?
            }
            counted => counted?,
        };
        findings.extend(found);
        let recovery = Recovery {
            boot,
            alarms: lanes.alarms.pending(),
            media: lanes.media.pending(MediaKind::Still) + lanes.media.pending(MediaKind::Clip),
            findings,
        };
        let shared = Shared {
            boot,
            staging,
            media: dir.join("media"),
            limits,
            clock,
            last_number: AtomicU64::new(0),
            newest_alarm: Mutex::new(None),
            lanes: Mutex::new(lanes),
            _lock: lock,
        };
        Ok((Self(Arc::new(shared)), recovery))
    }

    /// The number of this start of the daemon.
    #[must_use]
    pub fn boot(&self) -> u32 {
        self.0.boot
    }

    /// The directory in which a recorder writes the files it hands over as [`Payload::File`].
    /// Emptied at every start.
    #[must_use]
    pub fn staging(&self) -> &Path {
        &self.0.staging
    }

    /// The identity of the next record.
    #[must_use]
    pub fn reserve(&self) -> RecordId {
        let number = self.0.last_number.fetch_add(1, Ordering::Relaxed) + 1;
        RecordId { boot: self.0.boot, number }
    }

    /// Stores encoded alarms, in ascending order, all with one sync. They are on disk when this
    /// returns. When the disk or the limit is reached, clips go first, oldest first, then stills,
    /// and only then the oldest alarms.
    ///
    /// # Errors
    /// When the disk refuses though nothing is left to drop; none of them is stored then, and all
    /// may be tried again.
    pub fn append_alarms(&self, alarms: &[(RecordId, Vec<u8>)]) -> Result<(), SpoolError> {
        let stored_ms = self.stored_ms();
        let mut records = Vec::with_capacity(alarms.len());
        for (record, payload) in alarms {
            let most_bytes = MAX_PAYLOAD_BYTES as u64;
            refuse_above("alarm", payload.len() as u64, most_bytes)?;
            records.push((Header { record: *record, stored_ms }, payload.clone()));
        }
        let bytes = alarms.iter().map(|(_, payload)| (HEADER_BYTES + payload.len()) as u64).sum();
        let mut lanes = self.lanes();
        lanes.make_room(self.0.limits, Claim::Alarm, bytes)?;
        let stored = lanes.try_with_less(Claim::Alarm, |lanes| lanes.alarms.append(&records));
        lanes.note(stored)?;
        if let Some((newest, _)) = alarms.last() {
            *self.newest() = Some((self.0.clock.now(), newest.number));
        }
        Ok(())
    }

    /// When the newest alarm of this start of the daemon was stored, and its number.
    #[must_use]
    pub fn newest_alarm(&self) -> Option<(Instant, u64)> {
        *self.newest()
    }

    /// Stores a still or clip; it is on disk when this returns. Slow for a clip, and never in the
    /// way of an alarm: only the last step, a rename, keeps others waiting.
    ///
    /// # Errors
    /// When the file cannot be read or stored, or does not fit without dropping what matters more.
    pub fn store_media(
        &self,
        event: EventRef,
        kind: MediaKind,
        payload: &Payload,
    ) -> Result<RecordId, SpoolError> {
        let record = self.reserve();
        let subject = Subject { record, event, kind, stored_ms: self.stored_ms() };
        let staged = self.staged(subject, payload)?;
        if let Err(error) = staged.within_wire_limits() {
            staged.discard()?;
            return Err(error);
        }
        let mut lanes = self.lanes();
        if kind == MediaKind::Clip {
            lanes.keep_room_for_a_clip(staged.used_bytes())?;
        }
        let placed = lanes
            .make_room(self.0.limits, Claim::of(kind), staged.used_bytes())
            .and_then(|()| Ok(lanes.media.take(&staged)?));
        match placed {
            Ok(()) => Ok(record),
            Err(error) => {
                lanes.count_media(kind, "no room for it");
                staged.discard()?;
                Err(error)
            }
        }
    }

    /// A draft of a still or clip; on a full disk what matters less makes way. The disk is written
    /// to without the lock, so that no alarm waits for it.
    fn staged(&self, subject: Subject, payload: &Payload) -> Result<Staged, SpoolError> {
        loop {
            let staged = Staged::prepare(&self.0.media, subject, payload);
            let mut lanes = self.lanes();
            match staged {
                Err(error) if error.is_full() && lanes.drop_media(Claim::of(subject.kind))? => {}
                Err(error) => {
                    lanes.count_media(subject.kind, "the disk does not take it");
                    return lanes.note(Err(error));
                }
                staged => return lanes.note(staged),
            }
        }
    }

    /// A clip could not be recorded. When that was for want of room, the oldest make way, so that
    /// the next one can be.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub fn clip_missed(&self) -> Result<(), SpoolError> {
        let mut lanes = self.lanes();
        let bytes = lanes.media.largest_clip_bytes();
        Ok(lanes.keep_room_for_a_clip(bytes)?)
    }

    /// Notes that the control room has stored `records` and frees them; says how many were here.
    ///
    /// # Errors
    /// When the disk refuses; the answers hold until the process ends.
    pub fn acknowledge(&self, records: &[RecordId]) -> Result<u32, SpoolError> {
        let mut lanes = self.lanes();
        let mut freed = lanes.alarms.acknowledge(records)?;
        if (freed as usize) < records.len() {
            for record in records {
                freed += u32::from(lanes.media.remove(*record)?);
            }
        }
        Ok(freed)
    }

    /// Takes a refused record out of the lanes; an alarm is kept as a dead letter with `reason`.
    ///
    /// # Errors
    /// When the letter cannot be written; the record is then still in its lane.
    pub fn set_aside(&self, record: RecordId, reason: &str) -> Result<(), SpoolError> {
        let mut lanes = self.lanes();
        match lanes.alarms.read(record) {
            Ok(Some(payload)) => {
                lanes.dead.keep(record, reason, &payload)?;
                lanes.alarms.acknowledge(&[record])?;
            }
            Ok(None) if !lanes.media.remove(record)? => return Ok(()),
            Ok(None) => {}
            Err(trouble) if !trouble.is_damage() => return Err(trouble.into()),
            Err(damage) => {
                lanes.dead.keep(record, &format!("{reason}; {damage}"), &[])?;
                lanes.alarms.acknowledge(&[record])?;
            }
        }
        lanes.losses.dead_letters += 1;
        tracing::warn!(boot = record.boot, number = record.number, reason, "record set aside");
        Ok(())
    }

    /// The first alarm behind `after` that waits for an answer.
    #[must_use]
    pub fn alarm_after(&self, after: Option<RecordId>) -> Option<RecordId> {
        self.lanes().alarms.next_pending(after)
    }

    /// The newest event's still or clip that waits for an answer, those in `passed` left out.
    #[must_use]
    pub fn newest_media(&self, kind: MediaKind, passed: &[RecordId]) -> Option<Media> {
        self.lanes().media.newest(kind, passed)
    }

    /// Whether an event's still or clip waits for an answer.
    #[must_use]
    pub fn has_media(&self, event: EventRef, kind: MediaKind) -> bool {
        self.lanes().media.holds(event, kind)
    }

    /// An alarm's payload; `None` when it no longer waits.
    ///
    /// # Errors
    /// When it cannot be read or is no longer whole.
    pub fn read_alarm(&self, record: RecordId) -> Result<Option<Vec<u8>>, SpoolError> {
        Ok(self.lanes().alarms.read(record)?)
    }

    /// Up to `length` bytes of a still or clip; `None` when it no longer waits.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read_media(
        &self,
        media: &Media,
        offset: u32,
        length: usize,
    ) -> Result<Option<Vec<u8>>, SpoolError> {
        Ok(self.lanes().media.read(media, offset, length)?)
    }

    /// Syncs the answers noted since the last call and ends the retention of what is too old. To be
    /// called every few seconds.
    ///
    /// # Errors
    /// When the disk refuses; the next call tries again.
    pub fn tidy(&self) -> Result<(), SpoolError> {
        let mut lanes = self.lanes();
        lanes.alarms.sync_acks()?;
        match self.0.clock.wall() {
            WallTime { unix_ms, quality: ClockQuality::Synchronized } => {
                lanes.expire(self.0.limits, unix_ms)
            }
            // A clock nobody vouches for ends no alarm's life.
            _ => Ok(()),
        }
    }

    /// What lies here now.
    #[must_use]
    pub fn status(&self) -> SpoolStatus {
        let lanes = self.lanes();
        SpoolStatus {
            alarms: lanes.alarms.pending(),
            stills: lanes.media.pending(MediaKind::Still),
            clips: lanes.media.pending(MediaKind::Clip),
            used_bytes: lanes.used_bytes(),
            max_bytes: self.0.limits.max_bytes,
            losses: lanes.losses,
            trouble: lanes.trouble.clone(),
        }
    }

    fn stored_ms(&self) -> i64 {
        match self.0.clock.wall() {
            WallTime { quality: ClockQuality::Unknown, .. } => 0,
            WallTime { unix_ms, .. } => unix_ms,
        }
    }

    fn newest(&self) -> MutexGuard<'_, Option<(Instant, u64)>> {
        self.0.newest_alarm.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
