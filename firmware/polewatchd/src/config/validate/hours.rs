//! The hours a rule watches, and the time zone they are meant in.

use analytics::schedule::{Day, Days, Hours, Schedule};

use super::super::raw::RawRule;
use super::Check;
use crate::calendar::Calendar;

const DEFAULT_ZONE: &str = "Asia/Seoul";
const ZONES_ALLOWED: &str = "an IANA time zone, such as \"Asia/Seoul\"";
const HOURS_ALLOWED: &str = "up to 8 times such as \"22:00-06:00\" or \"07:00-09:00, 17:00-19:00\"";

impl Check<'_> {
    /// The calendar of a time zone; another one in place of what is none.
    pub(super) fn calendar(&mut self, zone: Option<&str>) -> Calendar {
        let zone = zone.unwrap_or(DEFAULT_ZONE);
        Calendar::of(zone).unwrap_or_else(|| {
            self.refuse("time_zone", format_args!("{zone:?}"), ZONES_ALLOWED);
            Calendar::utc()
        })
    }

    /// When a rule watches; `None` is always.
    pub(super) fn schedule(&mut self, index: usize, rule: &RawRule) -> Option<Schedule> {
        if rule.hours.is_none() && rule.days.is_none() {
            return None;
        }
        let days = self.days(&format!("rule[{index}].days"), rule.days.as_deref());
        let written = rule.hours.as_deref();
        let hours = match written {
            Some(text) => text.split(',').map(hours).collect(),
            None => Some(vec![Hours::WHOLE_DAY]),
        };
        let schedule = hours.and_then(|hours| Schedule::new(days, hours).ok());
        if schedule.is_none() {
            let shown = written.unwrap_or_default();
            self.refuse(format!("rule[{index}].hours"), format_args!("{shown:?}"), HOURS_ALLOWED);
        }
        schedule
    }

    /// The days of these words; no list means all.
    fn days(&mut self, key: &str, words: Option<&[String]>) -> Days {
        let Some(words) = words else { return Days::ALL };
        let known = || Day::ALL.map(|day| format!("{:?}", day.word())).join(" or ");
        if words.is_empty() {
            self.refuse(key, "[]", format!("at least one of {}", known()));
            return Days::ALL;
        }
        let mut days = Vec::new();
        for (index, word) in words.iter().enumerate() {
            match Day::ALL.into_iter().find(|day| day.word() == word) {
                Some(day) => days.push(day),
                None => self.refuse(format!("{key}[{index}]"), format_args!("{word:?}"), known()),
            }
        }
        if days.is_empty() { Days::ALL } else { Days::from_iter(days) }
    }
}

/// "22:00-06:00".
fn hours(text: &str) -> Option<Hours> {
    let (from, to) = text.trim().split_once('-')?;
    Hours::new(minute(from)?, minute(to)?).ok()
}

/// "22:00", as the minute of the day; "24:00" is the day's end.
fn minute(text: &str) -> Option<u16> {
    let two = |text: &str, below: u16| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|&number: &u16| digits && number < below)
    };
    let (hour, minute) = text.split_once(':')?;
    Some(two(hour, 25)? * 60 + two(minute, 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_four_digits_and_a_colon() {
        for (text, expected) in [
            ("22:00-06:00", Some((1320, 360))),
            (" 00:00-24:00 ", Some((0, 1440))),
            ("24:00-01:00", None),
            ("00:00-24:01", None),
            ("25:00-01:00", None),
            ("22:60-23:00", None),
            ("22:00-22:00", None),
            ("7:00-9:00", None),
            ("+7:00-09:00", None),
            ("22:00", None),
            ("", None),
        ] {
            let got = hours(text).map(|hours| (hours.from_min(), hours.to_min()));
            assert_eq!(got, expected, "{text:?}");
        }
    }
}
