//! How often each box sent what for a reason cannot be used.
//!
//! Promises: bounded, whatever is sent and by however many; a reason is told the first time and then
//! only when its count grows tenfold, so a broken box cannot bury the alarms of the others. Refuses:
//! to remember more than [`MAX_ENTRIES`] pairs; the rest are counted together.

use std::collections::HashMap;

use wire::BoxAddress;

/// The most pairs of box and reason told apart.
const MAX_ENTRIES: usize = 4096;

/// Counts by box and reason.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: HashMap<(Option<BoxAddress>, &'static str), u64>,
}

impl Tally {
    /// Counts one more; returns the count when it is worth a line.
    pub(crate) fn count(&mut self, who: Option<&BoxAddress>, reason: &'static str) -> Option<u64> {
        let mut key = (who.cloned(), reason);
        if self.counts.len() >= MAX_ENTRIES && !self.counts.contains_key(&key) {
            key.0 = None;
        }
        let count = self.counts.entry(key).or_insert(0);
        *count += 1;
        is_power_of_ten(*count).then_some(*count)
    }
}

fn is_power_of_ten(count: u64) -> bool {
    count == 10u64.pow(count.max(1).ilog10())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_told_at_every_power_of_ten() {
        let mut tally = Tally::default();
        let told: Vec<u64> = (0..1500).filter_map(|_| tally.count(None, "malformed")).collect();
        assert_eq!(told, [1, 10, 100, 1000]);
        assert_eq!(tally.count(None, "truncated"), Some(1));
    }

    #[test]
    fn a_crowd_of_broken_boxes_takes_bounded_memory() {
        let mut tally = Tally::default();
        for number in 0..2 * MAX_ENTRIES {
            let address = BoxAddress::new("gangnam", &format!("pole-{number}")).unwrap();
            tally.count(Some(&address), "malformed");
        }
        assert_eq!(tally.counts.len(), MAX_ENTRIES + 1);
    }
}
