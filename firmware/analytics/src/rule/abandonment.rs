//! 유기: a thing that came with somebody rests, and they have left it.
//!
//! Onset is the moment both are true; it is decided when the thing has been seen at rest for `rest`
//! and alone for `alone`. Each thing is an event of its own, which ends when it is taken away.
//! Refuses things nobody was seen to bring, things nobody can carry, vehicles, and what the outline
//! says is light or the ghost of a thing taken away.

mod case;
mod distance;
mod member;
mod party;
mod watched;
mod whereabouts;

use core::time::Duration;

use crate::candidate::Candidate;
use crate::event::{Event, EventKind};
use crate::polygon::Polygon;
use crate::rule::abandonment::watched::Watched;
use crate::rule::abandonment::whereabouts::Whereabouts;
use crate::rule::incident::Label;
use crate::rule::{EventIds, Scene};
use crate::scene::resting::{Resting, RestingThing};
use crate::settings::RuleSettings;
use crate::time::FrameTime;
use crate::zone::Zone;

/// The longest time between two frames that counts as time alone.
const BETWEEN_FRAMES: Duration = Duration::from_secs(1);

/// How long is long enough.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// At rest.
    pub(crate) rest: Duration,
    /// Alone.
    pub(crate) alone: Duration,
}

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct Abandonment {
    patience: Patience,
    area: Option<Polygon>,
    label: Label,
    whereabouts: Whereabouts,
    watched: Vec<Watched>,
    candidates: Vec<Candidate>,
    now: FrameTime,
}

impl Abandonment {
    pub(crate) fn new(patience: Patience, settings: &RuleSettings, zone: Option<&Zone>) -> Self {
        let (rule, zone_name) = (settings.name.clone(), settings.zone.clone());
        Self {
            patience,
            area: zone.map(|zone| zone.area.clone()),
            label: Label { kind: EventKind::Abandonment, rule, zone: zone_name },
            whereabouts: Whereabouts::default(),
            watched: Vec::new(),
            candidates: Vec::new(),
            now: FrameTime::default(),
        }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Vec<Event> {
        let passed = scene.now.since(self.now).min(BETWEEN_FRAMES);
        self.now = scene.now;
        self.whereabouts.step(scene);
        let resting = &scene.observations.resting;
        let things = &resting[..resting.len().min(Resting::MAX_THINGS)];
        for thing in things {
            self.admit(thing, things);
        }
        let mut events = Vec::new();
        for watched in &mut self.watched {
            let thing = things.iter().find(|thing| thing.id == watched.id());
            if let Some(thing) = thing {
                watched.ask(thing, scene, &self.whereabouts);
            }
            events.extend(watched.step(scene, thing, (passed, self.patience), ids));
        }
        self.let_go(|watched| {
            !watched.is_open() && things.iter().all(|thing| thing.id != watched.id())
        });
        events
    }

    /// Ends what is open and forgets what was seen.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Vec<Event> {
        self.whereabouts.clear();
        let events = self.watched.iter_mut().filter_map(|watched| watched.finish(now)).collect();
        self.let_go(|_| true);
        events
    }

    /// The things it had an eye on and let go since this was last asked.
    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.candidates)
    }

    /// Watches a thing not known yet, unless it is a known one found again.
    fn admit(&mut self, thing: &RestingThing, things: &[RestingThing]) {
        let inside = self.area.as_ref().is_none_or(|area| area.contains(thing.bounds.foot()));
        if !inside || self.watched.iter().any(|watched| watched.id() == thing.id) {
            return;
        }
        let lost = self.watched.iter_mut().find(|watched| {
            watched.may_be(thing) && things.iter().all(|seen| seen.id != watched.id())
        });
        match lost {
            Some(lost) => lost.rename(*thing),
            None => self.watched.push(Watched::new(*thing, self.label.clone())),
        }
    }

    /// Forgets what is over, and notes what came to nothing.
    fn let_go(&mut self, over: impl Fn(&Watched) -> bool) {
        let Self { watched, candidates, label, patience, now, .. } = self;
        let gone = watched.iter().filter(|watched| over(watched));
        candidates.extend(gone.filter_map(|watched| watched.candidate(*now, label, *patience)));
        watched.retain(|watched| !over(watched));
    }
}
