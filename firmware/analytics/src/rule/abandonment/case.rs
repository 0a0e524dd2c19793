//! One thing that rests, the people it came with, and how long it has been alone.

use core::time::Duration;

use crate::event::Participant;
use crate::rule::Scene;
use crate::rule::abandonment::Patience;
use crate::rule::abandonment::distance::Scale;
use crate::rule::abandonment::member::Member;
use crate::rule::abandonment::party;
use crate::rule::abandonment::whereabouts::Whereabouts;
use crate::scene::resting::{Change, RestingThing};
use crate::time::FrameTime;

/// For how long the detector must call a thing a vehicle, which is parked and not dumped, and the IoU
/// that makes what it sees the thing.
const PARKED: Duration = Duration::from_millis(500);
const SAME: f32 = 0.4;

/// A thing under watch.
#[derive(Clone, Debug)]
pub(super) struct Case {
    thing: RestingThing,
    /// The owner first: who was within reach longest.
    people: Vec<Member>,
    left: Option<FrameTime>,
    /// How long it has been seen alone, less how long its people have been back since.
    alone: Duration,
    /// How long it has been seen at rest, its extent the same and its outline a thing's.
    rested: Duration,
    /// How long the detector has taken it for a vehicle.
    parked: Duration,
}

impl Case {
    /// The case of a thing that somebody who could carry it was beside when it was put down.
    pub(super) fn of(
        thing: RestingThing,
        scene: &Scene<'_>,
        whereabouts: &Whereabouts,
    ) -> Option<Self> {
        let people = party::of(&thing, scene, whereabouts);
        let none = Duration::ZERO;
        let case = Self { thing, people, left: None, alone: none, rested: none, parked: none };
        (!case.people.is_empty()).then_some(case)
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> Option<&Participant> {
        self.people.first().map(Member::seen)
    }

    /// Whether it has been seen at rest and alone for long enough.
    pub(super) fn is_enough(&self, patience: Patience) -> bool {
        self.rested >= patience.rest && self.alone >= patience.alone
    }

    /// How long it has been alone.
    pub(super) const fn alone(&self) -> Duration {
        self.alone
    }

    /// Whether it is a vehicle somebody has parked.
    pub(super) fn is_parked(&self) -> bool {
        self.parked >= PARKED
    }

    /// When it rested and its people had left it, once they have.
    pub(super) const fn left(&self) -> Option<FrameTime> {
        self.left
    }

    /// Takes in one frame, `passed` after the last, and the thing as it is seen now.
    pub(super) fn step(&mut self, scene: &Scene<'_>, thing: &RestingThing, passed: Duration) {
        self.rest(thing, passed);
        for member in &mut self.people {
            member.step(scene, &self.thing.bounds);
        }
        self.join(scene);
        if self.looks_parked(scene) {
            self.parked = self.parked.saturating_add(passed);
        }
        match self.deserted() {
            Some(since) if self.left.is_none() => {
                let since = since.max(self.thing.first_seen).min(scene.now);
                self.left = Some(since);
                self.alone = scene.now.since(since).min(self.rested);
            }
            Some(_) if self.thing.visible => self.alone = self.alone.saturating_add(passed),
            Some(_) => {}
            None => self.come_back(passed),
        }
    }

    fn rest(&mut self, thing: &RestingThing, passed: Duration) {
        if thing.change != Change::Placed || thing.settled > self.thing.settled {
            self.rested = Duration::ZERO;
        } else if thing.visible {
            self.rested = self.rested.saturating_add(passed);
        }
        self.thing = *thing;
    }

    fn looks_parked(&self, scene: &Scene<'_>) -> bool {
        scene.detections.iter().any(|seen| {
            seen.class.is_vehicle()
                && seen.confidence >= scene.start_confidence
                && seen.bounds.iou(&self.thing.bounds) >= SAME
        })
    }

    /// Somebody walking by their own thing has not taken it back; staying as long as it was alone
    /// is coming back.
    fn come_back(&mut self, passed: Duration) {
        self.alone = self.alone.saturating_sub(passed);
        if self.alone.is_zero() {
            self.left = None;
        }
    }

    /// While its people are there, whoever is beside it is one of them: a companion, or one of them
    /// under a new number.
    fn join(&mut self, scene: &Scene<'_>) {
        if self.deserted().is_some_and(|since| scene.now.since(since) > party::FOUND_AGAIN) {
            return;
        }
        for track in scene.tracks {
            let scale = Scale::of(track.bounds(), scene.observations.aspect);
            let known = self.people.iter().any(|member| member.track() == track.id());
            let beside = scale.in_reach(track.bounds(), &self.thing.bounds);
            if known || !beside || !track.is_person(scene.start_confidence) {
                continue;
            }
            let Some(new) = Member::beside(track, scene, scale) else { continue };
            for member in &mut self.people {
                member.give_way(scene.now);
            }
            if self.people.len() < party::MOST {
                self.people.push(new);
            }
        }
    }

    /// Since when none of its people has been with it.
    fn deserted(&self) -> Option<FrameTime> {
        let mut latest = FrameTime::default();
        for member in &self.people {
            latest = latest.max(member.left()?);
        }
        Some(latest)
    }
}
