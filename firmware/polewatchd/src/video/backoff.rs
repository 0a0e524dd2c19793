//! The pause before the next attempt: longer after every failure, never in step with other boxes.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that held this long was a good one: the next failure starts from the beginning.
const STABLE: Duration = Duration::from_secs(20);

/// Grows from a quarter of a second to half a minute.
#[derive(Clone, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after an attempt that played for `played`. `chance`, any number, picks a place
    /// between half the pause and the whole, so that a power cut's boxes come back one by one.
    pub(super) fn step(&mut self, played: Duration, chance: u64) -> Duration {
        if played >= STABLE {
            self.failures = 0;
        }
        let whole = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let per_mille = 500 + u32::try_from(chance % 501).unwrap_or(0);
        whole * per_mille / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_half_a_minute_and_starts_over_after_a_stable_time() {
        let mut backoff = Backoff::default();
        let failed = Duration::from_secs(1);
        let pauses: Vec<_> = (0..9).map(|_| backoff.step(failed, 500).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!(backoff.step(STABLE, 500).as_millis(), 250);
        assert_eq!(backoff.step(failed, 500).as_millis(), 500);
    }

    #[test]
    fn chance_moves_the_pause_between_half_and_whole() {
        for chance in [0, 1, 250, 499, 500, u64::MAX] {
            let pause = Backoff::default().step(Duration::ZERO, chance);
            assert!((FIRST / 2..=FIRST).contains(&pause), "{chance}: {pause:?}");
        }
    }
}
