//! The decoder against anything: every message survives the way there and back, and no bytes,
//! random, cut, flipped or grown, make it panic or read what was not written.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use proptest::prelude::*;
use wire::ack::{Ack, MAX_ANSWERS, Verdict};
use wire::alarm::{
    Alarm, Bounds, ClockQuality, Kind, MAX_OBJECTS, MAX_PATH, Measurement, Object, PathPoint,
    Phase, WallTime,
};
use wire::envelope::{Body, MAX_ALARM_BYTES, MAX_PAYLOAD_BYTES, Tag, VERSION};
use wire::evidence::{Evidence, Light, MAX_SCORES, Sights};
use wire::health::{Health, MAX_PARTS, Part, Report, State};
use wire::media::{MAX_CHUNK_BYTES, MediaChunk, MediaKind};
use wire::text::shortened;
use wire::{
    DecodeError, Delivery, EncodeError, EventRef, Message, RecordId, Sequence, append,
    append_sequence, appended_of, decode, deliver, encode, topic,
};

proptest! {
    #[test]
    fn any_bytes_are_answered_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn any_bytes_behind_a_body_are_answered_without_a_panic(
        alarm in alarms(),
        health in healths(),
        later in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let grown = |bytes: Vec<u8>| [bytes, later.clone()].concat();
        let _ = wire::appended_of(&grown(payload(&alarm)));
        let _ = wire::deliver(&grown(payload(&alarm)), &wire::Delivery::default(), &mut [0; 4096]);
        let _ = wire::corrections_of(&grown(payload(&health)));
    }

    #[test]
    fn any_body_behind_a_valid_envelope_is_answered(
        tag in 1u8..=4,
        body in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = decode(&[&[VERSION, tag], &body[..]].concat());
    }

    #[test]
    fn what_was_written_is_read(alarm in alarms(), health in healths(), ack in acks()) {
        assert_reads(&payload(&alarm), &Message::Alarm(alarm.clone()));
        assert_reads(&payload(&health), &Message::Health(health.clone()));
        assert_reads(&payload(&ack), &Message::Ack(ack.clone()));
    }

    #[test]
    fn flipped_bytes_are_answered(
        alarm in alarms(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = payload(&alarm);
        for (index, value) in flips {
            let place = index.index(bytes.len());
            bytes[place] = value;
        }
        let _ = decode(&bytes);
    }

    #[test]
    fn bytes_appended_by_a_later_writer_are_skipped(
        alarm in alarms(),
        health in healths(),
        ack in acks(),
        later in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let grown = |bytes: Vec<u8>| [bytes, later.clone()].concat();
        assert_reads(&grown(payload(&alarm)), &Message::Alarm(alarm.clone()));
        assert_reads(&grown(payload(&health)), &Message::Health(health.clone()));
        assert_reads(&grown(payload(&ack)), &Message::Ack(ack.clone()));
    }

    #[test]
    fn a_cut_body_is_called_cut(alarm in alarms(), cut in any::<prop::sample::Index>()) {
        let bytes = payload(&alarm);
        let kept = 2 + cut.index(bytes.len() - 2);
        let expected = DecodeError::Truncated { tag: Some(Tag::Alarm) };
        prop_assert_eq!(decode(&bytes[..kept]), Err(expected));
    }

    #[test]
    fn a_newer_alarm_still_tells_its_record(alarm in alarms(), version in VERSION + 1..=u8::MAX) {
        let mut bytes = payload(&alarm);
        bytes[0] = version;
        let (tag, record) = (Some(Tag::Alarm), Some(alarm.record));
        prop_assert_eq!(decode(&bytes), Err(DecodeError::Newer { version, tag, record }));
    }

    #[test]
    fn any_topic_is_answered_without_a_panic(text in ".{0,120}") {
        let _ = topic::parse(&text);
    }
}

#[test]
fn every_refusal_has_its_name() {
    let newer = |tag, record| DecodeError::Newer { version: 3, tag, record };
    let record = Some(RecordId { boot: 1, number: 2 });
    let long = vec![1; 5000];
    let long_newer = vec![3; MAX_PAYLOAD_BYTES + 1];
    let table: [(&[u8], DecodeError); 12] = [
        (&[], DecodeError::Empty),
        (&[0, 1], DecodeError::UnknownVersion { version: 0 }),
        (&[1], DecodeError::Truncated { tag: None }),
        (&[1, 9, 1], DecodeError::UnknownTag { tag: 9 }),
        (&[1, 1], DecodeError::Truncated { tag: Some(Tag::Alarm) }),
        (&[1, 3, 7], DecodeError::Malformed { tag: Tag::Health }),
        (&long, DecodeError::TooLong { got: 5000, limit: Tag::Alarm.max_bytes() }),
        (&long_newer, DecodeError::TooLong { got: long_newer.len(), limit: MAX_PAYLOAD_BYTES }),
        (&[3], newer(None, None)),
        (&[3, 77], newer(None, None)),
        (&[3, 2, 1, 2, 9], newer(Some(Tag::Media), record)),
        (&[3, 1, 0xff], newer(Some(Tag::Alarm), None)),
    ];
    for (bytes, expected) in table {
        assert_eq!(decode(bytes), Err(expected), "{:?}", &bytes[..bytes.len().min(8)]);
    }
}

#[test]
fn the_largest_messages_stay_within_their_limits() {
    let alarm = largest_alarm();
    let health = Health::Online(largest_report());
    let answer = (RecordId { boot: u32::MAX, number: u64::MAX }, Verdict::Refused);
    let ack = Ack { answers: [answer; MAX_ANSWERS].into_iter().collect() };
    let piece = vec![9; MAX_CHUNK_BYTES];
    // A third is kept free for what later writers append.
    assert!(payload(&alarm).len() < Tag::Alarm.max_bytes() * 2 / 3, "{}", payload(&alarm).len());
    assert!(payload(&health).len() < Tag::Health.max_bytes() * 2 / 3);
    assert!(payload(&ack).len() < Tag::Ack.max_bytes() * 2 / 3);
    assert!(payload(&chunk(&piece)).len() < Tag::Media.max_bytes() - 256);
}

#[test]
fn the_largest_alarm_and_all_that_stands_behind_it_stay_within_the_limit() {
    let alarm = largest_alarm();
    let scores = [u8::MAX; MAX_SCORES].into_iter().collect();
    let sights = Sights { seen: u32::MAX, missed: u32::MAX, scores };
    let sights = std::iter::repeat_n(sights, MAX_OBJECTS).collect();
    let evidence = Evidence { light: Light::Dark, sights };
    let sequence = Sequence { previous: u64::MAX };
    let delivery = Delivery { historical: true, shift_ms: Some(i64::MIN) };

    let mut stored = vec![0; Tag::Alarm.max_bytes()];
    let length = encode(&alarm, &mut stored).unwrap().len();
    let length = append(&evidence, length, &mut stored).unwrap().len();
    let length = append_sequence(sequence, length, &mut stored).unwrap().len();
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    let sent = deliver(&stored[..length], &delivery, &mut buffer).expect("there is room for all");
    assert!(sent.len() < MAX_ALARM_BYTES, "{}", sent.len());
    let parts = appended_of(sent);
    let expected = (Some(evidence), Some(sequence), Some(delivery));
    assert_eq!((parts.evidence, parts.sequence, parts.delivery), expected);
    assert_reads(sent, &Message::Alarm(alarm));
}

#[test]
fn what_does_not_fit_is_not_half_written() {
    let alarm = largest_alarm();
    for room in [0, 1, 2, 100] {
        let refused = encode(&alarm, &mut vec![0; room]).map(<[u8]>::len);
        assert_eq!(refused, Err(EncodeError::TooLong { tag: Tag::Alarm, room }));
    }
    let piece = vec![9; MAX_CHUNK_BYTES + 1024];
    let room = Tag::Media.max_bytes();
    let refused = encode(&chunk(&piece), &mut vec![0; 2 * room]).map(<[u8]>::len);
    assert_eq!(refused, Err(EncodeError::TooLong { tag: Tag::Media, room }));
}

#[track_caller]
fn assert_reads(bytes: &[u8], expected: &Message<'_>) {
    assert_eq!(decode(bytes).as_ref(), Ok(expected));
}

fn payload<B: Body>(body: &B) -> Vec<u8> {
    let mut buffer = vec![0; B::TAG.max_bytes()];
    encode(body, &mut buffer).unwrap().to_vec()
}

fn chunk(bytes: &[u8]) -> MediaChunk<'_> {
    MediaChunk {
        record: RecordId { boot: u32::MAX, number: u64::MAX },
        event: EventRef { boot: u32::MAX, number: u64::MAX },
        kind: MediaKind::Clip,
        total_bytes: u32::MAX,
        sha256: [0xff; 32],
        offset: u32::MAX,
        bytes,
    }
}

fn largest_alarm() -> Alarm {
    let full = "가".repeat(99);
    let time = WallTime { unix_ms: i64::MIN, quality: ClockQuality::Synchronized };
    let point = PathPoint { x: u16::MAX, y: u16::MAX, age_ms: u32::MAX };
    let edge = u16::MAX;
    let object = Object {
        track: u64::MAX,
        class: shortened(&full),
        bounds: Bounds { left: edge, top: edge, right: edge, bottom: edge },
        confidence: u8::MAX,
        path: [point; MAX_PATH].into_iter().collect(),
    };
    let measurement = Measurement {
        quantity: shortened(&full),
        value: f32::MAX,
        threshold: f32::MIN,
        unit: shortened(&full),
    };
    Alarm {
        record: RecordId { boot: u32::MAX, number: u64::MAX },
        event: EventRef { boot: u32::MAX, number: u64::MAX },
        phase: Phase::End,
        kind: Kind::Tamper,
        camera: shortened(&full),
        rule: shortened(&full),
        zone: Some(shortened(&full)),
        onset: time,
        detected: time,
        measurement: Some(measurement),
        objects: std::iter::repeat_n(object, MAX_OBJECTS).collect(),
        still_follows: true,
        clip_follows: true,
        model: [0xff; 8],
        config: [0xff; 8],
        firmware: shortened(&full),
    }
}

fn largest_report() -> Report {
    let full = "가".repeat(99);
    let part = Part { name: shortened(&full), state: State::Fail, detail: shortened(&full) };
    Report {
        boot: u32::MAX,
        camera: shortened(&full),
        firmware: shortened(&full),
        at: WallTime { unix_ms: i64::MIN, quality: ClockQuality::Synchronized },
        uptime_s: u64::MAX,
        frames: u64::MAX,
        unacknowledged: u32::MAX,
        parts: std::iter::repeat_n(part, MAX_PARTS).collect(),
    }
}

fn records() -> impl Strategy<Value = RecordId> {
    (any::<u32>(), any::<u64>()).prop_map(|(boot, number)| RecordId { boot, number })
}

fn times() -> impl Strategy<Value = WallTime> {
    let qualities = [ClockQuality::Unknown, ClockQuality::FreeRunning, ClockQuality::Synchronized];
    (any::<i64>(), prop::sample::select(qualities.to_vec()))
        .prop_map(|(unix_ms, quality)| WallTime { unix_ms, quality })
}

fn objects() -> impl Strategy<Value = Object> {
    let point = (any::<u16>(), any::<u16>(), any::<u32>());
    let path = prop::collection::vec(point, 0..=MAX_PATH);
    (any::<u64>(), ".{0,60}", any::<[u16; 4]>(), any::<u8>(), path).prop_map(
        |(track, class, [left, top, right, bottom], confidence, path)| Object {
            track,
            class: shortened(&class),
            bounds: Bounds { left, top, right, bottom },
            confidence,
            path: path.into_iter().map(|(x, y, age_ms)| PathPoint { x, y, age_ms }).collect(),
        },
    )
}

fn measurements() -> impl Strategy<Value = Option<Measurement>> {
    let measurement = (".{0,60}", -1e9f32..1e9, -1e9f32..1e9, ".{0,8}").prop_map(
        |(quantity, value, threshold, unit)| Measurement {
            quantity: shortened(&quantity),
            value,
            threshold,
            unit: shortened(&unit),
        },
    );
    prop::option::of(measurement)
}

fn alarms() -> impl Strategy<Value = Alarm> {
    let words = (".{0,120}", ".{0,60}", prop::option::of(".{0,60}"));
    let kind = prop::sample::select(Kind::ALL.to_vec());
    let phase = prop::sample::select(vec![Phase::Begin, Phase::Update, Phase::End]);
    let who = prop::collection::vec(objects(), 0..=MAX_OBJECTS);
    (records(), words, kind, phase, (times(), times()), measurements(), who, any::<[bool; 2]>())
        .prop_map(|(record, (camera, rule, zone), kind, phase, at, measurement, who, follows)| {
            Alarm {
                record,
                event: EventRef { boot: record.boot, number: record.number / 3 },
                phase,
                kind,
                camera: shortened(&camera),
                rule: shortened(&rule),
                zone: zone.as_deref().map(shortened),
                onset: at.0,
                detected: at.1,
                measurement,
                objects: who.into_iter().collect(),
                still_follows: follows[0],
                clip_follows: follows[1],
                model: [1; 8],
                config: [2; 8],
                firmware: shortened("0.1.0"),
            }
        })
}

fn healths() -> impl Strategy<Value = Health> {
    let state = prop::sample::select(vec![State::Ok, State::Warn, State::Fail]);
    let part = (".{0,60}", state, ".{0,200}").prop_map(|(name, state, detail)| Part {
        name: shortened(&name),
        state,
        detail: shortened(&detail),
    });
    let parts = prop::collection::vec(part, 0..=MAX_PARTS);
    let counts = (any::<u32>(), any::<u64>(), any::<u64>(), any::<u32>());
    let online = (counts, ".{0,120}", times(), parts).prop_map(|(counts, camera, at, parts)| {
        Health::Online(Report {
            boot: counts.0,
            camera: shortened(&camera),
            firmware: shortened("0.1.0"),
            at,
            uptime_s: counts.1,
            frames: counts.2,
            unacknowledged: counts.3,
            parts: parts.into_iter().collect(),
        })
    });
    prop_oneof![9 => online, 1 => Just(Health::Offline)]
}

fn acks() -> impl Strategy<Value = Ack> {
    let verdicts = vec![Verdict::Stored, Verdict::SendAgain, Verdict::Refused];
    let answers = (records(), prop::sample::select(verdicts));
    prop::collection::vec(answers, 0..=MAX_ANSWERS)
        .prop_map(|answers| Ack { answers: answers.into_iter().collect() })
}
