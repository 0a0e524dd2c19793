//! What is stored already: the memory that makes a second delivery harmless.
//!
//! Promises: one box's records never hide another's, nor alarms files. Refuses: to be the truth; it is
//! rebuilt from the store at every start.

use std::collections::{BTreeMap, HashMap};

use wire::{BoxAddress, RecordId};

use crate::ranges::Ranges;

/// The records known of every box.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    boxes: HashMap<BoxAddress, BTreeMap<u32, Ranges>>,
    count: u64,
}

impl Seen {
    /// Notes a record; says whether it was new.
    pub(crate) fn insert(&mut self, address: &BoxAddress, record: RecordId) -> bool {
        if !self.boxes.contains_key(address) {
            self.boxes.insert(address.clone(), BTreeMap::new());
        }
        let boots = self.boxes.get_mut(address);
        let numbers = boots.map(|boots| boots.entry(record.boot).or_default());
        let new = numbers.is_some_and(|numbers| numbers.insert(record.number, record.number));
        self.count += u64::from(new);
        new
    }

    /// Whether a record is known.
    pub(crate) fn contains(&self, address: &BoxAddress, record: RecordId) -> bool {
        let numbers = self.boxes.get(address).and_then(|boots| boots.get(&record.boot));
        numbers.is_some_and(|numbers| numbers.covers(record.number, record.number))
    }

    /// The last known record of a box before `record`, which may be of an earlier start.
    pub(crate) fn last_before(&self, address: &BoxAddress, record: RecordId) -> Option<RecordId> {
        let boots = self.boxes.get(address)?.range(..=record.boot).rev();
        boots.map(|(boot, numbers)| (*boot, numbers)).find_map(|(boot, numbers)| {
            let number = match boot == record.boot {
                true => numbers.last_before(record.number),
                false => numbers.last_before(u64::MAX),
            };
            number.map(|number| RecordId { boot, number })
        })
    }

    /// How many records are known.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_boots_have_their_own_numbers() {
        let mut seen = Seen::default();
        let (one, other) = (address("pole-1"), address("pole-2"));
        let record = |boot, number| RecordId { boot, number };
        assert!(seen.insert(&one, record(1, 7)));
        assert!(!seen.insert(&one, record(1, 7)));
        assert!(seen.insert(&one, record(2, 7)));
        assert!(seen.insert(&other, record(1, 7)));
        assert!(seen.contains(&one, record(2, 7)));
        assert!(!seen.contains(&other, record(2, 7)));
        assert_eq!(seen.count(), 3);
    }

    #[test]
    fn the_record_before_is_found_across_starts() {
        let mut seen = Seen::default();
        let (pole, record) = (address("pole-1"), |boot, number| RecordId { boot, number });
        for known in [record(1, 7), record(1, 9), record(3, 4)] {
            seen.insert(&pole, known);
        }
        for (before, expected) in [
            (record(1, 7), None),
            (record(1, 8), Some(record(1, 7))),
            (record(2, 1), Some(record(1, 9))),
            (record(3, 4), Some(record(1, 9))),
            (record(3, 5), Some(record(3, 4))),
        ] {
            assert_eq!(seen.last_before(&pole, before), expected, "{before:?}");
        }
        assert_eq!(seen.last_before(&address("pole-2"), record(9, 9)), None);
    }

    fn address(name: &str) -> BoxAddress {
        BoxAddress::new("gangnam", name).unwrap()
    }
}
