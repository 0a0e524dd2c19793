//! Admission to the decoder: which encoded pictures are decoded at all.
//!
//! Promises: decoding starts at a key picture, and a decoder that cannot keep up skips to the next
//! one instead of falling ever further behind. Refuses: skipping after a burst the network held
//! back, which a decoder works off in no time.

use std::time::{Duration, Instant};

/// A picture this late is late.
const LATE: Duration = Duration::from_secs(1);
/// Late for this long is not a burst any more.
const TOLERATED: Duration = Duration::from_secs(2);

/// Decides picture by picture, in decoding order.
#[derive(Clone, Debug, Default)]
pub(super) struct Admission {
    decoding: bool,
    late_since: Option<Instant>,
}

impl Admission {
    /// Whether a picture is decoded that is a key picture or not and `lag` behind its own time.
    pub(super) fn step(&mut self, now: Instant, key: bool, lag: Duration) -> bool {
        let late_since = (lag > LATE).then(|| *self.late_since.get_or_insert(now));
        self.late_since = late_since;
        if late_since.is_some_and(|since| now.saturating_duration_since(since) > TOLERATED) {
            self.decoding = false;
        }
        if key && lag <= LATE {
            self.decoding = true;
        } else if key && !self.decoding {
            // Late and at a key picture: as good a place to go on as any, with fresh patience.
            self.decoding = true;
            self.late_since = Some(now);
        }
        self.decoding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a picture, 100 ms apart: `K` a key picture, `d` another; the lag in ms.
    fn decoded(pictures: &str, lag_ms: impl Fn(usize) -> u64) -> String {
        let (start, mut admission) = (Instant::now(), Admission::default());
        let step = |(n, picture): (usize, char)| {
            let now = start + Duration::from_millis(100 * n as u64);
            let taken = admission.step(now, picture == 'K', Duration::from_millis(lag_ms(n)));
            if taken { picture } else { '-' }
        };
        pictures.chars().enumerate().map(step).collect()
    }

    #[test]
    fn decoding_starts_at_a_key_picture() {
        assert_eq!(decoded("dddKddd", |_| 50), "---Kddd");
    }

    #[test]
    fn a_burst_after_a_hold_up_is_decoded_whole() {
        let lag = |n: usize| if n < 5 { 3000 - 600 * n as u64 } else { 40 };
        assert_eq!(decoded("Kddddddddd", lag), "Kddddddddd");
    }

    #[test]
    fn a_decoder_that_falls_behind_goes_on_at_the_next_key_picture() {
        let pictures = format!("K{}K{}", "d".repeat(29), "d".repeat(9));
        let expected = format!("K{}{}K{}", "d".repeat(20), "-".repeat(9), "d".repeat(9));
        assert_eq!(decoded(&pictures, |n| if n < 30 { 1500 } else { 60 }), expected);
    }
}
