//! The room against a real broker: the shipped binary, mosquitto, and boxes reduced to their MQTT
//! side.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at the first surprise"
)]

#[path = "../../../../tls/tests/files/authority.rs"]
mod authority;
mod pole;
mod secured;
mod stage;

use std::fs;
use std::process::Command;

use pole::{Pole, alarm, footage, pieces, record};
use stage::{Broker, Room, stored_alarms};
use wire::health::Health;
use wire::media::{MediaChunk, MediaKind};
use wire::{Tag, Verdict, encode};

#[test]
fn an_alarm_is_stored_before_it_is_answered() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    pole.send(&alarm(1));
    assert_eq!(pole.answer(record(1), 1), Verdict::Stored);
    let stored = stored_alarms(store.path());
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0]["kind_ko"], "배회");
    assert_eq!(stored[0]["camera"], "역삼로 12");
    let said = room.wait_for_what("alarm");
    assert_eq!((&said["box"], &said["number"]), (&"pole-1".into(), &1.into()));
    assert!(room.terminate());
}

#[test]
fn an_alarm_that_cannot_be_stored_is_not_answered_until_it_can() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let (alarms, away) = (store.path().join("alarms"), store.path().join("away"));
    fs::rename(&alarms, &away).unwrap();
    pole.send(&alarm(1));
    let failing = room.wait_for_what("disk");
    assert_eq!(failing["state"], "failing");
    assert!(failing["detail"].as_str().unwrap().contains("alarms"), "{failing}");
    assert_eq!(pole.answers(record(1)), []);
    fs::rename(&away, &alarms).unwrap();
    assert_eq!(pole.answer(record(1), 1), Verdict::Stored);
    room.wait_for(1, |fact| fact["what"] == "disk" && fact["state"] == "working");
    assert_eq!(stored_alarms(store.path()).len(), 1);
}

#[test]
fn a_room_with_a_failing_disk_still_ends_when_asked() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    fs::remove_dir(store.path().join("alarms")).unwrap();
    Pole::connect(&broker, "pole-1").send(&alarm(1));
    room.wait_for_what("disk");
    assert!(room.terminate());
}

#[test]
fn a_duplicate_is_answered_again_but_stored_once() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let mut room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    pole.send(&alarm(1));
    pole.answer(record(1), 1);
    pole.send(&alarm(1));
    assert_eq!(pole.answer(record(1), 2), Verdict::Stored);
    room.kill();
    let room = Room::start(&broker, store.path());
    let answered = pole.answers(record(1)).len();
    pole.send(&alarm(1));
    assert_eq!(pole.answer(record(1), answered + 1), Verdict::Stored);
    room.wait_for_what("duplicate");
    assert_eq!(stored_alarms(store.path()).len(), 1);
}

#[test]
fn what_came_while_the_room_was_dead_waits_at_the_broker() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let mut room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    for number in 1..=150 {
        pole.send(&alarm(number));
        if number == 75 {
            room.kill();
        }
    }
    let room = Room::start(&broker, store.path());
    for number in 1..=150 {
        assert_eq!(pole.answer(record(number), 1), Verdict::Stored);
    }
    assert!(room.terminate());
    let mut numbers: Vec<u64> =
        stored_alarms(store.path()).iter().map(|alarm| alarm["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=150).collect::<Vec<u64>>());
}

#[test]
fn a_flood_faster_than_the_disk_waits_at_the_broker() {
    let broker = Broker::with("allow_anonymous true\nmax_queued_messages 0\n");
    let store = tempfile::tempdir().unwrap();
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let (alarms, away) = (store.path().join("alarms"), store.path().join("away"));
    fs::rename(&alarms, &away).unwrap();
    pole.flood((1..=3000).map(alarm));
    room.wait_for_what("disk");
    fs::rename(&away, &alarms).unwrap();
    for number in 1..=3000 {
        assert_eq!(pole.answer(record(number), 1), Verdict::Stored);
    }
    let connections = room.wait_for(1, |fact| fact["what"] == "broker");
    assert_eq!(connections.len(), 1, "{connections:?}");
    assert_eq!(stored_alarms(store.path()).len(), 3000);
}

#[test]
fn a_still_and_a_clip_arrive_in_any_order_and_twice() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let (picture, film) = (footage(70_001, 1), footage(1_000_000, 2));
    let still = pieces(2, MediaKind::Still, &picture);
    let clip = pieces(3, MediaKind::Clip, &film);
    let (first_half, rest) = clip.split_at(10);
    for piece in rest.iter().rev().chain(&still).chain(first_half.iter().step_by(2)) {
        pole.send(piece);
        pole.send(piece);
    }
    for piece in first_half {
        pole.send(piece);
    }
    assert_eq!(pole.answer(record(2), 1), Verdict::Stored);
    assert_eq!(pole.answer(record(3), 1), Verdict::Stored);
    for (what, expected) in [("still", &picture), ("clip", &film)] {
        let fact = room.wait_for_what(what);
        let file = store.path().join(fact["file"].as_str().unwrap());
        assert!(fs::read(file).unwrap() == *expected, "{what} differs");
        assert_eq!(fact["bytes"], expected.len());
    }
    assert_eq!(fs::read_dir(store.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn a_wrong_hash_is_asked_for_again_and_refused_the_third_time() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let picture = footage(50_000, 1);
    let right = pieces(2, MediaKind::Still, &picture);
    let mut torn = picture.clone();
    torn[40_000] ^= 1;
    let wrong = |number| -> Vec<MediaChunk<'_>> {
        let sha256 = right[0].sha256;
        let torn = pieces(number, MediaKind::Still, &torn);
        torn.into_iter().map(|piece| MediaChunk { sha256, ..piece }).collect()
    };
    let send = |pole: &mut Pole, pieces: &[MediaChunk<'_>]| {
        for piece in pieces {
            pole.send(piece);
        }
    };
    send(&mut pole, &wrong(2));
    assert_eq!(pole.answer(record(2), 1), Verdict::SendAgain);
    send(&mut pole, &right);
    assert_eq!(pole.answer(record(2), 2), Verdict::Stored);
    for (count, expected) in
        [Verdict::SendAgain, Verdict::SendAgain, Verdict::Refused].iter().enumerate()
    {
        send(&mut pole, &wrong(3));
        assert_eq!(pole.answer(record(3), count + 1), *expected);
    }
    room.wait_for(1, |fact| fact["what"] == "media" && fact["answer"] == "refused");
    assert_eq!(room.count("still"), 1);
}

#[test]
fn a_clip_cut_by_a_dead_room_is_asked_for_again() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let mut room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let film = footage(200_000, 2);
    let clip = pieces(3, MediaKind::Clip, &film);
    pole.send(&clip[0]);
    pole.send(&clip[1]);
    // The first answer behind them says that the pieces were taken, the second that the broker knows: what
    // it does not, it would bring again at once, and the room would have nothing to ask for.
    for number in [4, 5] {
        pole.send(&alarm(number));
        pole.answer(record(number), 1);
    }
    room.kill();
    let room = Room::start(&broker, store.path());
    assert_eq!(pole.answer(record(3), 1), Verdict::SendAgain);
    for piece in &clip {
        pole.send(piece);
    }
    assert_eq!(pole.answer(record(3), 2), Verdict::Stored);
    assert_eq!(room.wait_for_what("clip")["bytes"], 200_000);
}

#[test]
fn garbage_on_every_topic_is_named_and_ignored() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let garbage: [&[u8]; 6] = [b"", b"garbage", &[1, 99, 1], &[0, 0], &[1, 1, 0xff], &[0xff; 2000]];
    for leaf in [Tag::Alarm, Tag::Media, Tag::Health] {
        for bytes in garbage {
            pole.send_bytes(leaf, bytes.to_vec());
        }
    }
    let mut buffer = [0; 4096];
    let misplaced = encode(&alarm(1), &mut buffer).unwrap().to_vec();
    pole.send_bytes(Tag::Media, misplaced);
    assert_eq!(pole.answer(record(1), 1), Verdict::Refused);
    pole.publish("polewatch/Gangnam/POLE/alarm", b"x".to_vec());
    pole.send(&alarm(2));
    assert_eq!(pole.answer(record(2), 1), Verdict::Stored);
    for reason in
        ["empty", "newer", "topic", "truncated", "unknown_tag", "unknown_version", "wrong_topic"]
    {
        room.wait_for(1, |fact| fact["what"] == "garbage" && fact["reason"] == reason);
    }
    assert!(room.terminate());
}

#[test]
fn oversized_packets_neither_reach_nor_wedge_the_room() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    pole.send_bytes(Tag::Alarm, vec![1; 900_000]);
    pole.send_bytes(Tag::Media, vec![1; 60_000]);
    pole.send_bytes(Tag::Alarm, [&[1, 1][..], &[0; 5000]].concat());
    pole.send(&alarm(2));
    assert_eq!(pole.answer(record(2), 1), Verdict::Stored);
    let named = room.wait_for(1, |fact| fact["reason"] == "too_long");
    assert!(named.iter().all(|fact| fact["topic"].as_str().unwrap().contains("pole-1")));
    assert_eq!(room.wait_for(1, |fact| fact["what"] == "broker").len(), 1, "the line was lost");
}

#[test]
fn a_newer_alarm_is_kept_as_it_came_and_shown_as_newer() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    let mut buffer = [0; 4096];
    let mut payload = encode(&alarm(9), &mut buffer).unwrap().to_vec();
    payload[0] = 7;
    // One after the other: a room that takes both at once answers them once.
    for answers in 1..=2 {
        pole.send_bytes(Tag::Alarm, payload.clone());
        assert_eq!(pole.answer(record(9), answers), Verdict::Stored);
    }
    let fact = room.wait_for_what("newer");
    assert_eq!(fact["version"], 7);
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(fact["payload_hex"], hex);
    let day = fs::read_dir(store.path().join("newer")).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read_to_string(day.path()).unwrap().lines().count(), 1);
}

#[test]
fn a_lost_broker_is_named_and_found_again() {
    let (mut broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    broker.kill();
    let lost = room.wait_for(1, |fact| fact["what"] == "broker" && fact["state"] == "lost");
    assert!(lost[0]["retry_ms"].as_u64().unwrap() <= 30_000);
    broker.start_again();
    room.wait_for(2, |fact| fact["what"] == "broker" && fact["state"] == "connected");
    let mut pole = Pole::connect(&broker, "pole-1");
    pole.send(&alarm(1));
    assert_eq!(pole.answer(record(1), 1), Verdict::Stored);
}

#[test]
fn health_is_told_when_it_changes() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let room = Room::start(&broker, store.path());
    let mut pole = Pole::connect(&broker, "pole-1");
    for _ in 0..3 {
        pole.send(&Health::Offline);
    }
    pole.send(&alarm(1));
    room.wait_for_what("alarm");
    assert_eq!(room.wait_for_what("health")["state"], "offline");
    assert_eq!(room.count("health"), 1);
}

#[test]
fn a_second_room_does_not_touch_the_store() {
    let (broker, store) = (Broker::start(), tempfile::tempdir().unwrap());
    let _room = Room::start(&broker, store.path());
    let mut second = Command::new(env!("CARGO_BIN_EXE_poleroom"));
    let output = second.args(["run", "--store"]).arg(store.path()).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("another poleroom uses this store"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn a_store_that_cannot_be_made_is_named_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let mut room = Command::new(env!("CARGO_BIN_EXE_poleroom"));
    let output = room.args(["run", "--store"]).arg(file.join("store")).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("cannot make folder") && error.contains("file/store"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}
