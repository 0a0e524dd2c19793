//! A box without camera and detector: dispatch, spool and uplink, and the waits of their tests.
#![allow(dead_code, reason = "shared by tests that need different parts of it")]

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use analytics::event::{Event, EventId, EventKind, Measurement, Phase};
use analytics::scene::light::Light;
use analytics::time::FrameTime;
use polewatchd::clock::{Anchor, Clock};
use polewatchd::dispatch::alarm::Identity;
use polewatchd::dispatch::{Desk, Dispatch, Follows, Incident, Intake};
use polewatchd::spool::{Limits, Spool};
use polewatchd::uplink::backoff::Backoff;
use polewatchd::uplink::session::Pace;
use polewatchd::uplink::{Settings, Uplink};
use polewatchd::watchdog::Beat;
use wire::BoxAddress;

use crate::room::Room;

/// A box without camera and detector.
pub(crate) struct Pole {
    pub(crate) spool: Spool,
    pub(crate) uplink: Uplink,
    pub(crate) dispatch: Dispatch,
    pub(crate) intake: Intake,
    pub(crate) dir: tempfile::TempDir,
}

impl Pole {
    pub(crate) fn start(port: u16) -> Self {
        Self::start_with(settings(port))
    }

    pub(crate) fn start_with(settings: Settings) -> Self {
        Self::with_clock(settings, Clock::system())
    }

    pub(crate) fn with_clock(settings: Settings, clock: Clock) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits::of_bytes(1 << 30);
        let (spool, _) = Spool::open(&dir.path().join("spool"), limits, clock.clone()).unwrap();
        let uplink =
            Uplink::start(settings, spool.clone(), clock.clone(), Beat::default()).unwrap();
        let desk = Desk {
            identity: Identity {
                camera: "역삼로 12".to_owned(),
                config: [2; 8],
                firmware: "0.1.0".to_owned(),
            },
            anchor: Anchor { frame: FrameTime::default(), at: clock.now() },
            clock,
            spool: spool.clone(),
            bell: uplink.bell(),
        };
        let (dispatch, intake) = Dispatch::start(desk).unwrap();
        Self { spool, uplink, dispatch, intake, dir }
    }

    pub(crate) fn raise(&self, number: u64) {
        let incident =
            Incident::Event { event: event(number), model: [1; 8], follows: Follows::default() };
        self.intake.incidents.send(incident).unwrap();
    }

    /// Raises one alarm after the other; how long each took to the room, the shortest first.
    pub(crate) fn delays(&self, room: &Room, numbers: RangeInclusive<u64>) -> Vec<Duration> {
        let delay = |number| {
            let raised = Instant::now();
            self.raise(number);
            until("it came", || room.heard().arrivals.contains_key(&number));
            room.heard().arrivals[&number] - raised
        };
        let mut delays: Vec<Duration> = numbers.map(delay).collect();
        delays.sort_unstable();
        delays
    }

    /// Waits until so many records were acknowledged since the start, and none is left.
    pub(crate) fn drained(&self, records: u64) {
        until("all records are acknowledged", || self.uplink.status().acknowledged == records);
        assert_eq!(self.spool.status().unacknowledged(), 0);
    }

    /// Ends like the daemon does, and leaves the folder.
    pub(crate) fn stop(self) -> tempfile::TempDir {
        drop(self.intake);
        self.dispatch.finish();
        let started = Instant::now();
        self.uplink.stop();
        assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
        self.dir
    }
}

pub(crate) fn settings(port: u16) -> Settings {
    let quick = Backoff { first: ms(50), most: ms(200), seed: 1 };
    Settings {
        address: BoxAddress::new("gangnam", "pole-0412").unwrap(),
        host: "127.0.0.1".to_owned(),
        port,
        tls: None,
        health_interval: Duration::from_secs(30),
        pace: Pace {
            window: 8,
            answer_within: ms(400),
            resend: quick,
            dial: quick,
            max_rate: None,
        },
    }
}

pub(crate) fn event(number: u64) -> Event {
    Event {
        id: EventId(number),
        phase: Phase::Begin,
        kind: EventKind::Intrusion,
        rule: "lawn-intrusion".into(),
        zone: Some("lawn".into()),
        onset: FrameTime::default(),
        decided: FrameTime::from_micros(500_000),
        measurement: Measurement { quantity: "inside", value: 0.5, threshold: 0.5, unit: "s" },
        light: Light::Day,
        participants: Vec::new(),
    }
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(ms(2));
    }
}
