//! One thing under watch: whose it is, whether it is abandoned, and what has been told of it.

use core::time::Duration;

use crate::candidate::{Candidate, Lack};
use crate::detection::{Confidence, ObjectClass};
use crate::event::{Event, Measurement, Participant, Sights, TrackId};
use crate::rule::abandonment::Patience;
use crate::rule::abandonment::case::Case;
use crate::rule::abandonment::whereabouts::Whereabouts;
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::{EventIds, Scene};
use crate::scene::resting::{Change, RestingThing};
use crate::time::FrameTime;

/// IoU from which on a thing found is one that was lost.
const SAME_PLACE: f32 = 0.3;

/// A thing, as last seen.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    thing: RestingThing,
    /// The extent for which it was asked whose it is: things come to light bit by bit.
    asked: Option<FrameTime>,
    /// `None`: nobody's, as far as is known.
    case: Option<Case>,
    incident: Incident,
    told: bool,
}

impl Watched {
    pub(super) const fn new(thing: RestingThing, label: Label) -> Self {
        Self { thing, asked: None, case: None, incident: Incident::new(label), told: false }
    }

    pub(super) const fn id(&self) -> u64 {
        self.thing.id
    }

    /// Whether an event of it is open.
    pub(super) const fn is_open(&self) -> bool {
        self.incident.is_open()
    }

    /// Whether another thing is most likely this one, found again.
    pub(super) fn may_be(&self, thing: &RestingThing) -> bool {
        self.thing.bounds.iou(&thing.bounds) >= SAME_PLACE
    }

    /// Takes in that it is known under another number.
    pub(super) const fn rename(&mut self, thing: RestingThing) {
        self.thing = thing;
    }

    /// Finds out whose it is, once for each extent it has had.
    pub(super) fn ask(
        &mut self,
        thing: &RestingThing,
        scene: &Scene<'_>,
        whereabouts: &Whereabouts,
    ) {
        if self.case.is_none() && self.asked != Some(thing.settled) {
            self.asked = Some(thing.settled);
            self.case = Case::of(*thing, scene, whereabouts);
        }
    }

    /// Takes in one frame, `passed` after the last; the thing, unless it is not there.
    pub(super) fn step(
        &mut self,
        scene: &Scene<'_>,
        thing: Option<&RestingThing>,
        (passed, patience): (Duration, Patience),
        ids: &mut EventIds,
    ) -> Option<Event> {
        let finding = thing.and_then(|thing| {
            self.thing = *thing;
            self.case.as_mut()?.step(scene, thing, passed);
            self.finding(scene, patience)
        });
        let event = self.incident.step(scene.now, finding, ids);
        self.told |= event.is_some();
        event
    }

    /// Ends the event, if there is one.
    pub(super) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.incident.finish(now)
    }

    /// What there would have been to tell, of a thing that is gone and was not told of.
    pub(super) fn candidate(
        &self,
        now: FrameTime,
        label: &Label,
        patience: Patience,
    ) -> Option<Candidate> {
        let thing = &self.thing;
        if self.told || thing.change != Change::Placed {
            return None;
        }
        let lacked = match &self.case {
            None => Lack::Owner,
            Some(case) if case.is_parked() => Lack::Thing,
            Some(case) if case.is_enough(patience) => Lack::Hours,
            Some(_) => Lack::Measure,
        };
        Some(Candidate {
            kind: label.kind,
            rule: label.rule.clone(),
            zone: label.zone.clone(),
            track: TrackId::of_thing(thing.id),
            from: thing.first_seen,
            until: now,
            measurement: self.measurement(patience),
            lacked,
        })
    }

    /// Once abandoned, a thing is so until it is gone. Leaving it is the offence, and counts by the
    /// hours it fell in.
    fn finding(&self, scene: &Scene<'_>, patience: Patience) -> Option<Finding> {
        let case = self.case.as_ref()?;
        let in_hours = case.left().zip(scene.duty).is_some_and(|(left, duty)| left >= duty);
        let abandoned = self.thing.change == Change::Placed
            && !case.is_parked()
            && case.is_enough(patience)
            && in_hours;
        if !abandoned && !self.is_open() {
            return None;
        }
        let mut participants = vec![participant(&self.thing)];
        participants.extend(case.owner().cloned());
        let onset = case.left().unwrap_or(scene.now);
        let measurement = self.measurement(patience);
        Some(Finding { onset, measurement, participants, joined: false })
    }

    fn measurement(&self, patience: Patience) -> Measurement {
        Measurement {
            quantity: "alone",
            value: self.case.as_ref().map_or(Duration::ZERO, Case::alone).as_secs_f32(),
            threshold: patience.alone.as_secs_f32(),
            unit: "s",
        }
    }
}

/// A thing as it stands in an event; its path is where and when it was first seen.
fn participant(thing: &RestingThing) -> Participant {
    Participant {
        track: TrackId::of_thing(thing.id),
        class: ObjectClass::Thing,
        bounds: thing.bounds,
        confidence: Confidence::default(),
        path: vec![(thing.first_seen, thing.bounds.foot())],
        sights: Sights::default(),
    }
}
