//! A schedule: the hours of the week in which a rule watches, on the clock that hangs on the wall.
//!
//! Promises: local time comes in as a plain value and is only compared here, so a recording decides
//! alike whenever it is replayed; hours are half open, so that one rule ends where the next begins.
//! Refuses: time zones and daylight saving; whoever tells the time knows them. Holidays.

use core::time::Duration;

use thiserror::Error;

const SECONDS_A_DAY: u32 = 24 * 60 * 60;
const MINUTES_A_DAY: u16 = 24 * 60;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A local time of the week, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WeekTime {
    day: Day,
    second: u32,
}

/// Some of the days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Days(u8);

/// From one time of the day to another, the end not included; an end that is not later than the
/// beginning lies on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hours {
    from_min: u16,
    to_min: u16,
}

/// The hours of each of some days; those that go past midnight belong to the day they begin on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Schedule {
    days: Days,
    hours: Vec<Hours>,
}

/// What is wrong with a schedule.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// A time of the day that no clock shows.
    #[error("hours from minute {from_min} to {to_min} of the day; allowed from 0 to 1439 to 1440")]
    NoTimeOfDay {
        /// The given beginning.
        from_min: u16,
        /// The given end.
        to_min: u16,
    },
    /// Hours without a length, or with one of a day: which of the two cannot be told.
    #[error("hours from minute {minute} of the day to the same; a whole day is 0 to 1440")]
    NoLength {
        /// The minute of both.
        minute: u16,
    },
    /// It would never watch.
    #[error("a schedule of no days or no hours")]
    Never,
    /// More than anybody reads.
    #[error("{got} times a day; at most {} are allowed", Schedule::MAX_HOURS)]
    TooMany {
        /// How many were given.
        got: usize,
    },
}

impl Day {
    /// All of them, as the week goes.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// The three letters it is configured by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self as usize]
    }

    /// The day of these three letters.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.word() == word)
    }

    const fn before(self) -> Self {
        Self::ALL[(self as usize + 6) % 7]
    }
}

impl WeekTime {
    /// `since_midnight` on the clock of that day, whatever daylight saving did before it; `None`
    /// when no day is that long.
    #[must_use]
    pub fn new(day: Day, since_midnight: Duration) -> Option<Self> {
        let second = u32::try_from(since_midnight.as_secs()).ok()?;
        (second < SECONDS_A_DAY).then_some(Self { day, second })
    }

    /// The day.
    #[must_use]
    pub const fn day(self) -> Day {
        self.day
    }

    /// Seconds the clock shows since midnight, 0 to 86399.
    #[must_use]
    pub const fn second(self) -> u32 {
        self.second
    }
}

impl Days {
    /// The whole week.
    pub const ALL: Self = Self(0x7f);

    /// Whether it has this day.
    #[must_use]
    pub const fn contains(self, day: Day) -> bool {
        self.0 & (1 << day as u8) != 0
    }
}

impl FromIterator<Day> for Days {
    fn from_iter<I: IntoIterator<Item = Day>>(days: I) -> Self {
        Self(days.into_iter().fold(0, |days, day| days | 1 << day as u8))
    }
}

impl Hours {
    /// Midnight to midnight.
    pub const WHOLE_DAY: Self = Self { from_min: 0, to_min: MINUTES_A_DAY };

    /// From one minute of the day to another.
    ///
    /// # Errors
    /// A minute that no day has, or the same one twice. The day's end, 1440, only ends.
    pub const fn new(from_min: u16, to_min: u16) -> Result<Self, ScheduleError> {
        if from_min >= MINUTES_A_DAY || to_min > MINUTES_A_DAY {
            return Err(ScheduleError::NoTimeOfDay { from_min, to_min });
        }
        if from_min == to_min {
            return Err(ScheduleError::NoLength { minute: from_min });
        }
        Ok(Self { from_min, to_min })
    }

    /// The minute of the day it begins with.
    #[must_use]
    pub const fn from_min(self) -> u16 {
        self.from_min
    }

    /// The minute of the day it ends before; of the next day unless it is later than the beginning.
    #[must_use]
    pub const fn to_min(self) -> u16 {
        self.to_min
    }
}

impl Schedule {
    /// The most hours a day is cut into.
    pub const MAX_HOURS: usize = 8;

    /// These hours on each of these days.
    ///
    /// # Errors
    /// No days, no hours, or too many.
    pub fn new(days: Days, hours: Vec<Hours>) -> Result<Self, ScheduleError> {
        if days == Days(0) || hours.is_empty() {
            return Err(ScheduleError::Never);
        }
        if hours.len() > Self::MAX_HOURS {
            return Err(ScheduleError::TooMany { got: hours.len() });
        }
        Ok(Self { days, hours })
    }

    /// The days its hours begin on.
    #[must_use]
    pub const fn days(&self) -> Days {
        self.days
    }

    /// Its hours of each day.
    #[must_use]
    pub fn hours(&self) -> &[Hours] {
        &self.hours
    }

    /// Whether it watches at this time.
    #[must_use]
    pub fn holds(&self, at: WeekTime) -> bool {
        self.hours.iter().any(|hours| {
            let (from, to) = (u32::from(hours.from_min) * 60, u32::from(hours.to_min) * 60);
            let goes_past_midnight = to <= from;
            let today = at.second >= from && (goes_past_midnight || at.second < to);
            let since_yesterday = goes_past_midnight && at.second < to;
            (today && self.days.contains(at.day))
                || (since_yesterday && self.days.contains(at.day.before()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: Day, hour: u64, minute: u64, second: u64) -> WeekTime {
        WeekTime::new(day, Duration::from_secs((hour * 60 + minute) * 60 + second)).unwrap()
    }

    fn schedule(days: &[Day], hours: &[(u16, u16)]) -> Schedule {
        let hours = hours.iter().map(|&(from, to)| Hours::new(from * 60, to * 60).unwrap());
        Schedule::new(days.iter().copied().collect(), hours.collect()).unwrap()
    }

    #[test]
    fn hours_hold_from_their_first_to_before_their_last_second() {
        use Day::{Friday, Monday, Saturday, Sunday, Tuesday};
        let night = schedule(&Day::ALL, &[(22, 6)]);
        let weekend = schedule(&[Friday, Saturday], &[(22, 6)]);
        let week_wrap = schedule(&[Sunday], &[(23, 1)]);
        let noon_and_evening = schedule(&[Monday], &[(12, 13), (18, 24)]);
        let table = [
            ("before", &night, at(Monday, 21, 59, 59), false),
            ("the first second", &night, at(Monday, 22, 0, 0), true),
            ("before midnight", &night, at(Monday, 23, 59, 59), true),
            ("midnight", &night, at(Tuesday, 0, 0, 0), true),
            ("the last second", &night, at(Tuesday, 5, 59, 59), true),
            ("after", &night, at(Tuesday, 6, 0, 0), false),
            ("a night that begins on no day of it", &weekend, at(Friday, 5, 0, 0), false),
            ("a night that began on a day of it", &weekend, at(Sunday, 5, 0, 0), true),
            ("the evening after the last day", &weekend, at(Sunday, 22, 0, 0), false),
            ("the week's last hour", &week_wrap, at(Sunday, 23, 30, 0), true),
            ("the new week's first hour", &week_wrap, at(Monday, 0, 30, 0), true),
            (
                "the hour before the week's end, a day early",
                &week_wrap,
                at(Saturday, 23, 30, 0),
                false,
            ),
            ("the new week's second hour", &week_wrap, at(Monday, 1, 0, 0), false),
            ("the first of two", &noon_and_evening, at(Monday, 12, 59, 59), true),
            ("between two", &noon_and_evening, at(Monday, 13, 0, 0), false),
            ("up to midnight", &noon_and_evening, at(Monday, 23, 59, 59), true),
            ("midnight is the next day's", &noon_and_evening, at(Tuesday, 0, 0, 0), false),
        ];
        for (what, schedule, at, expected) in table {
            assert_eq!(schedule.holds(at), expected, "{what}: {at:?}");
        }
    }

    #[test]
    fn a_whole_day_has_all_its_seconds_and_no_other() {
        let sunday = Schedule::new(Days::from_iter([Day::Sunday]), vec![Hours::WHOLE_DAY]).unwrap();
        let seconds = |day| (0..24).filter(|&hour| sunday.holds(at(day, hour, 30, 0))).count();
        assert_eq!(Day::ALL.map(seconds), [0, 0, 0, 0, 0, 0, 24]);
    }

    #[test]
    fn what_no_clock_shows_is_refused() {
        use ScheduleError::{Never, NoLength, NoTimeOfDay, TooMany};
        for (from_min, to_min, expected) in [
            (0, 1440, None),
            (1439, 0, None),
            (0, 1441, Some(NoTimeOfDay { from_min: 0, to_min: 1441 })),
            (1440, 1, Some(NoTimeOfDay { from_min: 1440, to_min: 1 })),
            (60, 60, Some(NoLength { minute: 60 })),
            (0, 0, Some(NoLength { minute: 0 })),
        ] {
            assert_eq!(Hours::new(from_min, to_min).err(), expected, "{from_min} to {to_min}");
        }
        assert_eq!(Schedule::new(Days::from_iter([]), vec![Hours::WHOLE_DAY]), Err(Never));
        assert_eq!(Schedule::new(Days::ALL, vec![]), Err(Never));
        assert_eq!(Schedule::new(Days::ALL, vec![Hours::WHOLE_DAY; 9]), Err(TooMany { got: 9 }));
        assert_eq!(WeekTime::new(Day::Monday, Duration::from_secs(86_400)), None);
    }
}
