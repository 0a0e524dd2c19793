//! The life of events: what holds for those of any run, whoever makes it. The fuzz targets read it too.
//!
//! Promises: stops at the first event out of turn or larger than an alarm can carry. Refuses: judging
//! whether there should have been one.

use analytics::event::{Event, EventId, EventKind, Participant, Phase, Sights};

/// Every event begins once, is told in order, ends once, and carries no more than it may.
pub(super) fn check_life(events: &[Event]) {
    let mut open: Vec<EventId> = Vec::new();
    let mut newest = 0;
    for event in events {
        if event.phase == Phase::Begin {
            assert_eq!(event.id.0, newest + 1, "{event:?}");
            newest = event.id.0;
            assert_eq!(event.participants.is_empty(), event.kind == EventKind::CameraFault);
            open.push(event.id);
        }
        let known = open.iter().position(|&id| id == event.id);
        assert!(known.is_some(), "{:?} of an event that is not open", event.phase);
        if let (Phase::End, Some(index)) = (event.phase, known) {
            open.remove(index);
        }
        assert!(event.onset <= event.decided, "{event:?}");
        assert!(event.participants.len() <= Event::MAX_PARTICIPANTS);
        assert!(event.participants.iter().all(fits), "{event:?}");
    }
    assert!(open.is_empty(), "never ended: {open:?}");
}

fn fits(participant: &Participant) -> bool {
    participant.path.len() <= Participant::MAX_PATH
        && participant.sights.scores.len() <= Sights::MAX_SCORES
}
