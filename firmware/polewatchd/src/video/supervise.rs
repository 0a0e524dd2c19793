//! The video source: keeps a camera's pictures coming for as long as the daemon runs.
//!
//! [`Video::run`] is a retry loop around `run_once`. Promises: an error, an end or a silence ends
//! the pipeline and a new one is built after a pause that grows; `auto` transport is TCP, then UDP
//! where the camera refuses it (461); a hardware decoder that fails is not asked again. Refuses:
//! giving up, unless pipelines hang one after the other.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};

use super::backoff::Backoff;
use super::decoder;
use super::error::VideoError;
use super::intake::{Intake, Now, Outlets, Session};
use super::live::{Live, Plan};
use super::rtsp::Wire;
use super::silence::silence;
use super::status::{StatusBoard, VideoState};
use super::teardown::{Hung, Teardown};
use crate::config::{Config, Source, Transport};

/// How often a running pipeline is looked after.
const LOOK: Duration = Duration::from_millis(100);

/// What the video source is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The camera, or a file in its place.
    pub source: Source,
    /// How RTP travels.
    pub transport: Transport,
    /// The longest silence of a connection.
    pub stall: Duration,
    /// The jitter buffer.
    pub latency: Duration,
    /// The analysis rate, pictures per second.
    pub fps: f64,
}

impl Settings {
    /// What `config` says of how `source` is watched.
    #[must_use]
    pub fn of(config: &Config, source: Source) -> Self {
        Self {
            source,
            transport: config.camera.transport,
            stall: config.camera.stall,
            latency: config.camera.latency,
            fps: config.analysis_fps,
        }
    }
}

/// A video source that has not been started.
pub struct Video {
    settings: Settings,
    intake: Arc<Intake>,
    board: StatusBoard,
    now: Now,
    teardown: Teardown,
    backoff: Backoff,
    wire: Wire,
    avoid: Vec<String>,
}

/// How one connection came to its end.
enum Ended {
    Stopped,
    Failed(VideoError),
}

impl Video {
    /// A source that hands its pictures to `outlets`. Frame time zero is now.
    #[must_use]
    pub fn new(settings: Settings, outlets: Outlets, now: Now) -> Self {
        let peer = match &settings.source {
            Source::Rtsp(address) => address.to_string(),
            Source::File(path) => path.display().to_string(),
        };
        let board = StatusBoard::default();
        let intake = Intake::new(peer, settings.fps, outlets, now.clone(), board.clone());
        let wire = first_wire(settings.transport);
        Self {
            settings,
            intake: Arc::new(intake),
            board,
            now,
            teardown: Teardown::default(),
            backoff: Backoff::default(),
            wire,
            avoid: Vec::new(),
        }
    }

    /// Where the source's status can be read at any time.
    #[must_use]
    pub fn board(&self) -> StatusBoard {
        self.board.clone()
    }

    /// The instant of frame time zero: what ties frame times to the monotonic clock, for the whole
    /// run and over every reconnection.
    #[must_use]
    pub fn epoch(&self) -> Instant {
        self.intake.epoch()
    }

    /// Runs until `stop` brings something or its sender is gone; then both outlets are closed.
    ///
    /// # Errors
    /// [`Hung`] when too many pipelines would not end: the process has to start anew.
    pub fn run(mut self, stop: &Receiver<()>) -> Result<(), Hung> {
        let result = self.keep_running(stop);
        self.intake.close();
        self.board.update(|status| status.state = VideoState::Stopped);
        result
    }

    fn keep_running(&mut self, stop: &Receiver<()>) -> Result<(), Hung> {
        loop {
            let started = (self.now)();
            let Ended::Failed(error) = self.run_once(stop)? else { return Ok(()) };
            let played = (self.now)().saturating_duration_since(started);
            let pause = self.learn(&error, played);
            tracing::warn!("{error}; next attempt in {pause:.1?}");
            self.board.update(|status| {
                status.state = VideoState::Waiting;
                status.last_error = Some(error.to_string());
                status.reconnects += 1;
            });
            match stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// One connection, from its first request to its teardown.
    fn run_once(&mut self, stop: &Receiver<()>) -> Result<Ended, Hung> {
        self.board.update(|status| status.state = VideoState::Connecting);
        let session = self.intake.begin();
        let plan = Plan {
            source: &self.settings.source,
            wire: self.wire,
            latency: self.settings.latency,
            avoid: &self.avoid,
        };
        let live = match super::init().and_then(|()| Live::start(&plan, session.clone())) {
            Ok(live) => live,
            Err(error) => return Ok(Ended::Failed(error)),
        };
        let ended = self.watch(&live, &session, stop);
        self.intake.end();
        let torn_down = self.teardown.run(move || live.stop());
        let abandoned = self.teardown.abandoned();
        self.board.update(|status| status.abandoned = abandoned);
        torn_down.map(|()| ended)
    }

    fn watch(&self, live: &Live, session: &Session, stop: &Receiver<()>) -> Ended {
        let mut playing = false;
        loop {
            if let Some(error) = live.trouble(LOOK) {
                return Ended::Failed(error);
            }
            let progress = self.intake.progress();
            if let Some(silence) = silence((self.now)(), &progress, self.settings.stall) {
                return Ended::Failed(VideoError::Stalled {
                    peer: session.peer().to_owned(),
                    what: silence.what,
                    silent_for: silence.silent_for,
                });
            }
            if !playing && progress.picture.is_some() {
                playing = true;
                tracing::info!("{}: pictures come", session.peer());
                self.board.update(|status| status.state = VideoState::Playing);
            }
            match stop.try_recv() {
                Err(crossbeam_channel::TryRecvError::Empty) => {}
                Ok(()) | Err(crossbeam_channel::TryRecvError::Disconnected) => {
                    return Ended::Stopped;
                }
            }
        }
    }

    /// What the next attempt does differently, and how long it waits.
    fn learn(&mut self, error: &VideoError, played: Duration) -> Duration {
        let refused = matches!(error, VideoError::Transport { .. });
        let next = next_wire(self.settings.transport, self.wire, refused);
        let fell_back = refused && next != self.wire;
        self.wire = next;
        if let VideoError::Stream { element, .. } = error
            && element == decoder::NAME
            && let Some(name) = self.board.read().decoder
            && decoder::is_hardware_name(&name)
        {
            tracing::warn!("decoder {name} failed and is not used again");
            self.avoid.push(name);
        }
        if fell_back { LOOK } else { self.backoff.step(played, RandomState::new().hash_one(0)) }
    }
}

const fn first_wire(transport: Transport) -> Wire {
    match transport {
        Transport::Auto | Transport::Tcp => Wire::Tcp,
        Transport::Udp => Wire::Udp,
    }
}

/// The wire after a failure on `wire`; a camera that fails on UDP is asked over TCP again, which it
/// may have learned since.
fn next_wire(transport: Transport, wire: Wire, refused: bool) -> Wire {
    match (transport, wire, refused) {
        (Transport::Auto, Wire::Tcp, true) => Wire::Udp,
        _ => first_wire(transport),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_auto_falls_back_to_udp_and_only_when_tcp_is_refused() {
        for (transport, wire, refused, expected) in [
            (Transport::Auto, Wire::Tcp, true, Wire::Udp),
            (Transport::Auto, Wire::Tcp, false, Wire::Tcp),
            (Transport::Auto, Wire::Udp, false, Wire::Tcp),
            (Transport::Tcp, Wire::Tcp, true, Wire::Tcp),
            (Transport::Udp, Wire::Udp, true, Wire::Udp),
        ] {
            assert_eq!(next_wire(transport, wire, refused), expected, "{transport:?} {wire:?}");
        }
    }
}
