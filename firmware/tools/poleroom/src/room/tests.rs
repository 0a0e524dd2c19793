//! The room's rules, without broker or disk.

use proptest::prelude::*;
use wire::alarm::{ClockQuality, Kind, Phase, WallTime};
use wire::envelope::Body;
use wire::health::{Part, Report};
use wire::media::{MediaChunk, MediaKind};
use wire::text::shortened;
use wire::{Ack, EventRef, encode};

use super::*;

const ALARM: &[u8] = b"polewatch/gangnam/pole-1/alarm";
const MEDIA: &[u8] = b"polewatch/gangnam/pole-1/media";
const HEALTH: &[u8] = b"polewatch/gangnam/pole-1/health";

#[test]
fn a_new_alarm_is_kept_then_answered() {
    let payload = payload(&alarm(1));
    let mut room = room();
    let actions = room.arrived(5000, ALARM, &payload);
    let [Action::KeepAlarm(line), Action::Answer(address, record, Verdict::Stored)] = &actions[..]
    else {
        panic!("{actions:?}");
    };
    assert_eq!((line.kind, line.number, line.received_unix_ms), ("falldown", 1, 5000));
    assert_eq!((address, *record), (&pole(), record_id(1)));
}

#[test]
fn a_known_alarm_is_only_answered() {
    let payload = payload(&alarm(1));
    let mut room = room();
    room.arrived(0, ALARM, &payload);
    let again = room.arrived(0, ALARM, &payload);
    assert!(matches!(&again[..], [Action::Say(Fact::Duplicate(_)), Action::Answer(..)]));
    let other_box = room.arrived(0, b"polewatch/gangnam/pole-2/alarm", &payload);
    assert!(matches!(&other_box[..], [Action::KeepAlarm(_), Action::Answer(..)]));
}

#[test]
fn an_alarm_and_a_file_may_have_the_same_number() {
    let mut room = room();
    room.arrived(0, ALARM, &payload(&alarm(1)));
    let still = payload(&chunk(1, 2, 0, b"ab"));
    let actions = room.arrived(0, MEDIA, &still);
    assert!(matches!(&actions[..], [Action::Write { .. }, Action::Check { .. }]), "{actions:?}");
}

#[test]
fn a_whole_file_is_checked_and_answered_when_that_went_well() {
    let mut room = room();
    let (first, last) = (payload(&chunk(2, 4, 0, b"ab")), payload(&chunk(2, 4, 2, b"cd")));
    let written = room.arrived(0, MEDIA, &last);
    assert!(matches!(&written[..], [Action::Write { offset: 2, bytes: b"cd", .. }]));
    let whole = room.arrived(0, MEDIA, &first);
    let [Action::Write { .. }, Action::Check { key, claim }] = &whole[..] else {
        panic!("{whole:?}");
    };
    let stored = Checked::Stored { file: "stills/a".to_owned() };
    let told = room.checked(9, key.clone(), *claim, stored);
    let [Action::Answer(_, record, Verdict::Stored), Action::Say(Fact::Still(still))] = &told[..]
    else {
        panic!("{told:?}");
    };
    assert_eq!((*record, still.file.as_str(), still.bytes), (record_id(2), "stills/a", 4));
    let again = room.arrived(0, MEDIA, &first);
    assert!(matches!(
        &again[..],
        [Action::Answer(_, _, Verdict::Stored), Action::Say(Fact::Duplicate(_))]
    ));
}

#[test]
fn pieces_lost_to_the_disk_are_asked_for_a_minute_later() {
    let mut room = room();
    room.arrived(0, MEDIA, &payload(&chunk(2, 4, 0, b"ab")));
    let key = FileKey { address: pole(), record: record_id(2) };
    let lost = room.write_failed(1000, key, "disk full");
    assert!(matches!(&lost[..], [Action::Reset(_), Action::Say(Fact::Media(_))]), "{lost:?}");
    assert_eq!(room.tick(60_000), []);
    let send_again = [Action::Answer(pole(), record_id(2), Verdict::SendAgain)];
    assert_eq!(room.tick(61_000), send_again);
    assert_eq!(room.tick(61_001), []);
    assert_eq!(room.connected(61_002), send_again);
    room.arrived(61_003, MEDIA, &payload(&chunk(2, 4, 0, b"ab")));
    assert_eq!(room.tick(200_000), []);
}

#[test]
fn files_cut_by_the_last_end_are_asked_for_at_the_first_connection() {
    let key = FileKey { address: pole(), record: record_id(7) };
    let kept = Kept { interrupted: vec![key], ..Kept::default() };
    let mut room = Room::new(kept, "+09:00".parse().unwrap());
    let asked = room.connected(0);
    assert_eq!(asked, [Action::Answer(pole(), record_id(7), Verdict::SendAgain)]);
}

#[test]
fn what_cannot_be_used_is_refused_by_its_reason() {
    let alarm = payload(&alarm(1));
    let health = payload(&Health::Offline);
    let ack = payload(&Ack::default());
    let outside = payload(&chunk(3, 4, 3, b"ab"));
    let too_large = payload(&chunk(4, 5 << 20, 0, b"ab"));
    let newer_piece = [&[3, 2], &payload(&chunk(5, 4, 0, b"ab"))[2..]].concat();
    /// Topic, payload, the reason told, the record refused.
    type Row<'a> = (&'a [u8], &'a [u8], &'a str, Option<u64>);
    let table: [Row<'_>; 12] = [
        (b"nonsense", &alarm, "topic", None),
        (b"\xff\xfe", &alarm, "topic", None),
        (b"polewatch/gangnam/pole-1/command", &alarm, "topic", None),
        (b"polewatch/gangnam/pole-1/ack", &ack, "wrong_topic", None),
        (MEDIA, &alarm, "wrong_topic", Some(1)),
        (ALARM, &health, "wrong_topic", None),
        (ALARM, &alarm[..20], "truncated", Some(1)),
        (ALARM, &[1, 77], "unknown_tag", None),
        (ALARM, &[], "empty", None),
        (MEDIA, &outside, "piece", Some(3)),
        (MEDIA, &too_large, "piece", Some(4)),
        (MEDIA, &newer_piece, "newer", Some(5)),
    ];
    for (topic, payload, reason, refused) in table {
        let actions = room().arrived(0, topic, payload);
        let said = actions.iter().find_map(|action| match action {
            Action::Say(Fact::Garbage(garbage)) => Some(garbage.reason),
            _ => None,
        });
        assert_eq!(said, Some(reason), "{actions:?}");
        let answer = refused.map(|n| Action::Answer(pole(), record_id(n), Verdict::Refused));
        let answers = actions.iter().filter(|action| matches!(action, Action::Answer(..)));
        assert_eq!(answers.collect::<Vec<_>>(), answer.iter().collect::<Vec<_>>(), "{reason}");
    }
}

#[test]
fn garbage_is_named_once_and_again_at_ten() {
    let mut room = room();
    let said = (0..12).map(|_| room.arrived(0, HEALTH, b"\x01\x03\x09").len()).sum::<usize>();
    assert_eq!(said, 2);
}

#[test]
fn contradicting_pieces_start_the_file_over() {
    let mut room = room();
    room.arrived(0, MEDIA, &payload(&chunk(2, 4, 0, b"ab")));
    let contradicting = payload(&chunk(2, 5, 2, b"cd"));
    let actions = room.arrived(0, MEDIA, &contradicting);
    assert!(matches!(
        &actions[..],
        [Action::Answer(_, _, Verdict::SendAgain), Action::Reset(_), Action::Say(_)]
    ));
}

#[test]
fn a_newer_alarm_is_kept_as_it_came() {
    let mut payload = payload(&alarm(1));
    payload[0] = 9;
    let mut room = room();
    let actions = room.arrived(0, ALARM, &payload);
    let [Action::KeepNewer(line), Action::Answer(_, record, Verdict::Stored)] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!((line.version, *record, &line.payload_hex), (9, record_id(1), &hex(&payload)));
    let again = room.arrived(0, ALARM, &payload);
    assert!(matches!(&again[..], [Action::Say(Fact::Duplicate(_)), Action::Answer(..)]));
}

#[test]
fn a_missing_alarm_is_asked_for_then_told_and_its_coming_is_told_too() {
    let mut room = room();
    for (number, previous) in [(1, 0), (4, 1), (9, 7)] {
        room.arrived(0, ALARM, &chained(number, previous));
    }
    let ask = [Action::Answer(pole(), record_id(7), Verdict::SendAgain)];
    for now_ms in [60_000, 120_000, 180_000] {
        assert_eq!(room.tick(now_ms), ask);
        assert_eq!(room.tick(now_ms + 1), []);
    }
    let told = room.tick(240_000);
    let [Action::KeepGap(gap)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((gap.state, gap.boot, gap.from, gap.to), ("open", 1, 5, 7));
    assert_eq!(room.tick(900_000), []);
    let late = chained(7, 6);
    let came = room.arrived(900_001, ALARM, &late);
    let [Action::KeepAlarm(_), Action::KeepGap(gap), Action::Answer(..)] = &came[..] else {
        panic!("{came:?}");
    };
    assert_eq!((gap.state, gap.from, gap.to), ("closed", 5, 7));
    // It names another that is missing.
    let ask = [Action::Answer(pole(), record_id(6), Verdict::SendAgain)];
    assert_eq!(room.tick(960_001), ask);
}

#[test]
fn what_is_not_missing_is_not_missed() {
    // What came before the store's first alarm, numbers of files, another start, and alarms that
    // came in another order than they were made in.
    let mut room = room();
    for (number, previous) in [(8, 5), (12, 8), (20, 13), (13, 12)] {
        room.arrived(0, ALARM, &chained(number, previous));
    }
    let mut later = alarm(2);
    later.record.boot = 2;
    room.arrived(0, ALARM, &chained_to(&later, 0));
    assert_eq!(room.tick(60_000), []);
}

#[test]
fn a_gap_is_remembered_across_a_restart_but_told_once() {
    let mut kept = Kept::default();
    let note = |number, previous| Noted { address: pole(), record: record_id(number), previous };
    // In the order the files happen to be read in; 3 was told, 7 was not.
    for noted in
        [note(9, Some(7)), note(4, Some(3)), note(8, None), note(2, Some(1)), note(1, Some(0))]
    {
        kept.note_alarm(noted);
    }
    kept.told_missing.insert(&pole(), record_id(3));
    let mut room = Room::new(kept, "+09:00".parse().unwrap());
    let ask = [Action::Answer(pole(), record_id(7), Verdict::SendAgain)];
    assert_eq!(room.tick(1_800_000_000_000), ask);
    let late = chained(3, 2);
    let came = room.arrived(1_800_000_000_000, ALARM, &late);
    assert!(matches!(&came[1], Action::KeepGap(gap) if gap.state == "closed"), "{came:?}");
}

#[test]
fn a_correction_is_kept_once_however_often_it_is_reported() {
    let mut buffer = [0; wire::envelope::MAX_HEALTH_BYTES];
    let written = encode(&report(1, State::Ok, 10), &mut buffer).unwrap().len();
    let correction = Correction { first: 3, last: 5, shift_ms: 3_600_000 };
    let corrections = [correction].into_iter().collect();
    let payload = wire::append_corrections(&corrections, written, &mut buffer).unwrap();
    let mut room = room();
    let actions = room.arrived(0, HEALTH, payload);
    let [Action::KeepCorrection(line), Action::Say(Fact::Health(_))] = &actions[..] else {
        panic!("{actions:?}");
    };
    assert_eq!((line.boot, line.first, line.last, line.shift_ms), (1, 3, 5, 3_600_000));
    assert_eq!(room.arrived(9, HEALTH, payload), []);
}

#[test]
fn health_is_told_when_a_state_changes() {
    let mut room = room();
    let table = [
        (report(1, State::Ok, 10), true),
        (report(1, State::Ok, 20), false),
        (report(1, State::Fail, 30), true),
        (report(2, State::Fail, 1), true),
        (Health::Offline, true),
        (Health::Offline, false),
        (report(2, State::Fail, 5), true),
    ];
    for (health, told) in table {
        let told_now = !room.arrived(0, HEALTH, &payload(&health)).is_empty();
        assert_eq!(told_now, told, "{health:?}");
    }
    assert_eq!(room.arrived(0, HEALTH, b""), [], "a cleared report");
}

proptest! {
    #[test]
    fn any_messages_are_dealt_with(
        messages in prop::collection::vec((0usize..5, any_payload()), 1..40),
    ) {
        let topics = [ALARM, MEDIA, HEALTH, b"polewatch/gangnam/pole-1/ack", b"x"];
        let mut room = room();
        for (now_ms, (topic, payload)) in messages.iter().enumerate() {
            let actions = room.arrived(now_ms as i64, topics[*topic], payload);
            // A health report may bring eight corrections.
            prop_assert!(actions.len() <= 9, "{:?}", actions);
            for action in actions {
                if let Action::Write { offset, bytes, .. } = action {
                    let limit = wire::media::MAX_CLIP_BYTES as usize;
                    prop_assert!(offset as usize + bytes.len() <= limit);
                }
            }
        }
    }
}

/// Random bytes, random bodies behind a valid envelope, and valid messages with a few bytes changed.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..200);
    let valid = prop_oneof![
        (1u64..9).prop_map(|number| payload(&alarm(number))),
        (1u64..4, 0u32..8, prop::collection::vec(any::<u8>(), 0..8))
            .prop_map(|(number, offset, bytes)| payload(&chunk(number, 8, offset, &bytes))),
        Just(payload(&report(1, State::Ok, 1))),
    ];
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    prop_oneof![
        bytes(),
        (0u8..3, 0u8..6, bytes())
            .prop_map(|(version, tag, body)| { [&[version, tag], &body[..]].concat() }),
        (valid, changes).prop_map(|(mut payload, changes)| {
            for (index, value) in changes {
                let place = index.index(payload.len());
                payload[place] = value;
            }
            payload
        }),
    ]
}

fn room() -> Room {
    Room::new(Kept::default(), "+09:00".parse().unwrap())
}

fn pole() -> BoxAddress {
    BoxAddress::new("gangnam", "pole-1").unwrap()
}

fn record_id(number: u64) -> RecordId {
    RecordId { boot: 1, number }
}

fn payload<B: Body>(body: &B) -> Vec<u8> {
    let mut buffer = vec![0; B::TAG.max_bytes()];
    encode(body, &mut buffer).unwrap().to_vec()
}

fn chained(number: u64, previous: u64) -> Vec<u8> {
    chained_to(&alarm(number), previous)
}

fn chained_to(alarm: &Alarm, previous: u64) -> Vec<u8> {
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    let written = encode(alarm, &mut buffer).unwrap().len();
    let sequence = wire::Sequence { previous };
    wire::append_sequence(sequence, written, &mut buffer).unwrap().to_vec()
}

fn chunk(number: u64, total_bytes: u32, offset: u32, bytes: &[u8]) -> MediaChunk<'_> {
    MediaChunk {
        record: record_id(number),
        event: EventRef { boot: 1, number: 1 },
        kind: MediaKind::Still,
        total_bytes,
        sha256: [7; 32],
        offset,
        bytes,
    }
}

fn alarm(number: u64) -> Alarm {
    let at = WallTime { unix_ms: 0, quality: ClockQuality::Synchronized };
    Alarm {
        record: record_id(number),
        event: EventRef { boot: 1, number: 1 },
        phase: Phase::Begin,
        kind: Kind::Falldown,
        camera: shortened("역삼로 12"),
        rule: shortened("fall"),
        zone: None,
        onset: at,
        detected: at,
        measurement: None,
        objects: [].into_iter().collect(),
        still_follows: false,
        clip_follows: false,
        model: [0; 8],
        config: [0; 8],
        firmware: shortened("0.1.0"),
    }
}

fn report(boot: u32, camera: State, frames: u64) -> Health {
    let part = Part { name: shortened("camera"), state: camera, detail: shortened("") };
    Health::Online(Report {
        boot,
        camera: shortened("역삼로 12"),
        firmware: shortened("0.1.0"),
        at: WallTime { unix_ms: 0, quality: ClockQuality::Unknown },
        uptime_s: frames,
        frames,
        unacknowledged: 0,
        parts: [part].into_iter().collect(),
    })
}
