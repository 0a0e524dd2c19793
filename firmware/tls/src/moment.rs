//! A moment of wall time in whole seconds, as certificates have it and people read it.

use std::fmt;

use rustls::pki_types::UnixTime;

const DAY_S: i64 = 24 * 3600;

/// Seconds since 1970-01-01T00:00:00Z. Written `2026-11-23 14:02 UTC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// The seconds.
    pub unix_s: i64,
}

impl Moment {
    /// That many milliseconds after the beginning of 1970.
    #[must_use]
    pub const fn of_unix_ms(unix_ms: i64) -> Self {
        Self { unix_s: unix_ms.div_euclid(1000) }
    }

    /// So many days later.
    #[must_use]
    pub const fn after_days(self, days: i64) -> Self {
        Self { unix_s: self.unix_s.saturating_add(days * DAY_S) }
    }

    /// The text of an ASN.1 time in UTC to the second: `261123140200Z` or `20261123140200Z` (RFC 5280,
    /// section 4.1.2.5, whose two digits of a year mean 1950 to 2049); `None` for any other.
    pub(crate) fn of_asn1(text: &[u8]) -> Option<Self> {
        let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (year, rest) = match digits.len() {
            12 => {
                let year: i64 = digits[..2].parse().ok()?;
                (if year < 50 { 2000 + year } else { 1900 + year }, &digits[2..])
            }
            14 => (digits[..4].parse().ok()?, &digits[4..]),
            _ => return None,
        };
        let pair = |at: usize| rest[at..at + 2].parse::<i64>().ok();
        let (month, day) = (pair(0)?, pair(2)?);
        let (hour, minute, second) = (pair(4)?, pair(6)?, pair(8)?);
        let in_range = (1..=12).contains(&month) && (1..=31).contains(&day);
        let time_s = hour * 3600 + minute * 60 + second;
        in_range.then(|| Self { unix_s: days_from_civil(year, month, day) * DAY_S + time_s })
    }
}

impl From<UnixTime> for Moment {
    fn from(time: UnixTime) -> Self {
        Self { unix_s: i64::try_from(time.as_secs()).unwrap_or(i64::MAX) }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.unix_s.div_euclid(DAY_S), self.unix_s.rem_euclid(DAY_S));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(f, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

/// Days from 1970-01-01, in the calendar that begins its years in March, so that the leap day is the
/// last of the year (Hinnant: chrono-compatible low-level date algorithms).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of so many days after 1970-01-01; the way back.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_certificates_time_is_read_and_written() {
        for (text, unix_s, written) in [
            ("700101000000Z", 0, "1970-01-01 00:00 UTC"),
            ("261123140259Z", 1_795_442_579, "2026-11-23 14:02 UTC"),
            ("20000229120000Z", 951_825_600, "2000-02-29 12:00 UTC"),
            ("500101000000Z", -631_152_000, "1950-01-01 00:00 UTC"),
            ("20500101000000Z", 2_524_608_000, "2050-01-01 00:00 UTC"),
            ("99991231235959Z", 253_402_300_799, "9999-12-31 23:59 UTC"),
        ] {
            let moment = Moment::of_asn1(text.as_bytes()).unwrap();
            assert_eq!((moment.unix_s, moment.to_string().as_str()), (unix_s, written), "{text}");
        }
    }

    #[test]
    fn any_other_text_is_no_time() {
        for text in ["", "Z", "261123140259", "26112314025Z", "261323140259Z", "2611231402+9Z"] {
            assert_eq!(Moment::of_asn1(text.as_bytes()), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_day_comes_back(days in -1_000_000i64..4_000_000) {
            let (year, month, day) = civil_from_days(days);
            proptest::prop_assert_eq!(days_from_civil(year, month, day), days);
            proptest::prop_assert!((1..=12).contains(&month) && (1..=31).contains(&day));
        }

        #[test]
        fn any_moment_is_written(unix_s in proptest::prelude::any::<i64>()) {
            let written = Moment { unix_s }.to_string();
            proptest::prop_assert!(written.ends_with(" UTC"), "{}", written);
        }
    }
}
