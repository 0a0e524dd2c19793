//! One incident of one rule: however many take part, one event begins, is updated and ends.

use core::time::Duration;
use std::sync::Arc;

use crate::event::{Event, EventId, EventKind, Measurement, Participant, Phase};
use crate::rule::EventIds;
use crate::scene::light::Light;
use crate::time::FrameTime;

/// How long nobody may be at fault before the event is over.
const CLEAR: Duration = Duration::from_secs(2);
/// The least time between begin or update and the next update.
const UPDATE_EVERY: Duration = Duration::from_secs(5);

/// What stands in every event of one rule.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) kind: EventKind,
    pub(crate) rule: Arc<str>,
    pub(crate) zone: Option<Arc<str>>,
}

/// What a rule found in one frame in which somebody was at fault.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// When it happened, for whoever has been at fault longest.
    pub(crate) onset: FrameTime,
    /// Why, for the same one.
    pub(crate) measurement: Measurement,
    /// Who can be seen; may be empty while they are waited for.
    pub(crate) participants: Vec<Participant>,
    /// Whether somebody is newly at fault.
    pub(crate) joined: bool,
}

/// The state machine: quiet, or open since an event's begin was told.
#[derive(Clone, Debug)]
pub(crate) struct Incident {
    label: Label,
    open: Option<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    id: EventId,
    onset: FrameTime,
    newest: Finding,
    told: FrameTime,
    occupied: FrameTime,
}

impl Incident {
    pub(crate) const fn new(label: Label) -> Self {
        Self { label, open: None }
    }

    /// Takes in one frame; no finding means that nobody is at fault.
    pub(crate) fn step(
        &mut self,
        now: FrameTime,
        finding: Option<Finding>,
        ids: &mut EventIds,
    ) -> Option<Event> {
        match (self.open.as_mut(), finding) {
            (None, None) => None,
            (None, Some(finding)) => {
                let newest = Finding { joined: false, ..finding };
                let (id, onset) = (ids.mint(), newest.onset);
                let open = Open { id, onset, newest, told: now, occupied: now };
                let event = open.event(&self.label, Phase::Begin, now);
                self.open = Some(open);
                Some(event)
            }
            (Some(open), Some(finding)) => {
                open.go_on(now, finding);
                open.update(&self.label, now)
            }
            (Some(open), None) => {
                (now.since(open.occupied) >= CLEAR).then(|| self.finish(now)).flatten()
            }
        }
    }

    /// Whether an event has begun and not ended.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Ends the event, if there is one.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.open.take().map(|open| open.event(&self.label, Phase::End, now))
    }
}

impl Open {
    fn go_on(&mut self, now: FrameTime, mut finding: Finding) {
        self.occupied = now;
        finding.joined |= self.newest.joined;
        if finding.participants.is_empty() {
            finding.participants = core::mem::take(&mut self.newest.participants);
        }
        self.newest = finding;
    }

    /// Tells that somebody joined, unless something was told just now; then it is told later.
    fn update(&mut self, label: &Label, now: FrameTime) -> Option<Event> {
        if !self.newest.joined || now.since(self.told) < UPDATE_EVERY {
            return None;
        }
        (self.newest.joined, self.told) = (false, now);
        Some(self.event(label, Phase::Update, now))
    }

    fn event(&self, label: &Label, phase: Phase, now: FrameTime) -> Event {
        Event {
            id: self.id,
            phase,
            kind: label.kind,
            rule: label.rule.clone(),
            zone: label.zone.clone(),
            onset: self.onset,
            decided: now,
            measurement: self.newest.measurement,
            light: Light::default(),
            participants: self.newest.participants.clone(),
        }
    }
}
