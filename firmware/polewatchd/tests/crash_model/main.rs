//! Power cuts, enumerated: after every call that changed the disk, in every way a disk may forget,
//! the spool opens and holds what its caller was told it holds.
//!
//! The disk is simulated (`disk.rs`), the spool is real: its calls are recorded once, then each prefix
//! of them is what happened before the power went.
#![allow(clippy::unwrap_used, reason = "tests")]

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use polewatchd::clock::Clock;
use polewatchd::durable::disk::{Op, Tape};
use polewatchd::spool::media::Payload;
use polewatchd::spool::{Limits, Spool};
use wire::alarm::{ClockQuality, WallTime};
use wire::media::MediaKind;
use wire::record::{EventRef, RecordId};

use disk::{Disk, WAYS};

/// How many alarms the workload stores.
const RECORDS: usize = 200;

/// What the caller knows after a call has returned.
#[derive(Clone, Debug)]
enum Told {
    Stored(Vec<RecordId>),
    File(RecordId),
    /// The caller has said that these are answered for: from then on they may be gone.
    Answered(Vec<RecordId>),
}

/// What was done, and what the caller knew after how many calls to the disk.
struct Story {
    ops: Vec<Op>,
    told: Vec<(usize, Told)>,
    alarms: BTreeMap<RecordId, Vec<u8>>,
    boot: u32,
}

#[test]
fn every_power_cut_leaves_a_spool_that_holds_what_it_said_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let story = story(&folder.path().join("spool"));
    let (mut disk, mut images) = (Disk::default(), 0);
    for cut in 0..=story.ops.len() {
        for way in WAYS {
            let image = disk.after_power_cut(way);
            let fresh = memory_folder();
            image.put(folder.path(), fresh.path());
            let context = format!("cut after {cut} calls, {way:?}, last {:?}", story.last(cut));
            check(&story, cut, &fresh.path().join("spool"), &context);
            images += 1;
        }
        if let Some(op) = story.ops.get(cut) {
            disk.apply(op);
        }
    }
    println!("{RECORDS} alarms, {} calls to the disk, {images} power cuts", story.ops.len());
    assert!(story.ops.len() > RECORDS, "only {} calls", story.ops.len());
    let removed =
        |op: &Op| matches!(op, Op::Unlink(path) if path.extension().is_some_and(|x| x == "log"));
    assert!(story.ops.iter().any(removed), "no segment was done with");
}

#[test]
fn the_model_loses_what_was_not_synced_and_nothing_else() {
    let path = Path::new("/d/f").to_path_buf();
    let dir = Path::new("/d").to_path_buf();
    let mut disk = Disk::default();
    for op in [
        Op::MakeDir(dir.clone()),
        Op::SyncDir("/".into()),
        Op::Create(path.clone()),
        Op::Write(path.clone(), 0, b"old".to_vec()),
        Op::SyncFile(path.clone()),
        Op::SyncDir(dir),
        Op::Write(path, 3, b"newer".to_vec()),
    ] {
        disk.apply(&op);
    }
    let found = |way| {
        let folder = memory_folder();
        disk.after_power_cut(way).put(Path::new("/"), folder.path());
        std::fs::read(folder.path().join("d/f")).unwrap()
    };
    for (way, expected) in [
        ((disk::Data::Lost, disk::Names::Kept), &b"old"[..]),
        ((disk::Data::Kept, disk::Names::Lost), b"oldnewer"),
        ((disk::Data::Torn, disk::Names::Lost), b"oldne"),
        ((disk::Data::Zeros, disk::Names::Lost), b"old\0\0\0\0\0"),
    ] {
        assert_eq!(found(way), expected, "{way:?}");
    }
}

/// Stores alarms one by one and in batches, files between them, answers for some of each, and tidies up.
fn story(dir: &Path) -> Story {
    let tape = Tape::start();
    let spool = open(dir);
    let (mut told, mut alarms, mut waiting) = (Vec::new(), BTreeMap::new(), Vec::new());
    let mut round = 0;
    while alarms.len() < RECORDS {
        round += 1;
        let batch: Vec<_> = (0..1 + round % 4)
            .map(|_| {
                let record = spool.reserve();
                (record, payload_of(record))
            })
            .collect();
        spool.append_alarms(&batch).unwrap();
        let records: Vec<_> = batch.iter().map(|(record, _)| *record).collect();
        told.push((tape.len(), Told::Stored(records.clone())));
        waiting.extend(records);
        alarms.extend(batch);
        if round % 5 == 0 {
            let event = EventRef { boot: spool.boot(), number: round as u64 };
            let jpeg = vec![round as u8; 700];
            let still = spool.store_media(event, MediaKind::Still, &Payload::Bytes(jpeg)).unwrap();
            told.push((tape.len(), Told::File(still)));
        }
        if round % 3 == 0 {
            let answered: Vec<_> = waiting.drain(..waiting.len().saturating_sub(2)).collect();
            told.push((tape.len(), Told::Answered(answered.clone())));
            spool.acknowledge(&answered).unwrap();
        }
        if round % 7 == 0 {
            spool.tidy().unwrap();
        }
    }
    Story { told, alarms, boot: spool.boot(), ops: tape.stop() }
}

/// Opens what a power cut left and holds it against what the caller knew.
fn check(story: &Story, cut: usize, dir: &Path, context: &str) {
    let spool = open(dir);
    assert!(spool.boot() > story.boot || cut < story.ops.len(), "a boot twice: {context}");
    let found = waiting_alarms(&spool);
    for (record, payload) in &found {
        assert_eq!(story.alarms.get(record), Some(payload), "{record:?}: {context}");
    }
    let found: BTreeSet<_> = found.into_keys().collect();
    let (mut promised, mut files): (Vec<RecordId>, Vec<RecordId>) = Default::default();
    let mut answered: BTreeSet<RecordId> = BTreeSet::new();
    for (at, told) in &story.told {
        match told {
            Told::Stored(records) if *at <= cut => promised.extend(records),
            Told::File(record) if *at <= cut => files.push(*record),
            Told::Answered(records) if *at <= cut => answered.extend(records),
            _ => {}
        }
    }
    for record in promised.iter().filter(|record| !answered.contains(record)) {
        assert!(found.contains(record), "{record:?} is lost: {context}");
    }
    // What is there of alarms nobody was told of is a prefix of them.
    if let Some(newest) = found.last() {
        for record in story.alarms.keys().filter(|record| *record < newest) {
            let there = found.contains(record) || answered.contains(record);
            assert!(there, "{record:?} is missing before {newest:?}: {context}");
        }
    }
    for still in files {
        let mut passed = Vec::new();
        while let Some(media) = spool.newest_media(MediaKind::Still, &passed) {
            passed.push(media.record);
        }
        assert!(passed.contains(&still), "still {still:?} is lost: {context}");
    }
}

fn waiting_alarms(spool: &Spool) -> BTreeMap<RecordId, Vec<u8>> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    while let Some(record) = spool.alarm_after(after) {
        found.insert(record, spool.read_alarm(record).unwrap().unwrap());
        after = Some(record);
    }
    found
}

fn open(dir: &Path) -> Spool {
    let wall = WallTime { unix_ms: 1_800_000_000_000, quality: ClockQuality::Synchronized };
    let (clock, _) = Clock::manual(wall);
    Spool::open(dir, Limits::of_bytes(1 << 30), clock).unwrap().0
}

fn payload_of(record: RecordId) -> Vec<u8> {
    // Long ones, so that they fill more than one segment of 1 MiB.
    let length = 5000 + (record.number as usize * 37) % 3000;
    (0..length).map(|at| (at as u64 + record.number) as u8).collect()
}

/// A folder in memory where there is one: nothing of it need survive.
fn memory_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Story {
    fn last(&self, cut: usize) -> Option<&Op> {
        self.ops[..cut].last()
    }
}
