//! The bytes of every message, frozen: a box in the field and a control room of another year agree
//! only through them.
//!
//! Promises: what version 1 wrote is read for ever and written the same. Never edited; a new version
//! or an appended part gets new literals below the old ones.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use wire::ack::{Ack, Verdict};
use wire::alarm::{
    Alarm, Bounds, ClockQuality, Kind, Measurement, Object, PathPoint, Phase, WallTime,
};
use wire::evidence::{Evidence, Light, Sights};
use wire::health::{Health, Part, Report, State};
use wire::media::{MediaChunk, MediaKind};
use wire::text::shortened;
use wire::{Correction, Delivery, EventRef, Message, RecordId, Sequence, decode, encode};

const ALARM_V1: &str = "
0101032903ac0200000cec97adec82bceba19c2031320e6c61776e2d696e7472
7573696f6e01046c61776e80a0bfe9d66602e8a7bfe9d666010106696e736964
650000003f0000003f0173010706706572736f6e008002808002ffff03cf02b0
ea01e0d403f40301020001000102030405060708080706050403020105302e31
2e30
";
const ALARM_WITH_EVIDENCE_V1: &str = "
0101032903ac0200000cec97adec82bceba19c2031320e6c61776e2d696e7472
7573696f6e01046c61776e80a0bfe9d66602e8a7bfe9d666010106696e736964
650000003f0000003f0173010706706572736f6e008002808002ffff03cf02b0
ea01e0d403f40301020001000102030405060708080706050403020105302e31
2e300201ac0202025acf
";
const MEDIA_V1: &str = "
0102032a03ac0201f0a204000102030405060708090a0b0c0d0e0f1011121314
15161718191a1b1c1d1e1f808002086674797069736f6d
";
const ONLINE_V1: &str = "
010300030cec97adec82bceba19c20313205302e312e30010080a30580de3402
020663616d65726102106e6f206672616d6520666f72203520730573706f6f6c
0000
";
const OFFLINE_V1: &str = "
010301
";
const ACK_V1: &str = "
010403032900032a01ffffffff0fffffffffffffffffff0102
";
const DELIVERED_V1: &str = "
0101032903ac0200000cec97adec82bceba19c2031320e6c61776e2d696e7472
7573696f6e01046c61776e80a0bfe9d66602e8a7bfe9d666010106696e736964
650000003f0000003f0173010706706572736f6e008002808002ffff03cf02b0
ea01e0d403f40301020001000102030405060708080706050403020105302e31
2e300201ac0202025acf270101ffd7e1fe6a
";
const DELIVERED_WITHOUT_EVIDENCE_V1: &str = "
0101032903ac0200000cec97adec82bceba19c2031320e6c61776e2d696e7472
7573696f6e01046c61776e80a0bfe9d66602e8a7bfe9d666010106696e736964
650000003f0000003f0173010706706572736f6e008002808002ffff03cf02b0
ea01e0d403f40301020001000102030405060708080706050403020105302e31
2e307f270000
";
const CORRECTED_V1: &str = "
010300030cec97adec82bceba19c20313205302e312e30010080a30580de3402
020663616d65726102106e6f206672616d6520666f72203520730573706f6f6c
000001010cffd7e1fe6a
";
const PARKING_V2: &str = "
0201032903ac0200060cec97adec82bceba19c2031320e6c61776e2d696e7472
7573696f6e01046c61776e80a0bfe9d66602e8a7bfe9d666010106696e736964
650000003f0000003f0173010706706572736f6e008002808002ffff03cf02b0
ea01e0d403f40301020001000102030405060708080706050403020105302e31
2e30
";

#[test]
fn alarm() {
    check(ALARM_V1, &Message::Alarm(an_alarm()));
}

#[test]
fn an_alarm_with_evidence() {
    let mut buffer = [0; wire::envelope::MAX_ALARM_BYTES];
    let written = encode(&an_alarm(), &mut buffer).unwrap().len();
    let payload = wire::append(&some_evidence(), written, &mut buffer).unwrap();
    assert_eq!(payload, bytes_of(ALARM_WITH_EVIDENCE_V1));
    // Who does not know of it reads the alarm, who does reads both.
    assert_eq!(decode(payload), Ok(Message::Alarm(an_alarm())));
    assert_eq!(wire::evidence_of(payload), Some(some_evidence()));
    assert_eq!(wire::evidence_of(&bytes_of(ALARM_V1)), None);
}

#[test]
fn an_alarm_as_it_is_sent() {
    let mut buffer = [0; wire::envelope::MAX_ALARM_BYTES];
    let written = encode(&an_alarm(), &mut buffer).unwrap().len();
    let written = wire::append(&some_evidence(), written, &mut buffer).unwrap().len();
    let stored = wire::append_sequence(THE_39TH, written, &mut buffer).unwrap().to_vec();
    let mut buffer = [0; wire::envelope::MAX_ALARM_BYTES];
    let sent = wire::deliver(&stored, &LATE, &mut buffer).unwrap();
    assert_eq!(sent, bytes_of(DELIVERED_V1));
    assert_eq!(decode(sent), Ok(Message::Alarm(an_alarm())));
    let appended = wire::Appended {
        evidence: Some(some_evidence()),
        sequence: Some(THE_39TH),
        delivery: Some(LATE),
    };
    assert_eq!(wire::appended_of(sent), appended);
    // Said once, not twice: what is sent cannot be told to have been sent.
    assert_eq!(wire::deliver(sent, &LATE, &mut [0; 4096]), None);
}

#[test]
fn an_alarm_without_evidence_as_it_is_sent() {
    let mut buffer = [0; wire::envelope::MAX_ALARM_BYTES];
    let written = encode(&an_alarm(), &mut buffer).unwrap().len();
    let stored = wire::append_sequence(THE_39TH, written, &mut buffer).unwrap().to_vec();
    let delivery = Delivery::default();
    let mut buffer = [0; wire::envelope::MAX_ALARM_BYTES];
    let sent = wire::deliver(&stored, &delivery, &mut buffer).unwrap();
    assert_eq!(sent, bytes_of(DELIVERED_WITHOUT_EVIDENCE_V1));
    assert_eq!(decode(sent), Ok(Message::Alarm(an_alarm())));
    let (sequence, delivery) = (Some(THE_39TH), Some(delivery));
    assert_eq!(wire::appended_of(sent), wire::Appended { evidence: None, sequence, delivery });
}

#[test]
fn an_alarm_of_the_first_days_is_sent_as_it_is() {
    for literal in [ALARM_V1, ALARM_WITH_EVIDENCE_V1, MEDIA_V1] {
        assert_eq!(wire::deliver(&bytes_of(literal), &LATE, &mut [0; 4096]), None);
    }
}

#[test]
fn a_health_report_with_corrections() {
    let correction = Correction { first: 1, last: 12, shift_ms: -14_360_000_000 };
    let corrections = [correction].into_iter().collect();
    let mut buffer = [0; wire::envelope::MAX_HEALTH_BYTES];
    let written = encode(&Health::Online(a_report()), &mut buffer).unwrap().len();
    let payload = wire::append_corrections(&corrections, written, &mut buffer).unwrap();
    assert_eq!(payload, bytes_of(CORRECTED_V1));
    assert_eq!(decode(payload), Ok(Message::Health(Health::Online(a_report()))));
    assert_eq!(wire::corrections_of(payload), corrections);
    assert!(wire::corrections_of(&bytes_of(ONLINE_V1)).is_empty());
}

#[test]
fn media() {
    check(MEDIA_V1, &Message::Media(a_chunk()));
}

#[test]
fn health() {
    check(ONLINE_V1, &Message::Health(Health::Online(a_report())));
    check(OFFLINE_V1, &Message::Health(Health::Offline));
}

#[test]
fn ack() {
    check(ACK_V1, &Message::Ack(an_ack()));
}

#[test]
fn every_kind_keeps_its_number() {
    // Byte 8 of the frozen alarm is its kind: version, tag, record (2), event (3), phase.
    for (number, kind) in Kind::ALL.into_iter().enumerate() {
        let mut bytes = bytes_of(ALARM_V1);
        bytes[8] = number as u8;
        let alarm = Alarm { kind, ..an_alarm() };
        assert_eq!(decode(&bytes), Ok(Message::Alarm(alarm)));
    }
}

#[test]
fn an_alarm_of_a_kind_that_version_1_lacks() {
    check(PARKING_V2, &Message::Alarm(Alarm { kind: Kind::Parking, ..an_alarm() }));
}

/// Written as the literal, and read back from it.
#[track_caller]
fn check(literal: &str, message: &Message<'_>) {
    let mut buffer = vec![0; message.tag().max_bytes()];
    let written = match message {
        Message::Alarm(body) => encode(body, &mut buffer),
        Message::Media(body) => encode(body, &mut buffer),
        Message::Health(body) => encode(body, &mut buffer),
        Message::Ack(body) => encode(body, &mut buffer),
    };
    let hex: String = written.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, literal.split_whitespace().collect::<String>());
    assert_eq!(decode(&bytes_of(literal)).as_ref(), Ok(message));
}

fn bytes_of(literal: &str) -> Vec<u8> {
    let digits: Vec<u32> = literal.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

fn an_alarm() -> Alarm {
    let path =
        [PathPoint { x: 30_000, y: 60_000, age_ms: 500 }, PathPoint { x: 1, y: 2, age_ms: 0 }];
    let object = Object {
        track: 7,
        class: shortened("person"),
        bounds: Bounds { left: 0, top: 256, right: 32_768, bottom: 65_535 },
        confidence: 207,
        path: path.into_iter().collect(),
    };
    let measurement = Measurement {
        quantity: shortened("inside"),
        value: 0.5,
        threshold: 0.5,
        unit: shortened("s"),
    };
    Alarm {
        record: RecordId { boot: 3, number: 41 },
        event: EventRef { boot: 3, number: 300 },
        phase: Phase::Begin,
        kind: Kind::Intrusion,
        camera: shortened("역삼로 12"),
        rule: shortened("lawn-intrusion"),
        zone: Some(shortened("lawn")),
        onset: WallTime { unix_ms: 1_764_000_000_000, quality: ClockQuality::Synchronized },
        detected: WallTime { unix_ms: 1_764_000_000_500, quality: ClockQuality::FreeRunning },
        measurement: Some(measurement),
        objects: [object].into_iter().collect(),
        still_follows: true,
        clip_follows: false,
        model: [1, 2, 3, 4, 5, 6, 7, 8],
        config: [8, 7, 6, 5, 4, 3, 2, 1],
        firmware: shortened("0.1.0"),
    }
}

const THE_39TH: Sequence = Sequence { previous: 39 };
const LATE: Delivery = Delivery { historical: true, shift_ms: Some(-14_360_000_000) };

fn some_evidence() -> Evidence {
    let sights = Sights { seen: 300, missed: 2, scores: [90, 207].into_iter().collect() };
    Evidence { light: Light::NightIr, sights: [sights].into_iter().collect() }
}

fn a_chunk() -> MediaChunk<'static> {
    MediaChunk {
        record: RecordId { boot: 3, number: 42 },
        event: EventRef { boot: 3, number: 300 },
        kind: MediaKind::Clip,
        total_bytes: 70_000,
        sha256: core::array::from_fn(|i| i as u8),
        offset: 32_768,
        bytes: b"ftypisom",
    }
}

fn a_report() -> Report {
    let camera = Part {
        name: shortened("camera"),
        state: State::Fail,
        detail: shortened("no frame for 5 s"),
    };
    let spool = Part { name: shortened("spool"), state: State::Ok, detail: shortened("") };
    Report {
        boot: 3,
        camera: shortened("역삼로 12"),
        firmware: shortened("0.1.0"),
        at: WallTime { unix_ms: -1, quality: ClockQuality::Unknown },
        uptime_s: 86_400,
        frames: 864_000,
        unacknowledged: 2,
        parts: [camera, spool].into_iter().collect(),
    }
}

fn an_ack() -> Ack {
    let answers = [
        (RecordId { boot: 3, number: 41 }, Verdict::Stored),
        (RecordId { boot: 3, number: 42 }, Verdict::SendAgain),
        (RecordId { boot: u32::MAX, number: u64::MAX }, Verdict::Refused),
    ];
    Ack { answers: answers.into_iter().collect() }
}
