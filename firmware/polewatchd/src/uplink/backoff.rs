//! Back-off: how long to wait before trying again, longer each time and never in step with others.
//!
//! Promises: the wait of attempt `n` lies between a tenth and the whole of `first * 2^n`, at most
//! `most`; where in between is settled by a seed, so that a fleet that lost its broker at one moment
//! does not come back at one moment, and a test gets the same waits every time.

use std::time::Duration;

/// Waits of one purpose of one box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The longest wait of all.
    pub most: Duration,
    /// Settles the jitter.
    pub seed: u64,
}

impl Backoff {
    /// The wait before attempt `attempt`, counted from 0.
    #[must_use]
    pub fn wait(&self, attempt: u32) -> Duration {
        let longest = self.first.saturating_mul(1 << attempt.min(20)).min(self.most);
        let fraction = scatter(self.seed ^ u64::from(attempt)) >> 40;
        longest.mul_f64(0.1 + 0.9 * fraction as f64 / f64::from(1 << 24))
    }
}

/// A seed from a name and a number.
#[must_use]
pub fn seed_of(name: &str, number: u32) -> u64 {
    name.bytes().fold(scatter(u64::from(number)), |seed, byte| scatter(seed ^ u64::from(byte)))
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators).
fn scatter(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_grow_to_the_most_and_stay_within_their_bounds() {
        let backoff = Backoff { first: SECOND, most: 60 * SECOND, seed: 7 };
        for (attempt, longest_s) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (40, 60)] {
            let wait = backoff.wait(attempt);
            assert!(wait >= longest_s * SECOND / 10 && wait <= longest_s * SECOND, "{wait:?}");
        }
    }

    #[test]
    fn a_fleet_that_lost_its_broker_at_once_spreads_over_the_whole_wait() {
        let mut tenths = [0; 10];
        for number in 0..3038 {
            let seed = seed_of(&format!("pole-{number:04}"), 1);
            let wait = Backoff { first: SECOND, most: SECOND, seed }.wait(0);
            tenths[(wait.as_millis() as usize / 100).min(9)] += 1;
        }
        assert_eq!(tenths[0], 0);
        assert!(tenths[1..].iter().all(|boxes| (250..430).contains(boxes)), "{tenths:?}");
    }
}
