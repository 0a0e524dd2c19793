//! The postmark: what is said of an alarm each time it is sent.
//!
//! Promises: an alarm that waited longer than [`LATE_AFTER`], or that an earlier start of the daemon
//! made, says that it is historical, by a clock nobody can set; memory does not grow with the alarms
//! that wait. Refuses: to change what the spool holds.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use wire::record::RecordId;
use wire::{Delivery, Tag};

/// From then on an alarm tells what was, not what is. A connection that broke silently is noticed
/// after one and a half keep-alives, 22 seconds, and made again in a few more: an alarm that met such
/// a break is still worth running for.
pub const LATE_AFTER: Duration = Duration::from_secs(30);
/// Alarms stored within it of one another are taken to have been stored together.
const TOGETHER: Duration = Duration::from_secs(1);

/// Marks alarms of one start of the daemon.
#[derive(Debug)]
pub struct Postmark {
    boot: u32,
    /// When the newest alarm had which number, for as long as that makes a difference.
    fresh: VecDeque<(Instant, u64)>,
    /// Up to this number all alarms of this start are late.
    late_to: u64,
}

impl Postmark {
    /// For the daemon's start `boot`, nothing stored yet.
    #[must_use]
    pub fn new(boot: u32) -> Self {
        Self { boot, fresh: VecDeque::new(), late_to: 0 }
    }

    /// The newest alarm of this start has the number `newest` and was stored `at`.
    pub fn stored(&mut self, at: Instant, newest: u64) {
        match self.fresh.back_mut() {
            Some((first, number)) if at.duration_since(*first) < TOGETHER => *number = newest,
            Some((_, number)) if *number >= newest => {}
            _ if newest <= self.late_to => {}
            _ => self.fresh.push_back((at, newest)),
        }
    }

    /// Time has passed.
    pub fn pass(&mut self, now: Instant) {
        let late = |(at, _): &mut (Instant, u64)| now.duration_since(*at) > LATE_AFTER;
        while let Some((_, number)) = self.fresh.pop_front_if(late) {
            self.late_to = number;
        }
    }

    /// Whether `record` no longer tells of what happens now.
    #[must_use]
    pub fn is_late(&self, record: RecordId) -> bool {
        record.boot != self.boot || record.number <= self.late_to
    }

    /// The payload to send for the alarm `record`, stored as `stored`, whose times `shift_ms`
    /// corrects. One that an earlier firmware stored goes as it is.
    #[must_use]
    pub fn marked(&self, record: RecordId, shift_ms: Option<i64>, stored: Vec<u8>) -> Vec<u8> {
        let own = record.boot == self.boot;
        let delivery =
            Delivery { historical: self.is_late(record), shift_ms: shift_ms.filter(|_| own) };
        let mut buffer = vec![0; Tag::Alarm.max_bytes()];
        wire::deliver(&stored, &delivery, &mut buffer).map_or(stored, <[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOT: u32 = 7;

    fn late(postmark: &Postmark, numbers: std::ops::RangeInclusive<u64>) -> Vec<u64> {
        numbers
            .filter(|number| postmark.is_late(RecordId { boot: BOOT, number: *number }))
            .collect()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_alarm_is_late_half_a_minute_after_it_was_stored() {
        let (mut postmark, start) = (Postmark::new(BOOT), Instant::now());
        postmark.stored(start, 3);
        postmark.stored(start + seconds(20), 5);
        postmark.pass(start + seconds(30));
        assert_eq!(late(&postmark, 1..=6), [0; 0]);
        postmark.stored(start + seconds(31), 6);
        postmark.pass(start + seconds(31));
        assert_eq!(late(&postmark, 1..=6), [1, 2, 3]);
        postmark.pass(start + seconds(51));
        assert_eq!(late(&postmark, 1..=6), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn an_alarm_is_as_old_as_it_is_even_when_the_line_looks_later() {
        let (mut postmark, start) = (Postmark::new(BOOT), Instant::now());
        postmark.stored(start, 3);
        postmark.pass(start + seconds(31));
        assert_eq!(late(&postmark, 1..=3), [1, 2, 3]);
    }

    #[test]
    fn whatever_an_earlier_start_made_is_late() {
        let postmark = Postmark::new(BOOT);
        assert!(postmark.is_late(RecordId { boot: BOOT - 1, number: 1 }));
        assert!(!postmark.is_late(RecordId { boot: BOOT, number: 1 }));
    }

    #[test]
    fn an_outage_of_a_day_costs_no_memory() {
        let (mut postmark, start) = (Postmark::new(BOOT), Instant::now());
        for second in 0..86_400 {
            for part in 0..4 {
                let now = start + seconds(second) + part * seconds(1) / 4;
                postmark.stored(now, second * 4);
                postmark.pass(now);
            }
            assert!(postmark.fresh.len() <= 32, "{}", postmark.fresh.len());
        }
        let newest = 86_399 * 4;
        assert!(!postmark.is_late(RecordId { boot: BOOT, number: newest - 28 * 4 }));
        assert!(postmark.is_late(RecordId { boot: BOOT, number: newest - 32 * 4 }));
    }
}
