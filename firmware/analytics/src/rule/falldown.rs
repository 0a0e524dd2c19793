//! 쓰러짐: somebody who stood lies on the ground, and stays there.
//!
//! KISA's onset is the moment the head touches the ground; here that is the first sight of the body
//! on the ground, measured in the person's own standing height from the line their feet stood on.
//! It is told once they have stayed down. Whoever comes down slowly has lain down, whoever is up
//! again at once has bent; neither is a fall.

mod bearing;
mod fall;
mod glimpses;
mod ground;
mod person;
mod scenery;
mod stance;

use core::time::Duration;

use crate::candidate::{Candidate, Lack};
use crate::event::{Event, EventKind, Measurement, Participant};
use crate::geometry::NormBox;
use crate::polygon::Polygon;
use crate::question::Question;
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::{EventIds, Scene};
use crate::settings::RuleSettings;
use crate::time::FrameTime;
use crate::tracker::{Standing, Tracker};
use crate::zone::Zone;

use fall::Fall;
use person::Person;
use scenery::Scenery;

/// The IoU of two bodies on the ground that makes them one: a fall is one however many tracks the
/// detector made of it.
const ONE_BODY: f32 = 0.2;
/// The least time between two closer looks, and between two poses: each of the former costs half a
/// look at the whole picture, of the latter a sixth.
const ASK_EVERY: Duration = Duration::from_millis(300);

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct Falldown {
    /// How long somebody must have stayed down.
    down: Duration,
    area: Option<Polygon>,
    people: Vec<Person>,
    scenery: Scenery,
    incident: Incident,
    label: Label,
    candidates: Vec<Candidate>,
    /// When a closer look was asked for last, when a pose, and what is asked for now.
    asked: FrameTime,
    asked_pose: FrameTime,
    question: Option<Question>,
}

impl Falldown {
    /// The most people watched: everybody followed, and as many on the ground.
    const MAX_PEOPLE: usize = 2 * Tracker::MAX_TRACKS;

    pub(crate) fn new(down: Duration, settings: &RuleSettings, zone: Option<&Zone>) -> Self {
        let label = Label {
            kind: EventKind::Falldown,
            rule: settings.name.clone(),
            zone: settings.zone.clone(),
        };
        Self {
            down,
            area: zone.map(|zone| zone.area.clone()),
            people: Vec::new(),
            scenery: Scenery::default(),
            incident: Incident::new(label.clone()),
            label,
            candidates: Vec::new(),
            asked: FrameTime::default(),
            asked_pose: FrameTime::default(),
            question: None,
        }
    }

    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Option<Event> {
        let is_body = |bounds: &NormBox| {
            let mut falls = self.people.iter().filter_map(|person| person.fall.as_ref());
            falls.any(|fall| fall.is_at(bounds))
        };
        let seen = scene.seen.iter().map(|seen| seen.bounds);
        self.scenery.step(scene.now, seen.filter(|bounds| !is_body(bounds)));
        self.admit(scene);
        for index in 0..self.people.len() {
            let over = self.people[index].step(scene, &self.scenery);
            if let Some(fall) = over.filter(|fall| !fall.told) {
                self.let_go(scene, index, &fall);
            }
        }
        self.people.retain(|person| !person.is_over(scene.now));
        self.ask(scene.now);
        let joined = scene.duty.is_some() && self.charge();
        let finding = self.finding(joined);
        self.incident.step(scene.now, finding, ids)
    }

    /// The closer look it asks for after the last frame.
    pub(crate) const fn question(&self) -> Option<Question> {
        self.question
    }

    pub(crate) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.people.clear();
        self.scenery.clear();
        (self.asked, self.asked_pose) = (FrameTime::default(), FrameTime::default());
        self.question = None;
        self.incident.finish(now)
    }

    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.candidates)
    }

    /// Notes who was down and has got up, or was lost, without having fallen.
    fn let_go(&mut self, scene: &Scene<'_>, index: usize, fall: &Fall) {
        let lacked = match scene.duty {
            _ if fall.was_up() => Lack::Pose,
            _ if fall.seen_down() < self.down => Lack::Measure,
            None => Lack::Hours,
            Some(_) => Lack::Person,
        };
        self.candidates.push(Candidate {
            kind: self.label.kind,
            rule: self.label.rule.clone(),
            zone: self.label.zone.clone(),
            track: self.people[index].track,
            from: fall.onset,
            until: scene.now,
            measurement: self.measurement(fall),
            lacked,
        });
    }

    fn measurement(&self, fall: &Fall) -> Measurement {
        Measurement {
            quantity: if fall.is_posed() { "down_by_pose" } else { "down" },
            value: fall.seen_down().as_secs_f32(),
            threshold: self.down.as_secs_f32(),
            unit: "s",
        }
    }

    /// Asks one thing at most: for a closer look at whoever is hard to see, else for the pose of
    /// whoever may be falling; of several people the one asked for longest ago.
    fn ask(&mut self, now: FrameTime) {
        self.question = None;
        if now.since(self.asked) >= ASK_EVERY {
            self.ask_closer(now);
        }
        if self.question.is_none() && now.since(self.asked_pose) >= ASK_EVERY {
            self.ask_pose(now);
        }
    }

    fn ask_closer(&mut self, now: FrameTime) {
        let unclear =
            self.people.iter_mut().filter_map(|person| Some((person.unclear(now)?, person)));
        if let Some((area, person)) = unclear.min_by_key(|(_, person)| person.asked) {
            (person.asked, self.asked) = (now, now);
            self.question = Some(Question::Bodies { area });
        }
    }

    fn ask_pose(&mut self, now: FrameTime) {
        let wanted =
            self.people.iter_mut().filter_map(|person| Some((person.wants_pose(now)?, person)));
        if let Some((area, person)) = wanted.min_by_key(|(_, person)| person.asked_pose) {
            (person.asked_pose, self.asked_pose) = (now, now);
            self.question = Some(Question::Pose { of: person.track, area });
        }
    }

    /// Watches everybody who is followed.
    fn admit(&mut self, scene: &Scene<'_>) {
        let followed = scene.tracks.iter().filter(|track| track.standing() == Standing::Followed);
        for track in followed {
            let known = self.people.iter().any(|person| person.track == track.id());
            if !known && self.people.len() < Self::MAX_PEOPLE {
                self.people.push(Person::new(track));
            }
        }
    }

    /// Finds out who has newly stayed down for long enough; whoever lies where somebody is known to
    /// lie is the same one under another track.
    fn charge(&mut self) -> bool {
        let mut joined = false;
        for index in 0..self.people.len() {
            let Some(fall) = &self.people[index].fall else { continue };
            let long = fall.is_sure() && fall.seen_down() >= self.down;
            if fall.told || !long || !self.is_in_area(&fall.body.bounds) {
                continue;
            }
            let body = &fall.body.bounds;
            let mut told = self.people.iter().filter_map(Person::told);
            let known = told.any(|told| told.body.bounds.iou(body) >= ONE_BODY);
            if known {
                self.people[index].fall = None;
            } else if let Some(fall) = &mut self.people[index].fall {
                fall.told = true;
                joined = true;
            }
        }
        joined
    }

    fn is_in_area(&self, body: &NormBox) -> bool {
        self.area.as_ref().is_none_or(|area| area.contains(body.center()))
    }

    fn finding(&self, joined: bool) -> Option<Finding> {
        let told = |person: &&Person| person.told().is_some();
        let mut fallen: Vec<&Person> = self.people.iter().filter(told).collect();
        fallen.sort_by_key(|person| person.told().map(|fall| fall.onset));
        let first = fallen.first()?.told()?;
        let participants: Vec<Participant> = fallen
            .iter()
            .filter_map(|person| person.participant())
            .take(Event::MAX_PARTICIPANTS)
            .collect();
        let measurement = self.measurement(first);
        Some(Finding { onset: first.onset, measurement, participants, joined })
    }
}
