//! What the box said it had on its disk, beside what the control room has stored.
//!
//! The box says of each alarm, in its log, that it is on disk; the log is a file that outlives it. An
//! alarm the room has and the log has not was killed between the two: it was raised too. Promises:
//! counts and nothing else. Refuses: the daemon's word for what was delivered.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::room::StoredAlarm;

/// What came of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Alarms that were on the box's disk or in the room's store.
    pub raised: usize,
    /// Of those, the ones the room has.
    pub stored: usize,
    /// Those it has not.
    pub lost: usize,
    /// Lines of the room's store that repeat a record.
    pub duplicates: usize,
}

/// The records, boot and number, of the alarms of which a box's log `says` that they are raised.
///
/// # Errors
/// When a line that says so names no record.
pub fn raised(log: &str, says: &str) -> Result<BTreeSet<(u32, u64)>> {
    // The last line may have been cut off by the kill.
    let whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.filter(|line| line.contains(says)).map(record_in).collect()
}

/// The balance of what was `on_disk` against what the room has `stored`.
#[must_use]
pub fn balance(on_disk: &BTreeSet<(u32, u64)>, stored: &[StoredAlarm]) -> Balance {
    let there: BTreeSet<_> = stored.iter().map(|alarm| (alarm.boot, alarm.number)).collect();
    let raised = on_disk.union(&there).count();
    Balance {
        raised,
        stored: there.len(),
        lost: raised - there.len(),
        duplicates: stored.len() - there.len(),
    }
}

fn record_in(line: &str) -> Result<(u32, u64)> {
    let field = |name: &str| {
        let value = line.split(name).nth(1)?.split_whitespace().next()?;
        value.parse::<u64>().ok()
    };
    let record = field("boot=").zip(field("number="));
    let (boot, number) = record.with_context(|| format!("no record in {line:?}"))?;
    Ok((u32::try_from(boot)?, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(number: u64) -> StoredAlarm {
        let line = format!(
            r#"{{"boot":3,"number":{number},"event_boot":3,"event_number":1,"phase":"begin",
                "kind":"tamper","camera":"c","rule":"tamper","zone":null,"onset_unix_ms":0,
                "detected_unix_ms":0,"received_unix_ms":0}}"#
        );
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn the_log_is_read_up_to_its_last_whole_line() {
        let log = "INFO alarm on disk boot=3 number=17\nINFO other\nINFO alarm on disk boot=3 num";
        assert_eq!(raised(log, "on disk").unwrap(), BTreeSet::from([(3, 17)]));
        assert!(raised("alarm on disk boot=3\n", "on disk").is_err());
    }

    #[test]
    fn what_is_missing_is_lost_and_what_is_there_twice_is_a_duplicate() {
        let on_disk = BTreeSet::from([(3, 1), (3, 2)]);
        let found = balance(&on_disk, &[stored(1), stored(1), stored(9)]);
        assert_eq!(found, Balance { raised: 3, stored: 2, lost: 1, duplicates: 1 });
    }
}
