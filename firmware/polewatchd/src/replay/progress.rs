//! How far a replay is, for a person at a terminal; says nothing to a program.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::clock::Clock;

/// How often it is shown.
const EVERY: Duration = Duration::from_secs(1);

/// One line that is written over as the replay goes on.
pub(super) struct Progress {
    name: String,
    clock: Clock,
    shown: Instant,
    watched: bool,
}

impl Progress {
    pub(super) fn new(recording: &str) -> Self {
        let clock = Clock::system();
        Self {
            name: recording.to_owned(),
            shown: clock.now(),
            clock,
            watched: io::stderr().is_terminal(),
        }
    }

    pub(super) fn at(&mut self, video: Duration) {
        let now = self.clock.now();
        if self.watched && now.duration_since(self.shown) >= EVERY {
            self.shown = now;
            eprint!("\r{}: {:.0} s of video done", self.name, video.as_secs_f64());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.watched {
            eprintln!();
        }
    }
}
