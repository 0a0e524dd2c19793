//! 침입 over a line: somebody's feet go from one side of it to the other.
//!
//! Onset is the frame in which the feet are over; it is told once they are clear of the line, having
//! been clear of it on the other side before. Those who go over within a few seconds are one incident.
//! Refuses whoever walks along the line, around its end, or stands on it and sways.

mod walker;

use core::time::Duration;

use crate::candidate::{Candidate, Lack};
use crate::event::{Event, EventKind, Measurement, Participant};
use crate::geometry::{NormBox, Point};
use crate::line::{Direction, Line};
use crate::polyline::Polyline;
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::stay::may_be_same;
use crate::rule::{EventIds, Scene};
use crate::settings::RuleSettings;
use crate::time::FrameTime;
use crate::tracker::{Path, Standing, Track, Tracker};

use walker::{CLEAR_OF, Passage, Walker};

/// How long somebody who went over is an offender: an operator's reading time.
const LASTS: Duration = Duration::from_secs(5);
/// How long somebody hidden is waited for: passing behind a van at walking pace.
const HIDDEN: Duration = Duration::from_secs(5);
/// A track no older than this has just appeared.
const JUST_APPEARED: Duration = Duration::from_secs(1);
/// The shape of a picture nobody tells the shape of.
const USUAL_ASPECT: f32 = 16.0 / 9.0;

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct Crossing {
    direction: Direction,
    way: Option<Polyline>,
    walkers: Vec<Walker>,
    incident: Incident,
    label: Label,
    candidates: Vec<Candidate>,
}

impl Crossing {
    /// The most people watched: everybody followed, and as many waited for.
    const MAX_WALKERS: usize = 2 * Tracker::MAX_TRACKS;

    pub(crate) fn new(direction: Direction, settings: &RuleSettings, line: Option<&Line>) -> Self {
        let label = Label {
            kind: EventKind::Intrusion,
            rule: settings.name.clone(),
            zone: settings.zone.clone(),
        };
        Self {
            direction,
            way: line.map(|line| line.way.clone()),
            walkers: Vec::new(),
            incident: Incident::new(label.clone()),
            label,
            candidates: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Option<Event> {
        let aspect = scene.observations.aspect;
        let aspect = if aspect.is_finite() && aspect > 0.0 { aspect } else { USUAL_ASPECT };
        // Somebody leaving the picture shows too little of themselves to say where the feet are.
        let there = |track: &&Track| track.standing() == Standing::Followed && !track.may_be_out();
        for track in scene.tracks.iter().filter(there) {
            let known = self.walkers.iter().position(|walker| walker.track == track.id());
            let newest = vec![(scene.now, track.bounds().foot())];
            let all = || track.path().thinned(Path::CAPACITY + 1);
            let followed = known.map(|index| (index, newest));
            let Some((index, way)) =
                followed.or_else(|| Some((self.admit(scene.now, track)?, all())))
            else {
                continue;
            };
            self.walk(index, &way, track.bounds(), aspect);
        }
        self.let_go(scene);
        let joined = self.charge(scene);
        let finding = self.finding(scene, joined);
        self.incident.step(scene.now, finding, ids)
    }

    pub(crate) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.walkers.clear();
        self.incident.finish(now)
    }

    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.candidates)
    }

    /// Watches somebody new, or somebody hidden until now under a new number.
    fn admit(&mut self, now: FrameTime, track: &Track) -> Option<usize> {
        let just_appeared = now.since(track.first_seen()) <= JUST_APPEARED;
        let hidden = |walker: &Walker| {
            just_appeared && walker.seen < track.first_seen() && may_be_same(&walker.bounds, track)
        };
        if let Some(index) = self.walkers.iter().position(hidden) {
            self.walkers[index].track = track.id();
            return Some(index);
        }
        if self.walkers.len() == Self::MAX_WALKERS {
            return None;
        }
        self.walkers.push(Walker::new(track));
        Some(self.walkers.len() - 1)
    }

    /// Lets somebody known go a way, seen as `bounds` at its end.
    fn walk(&mut self, index: usize, way: &[(FrameTime, Point)], bounds: &NormBox, aspect: f32) {
        let (Some(line), Some(walker)) = (&self.way, self.walkers.get_mut(index)) else { return };
        for &step in way {
            if let Some(most) = walker.walk(step, bounds, (line, aspect)) {
                let measurement = measured(Direction::Both, most);
                self.candidates.push(candidate(&self.label, walker, measurement, Lack::Measure));
            }
        }
    }

    /// Forgets who has not been seen for long, and passages too old to matter.
    fn let_go(&mut self, scene: &Scene<'_>) {
        let Self { walkers, candidates, label, direction, .. } = self;
        for walker in walkers.iter_mut() {
            let over = |passage: &Passage| scene.now.since(passage.decided) >= LASTS;
            let Some(passage) = walker.passage.take_if(|passage| over(passage)) else { continue };
            if !passage.told && direction.includes(passage.direction) {
                let lacked = if scene.duty.is_some_and(|duty| passage.onset >= duty) {
                    Lack::Person
                } else {
                    Lack::Hours
                };
                let measurement = measured(passage.direction, passage.clearance);
                candidates.push(candidate(label, walker, measurement, lacked));
            }
        }
        walkers.retain(|walker| walker.passage.is_some() || scene.now.since(walker.seen) <= HIDDEN);
    }

    /// Finds out who has newly gone over, in the hours in which nobody may.
    fn charge(&mut self, scene: &Scene<'_>) -> bool {
        let mut joined = false;
        for walker in &mut self.walkers {
            let Some(passage) = &mut walker.passage else { continue };
            let in_hours = scene.duty.is_some_and(|duty| passage.onset >= duty);
            let wrong = !passage.told && in_hours && self.direction.includes(passage.direction);
            // An alarm shows whom it is about.
            let seen = || scene.participant(walker.track).is_some();
            if wrong && scene.is_person(walker.track) && seen() {
                (passage.told, passage.decided) = (true, scene.now);
                joined = true;
            }
        }
        joined
    }

    fn finding(&self, scene: &Scene<'_>, joined: bool) -> Option<Finding> {
        let passages = self.walkers.iter().filter_map(|walker| Some((walker, walker.passage?)));
        let mut told: Vec<(&Walker, Passage)> =
            passages.filter(|(_, passage)| passage.told).collect();
        told.sort_by_key(|(_, passage)| passage.onset);
        let (_, first) = told.first()?;
        let participants: Vec<Participant> = told
            .iter()
            .filter_map(|(walker, _)| scene.participant(walker.track))
            .take(Event::MAX_PARTICIPANTS)
            .collect();
        let measurement = measured(first.direction, first.clearance);
        Some(Finding { onset: first.onset, measurement, participants, joined })
    }
}

/// How far beyond the line somebody got who went over it this way.
fn measured(direction: Direction, clearance: f32) -> Measurement {
    Measurement {
        quantity: direction.word(),
        value: clearance,
        threshold: CLEAR_OF,
        unit: "heights",
    }
}

fn candidate(label: &Label, walker: &Walker, measurement: Measurement, lacked: Lack) -> Candidate {
    Candidate {
        kind: label.kind,
        rule: label.rule.clone(),
        zone: label.zone.clone(),
        track: walker.track,
        from: walker.over,
        until: walker.seen,
        measurement,
        lacked,
    }
}
