//! The daemon: every part made and joined, in the order data flows, and ended in that order too.
//!
//! Promises: one place that knows all threads; the first part that ends without being told ends the
//! process, which systemd starts anew onto a whole spool; a stop leaves nothing half handed over.
//! Refuses: deciding anything about pictures, events or records.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use analytics::settings::RuleKind;
use analytics::time::FrameTime;
use anyhow::{Context, Result, anyhow, bail};
use board::{Board, Thermometer};
use crossbeam_channel::{Receiver, Sender, bounded};
use sd_notify::NotifyState;
use wire::BoxAddress;

use crate::analysis::{self, Analysis, DetectorBoard};
use crate::calendar::Timekeeper;
use crate::clip::{self, Lengths, Recorder};
use crate::clock::{Anchor, Clock};
use crate::config::{Broker, Config, Source};
use crate::dispatch::alarm::Identity;
use crate::dispatch::{Desk, Dispatch};
use crate::doorway::{Doorway, Notice};
use crate::health::{self, Nameplate, Snapshot};
use crate::slot::{self, SlotReader};
use crate::spool::{self, Limits, Spool};
use crate::uplink::session::Pace;
use crate::uplink::{self, Uplink};
use crate::video::{self, Frame, Outlets, Packet, StatusBoard, Video};
use crate::watch::Watch;
use crate::watchdog::{Verdict, Watchdog};

/// The picture size a detector is planned for before the first picture comes.
const ASSUMED_SIZE: (usize, usize) = (1280, 720);
/// Encoded pictures under way to the recorder: ten seconds at 25 frames per second.
const PACKETS: usize = 256;
/// Events under way to the recorder.
const CUES: usize = 16;
/// Memory for the clip ring, and the most one clip may weigh: a minute at 4 Mbit/s.
const CLIP_BYTES: usize = 32 << 20;
/// How long after its rule's own wait an event may be decided: the analysis lags a frame or two, and a
/// key picture may lie some seconds back.
const DECIDED_WITHIN: Duration = Duration::from_secs(5);
/// Clips recorded at a time: a camera's rules seldom fire together.
const CLIPS_AT_ONCE: usize = 4;
/// How often parts are looked after and health is told.
const ROUND: Duration = Duration::from_millis(250);
/// A thread that makes no progress for this long will not recover: longer than any inference, any
/// plan for a new picture size and any disk that is merely slow.
const STUCK: Duration = Duration::from_secs(30);

/// Runs the daemon until `stop` brings something.
///
/// # Errors
/// At the start one line that names what cannot be used; later which part has ended and why.
pub fn run(config: &Config, file: &Path, stop: &Receiver<()>) -> Result<()> {
    let (source, broker) = config.for_run(file)?;
    let mut daemon = Daemon::start(config, source, broker)?;
    // Nobody need listen: without systemd there is no socket and nothing is said.
    let _ = sd_notify::notify(false, &[NotifyState::Ready]);
    let ended = daemon.look_after(stop);
    let _ = sd_notify::notify(false, &[NotifyState::Stopping]);
    daemon.stop()?;
    ended
}

/// Every running part.
struct Daemon {
    clock: Clock,
    started: Instant,
    nameplate: Nameplate,
    watchdog: Watchdog,
    spool: Spool,
    uplink: Uplink,
    dispatch: Dispatch,
    video: StatusBoard,
    analysed: Arc<AtomicU64>,
    detector: DetectorBoard,
    thermometer: Thermometer,
    notice: Notice,
    /// Dropped to end the camera, and with it everything up to dispatch.
    running: Vec<Sender<()>>,
    threads: Vec<(&'static str, JoinHandle<Result<()>>)>,
}

impl Daemon {
    fn start(config: &Config, source: Source, broker: Broker) -> Result<Self> {
        let clock = Clock::system();
        let started = clock.now();
        // What cannot be used is said before anything runs.
        video::init()?;
        let analysis = Analysis::open(config, ASSUMED_SIZE)?;
        tracing::info!("detector: {}", analysis.choice());
        tracing::info!("poses: {}", analysis.poses());
        config.scene.iter().for_each(|scene| tracing::info!("{scene}"));
        let board = Board::open(&config.board)?;
        tracing::info!("board: {}", board.description());
        let spool = open_spool(config, &clock)?;
        let nameplate = nameplate(config, &spool, &analysis, &board);

        let mut watchdog = Watchdog::new(STUCK);
        let settings = uplink_settings(config, broker, &spool)?;
        let beat = watchdog.watch("uplink", started);
        let uplink = Uplink::start(settings, spool.clone(), clock.clone(), beat)?;
        let (camera, frames, packets) = camera(config, source, &clock);
        let anchor = Anchor { frame: FrameTime::default(), at: camera.epoch() };
        let desk = Desk {
            identity: identity(config),
            anchor,
            clock: clock.clone(),
            spool: spool.clone(),
            bell: uplink.bell(),
        };
        let (dispatch, intake) = Dispatch::start(desk)?;
        let (cues, cues_in) = bounded(CUES);
        let reports = intake.clips.clone();
        let recorder = Recorder::new(clip_settings(config), packets, cues_in, reports);

        let analysed = Arc::new(AtomicU64::new(0));
        let detector = DetectorBoard::default();
        let notice = Notice::default();
        let doorway = Doorway {
            board,
            clock: clock.clone(),
            notice: notice.clone(),
            incidents: intake.incidents.clone(),
            beat: watchdog.watch("doorway", started),
        };
        let beat = watchdog.watch("analysis", started);
        let watch = Watch {
            analysis,
            frames,
            anchor,
            clock: clock.clone(),
            detector: detector.clone(),
            pace: analysis::Pace::default(),
            timekeeper: Timekeeper::new(config.calendar.clone(), config.rules_with_hours()),
            cues,
            intake,
            analysed: analysed.clone(),
            beat,
        };
        let (door_running, door_stop) = bounded(0);
        let (camera_running, camera_stop) = bounded(0);
        let video = camera.board();
        let threads = vec![
            spawn("video", move || Ok(camera.run(&camera_stop)?))?,
            spawn("recorder", move || {
                recorder.run();
                Ok(())
            })?,
            spawn("analysis", move || Ok(watch.run()?))?,
            spawn("doorway", move || {
                doorway.run(&door_stop);
                Ok(())
            })?,
        ];
        let running = vec![camera_running, door_running];
        Ok(Self {
            clock,
            started,
            nameplate,
            watchdog,
            spool,
            uplink,
            dispatch,
            video,
            analysed,
            detector,
            thermometer: Thermometer::open(&config.board),
            notice,
            running,
            threads,
        })
    }

    /// Tells health and feeds the watchdog until told to stop or until something ends.
    fn look_after(&mut self, stop: &Receiver<()>) -> Result<()> {
        while stop.recv_timeout(ROUND).is_err() {
            if let Some((name, _)) = self.threads.iter().find(|(_, thread)| thread.is_finished()) {
                bail!("{name} has ended by itself");
            }
            if self.dispatch.has_ended() || self.uplink.has_ended() {
                bail!("dispatch or uplink has ended by itself");
            }
            match self.watchdog.step(self.clock.now()) {
                Verdict::Alive => {
                    let _ = sd_notify::notify(false, &[NotifyState::Watchdog]);
                }
                Verdict::Stuck { name, stuck_for } => {
                    // Not a clean stop: joining a stuck thread would wait with it.
                    tracing::error!("{name} has made no progress for {} s", stuck_for.as_secs());
                    std::process::abort();
                }
            }
            self.detector.warm(self.thermometer.read());
            let snapshot = self.snapshot();
            self.notice.show(health::lamp(&snapshot));
            self.uplink.health_desk().post(health::report(&self.nameplate, &snapshot));
        }
        Ok(())
    }

    fn snapshot(&self) -> Snapshot {
        let uptime = self.clock.now().duration_since(self.started);
        let (detector, heat) = self.detector.read();
        Snapshot {
            detector,
            heat,
            at: self.clock.wall(),
            uptime: FrameTime::default().plus(uptime),
            analysed: self.analysed.load(Ordering::Relaxed),
            video: self.video.read(),
            spool: self.spool.status(),
            uplink: self.uplink.status(),
            board_trouble: self.notice.trouble(),
        }
    }

    /// Ends every part in the direction of the flow, so that what one still hands on is taken.
    fn stop(self) -> Result<()> {
        drop(self.running);
        let mut failed = Ok(());
        for (name, thread) in self.threads {
            let ended = thread.join().unwrap_or_else(|_| Err(anyhow!("a panic")));
            if let Err(error) = ended {
                failed = Err(error.context(name));
            }
        }
        self.dispatch.finish();
        self.uplink.stop();
        failed
    }
}

fn spawn(
    name: &'static str,
    body: impl FnOnce() -> Result<()> + Send + 'static,
) -> Result<(&'static str, JoinHandle<Result<()>>)> {
    Ok((name, thread::Builder::new().name(name.to_owned()).spawn(body)?))
}

fn open_spool(config: &Config, clock: &Clock) -> Result<Spool> {
    let limits = Limits::of_bytes(config.spool.max_bytes);
    let (opened, recovery) = Spool::open(&config.spool.dir, limits, clock.clone())?;
    let spool::report::Recovery { boot, alarms, media, findings } = recovery;
    tracing::info!("spool: start {boot}, {alarms} alarms and {media} files wait");
    findings.iter().for_each(|finding| tracing::warn!("spool: {finding}"));
    Ok(opened)
}

fn camera(
    config: &Config,
    source: Source,
    clock: &Clock,
) -> (Video, SlotReader<Frame>, Receiver<Packet>) {
    let (frames_in, frames) = slot::slot();
    let (packets_in, packets) = video::packets(PACKETS);
    let settings = video::Settings::of(config, source);
    let clock = clock.clone();
    let now: video::Now = Arc::new(move || clock.now());
    (Video::new(settings, Outlets { frames: frames_in, packets: packets_in }, now), frames, packets)
}

fn clip_settings(config: &Config) -> clip::Settings {
    let waits = config.rules.iter().map(|rule| match rule.kind {
        RuleKind::Intrusion { hold } => hold,
        RuleKind::Falldown { down } => down,
        RuleKind::Abandonment { alone, .. } => alone,
        // The onset of loitering is the moment the dwell is over; a camera's fault is still there
        // when it is decided, and so is a parked vehicle; clear of a line is a step.
        RuleKind::Loitering { .. }
        | RuleKind::Parking { .. }
        | RuleKind::CameraFault { .. }
        | RuleKind::Crossing { .. } => Duration::ZERO,
    });
    let wait = waits.max().unwrap_or_default();
    let (pre_roll, post_roll) = (config.clip.pre_roll, config.clip.post_roll);
    clip::Settings {
        // An operator needs the clip now, not when a loiterer has left: it ends with the post-roll
        // of the decision however long the event goes on.
        lengths: Lengths { pre_roll, post_roll, longest: pre_roll + wait + post_roll },
        reach: pre_roll + wait + DECIDED_WITHIN,
        max_bytes: CLIP_BYTES,
        at_once: CLIPS_AT_ONCE,
        folder: config.spool.dir.join("recording"),
    }
}

fn uplink_settings(config: &Config, broker: Broker, spool: &Spool) -> Result<uplink::Settings> {
    let address = BoxAddress::new(&config.site, &config.box_name)
        .context("site and box do not make a topic")?;
    let seed = uplink::backoff::seed_of(&config.box_name, spool.boot());
    Ok(uplink::Settings {
        address,
        host: broker.host,
        port: broker.port,
        tls: broker.tls,
        health_interval: config.uplink.health_interval,
        pace: Pace { max_rate: config.uplink.max_rate, ..Pace::of_seed(seed) },
    })
}

fn identity(config: &Config) -> Identity {
    Identity {
        camera: config.camera.name.clone(),
        config: config.sha256.first_chunk().copied().unwrap_or_default(),
        firmware: firmware(),
    }
}

fn nameplate(config: &Config, spool: &Spool, analysis: &Analysis, board: &Board) -> Nameplate {
    Nameplate {
        boot: spool.boot(),
        camera: config.camera.name.clone(),
        firmware: firmware(),
        detector: analysis.choice().to_string(),
        poses: analysis.poses(),
        board: board.description().to_owned(),
        rules_with_hours: config.rules_with_hours(),
    }
}

fn firmware() -> String {
    concat!("polewatchd ", env!("CARGO_PKG_VERSION")).to_owned()
}
