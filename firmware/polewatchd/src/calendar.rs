//! The calendar: what the clock on the wall shows where the camera hangs.
//!
//! Promises: time zones of the whole world, daylight saving included, are built in, so that a box and
//! a replay elsewhere agree; a wall time nobody vouches for gives no local time, and whose rules watch
//! round the clock for it is said in the journal. Refuses: reading a clock; clock.rs does.

use std::time::Duration;

use analytics::schedule::{Day, WeekTime};
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use wire::alarm::{ClockQuality, WallTime};

/// The clock on the wall of one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: TimeZone,
}

impl Calendar {
    /// The calendar of an IANA time zone such as "Asia/Seoul"; `None` where none has that name.
    #[must_use]
    pub fn of(zone: &str) -> Option<Self> {
        TimeZoneDatabase::bundled().get(zone).ok().map(|zone| Self { zone })
    }

    /// The zone's name.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.zone.iana_name()
    }

    /// The calendar of no place.
    #[must_use]
    pub const fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// The local time at `wall`; `None` while the clock is not synchronized.
    #[must_use]
    pub fn local(&self, wall: WallTime) -> Option<WeekTime> {
        if wall.quality != ClockQuality::Synchronized {
            return None;
        }
        let local = self.zone.to_datetime(Timestamp::from_millisecond(wall.unix_ms).ok()?);
        let day = usize::try_from(local.weekday().to_monday_zero_offset()).ok()?;
        let minutes = i64::from(local.hour()) * 60 + i64::from(local.minute());
        let seconds = u64::try_from(minutes * 60 + i64::from(local.second())).ok()?;
        WeekTime::new(*Day::ALL.get(day)?, Duration::from_secs(seconds))
    }
}

/// The moment of a text such as "2026-11-23T22:00:00+09:00", which is taken at its word.
///
/// # Errors
/// One line: what is expected, and what is wrong with the text.
pub fn moment(text: &str) -> Result<WallTime, String> {
    let example = "expected a time with its offset, such as \"2026-11-23T22:00:00+09:00\"";
    let moment: Timestamp = text.parse().map_err(|error| format!("{example}: {error}"))?;
    Ok(WallTime { unix_ms: moment.as_millisecond(), quality: ClockQuality::Synchronized })
}

/// Tells the local time to rules that have hours, and the journal whether it is known.
#[derive(Clone, Debug)]
pub struct Timekeeper {
    calendar: Calendar,
    /// How many rules have hours.
    rules: usize,
    known: Option<bool>,
}

impl Timekeeper {
    /// One that has told nothing yet, for so many `rules` that have hours.
    #[must_use]
    pub const fn new(calendar: Calendar, rules: usize) -> Self {
        Self { calendar, rules, known: None }
    }

    /// The local time at `wall`, if it is known.
    pub fn local(&mut self, wall: WallTime) -> Option<WeekTime> {
        let local = self.calendar.local(wall);
        let known = local.is_some();
        if self.known.replace(known) != Some(known) && self.rules > 0 {
            match known {
                true => tracing::info!(
                    "clock synchronized; rules that keep their hours: {}",
                    self.rules
                ),
                false => tracing::warn!(
                    "clock not synchronized; rules with hours that watch round the clock: {}",
                    self.rules
                ),
            }
        }
        local
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(zone: &str, text: &str) -> String {
        let local = Calendar::of(zone).unwrap().local(moment(text).unwrap()).unwrap();
        let (hour, minute, second) =
            (local.second() / 3600, local.second() / 60 % 60, local.second() % 60);
        format!("{} {hour:02}:{minute:02}:{second:02}", local.day().word())
    }

    #[test]
    fn the_wall_shows_what_the_place_says() {
        for (zone, moment, expected) in [
            ("Asia/Seoul", "2026-11-23T22:00:00+09:00", "mon 22:00:00"),
            ("Asia/Seoul", "2026-11-22T14:59:59Z", "sun 23:59:59"),
            ("Asia/Seoul", "2026-11-22T15:00:00Z", "mon 00:00:00"),
            // Korea kept daylight saving last in 1988.
            ("Asia/Seoul", "1988-07-01T12:00:00Z", "fri 22:00:00"),
            ("Europe/Berlin", "2026-03-29T00:59:59Z", "sun 01:59:59"),
            ("Europe/Berlin", "2026-03-29T01:00:00Z", "sun 03:00:00"),
            // The hour from two to three comes twice in autumn.
            ("Europe/Berlin", "2026-10-25T00:30:00Z", "sun 02:30:00"),
            ("Europe/Berlin", "2026-10-25T01:30:00Z", "sun 02:30:00"),
            ("Europe/Berlin", "2026-10-25T02:00:00Z", "sun 03:00:00"),
            ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", "sun 01:30:00"),
            ("UTC", "1969-12-31T23:59:59Z", "wed 23:59:59"),
        ] {
            assert_eq!(shown(zone, moment), expected, "{zone} {moment}");
        }
    }

    #[test]
    fn a_clock_nobody_vouches_for_shows_nothing() {
        let calendar = Calendar::of("Asia/Seoul").unwrap();
        for quality in [ClockQuality::FreeRunning, ClockQuality::Unknown] {
            assert_eq!(calendar.local(WallTime { unix_ms: 1_800_000_000_000, quality }), None);
        }
        let synchronized = |unix_ms| WallTime { unix_ms, quality: ClockQuality::Synchronized };
        for beyond_all_calendars in [i64::MIN, i64::MAX] {
            assert_eq!(calendar.local(synchronized(beyond_all_calendars)), None);
        }
    }

    #[test]
    fn a_place_or_moment_that_is_none_is_refused() {
        assert_eq!(Calendar::of("Asia/Seoull"), None);
        assert_eq!(Calendar::of(""), None);
        for text in ["", "22:00", "2026-11-23T22:00:00", "2026-02-30T00:00:00Z"] {
            let refusal = moment(text).unwrap_err();
            assert!(refusal.starts_with("expected a time with its offset"), "{refusal}");
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }
}
