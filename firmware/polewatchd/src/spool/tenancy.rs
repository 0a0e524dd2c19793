//! Who has the spool, and for the how-manieth time: the lock file and the boot counter.
//!
//! Promises: two daemons never share a spool; a boot number is never used twice, not even after the
//! counter or the whole spool was lost, because the control room would take the new alarms for old
//! ones and drop them.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::report::Finding;
use super::segment::set_aside;
use crate::durable::{self, DiskError};

/// 2020-01-01T00:00:00Z in Unix milliseconds: a new spool counts boots from the seconds since then,
/// which lies above every number an earlier spool on this box can have reached by counting.
const COUNTING_SINCE_MS: i64 = 1_577_836_800_000;

/// Held as long as the spool is open; the kernel lets go of it however the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock in `dir`; `Err(Some(holder))` when another process has it.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn take(dir: &Path) -> Result<Result<Self, String>, DiskError> {
        let path = dir.join("lock");
        let failed = |source| DiskError::new("lock", &path, source);
        // Held by a descriptor that cannot write, so that it keeps nobody from making the disk
        // read-only or taking it away.
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                File::create(&path).and_then(|_| File::open(&path))
            }
            opened => opened,
        };
        let file = file.map_err(failed)?;
        if flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(Err(fs::read_to_string(&path).unwrap_or_default().trim().to_owned()));
        }
        // The lock is the kernel's; a full disk only keeps the next one from being told by whom.
        let _told = fs::write(&path, format!("{}\n", std::process::id()));
        Ok(Ok(Self { _file: file }))
    }
}

/// Counts this start: durable before it is returned, above every boot seen in the spool.
///
/// # Errors
/// When the counter cannot be written. One that cannot be read is set aside, which is told.
pub fn count_boot(
    dir: &Path,
    newest_seen: Option<u32>,
    now_ms: i64,
) -> Result<(u32, Option<Finding>), DiskError> {
    let (boot, finding) = next_boot(dir, newest_seen, now_ms);
    durable::replace(&dir.join("boot"), print(boot).as_bytes())?;
    Ok((boot, finding))
}

/// The same on a disk too full for a second file: the counter is written over. A power cut may then
/// tear it, which the next start can do with.
///
/// # Errors
/// As [`count_boot`].
pub fn count_boot_in_place(
    dir: &Path,
    newest_seen: Option<u32>,
    now_ms: i64,
) -> Result<(u32, Option<Finding>), DiskError> {
    let (boot, finding) = next_boot(dir, newest_seen, now_ms);
    let path = dir.join("boot");
    durable::write_later(&path, 0, print(boot).as_bytes())?;
    durable::sync(&path)?;
    Ok((boot, finding))
}

fn next_boot(dir: &Path, newest_seen: Option<u32>, now_ms: i64) -> (u32, Option<Finding>) {
    let path = dir.join("boot");
    let (kept, finding) = match fs::read_to_string(&path).map(|text| parse(&text)) {
        Ok(Some(kept)) => (Some(kept), None),
        Ok(None) => (None, Some(set_aside(&path, "not a boot counter"))),
        Err(_) if !path.exists() => (None, None),
        Err(error) => (None, Some(set_aside(&path, &error.to_string()))),
    };
    let by_clock = u32::try_from((now_ms - COUNTING_SINCE_MS) / 1000).unwrap_or(0);
    let after = kept.max(newest_seen).map_or(0, |last| last.saturating_add(1));
    let boot = if kept.is_some() { after } else { after.max(by_clock).max(1) };
    (boot, finding)
}

fn print(boot: u32) -> String {
    format!("{boot} {:08x}\n", crc32c::crc32c(boot.to_string().as_bytes()))
}

fn parse(text: &str) -> Option<u32> {
    let boot = text.split_once(' ')?.0.parse().ok()?;
    (print(boot) == text).then_some(boot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = COUNTING_SINCE_MS + 200_000_000_000;
    const BY_CLOCK: u32 = 200_000_000;

    fn count(dir: &Path, newest_seen: Option<u32>, now_ms: i64) -> u32 {
        count_boot(dir, newest_seen, now_ms).unwrap().0
    }

    #[test]
    fn starts_are_counted_one_by_one() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(count(dir.path(), None, NOW_MS), BY_CLOCK);
        assert_eq!(count(dir.path(), None, NOW_MS + 60_000), BY_CLOCK + 1);
        assert_eq!(count(dir.path(), None, 0), BY_CLOCK + 2);
    }

    #[test]
    fn a_start_counted_in_place_counts_as_any_other() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("boot"), print(99)).unwrap();
        assert_eq!(count_boot_in_place(dir.path(), None, NOW_MS).unwrap().0, 100);
        assert_eq!(count(dir.path(), None, NOW_MS), 101);
    }

    #[test]
    fn a_box_without_a_clock_counts_from_one() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(count(dir.path(), None, 1_000), 1);
        assert_eq!(count(dir.path(), None, NOW_MS), 2);
    }

    #[test]
    fn a_lost_or_damaged_counter_never_repeats_a_number() {
        for damage in ["", "7", "7 00000000\n", "\u{fffd}\u{0}", "99999999999 1\n"] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join("boot"), damage).unwrap();
            let (boot, finding) = count_boot(dir.path(), Some(BY_CLOCK + 5), NOW_MS).unwrap();
            assert_eq!(boot, BY_CLOCK + 6, "{damage:?}");
            assert!(matches!(finding, Some(Finding::SetAside { .. })), "{damage:?}");
            assert!(dir.path().join("boot.corrupt").exists());
        }
    }

    #[test]
    fn a_second_daemon_is_told_who_has_the_spool() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let holder = Lock::take(dir.path()).unwrap().unwrap_err();
        assert_eq!(holder, std::process::id().to_string());
        drop(first);
        assert!(Lock::take(dir.path()).unwrap().is_ok());
    }
}
