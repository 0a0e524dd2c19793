//! Any schedule at any time of the week, against a calendar with a line for every minute.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use proptest::prelude::*;

const DAY_MIN: usize = 24 * 60;

fn schedule() -> impl Strategy<Value = (Vec<usize>, Vec<(u16, u16)>)> {
    let minute = prop_oneof![3 => 0u16..1440, 1 => Just(0), 1 => Just(1440), 1 => Just(720)];
    let hours = (minute.clone(), minute).prop_filter("hours", |&(a, b)| Hours::new(a, b).is_ok());
    (prop::collection::vec(0usize..7, 1..8), prop::collection::vec(hours, 1..9))
}

/// The minutes of the week that are watched, marked one by one.
fn marked(days: &[usize], hours: &[(u16, u16)]) -> Vec<bool> {
    let mut week = vec![false; 7 * DAY_MIN];
    for day in days {
        for &(from, to) in hours {
            let (from, to) = (usize::from(from), usize::from(to));
            let end = if to > from { to } else { to + DAY_MIN };
            for minute in from..end {
                week[(day * DAY_MIN + minute) % (7 * DAY_MIN)] = true;
            }
        }
    }
    week
}

proptest! {
    #[test]
    fn a_schedule_holds_in_its_minutes_and_in_no_other((days, hours) in schedule(), second in 0u64..60) {
        let week = marked(&days, &hours);
        let on = days.iter().map(|&day| Day::ALL[day]);
        let spans = hours.iter().map(|&(from, to)| Hours::new(from, to).unwrap());
        let schedule = Schedule::new(Days::from_iter(on), spans.collect()).unwrap();
        for (minute, &expected) in week.iter().enumerate() {
            let day = Day::ALL[minute / DAY_MIN];
            let since_midnight = Duration::from_secs((minute % DAY_MIN) as u64 * 60 + second);
            let at = WeekTime::new(day, since_midnight).unwrap();
            prop_assert_eq!(schedule.holds(at), expected, "{:?}", at);
        }
    }

    #[test]
    fn any_numbers_are_hours_or_refused(from in any::<u16>(), to in any::<u16>()) {
        let allowed = from < 1440 && to <= 1440 && from != to;
        prop_assert_eq!(Hours::new(from, to).is_ok(), allowed);
    }
}
