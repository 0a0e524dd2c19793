//! How long to wait before the next attempt to reach the broker.
//!
//! Promises: longer from failure to failure, up to half a minute, and never in step with others that
//! failed at the same moment. Refuses: randomness of its own; the caller throws the dice.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// The waits between attempts.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure: half to all of the doubled wait, by `dice` from 0 to 1.
    pub(crate) fn wait(&mut self, dice: f64) -> Duration {
        let doubled = FIRST * 2u32.saturating_pow(self.failures.min(16));
        self.failures += 1;
        doubled.min(LONGEST).mul_f64(0.5 + 0.5 * dice.clamp(0.0, 1.0))
    }

    /// It worked: the next failure is a first one.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute_and_start_over() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> = (0..9).map(|_| backoff.wait(1.0).as_millis()).collect();
        assert_eq!(waits, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!(backoff.wait(0.0).as_millis(), 15_000);
        backoff.succeeded();
        assert_eq!(backoff.wait(0.5).as_micros(), 187_500);
    }
}
