//! A rule and its hours.
//!
//! Promises: the rule sees every frame, on duty or not; while nobody vouches for the local time it is
//! on duty, since an alarm too many is better than one too few. What being on duty means is the
//! rule's: docs/events.md says it of each.

use crate::candidate::Candidate;
use crate::event::Event;
use crate::question::Question;
use crate::rule::{EventIds, Rule, Scene};
use crate::schedule::{Schedule, WeekTime};
use crate::settings::{RuleSettings, Settings};
use crate::time::FrameTime;

/// One configured rule that knows when it watches.
#[derive(Clone, Debug)]
pub(crate) struct Sentry {
    rule: Rule,
    /// `None`: always.
    schedule: Option<Schedule>,
    /// Since when it has been on duty without a break.
    duty: Option<FrameTime>,
}

impl Sentry {
    /// A rule that has seen nothing yet.
    pub(crate) fn new(settings: &RuleSettings, all: &Settings) -> Self {
        let schedule = settings.schedule.clone();
        Self { rule: Rule::new(settings, all), schedule, duty: None }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Vec<Event> {
        self.relieve(scene.now, scene.observations.local);
        self.rule.step(&Scene { duty: self.duty, ..*scene }, ids)
    }

    /// Takes in that no frame has come by `now`, when it is `local`.
    pub(crate) fn silence(
        &mut self,
        now: FrameTime,
        local: Option<WeekTime>,
        ids: &mut EventIds,
    ) -> Option<Event> {
        self.relieve(now, local);
        self.rule.silence(now, self.duty, ids)
    }

    /// What it would like to know of the frame it took in last.
    pub(crate) fn question(&self) -> Option<Question> {
        self.duty.and_then(|_| self.rule.question())
    }

    /// Ends what is open and forgets what was seen.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Vec<Event> {
        self.duty = None;
        self.rule.finish(now)
    }

    /// Whom it had an eye on and let go since this was last asked.
    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        self.rule.take_candidates()
    }

    /// Goes on or off duty.
    fn relieve(&mut self, now: FrameTime, local: Option<WeekTime>) {
        // A rule without hours has been on duty for as long as there is time.
        let begins = if self.schedule.is_none() { FrameTime::default() } else { now };
        let holds = self.schedule.as_ref().zip(local).is_none_or(|(hours, at)| hours.holds(at));
        self.duty = holds.then(|| self.duty.unwrap_or(begins));
    }
}
