//! The doorway: the thread that drives the lamp and tells dispatch of the box's door.
//!
//! Promises: an open door is reported at the start as well as when it opens; a line that fails is
//! tried again and shows in health. Refuses: to decide what the lamp shows.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use analytics::event::Phase;
use board::{Board, Door, DoorReport, Occasion, Status};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};

use crate::clock::Clock;
use crate::dispatch::Incident;
use crate::watchdog::Beat;

/// What the main thread and the doorway tell each other.
#[derive(Clone, Debug, Default)]
pub struct Notice(Arc<Mutex<Written>>);

#[derive(Debug, Default)]
struct Written {
    show: Option<Status>,
    trouble: Option<String>,
}

impl Notice {
    /// What the lamp is to show.
    pub fn show(&self, status: Status) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).show = Some(status);
    }

    /// Why the board's lines cannot be used, if so.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).trouble.clone()
    }

    fn exchange(&self, trouble: Option<String>) -> Option<Status> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.trouble = trouble;
        written.show
    }
}

/// Drives one board until `stop` is dropped.
pub struct Doorway {
    /// The lines.
    pub board: Board,
    /// The clock.
    pub clock: Clock,
    /// Lamp and trouble.
    pub notice: Notice,
    /// Tells dispatch.
    pub incidents: Sender<Incident>,
    /// Proof of progress, for the watchdog.
    pub beat: Beat,
}

impl Doorway {
    /// Steps the board until `stop` brings something or its sender is gone.
    pub fn run(mut self, stop: &Receiver<()>) {
        let start = self.clock.now();
        while stop.recv_timeout(Board::STEP) == Err(RecvTimeoutError::Timeout) {
            let now = self.clock.now();
            let trouble = match self.board.step(now.duration_since(start)) {
                Ok(report) => {
                    report.into_iter().for_each(|report| self.tell(report, now));
                    None
                }
                Err(error) => Some(error.to_string()),
            };
            if let Some(status) = self.notice.exchange(trouble) {
                self.board.show(status);
            }
            self.beat.tick();
        }
    }

    fn tell(&self, report: DoorReport, at: Instant) {
        let phase = match report {
            DoorReport { door: Door::Open, .. } => Phase::Begin,
            DoorReport { door: Door::Closed, occasion: Occasion::Change } => Phase::End,
            // A closed door at the start is as it should be.
            DoorReport { door: Door::Closed, occasion: Occasion::Start } => return,
        };
        tracing::warn!("door: {report:?}");
        if self.incidents.send(Incident::Tamper { phase, at }).is_err() {
            tracing::error!("door: dispatch takes no more events");
        }
    }
}
