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
