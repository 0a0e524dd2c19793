//! What an alarm promises to send behind it, looked at again when an earlier start had made it.
//!
//! Promises: a still or clip the daemon did not live to store is not promised again, so that nobody
//! waits for it. Refuses: alarms of this start, whose files are still being made, and alarms written
//! by another firmware, which go as they are.

use wire::media::MediaKind;
use wire::record::EventRef;
use wire::{Message, Tag};

/// The payload of an alarm an earlier start has stored, promising no more than what `is_there`.
#[must_use]
pub(super) fn kept(stored: Vec<u8>, is_there: impl Fn(EventRef, MediaKind) -> bool) -> Vec<u8> {
    let Ok(Message::Alarm(alarm)) = wire::decode(&stored) else { return stored };
    let mut kept = alarm.clone();
    kept.still_follows &= is_there(alarm.event, MediaKind::Still);
    kept.clip_follows &= is_there(alarm.event, MediaKind::Clip);
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    // Both are as long, and what stands behind the alarm stays.
    let Some(length) = wire::encode(&alarm, &mut buffer)
        .ok()
        .filter(|written| kept != alarm && stored.starts_with(written))
        .map(|written| written.len())
    else {
        return stored;
    };
    let rest = stored[length..].to_vec();
    match wire::encode(&kept, &mut buffer) {
        Ok(written) if written.len() == length => [written, &rest].concat(),
        _ => stored,
    }
}

#[cfg(test)]
mod tests {
    use wire::alarm::{ClockQuality, WallTime};
    use wire::record::RecordId;
    use wire::{Alarm, Sequence};

    use super::*;
    use crate::dispatch::alarm::{Heading, Identity, of_tamper};

    const EVENT: EventRef = EventRef { boot: 3, number: 5 };

    /// An alarm that promises both, with its sequence behind it.
    fn stored() -> Vec<u8> {
        let at = WallTime { unix_ms: 0, quality: ClockQuality::Unknown };
        let record = RecordId { boot: 3, number: 17 };
        let heading = Heading { record, event: EVENT, onset: at, detected: at };
        let identity = Identity {
            camera: "역삼로 12".to_owned(),
            config: [2; 8],
            firmware: "0.1.0".to_owned(),
        };
        let bare = of_tamper(&identity, heading, analytics::event::Phase::Begin);
        let alarm = Alarm { still_follows: true, clip_follows: true, ..bare };
        let mut buffer = vec![0; Tag::Alarm.max_bytes()];
        let length = wire::encode(&alarm, &mut buffer).unwrap().len();
        wire::append_sequence(Sequence { previous: 16 }, length, &mut buffer).unwrap().to_vec()
    }

    fn follows(payload: &[u8]) -> (bool, bool) {
        match wire::decode(payload) {
            Ok(Message::Alarm(alarm)) => (alarm.still_follows, alarm.clip_follows),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_not_there_is_not_promised_and_all_else_is_as_it_was() {
        for (still, clip) in [(true, true), (true, false), (false, true), (false, false)] {
            let there = |event, kind| {
                assert_eq!(event, EVENT);
                if kind == MediaKind::Still { still } else { clip }
            };
            let sent = kept(stored(), there);
            assert_eq!(follows(&sent), (still, clip));
            assert_eq!(wire::appended_of(&sent), wire::appended_of(&stored()));
            assert_eq!(sent.len(), stored().len());
        }
    }

    #[test]
    fn what_cannot_be_read_goes_as_it_is() {
        for foreign in [vec![], vec![0xff; 30], stored()[..20].to_vec()] {
            assert_eq!(kept(foreign.clone(), |_, _| false), foreign);
        }
    }
}
