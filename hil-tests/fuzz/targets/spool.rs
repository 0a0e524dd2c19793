//! Any folder where the spool is opened: segments, answers, stills, clips and counters of any bytes.
//!
//! Promises: shows that opening never panics nor fails, that every whole record is found again however
//! it is surrounded, that what waits comes in order and once, and that what opening healed stays as it
//! is. Refuses: a real disk; the folder is in memory where there is a place for that.
#![no_main]

#[path = "spool/folder.rs"]
mod folder;

use std::collections::BTreeSet;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use polewatchd::clock::Clock;
use polewatchd::spool::{Limits, Spool};
use wire::alarm::{ClockQuality, WallTime};
use wire::media::MediaKind;
use wire::record::RecordId;

use folder::Folder;

const NOON: WallTime = WallTime { unix_ms: 1_800_000_000_000, quality: ClockQuality::FreeRunning };

fuzz_target!(|folder: Folder| {
    let place = fuzz::memory_folder();
    let whole = folder.write(place.path());
    let left = answer_half(place.path(), &whole);
    // Whatever was damaged has been healed or set aside: now nothing is lost, and nothing comes back.
    let spool = open(place.path());
    assert_eq!(waiting(&spool), left);
});

/// Opens the spool, looks at everything that waits, answers for every other alarm; gives the rest.
fn answer_half(folder: &Path, whole: &BTreeSet<RecordId>) -> Vec<RecordId> {
    let spool = open(folder);
    let alarms = waiting(&spool);
    assert!(alarms.is_sorted_by(|a, b| a < b), "{alarms:?}");
    let missing: Vec<_> = whole.iter().filter(|record| !alarms.contains(record)).collect();
    assert!(missing.is_empty(), "whole and not found: {missing:?}");
    for record in &alarms {
        let read = spool.read_alarm(*record);
        assert!(read.is_ok_and(|payload| payload.is_some()), "{record:?}");
    }
    for kind in [MediaKind::Still, MediaKind::Clip] {
        if let Some(media) = spool.newest_media(kind, &[]) {
            let _ = spool.read_media(&media, 0, 64);
        }
    }
    let answered: Vec<_> = alarms.iter().copied().step_by(2).collect();
    let freed = spool.acknowledge(&answered).expect("there is room in memory");
    assert_eq!(freed as usize, answered.len());
    spool.tidy().expect("there is room in memory");
    alarms.into_iter().skip(1).step_by(2).collect()
}

fn open(folder: &Path) -> Spool {
    let opened = Spool::open(folder, Limits::of_bytes(1 << 30), Clock::manual(NOON).0);
    let (spool, recovery) = opened.expect("damage is never fatal");
    for finding in &recovery.findings {
        assert_eq!(finding.to_string().lines().count(), 1, "{finding}");
    }
    spool
}

fn waiting(spool: &Spool) -> Vec<RecordId> {
    std::iter::successors(spool.alarm_after(None), |last| spool.alarm_after(Some(*last))).collect()
}
