//! Dispatch, spool and uplink against a real mosquitto and a room made of a plain MQTT client.
//!
//! Every wait is for a counter, with a deadline.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "uplink/broker.rs"]
mod broker;
#[path = "uplink/pole.rs"]
mod pole;
#[path = "uplink/room.rs"]
mod room;

use std::path::Path;
use std::time::{Duration, Instant};

use analytics::detection::{Confidence, ObjectClass};
use analytics::event::{Event, EventId, Participant, Phase, Sights, TrackId};
use analytics::geometry::{NormBox, Point};
use analytics::time::FrameTime;
use polewatchd::clip::{Clip, ClipReport};
use polewatchd::clock::Clock;
use polewatchd::dispatch::{BOX_EVENTS, Follows, Incident, Still};
use polewatchd::spool::{Limits, Spool};
use polewatchd::uplink::Uplink;
use polewatchd::watchdog::Beat;
use wire::MediaKind;
use wire::alarm::{ClockQuality, Kind, WallTime};
use wire::health::Report;

use crate::broker::Broker;
use crate::pole::{Pole, event, ms, settings, until};
use crate::room::Room;

fn health(boot: u32) -> Report {
    Report {
        boot,
        camera: wire::text::shortened("역삼로 12"),
        firmware: wire::text::shortened("0.1.0"),
        at: WallTime { unix_ms: 1_800_000_000_000, quality: ClockQuality::Unknown },
        uptime_s: 1,
        frames: 2,
        unacknowledged: 0,
        parts: heapless::Vec::new(),
    }
}

fn events_of(room: &Room) -> Vec<u64> {
    room.heard().events()
}

#[test]
fn alarms_raised_before_there_is_a_broker_arrive_in_order_when_it_appears() {
    let mut broker = Broker::new();
    let pole = Pole::start(broker.port());
    (1..=20).for_each(|number| pole.raise(number));
    until("the alarms are stored", || pole.spool.status().alarms == 20);
    until("the absence is reported", || pole.uplink.status().trouble.is_some());

    broker.start();
    let room = Room::open(broker.port());
    pole.drained(20);
    assert_eq!(events_of(&room), (1..=20).collect::<Vec<_>>());
    let status = pole.uplink.status();
    assert_eq!((status.acknowledged, status.connected, status.trouble), (20, true, None));
    pole.stop();
}

#[test]
fn a_broker_killed_under_load_costs_no_alarm() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    for round in 0..3 {
        (1..=40).for_each(|number| pole.raise(round * 100 + number));
        broker.kill();
        (41..=60).for_each(|number| pole.raise(round * 100 + number));
        until("the end of the connection is noticed", || !pole.uplink.status().connected);
        broker.start();
        pole.drained(60 * (round + 1));
    }
    let mut events = events_of(&room);
    events.sort_unstable();
    let raised: Vec<u64> = (0..3).flat_map(|round| round * 100 + 1..=round * 100 + 60).collect();
    assert_eq!(events, raised);
    assert!(pole.uplink.status().connections >= 3);
    pole.stop();
}

#[test]
fn a_room_that_is_there_but_says_nothing_frees_nothing_until_it_speaks() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    room.be_silent(true);
    let pole = Pole::start(broker.port());
    (1..=30).for_each(|number| pole.raise(number));
    until("the first alarm was sent three times", || room.heard().alarms.len() >= 3);
    assert_eq!(pole.spool.status().alarms, 30);
    assert_eq!(pole.uplink.status().acknowledged, 0);

    room.be_silent(false);
    pole.drained(30);
    assert_eq!(events_of(&room), (1..=30).collect::<Vec<_>>());
    pole.stop();
}

#[test]
fn garbage_on_the_acknowledgement_topic_is_counted_and_changes_nothing() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    until("the box is connected", || pole.uplink.status().connected);
    let topic = "polewatch/gangnam/pole-0412/ack";
    let mut alarm = vec![0; 4096];
    let offline = wire::encode(&wire::Health::Offline, &mut alarm).unwrap().to_vec();
    for (sent, payload) in (1..).zip([vec![], vec![0xff; 100], vec![1], offline, b"ok".to_vec()]) {
        until("it is subscribed and counts", || {
            if pole.uplink.status().garbage < sent {
                room.say(topic, &payload);
                std::thread::sleep(ms(20));
            }
            pole.uplink.status().garbage >= sent
        });
    }
    room.say(topic, &vec![7; 40_000]);
    pole.raise(1);
    pole.drained(1);
    assert_eq!(pole.uplink.status().connections, 1);
    pole.stop();
}

#[test]
fn an_event_arrives_with_its_still_its_clip_and_the_open_door() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    let clip: Vec<u8> = (0..1_000_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    let path = pole.spool.staging().join("1.mp4");
    std::fs::write(&path, &clip).unwrap();
    let report = Clip {
        event: EventId(1),
        path: path.clone(),
        bytes: clip.len() as u64,
        start: FrameTime::default(),
        duration: Duration::from_secs(10),
        pre_roll: Duration::from_secs(5),
    };
    let follows = Follows { still: true, clip: true };
    pole.intake
        .incidents
        .send(Incident::Event { event: event(1), model: [1; 8], follows })
        .unwrap();
    pole.intake.stills.send(Still { event: EventId(1), jpeg: vec![5; 50_000] }).unwrap();
    pole.intake.clips.send(ClipReport::Ready(report)).unwrap();
    let door = Incident::Tamper { phase: Phase::Begin, at: Instant::now() };
    pole.intake.incidents.send(door).unwrap();
    until("both alarms came", || events_of(&room).len() == 2);
    until("both files came", || room.heard().files.len() == 2);
    pole.drained(4);

    let heard = room.heard();
    let alarm = &heard.alarms[0];
    assert_eq!((alarm.kind, alarm.camera.as_str()), (Kind::Intrusion, "역삼로 12"));
    assert_eq!((alarm.rule.as_str(), alarm.still_follows), ("lawn-intrusion", true));
    assert_eq!(alarm.detected.unix_ms - alarm.onset.unix_ms, 500);
    let kinds: Vec<_> = heard.alarms.iter().map(|alarm| (alarm.kind, alarm.event.number)).collect();
    assert!(kinds.contains(&(Kind::Tamper, BOX_EVENTS + 1)), "{kinds:?}");
    for (kind, bytes) in [(MediaKind::Still, vec![5; 50_000]), (MediaKind::Clip, clip)] {
        let file = heard.files.values().find(|file| file.kind == kind).unwrap();
        assert_eq!((file.event, &file.bytes), (alarm.event, &bytes), "{kind:?}");
    }
    drop(heard);
    assert!(!path.exists());
    assert_eq!(pole.spool.status().used_bytes, segment_only(&pole));
    pole.stop();
}

#[test]
fn what_is_too_long_for_the_broker_is_set_aside_with_its_reason_and_all_else_arrives() {
    let mut broker = Broker::new().with_packets_of(700);
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    pole.raise(1);
    let event = Event { participants: vec![walker(); 8], ..event(2) };
    let follows = Follows::default();
    pole.intake.incidents.send(Incident::Event { event, model: [1; 8], follows }).unwrap();
    pole.raise(3);
    for (number, bytes) in [(1, 400), (3, 5000)] {
        let event = EventId(number);
        pole.intake.stills.send(Still { event, jpeg: vec![5; bytes] }).unwrap();
    }
    until("both are set aside", || pole.uplink.status().dead_letters == 2);
    pole.drained(3);
    assert_eq!((events_of(&room), room.heard().files.len()), (vec![1, 3], 1));
    // The connection was not given up for it.
    assert_eq!(pole.uplink.status().connections, 1);
    let letters = std::fs::read_dir(pole.dir.path().join("spool/dead")).unwrap();
    let letters: Vec<_> =
        letters.map(|letter| std::fs::read(letter.unwrap().path()).unwrap()).collect();
    let [letter] = &letters[..] else { panic!("{} letters", letters.len()) };
    assert!(letter.starts_with(b"broker: packet too large (0x95), 8 times\n"));
    pole.stop();
}

/// Somebody with a long way behind them: some 100 bytes on the wire.
fn walker() -> Participant {
    let step = |n: u64| (FrameTime::from_micros(n * 300_000), Point { x: 0.1, y: 0.01 * n as f32 });
    Participant {
        track: TrackId(1),
        class: ObjectClass::Person,
        bounds: NormBox::new(0.1, 0.1, 0.2, 0.3).unwrap(),
        confidence: Confidence::default(),
        path: (0..20).map(step).collect(),
        sights: Sights::default(),
    }
}

/// What is left of an empty spool is the segment being written.
fn segment_only(pole: &Pole) -> u64 {
    let alarms = pole.dir.path().join("spool/alarms");
    let logs = std::fs::read_dir(alarms).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension() == Some("log".as_ref()));
    logs.map(|path: std::path::PathBuf| Path::metadata(&path).unwrap().len()).sum()
}

#[test]
fn health_is_retained_and_a_box_that_stops_says_so() {
    let mut broker = Broker::new();
    broker.start();
    let pole = Pole::start(broker.port());
    pole.uplink.health_desk().post(health(pole.spool.boot()));
    until("it is connected", || pole.uplink.status().connected);
    until("who comes later sees it online", || {
        Room::open(broker.port()).first_health() == Some(true)
    });
    pole.stop();
    until("who comes later sees it offline", || {
        Room::open(broker.port()).first_health() == Some(false)
    });
}

#[test]
fn alarms_dated_before_the_time_server_spoke_are_corrected_wherever_they_are() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let (clock, hands) = Clock::manual(WallTime { unix_ms: 1000, quality: ClockQuality::Unknown });
    let pole = Pole::with_clock(settings(broker.port()), clock);
    pole.raise(1);
    pole.drained(1);
    broker.kill();
    pole.raise(2);
    until("the alarm is stored", || pole.spool.status().alarms == 1);
    hands.set_wall(WallTime { unix_ms: 3_601_000, quality: ClockQuality::Synchronized });
    pole.raise(3);
    until("the alarm is stored", || pole.spool.status().alarms == 2);
    hands.advance(Duration::from_secs(31));
    broker.start();
    until("all alarms are acknowledged", || {
        // The waits between connections run on this clock, whose hands no timer hears.
        hands.advance(ms(10));
        pole.uplink.bell().ring();
        pole.uplink.status().acknowledged == 3
    });
    let told = [(1, None), (2, Some(3_600_000)), (3, None)];
    assert_eq!(room.heard().shifts_ms, told.into());
    // Both waited half a minute, by the clock nobody sets.
    assert_eq!(room.heard().historical, [2, 3].into());
    let report = health(pole.spool.boot());
    pole.uplink.health_desk().post(report);
    until("health tells of it", || {
        hands.advance(ms(10));
        pole.uplink.bell().ring();
        !room.heard().corrections.is_empty()
    });
    assert_eq!(room.heard().corrections, [(1, 2, 3_600_000)]);
    pole.stop();
}

#[test]
fn a_box_restarted_with_unacknowledged_alarms_sends_exactly_those() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    (1..=5).for_each(|number| pole.raise(number));
    pole.drained(5);
    broker.kill();
    (6..=9).for_each(|number| pole.raise(number));
    until("the alarms are stored", || pole.spool.status().alarms == 4);
    let Pole { spool, uplink, dispatch, intake, dir } = pole;
    drop(intake);
    dispatch.finish();
    uplink.stop();
    drop(spool);

    broker.start();
    let clock = Clock::system();
    let limits = Limits::of_bytes(1 << 30);
    let (spool, recovery) = Spool::open(&dir.path().join("spool"), limits, clock.clone()).unwrap();
    assert_eq!((recovery.alarms, recovery.findings.len()), (4, 0));
    let uplink =
        Uplink::start(settings(broker.port()), spool.clone(), clock, Beat::default()).unwrap();
    until("the spool is empty", || spool.status().unacknowledged() == 0);
    assert_eq!(events_of(&room), (1..=9).collect::<Vec<_>>());
    assert_eq!(room.heard().historical, (6..=9).collect());
    assert_eq!(room.heard().previous, (1..=9).zip(0..).collect());
    uplink.stop();
}

#[test]
fn a_box_killed_before_its_still_was_stored_does_not_promise_it_again() {
    let mut broker = Broker::new();
    let pole = Pole::start(broker.port());
    for number in [1, 2] {
        let follows = Follows { still: true, clip: true };
        pole.intake
            .incidents
            .send(Incident::Event { event: event(number), model: [1; 8], follows })
            .unwrap();
    }
    pole.intake.stills.send(Still { event: EventId(1), jpeg: vec![5; 500] }).unwrap();
    until("all that came is stored", || pole.spool.status().unacknowledged() == 3);
    let dir = pole.stop();

    broker.start();
    let room = Room::open(broker.port());
    let clock = Clock::system();
    let limits = Limits::of_bytes(1 << 30);
    let (spool, _) = Spool::open(&dir.path().join("spool"), limits, clock.clone()).unwrap();
    let uplink =
        Uplink::start(settings(broker.port()), spool.clone(), clock, Beat::default()).unwrap();
    until("the spool is empty", || spool.status().unacknowledged() == 0);
    let heard = room.heard();
    let promised = heard.alarms.iter().map(|alarm| (alarm.still_follows, alarm.clip_follows));
    assert_eq!(promised.collect::<Vec<_>>(), [(true, false), (false, false)]);
    // What stands behind each alarm has stayed.
    assert_eq!((heard.files.len(), heard.previous.len()), (1, 2));
    drop(heard);
    uplink.stop();
}

#[test]
fn an_alarm_is_at_the_subscriber_within_a_quarter_of_a_second() {
    let mut broker = Broker::new();
    broker.start();
    let room = Room::open(broker.port());
    let pole = Pole::start(broker.port());
    pole.raise(1);
    pole.drained(1);
    let delays = pole.delays(&room, 2..=200);
    let at = |percent: usize| delays[delays.len() * percent / 100];
    println!("event to subscriber: p50 {:?}, p99 {:?}", at(50), at(99));
    assert!(at(99) < ms(250), "p99 {:?}", at(99));
    pole.stop();
}
