//! The health board: the newest report, and when it is to be published.
//!
//! Promises: a report whose parts differ from the published one is due at once, any other after the
//! interval; posting never waits and wakes the uplink. Refuses: a queue, since only the newest counts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use wire::health::{Part, Report, State};

use super::bell::Bell;

/// Where the health module posts its newest report.
#[derive(Clone, Debug)]
pub struct HealthDesk {
    newest: Arc<ArcSwapOption<Report>>,
    bell: Bell,
}

impl HealthDesk {
    /// Posts a report in place of the one before.
    pub fn post(&self, report: Report) {
        self.newest.store(Some(Arc::new(report)));
        self.bell.ring();
    }
}

/// The uplink's side of the desk.
#[derive(Debug)]
pub(super) struct HealthBoard {
    newest: Arc<ArcSwapOption<Report>>,
    interval: Duration,
    published: Option<(Instant, Arc<Report>)>,
}

impl HealthBoard {
    pub(super) fn new(interval: Duration, bell: Bell) -> (Self, HealthDesk) {
        let newest = Arc::new(ArcSwapOption::empty());
        let desk = HealthDesk { newest: newest.clone(), bell };
        (Self { newest, interval, published: None }, desk)
    }

    /// A new connection: whatever the broker has of us is the last will.
    pub(super) fn forget_published(&mut self) {
        self.published = None;
    }

    /// The report to publish now, if one is due; it counts as published.
    pub(super) fn due(&mut self, now: Instant) -> Option<Arc<Report>> {
        let newest = self.newest.load_full()?;
        let due = match &self.published {
            None => true,
            Some((at, _)) if now >= *at + self.interval => true,
            Some((_, published)) => differ(&published.parts, &newest.parts),
        };
        due.then(|| {
            self.published = Some((now, newest.clone()));
            newest
        })
    }

    /// When a report is due even if none is posted.
    pub(super) fn due_at(&self) -> Option<Instant> {
        self.published.as_ref().map(|(at, _)| *at + self.interval)
    }
}

/// By state: a detail may hold a number that differs every time.
fn differ(published: &[Part], newest: &[Part]) -> bool {
    let states = |parts: &[Part]| -> Vec<(String, State)> {
        parts.iter().map(|part| (part.name.as_str().to_owned(), part.state)).collect()
    };
    states(published) != states(newest)
}

#[cfg(test)]
mod tests {
    use wire::alarm::{ClockQuality, WallTime};
    use wire::text::shortened;

    use super::*;
    use crate::clock::Clock;

    const AT: WallTime = WallTime { unix_ms: 0, quality: ClockQuality::Unknown };
    const INTERVAL: Duration = Duration::from_secs(30);

    fn report(uptime_s: u64, state: State) -> Report {
        let detail = shortened(&format!("for {uptime_s} s"));
        Report {
            boot: 1,
            camera: shortened("역삼로 12"),
            firmware: shortened("0.1.0"),
            at: AT,
            uptime_s,
            frames: 0,
            unacknowledged: 0,
            parts: [Part { name: shortened("camera"), state, detail }].into_iter().collect(),
        }
    }

    fn published(board: &mut HealthBoard, now: Instant) -> Option<u64> {
        board.due(now).map(|report| report.uptime_s)
    }

    #[test]
    fn a_report_goes_out_after_connecting_when_a_part_changes_and_at_the_interval() {
        let (mut board, desk) = HealthBoard::new(INTERVAL, Bell::default());
        let now = Clock::manual(AT).0.now();
        assert_eq!(published(&mut board, now), None, "nothing was posted yet");
        desk.post(report(1, State::Ok));
        assert_eq!(published(&mut board, now), Some(1));
        desk.post(report(2, State::Ok));
        assert_eq!(published(&mut board, now), None, "nothing changed but a number");
        desk.post(report(3, State::Fail));
        assert_eq!(published(&mut board, now), Some(3));
        assert_eq!(board.due_at(), Some(now + INTERVAL));
        assert_eq!(published(&mut board, now + INTERVAL), Some(3));
        board.forget_published();
        assert_eq!(published(&mut board, now + INTERVAL), Some(3), "a new connection");
    }
}
