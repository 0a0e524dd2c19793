//! `box-without-camera`: a simulated box, the shipped daemon's dispatch, spool and uplink with nobody
//! watching: its alarms are made up, as many and as fast as it is told to.
//!
//! Obeys lines on its standard input and answers each with one JSON object on its standard output:
//! `raise N` (raises N alarms, each on disk when it answers), `hand N` (the same without waiting for
//! the disk), `event STILL CLIP` (raises one with a still and a clip of so many bytes), `latency N`
//! (raises N one by one, each once the control room has acknowledged the one before), `clock SECONDS`
//! (sets the clock of --unset-clock by so many), `clock synchronize` (a time server sets it right),
//! `status`. Ends when its input does.
#![allow(clippy::print_stdout, reason = "its answers are its interface")]

use std::fs;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use analytics::detection::{Confidence, ObjectClass};
use analytics::event::{
    Event, EventId, EventKind, Measurement, Participant, Phase, Sights, TrackId,
};
use analytics::geometry::{NormBox, Point};
use analytics::scene::light::Light;
use analytics::time::FrameTime;
use anyhow::{Context, Result, bail};
use clap::Parser;
use polewatchd::clip::{Clip, ClipReport};
use polewatchd::clock::{Anchor, Clock, Hands};
use polewatchd::dispatch::alarm::Identity;
use polewatchd::dispatch::{Desk, Dispatch, Follows, Incident, Intake, Still};
use polewatchd::spool::{Limits, Spool};
use polewatchd::uplink::backoff::seed_of;
use polewatchd::uplink::session::Pace;
use polewatchd::uplink::{Settings, Uplink};
use polewatchd::watchdog::Beat;
use serde_json::{Value, json};
use wire::BoxAddress;
use wire::alarm::{ClockQuality, WallTime};
use wire::health::Report;

/// Between two looks at a counter.
const PAUSE: Duration = Duration::from_micros(200);
/// How often a clock that is set by orders goes on.
const TICK: Duration = Duration::from_millis(1);
/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(120);

/// A simulated box on 127.0.0.1: real spool and uplink, made-up alarms, no camera.
#[derive(Parser)]
struct Options {
    /// Where its spool is.
    #[arg(long)]
    spool: PathBuf,
    /// The broker's port.
    #[arg(long)]
    port: u16,
    /// Its clock stands at the second day of 1970, and is set by orders.
    #[arg(long)]
    unset_clock: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let log = tracing_subscriber::fmt().with_ansi(false).with_writer(std::io::stderr);
    log.with_max_level(tracing_subscriber::filter::LevelFilter::WARN).init();
    let mut pole = Pole::start(&options)?;
    for line in std::io::stdin().lock().lines() {
        println!("{}", pole.obey(&line?)?);
    }
    Ok(())
}

struct Pole {
    spool: Spool,
    uplink: Uplink,
    intake: Intake,
    raised: u64,
    /// Where a recorder would write its clips.
    recording: PathBuf,
    /// Clips that found no room there.
    clips_unwritten: u64,
    clock: Clock,
    /// Of a clock that is set by orders.
    hands: Option<Hands>,
    _dispatch: Dispatch,
}

impl Pole {
    fn start(options: &Options) -> Result<Self> {
        let (clock, hands) = clock(options.unset_clock)?;
        let (spool, _) = Spool::open(&options.spool, Limits::of_bytes(1 << 30), clock.clone())?;
        let settings = Settings {
            address: BoxAddress::new("gangnam", "pole-0412")?,
            host: "127.0.0.1".to_owned(),
            port: options.port,
            tls: None,
            health_interval: Duration::from_secs(1),
            pace: Pace::of_seed(seed_of("pole-0412", spool.boot())),
        };
        let uplink = Uplink::start(settings, spool.clone(), clock.clone(), Beat::default())?;
        let identity = Identity {
            camera: "역삼로 12 (simulated)".to_owned(),
            config: [0; 8],
            firmware: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let anchor = Anchor { frame: FrameTime::default(), at: clock.now() };
        let desk = Desk {
            identity,
            anchor,
            clock: clock.clone(),
            spool: spool.clone(),
            bell: uplink.bell(),
        };
        let (dispatch, intake) = Dispatch::start(desk)?;
        let recording = options.spool.join("recording");
        fs::create_dir_all(&recording)?;
        Ok(Self {
            spool,
            uplink,
            intake,
            raised: 0,
            recording,
            clips_unwritten: 0,
            clock,
            hands,
            _dispatch: dispatch,
        })
    }

    fn obey(&mut self, order: &str) -> Result<Value> {
        let mut words = order.split_whitespace();
        let count = |word: Option<&str>| {
            word.and_then(|word| word.parse::<u64>().ok())
                .with_context(|| format!("{order:?}: expected a number behind it"))
        };
        match words.next() {
            Some("raise") => self.raise(count(words.next())?),
            Some("hand") => self.hand(count(words.next())?),
            Some("event") => self.event(count(words.next())?, count(words.next())?),
            Some("latency") => self.latency(count(words.next())?),
            Some("clock") => self.set_clock(words.next().unwrap_or_default()),
            Some("status") => Ok(self.status()),
            _ => {
                bail!(
                    "{order:?}: expected raise N, hand N, event STILL CLIP, latency N, clock BY or status"
                )
            }
        }
    }

    fn raise(&mut self, count: u64) -> Result<Value> {
        let began = Instant::now();
        let expected = u64::from(self.spool.status().alarms) + count;
        for _ in 0..count {
            self.send(Follows::default())?;
        }
        // What is acknowledged meanwhile never waits; what waits is on disk.
        let acknowledged = self.uplink.status().acknowledged;
        self.until("alarms to be stored", |pole| {
            let answered = pole.uplink.status().acknowledged - acknowledged;
            u64::from(pole.spool.status().alarms) + answered >= expected
        })?;
        Ok(json!({ "raised": count, "seconds": began.elapsed().as_secs_f64() }))
    }

    fn set_clock(&self, order: &str) -> Result<Value> {
        let hands = self.hands.as_ref().context("the clock is the machine's")?;
        let WallTime { unix_ms, quality } = self.clock.wall();
        let set = match order.parse::<i64>() {
            Ok(seconds) => WallTime { unix_ms: unix_ms + 1000 * seconds, quality },
            Err(_) => WallTime { quality: ClockQuality::Synchronized, ..Clock::system().wall() },
        };
        hands.set_wall(set);
        // Health carries what is known of alarms that were sent before.
        self.uplink.health_desk().post(Report {
            boot: self.spool.boot(),
            camera: wire::text::shortened("역삼로 12 (simulated)"),
            firmware: wire::text::shortened(env!("CARGO_PKG_VERSION")),
            at: set,
            uptime_s: 0,
            frames: 0,
            unacknowledged: self.spool.status().unacknowledged(),
            parts: Default::default(),
        });
        Ok(json!({ "unix_ms": set.unix_ms }))
    }

    fn hand(&mut self, count: u64) -> Result<Value> {
        (0..count).try_for_each(|_| self.send(Follows::default()))?;
        Ok(json!({ "handed": count }))
    }

    /// An alarm, its still, and its clip as the recorder leaves it: a file, or a reason why not.
    fn event(&mut self, still: u64, clip: u64) -> Result<Value> {
        let before = self.spool.status();
        self.send(Follows { still: true, clip: true })?;
        let event = EventId(self.raised);
        let jpeg = vec![0xd8; usize::try_from(still)?];
        self.intake.stills.send(Still { event, jpeg }).context("dispatch has ended")?;
        let report = self.recorded(event, clip);
        let written = matches!(report, ClipReport::Ready(_));
        self.clips_unwritten += u64::from(!written);
        self.intake.clips.send(report).context("dispatch has ended")?;
        // Each of the three is stored, or counted as a loss.
        self.until("an event to be stored", |pole| {
            let (now, lost) = (pole.spool.status(), before.losses);
            let stills = u64::from(now.stills) + now.losses.stills;
            let clips = u64::from(now.clips) + now.losses.clips;
            now.alarms > before.alarms
                && stills > u64::from(before.stills) + lost.stills
                && clips >= u64::from(before.clips) + lost.clips + u64::from(written)
        })?;
        Ok(json!({ "clip_written": written }))
    }

    fn recorded(&self, event: EventId, bytes: u64) -> ClipReport {
        let path = self.recording.join(format!("clip-{}.mp4", event.0));
        match fs::write(&path, vec![0x6d; bytes as usize]) {
            Ok(()) => {
                let (start, duration) = (FrameTime::default(), Duration::from_secs(15));
                let pre_roll = Duration::from_secs(5);
                ClipReport::Ready(Clip { event, path, bytes, start, duration, pre_roll })
            }
            Err(error) => {
                let _ = fs::remove_file(&path);
                ClipReport::Lost { event, reason: error.to_string() }
            }
        }
    }

    /// From the moment an alarm is handed to dispatch to the room's acknowledgement: more than until
    /// the room has stored it, by the way back.
    fn latency(&mut self, count: u64) -> Result<Value> {
        let mut milliseconds = Vec::new();
        for _ in 0..count {
            self.until("an empty spool", |pole| pole.spool.status().alarms == 0)?;
            let acknowledged = self.uplink.status().acknowledged;
            let began = Instant::now();
            self.send(Follows::default())?;
            self.until("an answer", |pole| pole.uplink.status().acknowledged > acknowledged)?;
            milliseconds.push(began.elapsed().as_secs_f64() * 1000.0);
        }
        milliseconds.sort_by(f64::total_cmp);
        let share = |of: usize| milliseconds.get(milliseconds.len() * of / 100).copied();
        Ok(json!({ "alarms": count, "p50_ms": share(50), "p99_ms": share(99) }))
    }

    fn status(&self) -> Value {
        let (spool, uplink) = (self.spool.status(), self.uplink.status());
        json!({
            "raised": self.raised,
            "waiting": spool.alarms,
            "stills": spool.stills,
            "clips": spool.clips,
            "alarms_dropped": spool.losses.alarms,
            "stills_dropped": spool.losses.stills,
            "clips_dropped": spool.losses.clips,
            "clips_unwritten": self.clips_unwritten,
            "trouble": u64::from(spool.trouble.is_some()),
            "acknowledged": uplink.acknowledged,
            "connections": uplink.connections,
            "dead_letters": uplink.dead_letters,
        })
    }

    fn until(&self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        while !done(self) {
            if Instant::now() > deadline {
                bail!("waited {} s in vain for {what}", LIMIT.as_secs());
            }
            thread::sleep(PAUSE);
        }
        Ok(())
    }

    fn send(&mut self, follows: Follows) -> Result<()> {
        self.raised += 1;
        let event = loitering(self.raised)?;
        let incident = Incident::Event { event, model: [0; 8], follows };
        self.intake.incidents.send(incident).context("dispatch has ended")
    }
}

/// The machine's clock, or one that is set by orders and goes on by the machine's.
fn clock(by_hand: bool) -> Result<(Clock, Option<Hands>)> {
    let system = Clock::system();
    if !by_hand {
        return Ok((system, None));
    }
    const SECOND_DAY_MS: i64 = 86_400_000;
    let unset = WallTime { unix_ms: SECOND_DAY_MS, quality: ClockQuality::Unknown };
    let (clock, hands) = Clock::manual(unset);
    let moved = hands.clone();
    thread::Builder::new().name("clock".to_owned()).spawn(move || {
        let mut last = system.now();
        loop {
            thread::sleep(TICK);
            // In whole milliseconds, which is what its wall time counts.
            let gone = Duration::from_millis((system.now() - last).as_millis() as u64);
            moved.advance(gone);
            last += gone;
        }
    })?;
    Ok((clock, Some(hands)))
}

/// An alarm of the usual length: one person and the whole path there.
fn loitering(number: u64) -> Result<Event> {
    let at = |tenths: u64| FrameTime::from_micros(100_000 * tenths);
    let sides = NormBox::new(0.4, 0.3, 0.5, 0.7).context("sides out of order")?;
    let step = |index: u64| (at(index), Point { x: 0.02 * index as f32, y: 0.7 });
    Ok(Event {
        id: EventId(number),
        phase: Phase::Begin,
        kind: EventKind::Loitering,
        rule: Arc::from("made-up"),
        zone: Some(Arc::from("made-up")),
        onset: at(0),
        decided: at(100),
        measurement: Measurement { quantity: "dwell", value: 10.0, threshold: 10.0, unit: "s" },
        light: Light::Day,
        participants: vec![Participant {
            track: TrackId(number),
            class: ObjectClass::Person,
            bounds: sides,
            confidence: Confidence::default(),
            path: (0..Participant::MAX_PATH as u64).map(step).collect(),
            sights: Sights::default(),
        }],
    })
}
