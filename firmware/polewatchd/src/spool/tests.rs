//! Stories of the whole spool: kills, damage, limits, and a long random life.

use std::collections::BTreeSet;
use std::fs;

use proptest::prelude::*;

use super::report::Finding;
use super::*;

const NOON: WallTime = WallTime { unix_ms: 1_800_000_000_000, quality: ClockQuality::Synchronized };
const PLENTY: Limits = Limits::of_bytes(1 << 30);

fn open(dir: &Path, limits: Limits) -> (Spool, Recovery) {
    Spool::open(dir, limits, Clock::manual(NOON).0).unwrap()
}

fn alarm(spool: &Spool) -> RecordId {
    let record = spool.reserve();
    spool.append_alarms(&[(record, payload_of(record))]).unwrap();
    record
}

fn payload_of(record: RecordId) -> Vec<u8> {
    let mut payload = record.number.to_le_bytes().to_vec();
    payload.resize(40 + (record.number as usize * 7) % 300, b'a');
    payload
}

fn media(spool: &Spool, event: u64, kind: MediaKind, bytes: usize) -> Result<RecordId, SpoolError> {
    let event = EventRef { boot: spool.boot(), number: event };
    spool.store_media(event, kind, &Payload::Bytes(vec![event.number as u8; bytes]))
}

fn waiting(spool: &Spool) -> Vec<RecordId> {
    std::iter::successors(spool.alarm_after(None), |last| spool.alarm_after(Some(*last))).collect()
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let all = alarms::list(&dir.join("alarms")).unwrap();
    all.into_iter().filter(|path| alarms::has_suffix(path, "log")).collect()
}

#[test]
fn a_restart_keeps_exactly_what_was_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, recovery) = open(dir.path(), PLENTY);
    assert_eq!((recovery.alarms, recovery.findings.len()), (0, 0));
    let stored: Vec<_> = (0..20).map(|_| alarm(&spool)).collect();
    assert_eq!(spool.acknowledge(&[stored[0], stored[3], stored[19]]).unwrap(), 3);
    assert_eq!(spool.acknowledge(&[stored[3]]).unwrap(), 0);
    let expected = waiting(&spool);
    drop(spool);
    let (spool, recovery) = open(dir.path(), PLENTY);
    assert_eq!(recovery.alarms, 17);
    assert_eq!(waiting(&spool), expected);
    for record in expected {
        assert_eq!(spool.read_alarm(record).unwrap(), Some(payload_of(record)));
    }
}

#[test]
fn alarms_of_several_starts_come_in_the_order_they_were_made() {
    let dir = tempfile::tempdir().unwrap();
    let mut made = Vec::new();
    for _ in 0..4 {
        let (spool, _) = open(dir.path(), PLENTY);
        made.extend((0..3).map(|_| alarm(&spool)));
    }
    let (spool, _) = open(dir.path(), PLENTY);
    assert!(made.is_sorted());
    assert_eq!(waiting(&spool), made);
    spool.acknowledge(&made).unwrap();
    assert_eq!(segments(dir.path()), [] as [PathBuf; 0]);
}

#[test]
fn an_append_torn_at_any_byte_is_cut_and_costs_only_itself() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let kept: Vec<_> = (0..3).map(|_| alarm(&spool)).collect();
    let segment = segments(dir.path()).remove(0);
    let whole_bytes = fs::metadata(&segment).unwrap().len();
    alarm(&spool);
    drop(spool);
    let torn = fs::read(&segment).unwrap();
    for cut in whole_bytes as usize + 1..torn.len() {
        fs::write(&segment, &torn[..cut]).unwrap();
        let (spool, recovery) = open(dir.path(), PLENTY);
        assert_eq!(waiting(&spool), kept, "cut at {cut}");
        let [Finding::TornTail { cut_bytes, .. }] = &recovery.findings[..] else {
            panic!("cut at {cut}: {:?}", recovery.findings);
        };
        assert_eq!(*cut_bytes, cut as u64 - whole_bytes);
    }
}

#[test]
fn a_first_append_torn_at_any_byte_leaves_an_empty_spool() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    alarm(&spool);
    drop(spool);
    let segment = segments(dir.path()).remove(0);
    let whole = fs::read(&segment).unwrap();
    for cut in 0..whole.len() {
        fs::write(&segment, &whole[..cut]).unwrap();
        let (spool, recovery) = open(dir.path(), PLENTY);
        assert_eq!(waiting(&spool), [], "cut at {cut}");
        assert_eq!(segments(dir.path()), [] as [PathBuf; 0], "cut at {cut}");
        assert_eq!(recovery.findings.len(), usize::from(cut != 8), "cut at {cut}");
    }
}

#[test]
fn damage_in_the_middle_costs_one_alarm_and_the_file_is_kept_for_an_engineer() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let stored: Vec<_> = (0..5).map(|_| alarm(&spool)).collect();
    drop(spool);
    let segment = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let second_at = 8 + HEADER_BYTES + payload_of(stored[0]).len();
    bytes[second_at + HEADER_BYTES] ^= 1;
    fs::write(&segment, bytes).unwrap();

    let (spool, recovery) = open(dir.path(), PLENTY);
    let text = recovery.findings[0].to_string();
    assert!(text.contains(&format!("damaged at byte {second_at}; its 4 whole records")), "{text}");
    let left = [stored[0], stored[2], stored[3], stored[4]];
    assert_eq!(waiting(&spool), left);
    assert_eq!(spool.read_alarm(stored[4]).unwrap(), Some(payload_of(stored[4])));
    spool.acknowledge(&left).unwrap();
    assert!(durable::with_suffix(&segment, "corrupt").exists());
}

#[test]
fn files_that_make_no_sense_are_set_aside_not_fatal() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let kept = alarm(&spool);
    media(&spool, 1, MediaKind::Still, 100).unwrap();
    drop(spool);
    let noise = vec![0xa5_u8; 5000];
    for name in ["alarms/noise.log", "alarms/00000001-0000000000000001.log", "media/x.clip"] {
        fs::write(dir.path().join(name), &noise).unwrap();
    }
    fs::write(dir.path().join("staging/half.mp4"), &noise).unwrap();
    let (spool, recovery) = open(dir.path(), PLENTY);
    assert_eq!(recovery.findings.len(), 4, "{:?}", recovery.findings);
    assert!(dir.path().join("alarms/noise.log.corrupt").exists());
    assert!(!dir.path().join("staging/half.mp4").exists());
    assert_eq!(waiting(&spool), [kept]);
    assert_eq!(spool.status().stills, 1);
    drop(spool);
    assert_eq!(open(dir.path(), PLENTY).1.findings.len(), 0);
}

#[test]
fn an_alarm_that_rots_while_it_waits_becomes_a_dead_letter() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let (rotten, sound) = (alarm(&spool), alarm(&spool));
    let segment = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8 + HEADER_BYTES] ^= 1;
    fs::write(&segment, bytes).unwrap();
    let error = spool.read_alarm(rotten).unwrap_err().to_string();
    assert!(error.contains("is damaged"), "{error}");
    spool.set_aside(rotten, "unreadable").unwrap();
    assert_eq!(waiting(&spool), [sound]);
    assert_eq!(spool.status().losses.dead_letters, 1);
}

#[test]
fn a_refused_alarm_is_kept_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let refused = alarm(&spool);
    spool.set_aside(refused, "the control room cannot use it").unwrap();
    assert_eq!(waiting(&spool), []);
    let letter = alarms::list(&dir.path().join("dead")).unwrap().remove(0);
    let expected = [b"the control room cannot use it\n".to_vec(), payload_of(refused)].concat();
    assert_eq!(fs::read(letter).unwrap(), expected);
}

#[test]
fn a_full_spool_gives_up_clips_then_stills_and_alarms_last() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), Limits::of_bytes(60_000));
    let old_clip = media(&spool, 1, MediaKind::Clip, 20_000).unwrap();
    let old_still = media(&spool, 1, MediaKind::Still, 9_000).unwrap();
    let new_clip = media(&spool, 2, MediaKind::Clip, 25_000).unwrap();

    let third = media(&spool, 3, MediaKind::Clip, 20_000).unwrap();
    let newest_first = |kind| spool.newest_media(kind, &[]).map(|media| media.record);
    assert_eq!(newest_first(MediaKind::Clip), Some(third));
    assert_eq!(spool.newest_media(MediaKind::Clip, &[third]).unwrap().record, new_clip);
    assert!(!waiting_media(&spool, MediaKind::Clip).contains(&old_clip));

    let big = media(&spool, 4, MediaKind::Clip, 55_000).unwrap_err().to_string();
    assert_eq!(big, "spool: full, no room for a clip of 55084 bytes");
    assert_eq!(waiting_media(&spool, MediaKind::Still), [old_still]);

    let mut before = spool.status();
    while before.stills > 0 {
        alarm(&spool);
        let after = spool.status();
        assert!(after.stills == before.stills || before.clips == 0, "{before:?} {after:?}");
        assert!(after.used_bytes <= 60_000, "{after:?}");
        before = after;
    }
    assert_eq!(before.losses, Losses { clips: 4, stills: 1, ..Losses::default() });
    assert_eq!(before.alarms as usize, waiting(&spool).len());
}

fn waiting_media(spool: &Spool, kind: MediaKind) -> Vec<RecordId> {
    let mut found = Vec::new();
    while let Some(media) = spool.newest_media(kind, &found) {
        found.push(media.record);
    }
    found
}

#[test]
fn alarms_alone_above_the_limit_cost_the_oldest_which_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let mut made = 0;
    for _ in 0..5 {
        let (spool, _) = open(dir.path(), Limits::of_bytes(8_000));
        for _ in 0..20 {
            alarm(&spool);
            made += 1;
        }
        let status = spool.status();
        assert!(status.used_bytes <= 8_000 || segments(dir.path()).len() == 1, "{status:?}");
    }
    let (spool, _) = open(dir.path(), Limits::of_bytes(8_000));
    assert!(waiting(&spool).len() < made);
    assert!(waiting(&spool).len() >= 40);
}

#[test]
fn a_clip_comes_out_as_it_went_in() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let finished = spool.staging().join("clip-1.mp4");
    fs::write(&finished, &bytes).unwrap();
    let event = EventRef { boot: spool.boot(), number: 1 };
    let record = spool.store_media(event, MediaKind::Clip, &Payload::File(finished)).unwrap();
    drop(spool);

    let (spool, recovery) = open(dir.path(), PLENTY);
    assert_eq!(recovery.media, 1);
    let media = spool.newest_media(MediaKind::Clip, &[]).unwrap();
    assert_eq!((media.record, media.event, media.total_bytes), (record, event, 100_000));
    let mut read = Vec::new();
    while let Some(piece) = spool.read_media(&media, read.len() as u32, 32 * 1024).unwrap() {
        if piece.is_empty() {
            break;
        }
        read.extend(piece);
    }
    assert_eq!(read, bytes);
    assert_eq!(media.sha256, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&bytes)));
    assert_eq!(spool.acknowledge(&[record]).unwrap(), 1);
    assert_eq!(spool.read_media(&media, 0, 1).unwrap(), None);
    assert_eq!(spool.status().used_bytes, 0);
}

#[test]
fn retention_ends_by_a_synchronized_clock_only() {
    let day = Duration::from_secs(24 * 60 * 60);
    let dir = tempfile::tempdir().unwrap();
    let (clock, hands) = Clock::manual(NOON);
    let (spool, _) = Spool::open(dir.path(), PLENTY, clock.clone()).unwrap();
    alarm(&spool);
    media(&spool, 1, MediaKind::Clip, 500).unwrap();
    drop(spool);
    let (spool, _) = Spool::open(dir.path(), PLENTY, clock).unwrap();

    let far = WallTime { unix_ms: NOON.unix_ms * 2, quality: ClockQuality::FreeRunning };
    for (wall, left) in [
        (far, (1, 1)),
        (NOON, (1, 1)),
        (WallTime { unix_ms: NOON.unix_ms + 8 * day.as_millis() as i64, ..NOON }, (1, 0)),
        (WallTime { unix_ms: NOON.unix_ms + 31 * day.as_millis() as i64, ..NOON }, (0, 0)),
    ] {
        hands.set_wall(wall);
        spool.tidy().unwrap();
        let status = spool.status();
        assert_eq!((status.alarms, status.clips), left, "{wall:?}");
    }
    assert_eq!(spool.status().losses, Losses { clips: 1, alarms: 1, ..Losses::default() });
}

#[test]
fn a_second_daemon_is_refused_with_the_first_ones_process_id() {
    let dir = tempfile::tempdir().unwrap();
    let (_spool, _) = open(dir.path(), PLENTY);
    let error = Spool::open(dir.path(), PLENTY, Clock::system()).unwrap_err().to_string();
    assert!(error.ends_with(&format!("in use by process {}", std::process::id())), "{error}");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let error = Spool::open(Path::new("/proc/spool"), PLENTY, Clock::system()).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("spool: cannot create directory /proc/spool: "), "{text}");
}

#[test]
fn an_alarm_too_long_to_read_back_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (spool, _) = open(dir.path(), PLENTY);
    let long = vec![0; MAX_PAYLOAD_BYTES + 1];
    let error = spool.append_alarms(&[(spool.reserve(), long)]).unwrap_err().to_string();
    assert_eq!(error, "spool: alarm of 65537 bytes, expected at most 65536");
}

/// A life of a spool, one step.
#[derive(Clone, Debug)]
enum Step {
    Append(u8),
    Acknowledge(Vec<u8>),
    Tidy,
    Reopen,
    ReopenWithTornTail(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1..6_u8).prop_map(Step::Append),
        3 => prop::collection::vec(any::<u8>(), 1..10).prop_map(Step::Acknowledge),
        1 => Just(Step::Tidy),
        1 => Just(Step::Reopen),
        1 => (1..40_u8).prop_map(Step::ReopenWithTornTail),
    ];
    prop::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_life_of_a_spool_loses_an_alarm_or_brings_one_back(life in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let (mut spool, _) = open(dir.path(), PLENTY);
        let mut expected = BTreeSet::new();
        for step in life {
            match step {
                Step::Append(count) => {
                    let batch: Vec<_> = (0..count).map(|_| spool.reserve()).collect();
                    let records: Vec<_> = batch.iter().map(|id| (*id, payload_of(*id))).collect();
                    spool.append_alarms(&records).unwrap();
                    expected.extend(batch);
                }
                Step::Acknowledge(picks) => {
                    let all: Vec<_> = expected.iter().copied().collect();
                    let picked: BTreeSet<_> =
                        picks.iter().filter_map(|pick| all.get(*pick as usize)).copied().collect();
                    let picked: Vec<_> = picked.into_iter().collect();
                    prop_assert_eq!(spool.acknowledge(&picked).unwrap() as usize, picked.len());
                    picked.iter().for_each(|record| { expected.remove(record); });
                }
                Step::Tidy => spool.tidy().unwrap(),
                Step::Reopen => {
                    drop(spool);
                    spool = open(dir.path(), PLENTY).0;
                }
                Step::ReopenWithTornTail(bytes) => {
                    drop(spool);
                    if let Some(newest) = segments(dir.path()).last() {
                        let whole = fs::read(newest).unwrap();
                        let noise = whole.iter().take(usize::from(bytes)).copied().rev();
                        fs::write(newest, whole.iter().copied().chain(noise).collect::<Vec<_>>())
                            .unwrap();
                    }
                    spool = open(dir.path(), PLENTY).0;
                }
            }
            prop_assert_eq!(waiting(&spool), expected.iter().copied().collect::<Vec<_>>());
        }
    }
}
