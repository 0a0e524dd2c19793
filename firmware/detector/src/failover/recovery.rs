//! When an NPU that failed is tried again.
//!
//! A value: it is told what happens at which time, and says when a try is due. An NPU that works for
//! [`TRUSTED`] has its failures forgiven; one that fails sooner waits twice as long each time.

use std::time::Duration;

use analytics::time::FrameTime;

/// The wait after the first failure.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest wait: a driver that needs a restart of the box is not asked more often.
const LONGEST: Duration = Duration::from_secs(300);
/// How long an NPU must work before its earlier failures count no more.
const TRUSTED: Duration = Duration::from_secs(60);

/// Where the NPU stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Recovery {
    state: State,
    /// Failures since it was last trusted.
    failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Working { since: FrameTime },
    Resting { until: FrameTime },
    Trying,
}

impl Recovery {
    /// An NPU that is being tried, of which nothing is known.
    pub(super) const fn trying() -> Self {
        Self { state: State::Trying, failures: 0 }
    }

    /// It failed, at work or when it was tried.
    pub(super) fn failed(&mut self, now: FrameTime) {
        if let State::Working { since } = self.state
            && now >= since.plus(TRUSTED)
        {
            self.failures = 0;
        }
        let wait = SHORTEST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.state = State::Resting { until: now.plus(wait) };
    }

    /// Whether it is to be tried now; it then counts as being tried.
    pub(super) fn is_due(&mut self, now: FrameTime) -> bool {
        let due = matches!(self.state, State::Resting { until } if now >= until);
        if due {
            self.state = State::Trying;
        }
        due
    }

    /// It is tried for another reason than a failure.
    pub(super) const fn tried(&mut self) {
        self.state = State::Trying;
    }

    /// The try succeeded.
    pub(super) const fn worked(&mut self, now: FrameTime) {
        self.state = State::Working { since: now };
    }

    /// Failures since it was last trusted.
    pub(super) const fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> FrameTime {
        FrameTime::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn each_failure_in_a_row_doubles_the_wait_up_to_five_minutes() {
        let mut recovery = Recovery::trying();
        let (mut now, mut waits) = (0, Vec::new());
        for _ in 0..11 {
            recovery.failed(at(now));
            let due = (now..).find(|&second| recovery.is_due(at(second))).unwrap();
            waits.push(due - now);
            now = due;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn an_npu_that_worked_a_minute_is_trusted_again() {
        let mut recovery = Recovery::trying();
        recovery.worked(at(0));
        for start in [10, 100] {
            recovery.failed(at(start));
            assert!(recovery.is_due(at(start + 1)));
            recovery.worked(at(start + 2));
        }
        recovery.failed(at(103));
        assert!(!recovery.is_due(at(104)), "it failed again at once");
        assert_eq!(recovery.failures(), 2);
        assert!(recovery.is_due(at(105)));
        assert!(!recovery.is_due(at(106)), "it is being tried");
    }
}
