//! The watch: the thread that takes the newest frame, analyses it and hands on what was decided.
//!
//! Promises: an alarm is handed on before its still is encoded; a full recorder costs that event its
//! clip and nothing else; a full dispatch makes the watch wait, which the watchdog sees. Refuses: to
//! go on blind: after [`MOST_FAILURES`] frames in a row the engine could not run, it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use analytics::event::{Event, Phase};
use analytics::time::FrameTime;
use crossbeam_channel::{SendError, Sender};
use detector::DetectorError;

use crate::analysis::{Analysis, DetectorBoard, Pace, Step};
use crate::calendar::Timekeeper;
use crate::clip::Cue;
use crate::clock::{Anchor, Clock};
use crate::dispatch::{Follows, Incident, Intake, Still};
use crate::slot::{SlotReader, Taken};
use crate::still;
use crate::video::Frame;
use crate::watchdog::Beat;

/// How long the watch waits for a frame before it says that it still lives.
const PATIENCE: Duration = Duration::from_millis(500);

/// An engine that fails this many frames running will not recover by itself: the process starts anew.
const MOST_FAILURES: u32 = 20;

/// Analyses one camera's frames until they end.
pub struct Watch {
    /// Detector, tracker and rules.
    pub analysis: Analysis,
    /// Where frames come from.
    pub frames: SlotReader<Frame>,
    /// Ties frame times to the clock.
    pub anchor: Anchor,
    /// The clock, which goes on when no frames come.
    pub clock: Clock,
    /// Tells the local time to rules that have hours.
    pub timekeeper: Timekeeper,
    /// Tells the recorder.
    pub cues: Sender<Cue>,
    /// Tells dispatch.
    pub intake: Intake,
    /// What detects, for health, and how hot the box is.
    pub detector: DetectorBoard,
    /// Which frames are taken.
    pub pace: Pace,
    /// Frames analysed, for health.
    pub analysed: Arc<AtomicU64>,
    /// Proof of progress, for the watchdog.
    pub beat: Beat,
}

/// Why a watch ended before its frames did.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The engine fails.
    #[error("{MOST_FAILURES} frames in a row could not be analysed, the last because {0}")]
    Detector(DetectorError),
    /// Dispatch has ended.
    #[error("dispatch takes no more events")]
    Dispatch,
}

impl Watch {
    /// Runs until the frames end; what is still going on is then ended and handed on.
    ///
    /// # Errors
    /// The process has to start anew, see [`WatchError`].
    pub fn run(mut self) -> Result<(), WatchError> {
        let mut failures = 0;
        loop {
            match self.frames.take(PATIENCE) {
                Taken::Item(frame) => failures = self.frame(&frame, failures)?,
                Taken::TimedOut => self.silence()?,
                Taken::Closed => break,
            }
            self.beat.tick();
        }
        let ended = self.analysis.finish();
        self.hand_on(ended, None)
    }

    /// Analyses one frame, unless it comes too soon; gives the number of failures in a row.
    fn frame(&mut self, frame: &Frame, failures: u32) -> Result<u32, WatchError> {
        let running = || self.analysis.choice().to_string();
        let heat = self.detector.tell(running, self.analysis.trouble());
        let interval = self.analysis.least_interval().max(heat.least_interval());
        if !self.pace.takes(frame.time(), interval) {
            return Ok(failures);
        }
        let wall = self.clock.read().wall_of(frame.time(), self.anchor);
        match self.analysis.step(frame, self.timekeeper.local(wall)) {
            Ok(Step { events, .. }) => {
                self.analysed.fetch_add(1, Ordering::Relaxed);
                self.hand_on(events, Some(frame))?;
                Ok(0)
            }
            Err(error) if failures + 1 >= MOST_FAILURES => Err(WatchError::Detector(error)),
            Err(error) => {
                tracing::warn!("frame at {:.3} s: {error}", frame.time().as_secs_f64());
                Ok(failures + 1)
            }
        }
    }

    fn silence(&mut self) -> Result<(), WatchError> {
        let now = self.anchor.frame_at(self.clock.now());
        let local = self.timekeeper.local(self.clock.wall());
        let events = self.analysis.silence(now, local);
        self.hand_on(events, None)
    }

    /// Alarms first: encoding a still takes longer than deciding.
    fn hand_on(&self, events: Vec<Event>, frame: Option<&Frame>) -> Result<(), WatchError> {
        let began: Vec<_> = events
            .iter()
            .filter(|event| event.phase == Phase::Begin)
            .map(|event| event.id)
            .collect();
        for event in events {
            log(&event);
            let begins = event.phase == Phase::Begin;
            let recorded = self.cues.try_send(Cue::from(&event)).is_ok();
            if begins && !recorded {
                tracing::warn!("event {}: no clip: the recorder is behind", event.id.0);
            }
            let follows = Follows { still: begins && frame.is_some(), clip: begins && recorded };
            let incident =
                Incident::Event { event, model: self.analysis.choice().model_id(), follows };
            self.intake.incidents.send(incident).map_err(|SendError(_)| WatchError::Dispatch)?;
        }
        let (Some(frame), false) = (frame, began.is_empty()) else { return Ok(()) };
        match still::encode(&frame.picture(), frame.colour()) {
            Ok(jpeg) => {
                for event in began {
                    if self.intake.stills.try_send(Still { event, jpeg: jpeg.clone() }).is_err() {
                        tracing::warn!("event {}: no still: the disk is behind", event.0);
                    }
                }
            }
            Err(error) => tracing::warn!("no still of {:.3} s: {error}", seconds(frame.time())),
        }
        Ok(())
    }
}

fn log(event: &Event) {
    let Event { id, phase, kind, rule, measurement, .. } = event;
    tracing::info!(
        "event {} {phase:?} {kind:?} by rule {rule}: {} {:.1} {} (threshold {:.1}), onset {:.1} s, decided {:.1} s",
        id.0,
        measurement.quantity,
        measurement.value,
        measurement.unit,
        measurement.threshold,
        seconds(event.onset),
        seconds(event.decided),
    );
}

fn seconds(time: FrameTime) -> f64 {
    time.as_secs_f64()
}
