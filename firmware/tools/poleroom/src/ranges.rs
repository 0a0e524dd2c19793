//! A set of numbers kept as ranges: which records are known, which bytes of a file are here.
//!
//! Promises: memory grows with the gaps, not with the numbers. Refuses: nothing.

use std::collections::BTreeMap;

/// The set. Both ends of a range belong to it, so the largest number has a place too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ranges {
    /// First number of each range -> its last. Ranges neither touch nor overlap.
    last_by_first: BTreeMap<u64, u64>,
}

impl Ranges {
    /// Adds `first..=last`; says whether any of it was new.
    pub(crate) fn insert(&mut self, first: u64, last: u64) -> bool {
        if self.covers(first, last) {
            return false;
        }
        let (mut merged_first, mut merged_last) = (first, last);
        while let Some((&start, &end)) = self.last_by_first.range(..=after(merged_last)).next_back()
        {
            if after(end) < merged_first {
                break;
            }
            merged_first = merged_first.min(start);
            merged_last = merged_last.max(end);
            self.last_by_first.remove(&start);
        }
        self.last_by_first.insert(merged_first, merged_last);
        true
    }

    /// Whether all of `first..=last` is in the set.
    pub(crate) fn covers(&self, first: u64, last: u64) -> bool {
        self.last_by_first.range(..=first).next_back().is_some_and(|(_, end)| *end >= last)
    }

    /// The largest number in the set that is less than `number`.
    pub(crate) fn last_before(&self, number: u64) -> Option<u64> {
        let (_, &end) = self.last_by_first.range(..number).next_back()?;
        // The range found begins below `number`, so `number` is no less than 1.
        Some(end.min(number - 1))
    }

    /// How many ranges there are: the memory it takes.
    pub(crate) fn pieces(&self) -> usize {
        self.last_by_first.len()
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.last_by_first.clear();
    }
}

fn after(number: u64) -> u64 {
    number.saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_become_one_range() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert(1, 1));
        assert!(ranges.insert(3, 3));
        assert_eq!(ranges.pieces(), 2);
        assert!(ranges.insert(2, 2));
        assert_eq!(ranges.pieces(), 1);
        assert!(!ranges.insert(1, 3));
        assert!(ranges.insert(0, u64::MAX));
        assert_eq!(ranges.pieces(), 1);
        assert!(!ranges.insert(u64::MAX, u64::MAX));
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_set_holds(inserts in prop::collection::vec((0u64..60, 0u64..9), 0..40)) {
            let (mut ranges, mut plain) = (Ranges::default(), BTreeSet::new());
            for (first, length) in inserts {
                let numbers = first..=first + length;
                let new = numbers.clone().filter(|n| plain.insert(*n)).count() > 0;
                prop_assert_eq!(ranges.insert(first, first + length), new);
            }
            for number in 0..80 {
                prop_assert_eq!(ranges.covers(number, number), plain.contains(&number));
                let before = plain.range(..number).next_back().copied();
                prop_assert_eq!(ranges.last_before(number), before);
            }
            let starts = plain.iter().filter(|n| **n == 0 || !plain.contains(&(*n - 1))).count();
            prop_assert_eq!(ranges.pieces(), starts);
        }
    }
}
