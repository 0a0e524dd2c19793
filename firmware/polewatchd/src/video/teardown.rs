//! Teardown: ending a pipeline that may refuse to end.
//!
//! Promises: the caller waits at most [`DEADLINE`]; a pipeline that hangs longer is left to its
//! thread and counted, and at most [`MAX_ABANDONED`] are left at once. Refuses: going on beyond
//! that: each holds memory and sockets, and only a new process gives them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A pipeline that has not ended by then hangs.
const DEADLINE: Duration = Duration::from_secs(5);
/// More hanging pipelines than this are a reason to start the process anew.
pub const MAX_ABANDONED: u32 = 4;

/// Counts the pipelines that hang.
#[derive(Clone, Debug, Default)]
pub(crate) struct Teardown {
    abandoned: Arc<AtomicU32>,
}

/// Too many pipelines hang; the process has to start anew.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{abandoned} video pipelines hang in their teardown, expected at most {MAX_ABANDONED}")]
pub struct Hung {
    /// How many.
    pub abandoned: u32,
}

impl Teardown {
    /// Runs `end` in a thread of its own and waits for it.
    ///
    /// # Errors
    /// [`Hung`] when this one hangs too and there are too many.
    pub(crate) fn run(&self, end: impl FnOnce() + Send + 'static) -> Result<(), Hung> {
        self.run_within(DEADLINE, end)
    }

    fn run_within(
        &self,
        deadline: Duration,
        end: impl FnOnce() + Send + 'static,
    ) -> Result<(), Hung> {
        let (done, finished) = crossbeam_channel::bounded::<()>(0);
        let abandoned = self.abandoned.clone();
        // Counted before, so that an end just past the deadline is counted down after it is up.
        abandoned.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::Builder::new().name("teardown".to_owned()).spawn(move || {
            end();
            abandoned.fetch_sub(1, Ordering::Relaxed);
            drop(done);
        });
        if thread.is_ok() {
            // Nothing is ever sent: the wait ends with the thread's end of the channel, or in time.
            let _ = finished.recv_timeout(deadline);
        }
        let abandoned = self.abandoned();
        if abandoned > MAX_ABANDONED { Err(Hung { abandoned }) } else { Ok(()) }
    }

    /// How many hang at this moment.
    pub(crate) fn abandoned(&self) -> u32 {
        self.abandoned.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hanging_ends_are_left_behind_up_to_a_limit_and_taken_back_when_they_end() {
        let teardown = Teardown::default();
        let (release, wait) = crossbeam_channel::bounded::<()>(0);
        let hang = |wait: crossbeam_channel::Receiver<()>| move || assert!(wait.recv().is_err());
        let soon = Duration::from_millis(10);
        for n in 1..=MAX_ABANDONED {
            assert_eq!(teardown.run_within(soon, hang(wait.clone())), Ok(()));
            assert_eq!(teardown.abandoned(), n);
        }
        let abandoned = MAX_ABANDONED + 1;
        assert_eq!(teardown.run_within(soon, hang(wait)), Err(Hung { abandoned }));
        drop(release);
        assert_eq!(teardown.run(|| {}), Ok(()));
        // The thread waited for took itself off; the released ones do so in their own time.
        while teardown.abandoned() > 0 {
            std::thread::yield_now();
        }
    }
}
