//! Gaps: alarms a box has made that never came, though the next one did.
//!
//! Promises: an alarm is missed by its own number, which the alarm behind it names, so stills, clips
//! and numbers nobody has are never taken for a loss; it is asked for a few times, then told once.
//! Refuses: to miss what lies before the first alarm this store has of a box, since a new store, or
//! one whose old days were taken away, begins where the box is.

use std::collections::BTreeMap;

use wire::{BoxAddress, RecordId};

/// How long a missing alarm is waited for, before it is asked for and between askings: longer than a
/// box takes to send again by itself.
const WAIT_MS: i64 = 60_000;
/// How often it is asked for.
const MOST_ASKINGS: u32 = 3;
/// The most alarms missed at once; more are missed at the next start.
const MAX_MISSING: usize = 4096;
/// The most dealt with in one second.
const MAX_AT_ONCE: usize = 64;

/// The alarms that are missed.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    missing: BTreeMap<(BoxAddress, RecordId), Missing>,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    asked: u32,
    /// When it is asked for or told of; `None` when that is over.
    due_ms: Option<i64>,
}

/// What to do about a missing alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask the box for it.
    Ask,
    /// Tell people that it is missing.
    Tell,
}

impl Gaps {
    /// An alarm came whose predecessor `record` did not.
    pub(crate) fn miss(&mut self, now_ms: i64, address: &BoxAddress, record: RecordId) {
        if self.missing.len() < MAX_MISSING {
            let due_ms = Some(now_ms.saturating_add(WAIT_MS));
            let missing = Missing { asked: 0, due_ms };
            self.missing.entry((address.clone(), record)).or_insert(missing);
        }
    }

    /// As [`miss`](Self::miss), of one that an earlier run has told of.
    pub(crate) fn miss_on(&mut self, address: &BoxAddress, record: RecordId) {
        if self.missing.len() < MAX_MISSING {
            let told = Missing { asked: MOST_ASKINGS, due_ms: None };
            self.missing.insert((address.clone(), record), told);
        }
    }

    /// An alarm came; says whether it was told to be missing.
    pub(crate) fn came(&mut self, address: &BoxAddress, record: RecordId) -> bool {
        let missing = self.missing.remove(&(address.clone(), record));
        missing.is_some_and(|missing| missing.due_ms.is_none())
    }

    /// What is due now.
    pub(crate) fn due(&mut self, now_ms: i64) -> Vec<(BoxAddress, RecordId, Step)> {
        let due = self.missing.iter_mut().filter(|(_, missing)| {
            // A clock set back must not silence the question.
            missing.due_ms.is_some_and(|due_ms| !(1..=WAIT_MS).contains(&(due_ms - now_ms)))
        });
        let step = |((address, record), missing): (&(BoxAddress, RecordId), &mut Missing)| {
            let ask = missing.asked < MOST_ASKINGS;
            missing.asked += u32::from(ask);
            missing.due_ms = ask.then_some(now_ms.saturating_add(WAIT_MS));
            (address.clone(), *record, if ask { Step::Ask } else { Step::Tell })
        };
        due.take(MAX_AT_ONCE).map(step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_alarm_is_asked_for_three_times_and_then_told_once() {
        let mut gaps = Gaps::default();
        gaps.miss(0, &pole(), record(5));
        let mut steps = Vec::new();
        for second in 0..600 {
            steps.extend(gaps.due(second * 1000).iter().map(|(_, _, step)| (second, *step)));
        }
        let expected = [(60, Step::Ask), (120, Step::Ask), (180, Step::Ask), (240, Step::Tell)];
        assert_eq!(steps, expected);
        assert!(gaps.came(&pole(), record(5)), "it was told, so its coming is told too");
        assert!(!gaps.came(&pole(), record(5)));
    }

    #[test]
    fn one_that_comes_in_time_is_never_spoken_of() {
        let mut gaps = Gaps::default();
        gaps.miss(0, &pole(), record(5));
        assert_eq!(gaps.due(61_000).len(), 1);
        assert!(!gaps.came(&pole(), record(5)));
        assert_eq!(gaps.due(600_000), []);
    }

    #[test]
    fn one_told_by_an_earlier_run_is_not_told_again_but_its_coming_is() {
        let mut gaps = Gaps::default();
        gaps.miss_on(&pole(), record(5));
        assert_eq!(gaps.due(i64::MAX), []);
        assert!(gaps.came(&pole(), record(5)));
    }

    #[test]
    fn a_clock_set_back_does_not_silence_the_question() {
        let mut gaps = Gaps::default();
        gaps.miss(1_000_000_000, &pole(), record(5));
        assert_eq!(gaps.due(0), [(pole(), record(5), Step::Ask)]);
    }

    #[test]
    fn how_many_are_missed_is_bounded() {
        let mut gaps = Gaps::default();
        for number in 0..10_000 {
            gaps.miss(0, &pole(), record(number));
        }
        assert_eq!(gaps.missing.len(), MAX_MISSING);
        assert_eq!(gaps.due(WAIT_MS).len(), MAX_AT_ONCE);
    }

    fn pole() -> BoxAddress {
        BoxAddress::new("gangnam", "pole-1").unwrap()
    }

    fn record(number: u64) -> RecordId {
        RecordId { boot: 1, number }
    }
}
