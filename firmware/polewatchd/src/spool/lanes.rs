//! The lanes side by side, and what gives way when there is no room for all of it.
//!
//! Promises: a clip gives way before a still and a still before an alarm, the oldest first; a new
//! file never drives out what matters more; whatever is dropped is counted and logged.

use std::time::Duration;

use wire::media::MediaKind;

use super::alarms::AlarmLane;
use super::dead::DeadLetters;
use super::media::MediaLane;
use super::report::Losses;
use super::{Limits, SpoolError};
use crate::durable::DiskError;

/// Who asks for room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Claim {
    Clip,
    Still,
    Alarm,
}

impl Claim {
    pub(super) fn of(kind: MediaKind) -> Self {
        match kind {
            MediaKind::Still => Self::Still,
            MediaKind::Clip => Self::Clip,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Still => "still",
            Self::Alarm => "alarm",
        }
    }
}

#[derive(Debug)]
pub(super) struct Lanes {
    pub(super) alarms: AlarmLane,
    pub(super) media: MediaLane,
    pub(super) dead: DeadLetters,
    pub(super) losses: Losses,
    pub(super) trouble: Option<String>,
}

impl Lanes {
    pub(super) fn used_bytes(&self) -> u64 {
        self.alarms.used_bytes() + self.media.used_bytes()
    }

    /// Drops what matters less until `bytes` more fit.
    pub(super) fn make_room(
        &mut self,
        limits: Limits,
        claim: Claim,
        bytes: u64,
    ) -> Result<(), SpoolError> {
        refuse_above(claim.name(), bytes, limits.max_bytes)?;
        let over = |lanes: &Self| {
            let files =
                lanes.media.pending(MediaKind::Still) + lanes.media.pending(MediaKind::Clip);
            lanes.used_bytes() + bytes > limits.max_bytes
                || (claim != Claim::Alarm && files >= limits.max_media)
        };
        while over(self) {
            if self.drop_media(claim)? {
                continue;
            }
            if claim != Claim::Alarm {
                return Err(SpoolError::Full { what: claim.name(), bytes });
            }
            match self.alarms.drop_oldest()? {
                Some(lost) => self.count_alarms(lost, "the spool is full of alarms"),
                None => break,
            }
        }
        Ok(())
    }

    /// Gives up the oldest clips until the disk has `bytes` left: a recorder writes the next clip
    /// before it asks, and on a disk full of old ones there would never be a new one.
    ///
    /// # Errors
    /// When one cannot be removed.
    pub(super) fn keep_room_for_a_clip(&mut self, bytes: u64) -> Result<(), DiskError> {
        while self.media.free_bytes() < bytes {
            if self.media.drop_oldest(MediaKind::Clip)?.is_none() {
                return Ok(());
            }
            self.count_media(MediaKind::Clip, "the oldest, to leave room for the next");
        }
        Ok(())
    }

    /// Drops the oldest clip, else the oldest still, none that matters more than `claim`.
    pub(super) fn drop_media(&mut self, claim: Claim) -> Result<bool, DiskError> {
        if self.media.drop_oldest(MediaKind::Clip)?.is_some() {
            self.count_media(MediaKind::Clip, "the oldest, to make room");
            return Ok(true);
        }
        if claim >= Claim::Still && self.media.drop_oldest(MediaKind::Still)?.is_some() {
            self.count_media(MediaKind::Still, "the oldest, to make room");
            return Ok(true);
        }
        Ok(false)
    }

    /// Runs `write`, and again with one clip or still less as long as the disk is full.
    pub(super) fn try_with_less<T>(
        &mut self,
        claim: Claim,
        mut write: impl FnMut(&mut Self) -> Result<T, DiskError>,
    ) -> Result<T, DiskError> {
        loop {
            match write(self) {
                Err(error) if error.is_full() && self.drop_media(claim)? => {}
                result => return result,
            }
        }
    }

    pub(super) fn expire(&mut self, limits: Limits, now_ms: i64) -> Result<(), SpoolError> {
        let before = |age: Duration| now_ms - i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        for kind in [MediaKind::Still, MediaKind::Clip] {
            while self.media.drop_older(kind, before(limits.media_age))?.is_some() {
                self.count_media(kind, "too old");
            }
        }
        let lost = self.alarms.expire(before(limits.alarm_age))?;
        self.count_alarms(lost, "their retention ended");
        Ok(())
    }

    /// Counts and logs a still or clip that is lost.
    pub(super) fn count_media(&mut self, kind: MediaKind, why: &str) {
        let (lost, what) = match kind {
            MediaKind::Still => (&mut self.losses.stills, "still"),
            MediaKind::Clip => (&mut self.losses.clips, "clip"),
        };
        *lost += 1;
        tracing::warn!(total = *lost, "dropped a {what}: {why}");
    }

    fn count_alarms(&mut self, lost: u32, why: &str) {
        if lost > 0 {
            self.losses.alarms += u64::from(lost);
            tracing::error!(
                total = self.losses.alarms,
                "{lost} unacknowledged alarms ended: {why}"
            );
        }
    }

    /// Keeps the last disk error for the health report until something succeeds.
    pub(super) fn note<T>(&mut self, result: Result<T, DiskError>) -> Result<T, SpoolError> {
        self.trouble = result.as_ref().err().map(ToString::to_string);
        Ok(result?)
    }
}

/// Refuses what is longer than it may be.
///
/// # Errors
/// When `bytes` is above `most_bytes`.
pub(super) fn refuse_above(
    what: &'static str,
    bytes: u64,
    most_bytes: u64,
) -> Result<(), SpoolError> {
    match bytes > most_bytes {
        true => Err(SpoolError::TooLarge { what, bytes, most_bytes }),
        false => Ok(()),
    }
}
