//! Dating: which alarms were dated before the clock was synchronized, and how wrong.
//!
//! Promises: the monotonic clock, which nobody sets, ties what the wall clock said then to what it
//! says once a time server has set it; a correction never changes afterwards, so that a later step of
//! a synchronized clock corrects nothing. Refuses: to remember more than the last
//! [`MAX_CORRECTIONS`] stretches of a clock that is set again and again; alarms of an earlier
//! stretch keep their times.

use std::collections::VecDeque;
use std::time::Instant;

use wire::alarm::ClockQuality;
use wire::delivery::{Correction, Corrections, MAX_CORRECTIONS};

use super::{Reading, whole_ms};

/// Readings that differ by less belong to one stretch: a clock that drifts, not one that was set.
/// What is corrected is right to within this.
const ONE_CLOCK_MS: u64 = 250;

/// The alarms of this start that were dated by a clock nobody vouched for.
#[derive(Debug, Default)]
pub struct Dating {
    /// Monotonic time is counted from here.
    origin: Option<Instant>,
    stretches: VecDeque<Stretch>,
}

/// Alarms dated in a row while the wall clock went on without being set.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    first: u64,
    last: u64,
    /// The wall clock at the origin of monotonic time, as this clock had it.
    origin_ms: i64,
    shift_ms: Option<i64>,
}

impl Dating {
    /// The alarm `number` was dated by `reading`; numbers ascend.
    pub fn dated(&mut self, number: u64, reading: &Reading) {
        if reading.wall.quality == ClockQuality::Synchronized {
            self.settle(reading);
            return;
        }
        let origin_ms = self.origin_ms(reading);
        let same = |stretch: &&mut Stretch| {
            stretch.shift_ms.is_none() && stretch.origin_ms.abs_diff(origin_ms) < ONE_CLOCK_MS
        };
        if let Some(stretch) = self.stretches.back_mut().filter(same) {
            stretch.last = number;
            return;
        }
        if self.stretches.len() == MAX_CORRECTIONS {
            self.stretches.pop_front();
        }
        self.stretches.push_back(Stretch {
            first: number,
            last: number,
            origin_ms,
            shift_ms: None,
        });
    }

    /// Learns from a synchronized reading how wrong the clock was; any other teaches nothing.
    pub fn settle(&mut self, reading: &Reading) {
        if reading.wall.quality != ClockQuality::Synchronized {
            return;
        }
        let origin_ms = self.origin_ms(reading);
        for stretch in self.stretches.iter_mut().filter(|stretch| stretch.shift_ms.is_none()) {
            stretch.shift_ms = Some(origin_ms.saturating_sub(stretch.origin_ms));
        }
    }

    /// What is to be added to the times of the alarm `number`; `None` when nothing is known.
    #[must_use]
    pub fn shift_ms(&self, number: u64) -> Option<i64> {
        let mut stretches = self.stretches.iter();
        stretches.find(|stretch| (stretch.first..=stretch.last).contains(&number))?.shift_ms
    }

    /// All that is known, oldest first.
    #[must_use]
    pub fn corrections(&self) -> Corrections {
        let known = self.stretches.iter().filter_map(|stretch| {
            let Stretch { first, last, .. } = *stretch;
            stretch.shift_ms.map(|shift_ms| Correction { first, last, shift_ms })
        });
        known.collect()
    }

    fn origin_ms(&mut self, reading: &Reading) -> i64 {
        let origin = *self.origin.get_or_insert(reading.monotonic);
        let since = reading.monotonic.saturating_duration_since(origin);
        reading.wall.unix_ms.saturating_sub(whole_ms(since))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wire::alarm::WallTime;

    use super::*;
    use crate::clock::{Clock, Hands};

    const NOON_MS: i64 = 1_800_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    fn wall(unix_ms: i64, quality: ClockQuality) -> WallTime {
        WallTime { unix_ms, quality }
    }

    /// A clock that has shown `unix_ms` for a moment, without a time server.
    fn unset(unix_ms: i64) -> (Clock, Hands) {
        Clock::manual(wall(unix_ms, ClockQuality::Unknown))
    }

    fn corrections(dating: &Dating) -> Vec<(u64, u64, i64)> {
        dating.corrections().iter().map(|c| (c.first, c.last, c.shift_ms)).collect()
    }

    #[test]
    fn alarms_dated_before_the_time_server_spoke_are_off_by_what_it_moved_the_clock() {
        let (clock, hands) = unset(86_400_000);
        let mut dating = Dating::default();
        for number in [1, 2, 7] {
            dating.dated(number, &clock.read());
            hands.advance(Duration::from_secs(60));
        }
        assert_eq!((dating.shift_ms(2), corrections(&dating)), (None, vec![]));
        // Three minutes have passed since the first alarm, on both clocks.
        hands.set_wall(wall(NOON_MS + 180_000, ClockQuality::Synchronized));
        dating.settle(&clock.read());
        assert_eq!(corrections(&dating), [(1, 7, NOON_MS - 86_400_000)]);
        assert_eq!(dating.shift_ms(2), Some(NOON_MS - 86_400_000));
        assert_eq!(dating.shift_ms(8), None, "dated by whatever the clock said");
    }

    #[test]
    fn an_alarm_dated_after_synchronization_settles_those_before_and_needs_nothing_itself() {
        let (clock, hands) = unset(NOON_MS - HOUR_MS);
        let mut dating = Dating::default();
        dating.dated(1, &clock.read());
        hands.set_wall(wall(NOON_MS, ClockQuality::Synchronized));
        dating.dated(2, &clock.read());
        assert_eq!(corrections(&dating), [(1, 1, HOUR_MS)]);
        assert_eq!(dating.shift_ms(2), None);
    }

    #[test]
    fn a_clock_set_by_hand_before_a_server_spoke_is_two_clocks() {
        let (clock, hands) = unset(0);
        let mut dating = Dating::default();
        dating.dated(1, &clock.read());
        hands.set_wall(wall(NOON_MS - HOUR_MS, ClockQuality::FreeRunning));
        dating.dated(2, &clock.read());
        hands.advance(Duration::from_secs(5));
        dating.dated(3, &clock.read());
        hands.set_wall(wall(NOON_MS + 5_000, ClockQuality::Synchronized));
        dating.settle(&clock.read());
        assert_eq!(corrections(&dating), [(1, 1, NOON_MS), (2, 3, HOUR_MS)]);
    }

    #[test]
    fn a_step_of_a_synchronized_clock_corrects_nothing() {
        let (clock, hands) = unset(NOON_MS - HOUR_MS);
        let mut dating = Dating::default();
        dating.dated(1, &clock.read());
        hands.set_wall(wall(NOON_MS, ClockQuality::Synchronized));
        dating.settle(&clock.read());
        hands.set_wall(wall(NOON_MS + 24 * HOUR_MS, ClockQuality::Synchronized));
        dating.dated(2, &clock.read());
        dating.settle(&clock.read());
        assert_eq!(corrections(&dating), [(1, 1, HOUR_MS)]);
    }

    #[test]
    fn a_clock_that_was_right_all_along_is_said_to_have_been() {
        let (clock, hands) = Clock::manual(wall(NOON_MS, ClockQuality::FreeRunning));
        let mut dating = Dating::default();
        dating.dated(1, &clock.read());
        hands.set_wall(wall(NOON_MS, ClockQuality::Synchronized));
        dating.settle(&clock.read());
        assert_eq!(dating.shift_ms(1), Some(0));
    }

    #[test]
    fn a_clock_set_again_and_again_costs_the_oldest_correction() {
        let (clock, hands) = unset(0);
        let mut dating = Dating::default();
        for number in 1..=20 {
            hands.set_wall(wall(number * HOUR_MS, ClockQuality::FreeRunning));
            dating.dated(number.cast_unsigned(), &clock.read());
        }
        hands.set_wall(wall(20 * HOUR_MS, ClockQuality::Synchronized));
        dating.settle(&clock.read());
        let known = corrections(&dating);
        assert_eq!((known.len(), known[0], known[7]), (8, (13, 13, 7 * HOUR_MS), (20, 20, 0)));
    }
}
