//! How much a box may send: a rate, and what it leaves free.
//!
//! Promises: over any stretch of time that begins with a full allowance, what waits for it is sent no
//! faster than the rate, by at most one piece; what cannot wait is sent at once and paid for
//! afterwards. Refuses: rates so low that a piece would take longer than a connection may be silent.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Bits per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    kbit_per_s: u32,
}

impl Rate {
    /// A piece of 32 KiB takes four seconds.
    const LEAST_KBIT: u32 = 64;
    /// 1 Gbit/s: no limit for any box.
    const MOST_KBIT: u32 = 1_000_000;

    /// How long so many bytes take.
    #[must_use]
    pub fn time_of(self, bytes: usize) -> Duration {
        let bits = 8 * bytes as u64;
        Duration::from_nanos(bits.saturating_mul(1_000_000) / u64::from(self.kbit_per_s))
    }
}

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let units = [("kbit/s", 1_u32), ("Mbit/s", 1000)];
        let amount = |(unit, kbit): (&str, u32)| {
            let number: u32 = text.strip_suffix(unit)?.trim_end().parse().ok()?;
            number.checked_mul(kbit)
        };
        let written = units.into_iter().find_map(amount);
        let allowed = |kbit: &u32| (Self::LEAST_KBIT..=Self::MOST_KBIT).contains(kbit);
        written.filter(allowed).map(|kbit_per_s| Self { kbit_per_s }).ok_or(RateError)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kbit_per_s {
            kbit if kbit % 1000 == 0 => write!(f, "{}Mbit/s", kbit / 1000),
            kbit => write!(f, "{kbit}kbit/s"),
        }
    }
}

/// Not a rate a box may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a whole number of \"kbit/s\" or \"Mbit/s\" from \"64kbit/s\" to \"1000Mbit/s\"")]
pub struct RateError;

/// What may be sent by now.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    rate: Option<Rate>,
    /// When all that was sent is paid for.
    paid_at: Option<Instant>,
}

impl Allowance {
    /// Of `rate`; without one everything may be sent at any time.
    #[must_use]
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, paid_at: None }
    }

    /// So many bytes are sent now.
    pub fn spend(&mut self, now: Instant, bytes: usize) {
        if let Some(rate) = self.rate {
            let from = self.paid_at.map_or(now, |paid_at| paid_at.max(now));
            self.paid_at = Some(from + rate.time_of(bytes));
        }
    }

    /// When something that can wait may be sent; `None` when it may now.
    #[must_use]
    pub fn free_at(&self, now: Instant) -> Option<Instant> {
        self.paid_at.filter(|paid_at| *paid_at > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_and_shown() {
        for (text, shown) in [
            ("64kbit/s", Some("64kbit/s")),
            ("2Mbit/s", Some("2Mbit/s")),
            ("2 Mbit/s", Some("2Mbit/s")),
            ("1500kbit/s", Some("1500kbit/s")),
            ("1000Mbit/s", Some("1000Mbit/s")),
            ("63kbit/s", None),
            ("1001Mbit/s", None),
            ("4294968Mbit/s", None),
            ("2MB/s", None),
            ("2mbit/s", None),
            ("1.5Mbit/s", None),
            ("-2Mbit/s", None),
            ("Mbit/s", None),
            ("", None),
        ] {
            let read = text.parse::<Rate>().ok().map(|rate| rate.to_string());
            assert_eq!(read.as_deref(), shown, "{text:?}");
        }
    }

    #[test]
    fn what_was_sent_at_once_is_paid_for_before_more_is_free() {
        let (now, rate) = (Instant::now(), "80kbit/s".parse().ok());
        let mut allowance = Allowance::new(rate);
        assert_eq!(allowance.free_at(now), None);
        allowance.spend(now, 10_000);
        allowance.spend(now, 5_000);
        assert_eq!(allowance.free_at(now), Some(now + Duration::from_millis(1500)));
        let later = now + Duration::from_secs(60);
        assert_eq!(allowance.free_at(later), None);
        allowance.spend(later, 10_000);
        assert_eq!(
            allowance.free_at(later),
            Some(later + Duration::from_secs(1)),
            "idle time saves nothing"
        );
    }

    #[test]
    fn without_a_rate_everything_is_free() {
        let (now, mut allowance) = (Instant::now(), Allowance::new(None));
        allowance.spend(now, usize::MAX);
        assert_eq!(allowance.free_at(now), None);
    }
}
