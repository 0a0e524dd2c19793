//! Wall times as people read them, at a fixed distance from UTC.
//!
//! Promises: any `i64` of milliseconds has a date and a time (proleptic Gregorian calendar), computed
//! without asking the machine. Refuses: time-zone rules; Korea has had none since 1988, other places
//! give the offset of the day.

use std::fmt;
use std::str::FromStr;

/// The distance from UTC: "+09:00".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UtcOffset {
    minutes: i32,
}

impl UtcOffset {
    /// The civil time at this offset.
    pub(crate) fn civil(self, unix_ms: i64) -> Civil {
        let local_ms = unix_ms.saturating_add(i64::from(self.minutes) * 60_000);
        let (year, month, day) = date_of(local_ms.div_euclid(DAY_MS));
        Civil { year, month, day, ms_of_day: local_ms.rem_euclid(DAY_MS), offset: self }
    }
}

impl FromStr for UtcOffset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no offset, expected -23:59 to +23:59 such as +09:00");
        let (sign, digits) = match text.split_at_checked(1) {
            Some(("+", digits)) => (1, digits),
            Some(("-", digits)) => (-1, digits),
            _ => return Err(wrong()),
        };
        let (hours, minutes) = digits.split_once(':').ok_or_else(wrong)?;
        let number = |text: &str, limit: i32| {
            let two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|n: &i32| two_digits && *n < limit).ok_or_else(wrong)
        };
        Ok(Self { minutes: sign * (number(hours, 24)? * 60 + number(minutes, 60)?) })
    }
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minutes < 0 { '-' } else { '+' };
        let minutes = self.minutes.abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A date and a time of day somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    year: i64,
    month: i64,
    day: i64,
    ms_of_day: i64,
    offset: UtcOffset,
}

impl Civil {
    /// "2026-11-23".
    pub(crate) fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// "14:02:31".
    pub(crate) fn time(&self) -> String {
        let s = self.ms_of_day / 1000;
        format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
    }

    /// "2026-11-23T14:02:31.500+09:00" (RFC 3339).
    pub(crate) fn stamp(&self) -> String {
        format!("{}T{}.{:03}{}", self.date(), self.time(), self.ms_of_day % 1000, self.offset)
    }
}

const DAY_MS: i64 = 86_400_000;

/// The Gregorian date of a day counted from 1970-01-01. Years are counted from 1 March of year 0, so
/// that the leap day is a year's last and whole 400-year cycles have 146,097 days.
fn date_of(days_since_1970: i64) -> (i64, i64, i64) {
    const DAYS_FROM_MARCH_OF_YEAR_0_TO_1970: i64 = 719_468;
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let days = days_since_1970 + DAYS_FROM_MARCH_OF_YEAR_0_TO_1970;
    let cycle = days.div_euclid(DAYS_IN_400_YEARS);
    let day_of_cycle = days.rem_euclid(DAYS_IN_400_YEARS);
    let leap_days = day_of_cycle / 1460 - day_of_cycle / 36_524 + day_of_cycle / 146_096;
    let year_of_cycle = (day_of_cycle - leap_days) / 365;
    let first_day = 365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100;
    let day_of_year = day_of_cycle - first_day;
    // From March on, five months always have 153 days: 31 30 31 30 31.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = 400 * cycle + year_of_cycle + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let table = [
            (0, "+00:00", "1970-01-01T00:00:00.000+00:00"),
            (-1, "+00:00", "1969-12-31T23:59:59.999+00:00"),
            (951_782_400_000, "+00:00", "2000-02-29T00:00:00.000+00:00"),
            (1_709_164_800_000, "+00:00", "2024-02-29T00:00:00.000+00:00"),
            (1_709_251_200_000, "+00:00", "2024-03-01T00:00:00.000+00:00"),
            (4_107_542_400_000, "+00:00", "2100-03-01T00:00:00.000+00:00"),
            (1_764_000_000_500, "+09:00", "2025-11-25T01:00:00.500+09:00"),
            (1_764_000_000_500, "-03:30", "2025-11-24T12:30:00.500-03:30"),
        ];
        for (unix_ms, offset, expected) in table {
            let offset: UtcOffset = offset.parse().unwrap();
            assert_eq!(offset.civil(unix_ms).stamp(), expected);
        }
    }

    #[test]
    fn days_follow_one_another_for_four_centuries() {
        let mut yesterday = date_of(-1);
        for days in 0..146_097 {
            let today = date_of(days);
            let (year, month, day) = yesterday;
            let next = [(year, month, day + 1), (year, month + 1, 1), (year + 1, 1, 1)];
            assert!(next.contains(&today), "{yesterday:?} then {today:?}");
            yesterday = today;
        }
        assert_eq!(yesterday, (2369, 12, 31));
    }

    #[test]
    fn the_ends_of_time_have_dates_too() {
        let offset: UtcOffset = "+09:00".parse().unwrap();
        assert!(offset.civil(i64::MAX).stamp().ends_with("+09:00"));
        assert!(offset.civil(i64::MIN).stamp().starts_with('-'));
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in ["", "9", "+9:00", "+24:00", "+09:60", "09:00", "+09-00", "+-9:00", "역:00"] {
            assert!(text.parse::<UtcOffset>().unwrap_err().contains("+09:00"), "{text}");
        }
    }
}
