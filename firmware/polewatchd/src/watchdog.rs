//! The watchdog's verdict: whether every thread that owes progress has made some lately.
//!
//! Promises: fed by work done, not by being alive. Refuses: clocks and actions; `daemon` feeds
//! systemd or ends the process by what [`Watchdog::step`] says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A thread's count of finished rounds.
#[derive(Clone, Debug, Default)]
pub struct Beat(Arc<AtomicU64>);

impl Beat {
    /// One more round is done.
    pub fn tick(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Watches the beats of named threads.
#[derive(Debug)]
pub struct Watchdog {
    limit: Duration,
    watched: Vec<Watched>,
}

#[derive(Debug)]
struct Watched {
    name: &'static str,
    beat: Beat,
    count: u64,
    since: Instant,
}

/// What the watchdog thinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every thread gets on.
    Alive,
    /// One does not.
    Stuck {
        /// Which.
        name: &'static str,
        /// For how long.
        stuck_for: Duration,
    },
}

impl Watchdog {
    /// A watchdog that calls a thread stuck after `limit` without a round.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, watched: Vec::new() }
    }

    /// Watches one more thread from `now` on; it ticks the beat.
    pub fn watch(&mut self, name: &'static str, now: Instant) -> Beat {
        let beat = Beat::default();
        self.watched.push(Watched { name, beat: beat.clone(), count: 0, since: now });
        beat
    }

    /// Looks at every beat.
    pub fn step(&mut self, now: Instant) -> Verdict {
        let mut verdict = Verdict::Alive;
        for watched in &mut self.watched {
            let count = watched.beat.count();
            if count != watched.count {
                (watched.count, watched.since) = (count, now);
            }
            let stuck_for = now.duration_since(watched.since);
            if stuck_for > self.limit {
                verdict = Verdict::Stuck { name: watched.name, stuck_for };
            }
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_thread_without_progress_is_stuck_after_the_limit_and_not_before() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(LIMIT);
        let beats = [watchdog.watch("analysis", start), watchdog.watch("board", start)];
        for second in 0..=30 {
            beats[1].tick();
            assert_eq!(watchdog.step(start + Duration::from_secs(second)), Verdict::Alive);
        }
        beats[1].tick();
        let late = start + Duration::from_secs(31);
        let stuck_for = Duration::from_secs(31);
        assert_eq!(watchdog.step(late), Verdict::Stuck { name: "analysis", stuck_for });
        beats[0].tick();
        assert_eq!(watchdog.step(late), Verdict::Alive);
    }
}
