//! 주정차: a vehicle has come to rest in the zone and stays.
//!
//! Onset is when it came to rest; it is told once it has stood for `stay`. Each vehicle's rest is an
//! event of its own, which ends when it has gone. Refuses vehicles nobody saw come: those belong to the
//! place, as does whatever stood there when the box started.

use core::time::Duration;

use crate::candidate::{Candidate, Lack};
use crate::event::{Event, EventKind, Measurement, TrackId};
use crate::polygon::Polygon;
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::{EventIds, Scene};
use crate::settings::RuleSettings;
use crate::time::FrameTime;
use crate::vehicles::{Rest, Vehicle, Vehicles};
use crate::zone::Zone;

/// Boxes that came to rest within this time of each other, one in the other or much the same, are one
/// vehicle: a lorry and its cab.
const TOGETHER: Duration = Duration::from_secs(2);
const PART_OF: f32 = 0.8;
const SAME: f32 = 0.5;

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct Parking {
    stay: Duration,
    area: Option<Polygon>,
    label: Label,
    watched: Vec<Watched>,
    candidates: Vec<Candidate>,
}

/// One rest of one vehicle.
#[derive(Clone, Debug)]
struct Watched {
    vehicle: TrackId,
    rest: Rest,
    came: bool,
    incident: Incident,
    /// Since when it has been at fault, once it has been told.
    onset: Option<FrameTime>,
    /// Whether the vehicle is still there.
    stays: bool,
}

impl Parking {
    pub(crate) fn new(stay: Duration, settings: &RuleSettings, zone: Option<&Zone>) -> Self {
        let (rule, zone_name) = (settings.name.clone(), settings.zone.clone());
        Self {
            stay,
            area: zone.map(|zone| zone.area.clone()),
            label: Label { kind: EventKind::Parking, rule, zone: zone_name },
            watched: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Vec<Event> {
        for vehicle in scene.vehicles {
            self.admit(vehicle);
        }
        let (stay, mut events) = (self.stay, Vec::new());
        for watched in &mut self.watched {
            events.extend(watched.step(scene, stay, ids));
        }
        self.let_go(scene.now, |watched| !watched.stays && !watched.incident.is_open());
        events
    }

    /// Ends what is open and forgets what was seen.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Vec<Event> {
        let watched = self.watched.iter_mut();
        let events = watched.filter_map(|watched| watched.incident.finish(now)).collect();
        self.let_go(now, |_| true);
        events
    }

    /// The vehicles it had an eye on and let go since this was last asked.
    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.candidates)
    }

    /// Watches a vehicle that has come to rest in the zone.
    fn admit(&mut self, vehicle: &Vehicle) {
        let Some(rest) = vehicle.rest() else { return };
        let inside = self.area.as_ref().is_none_or(|area| area.contains(rest.bounds.foot()));
        let known = self.watched.iter().any(|watched| watched.is_of(vehicle));
        // Those that have gone end within seconds: twice as many as there can be is never reached.
        if inside && !known && self.watched.len() < 2 * Vehicles::MAX {
            self.watched.push(Watched {
                vehicle: vehicle.id(),
                rest,
                came: vehicle.came(),
                incident: Incident::new(self.label.clone()),
                onset: None,
                stays: true,
            });
        }
    }

    /// Forgets what is over, and notes what came to nothing.
    fn let_go(&mut self, now: FrameTime, over: impl Fn(&Watched) -> bool) {
        let Self { watched, candidates, label, stay, .. } = self;
        let gone = watched.iter().filter(|watched| over(watched) && watched.onset.is_none());
        candidates.extend(gone.map(|watched| watched.candidate(now, label, *stay)));
        watched.retain(|watched| !over(watched));
    }
}

impl Watched {
    /// Whether this is the rest the vehicle is taking now.
    fn is_of(&self, vehicle: &Vehicle) -> bool {
        let rest = vehicle.rest();
        self.vehicle == vehicle.id() && rest.is_some_and(|rest| rest.since == self.rest.since)
    }

    fn step(&mut self, scene: &Scene<'_>, stay: Duration, ids: &mut EventIds) -> Option<Event> {
        let vehicle = scene.vehicles.iter().find(|vehicle| self.is_of(vehicle));
        self.stays = vehicle.is_some();
        let finding = vehicle.and_then(|vehicle| {
            self.rest = vehicle.rest().unwrap_or(self.rest);
            self.finding(vehicle, scene, stay)
        });
        self.onset = self.onset.or(finding.as_ref().map(|finding| finding.onset));
        self.incident.step(scene.now, finding, ids)
    }

    /// Once told, a vehicle is at fault until it has gone. Standing there is the offence, and counts by
    /// the hours.
    fn finding(&self, vehicle: &Vehicle, scene: &Scene<'_>, stay: Duration) -> Option<Finding> {
        let onset = self.onset.or(scene.duty.map(|duty| duty.max(self.rest.since)))?;
        let stood = self.rest.stood.min(scene.now.since(onset));
        let found = || {
            let plain = self.came && vehicle.is_seen() && !self.is_part(scene.vehicles);
            plain && stood >= stay
        };
        (self.onset.is_some() || found()).then(|| Finding {
            onset,
            measurement: measurement(stood, stay),
            participants: vec![vehicle.participant()],
            joined: false,
        })
    }

    /// Whether it is a part, or a second sight, of another vehicle that came with it.
    fn is_part(&self, vehicles: &[Vehicle]) -> bool {
        let others = vehicles.iter().filter(|other| other.id() != self.vehicle && other.came());
        others.filter_map(|other| Some((other.id(), other.rest()?))).any(|(id, other)| {
            let (mine, since) = (&self.rest.bounds, self.rest.since);
            let inside = mine.share_inside(&other.bounds) >= PART_OF;
            let apart = since.since(other.since).max(other.since.since(since));
            let same = inside || mine.iou(&other.bounds) >= SAME;
            let bigger = (other.bounds.area(), self.vehicle) > (mine.area(), id);
            apart <= TOGETHER && same && bigger
        })
    }

    fn candidate(&self, now: FrameTime, label: &Label, stay: Duration) -> Candidate {
        // Of one nobody saw come nobody knows how long it has stood.
        let stood = if self.came { self.rest.stood } else { Duration::ZERO };
        let lacked = match (self.came, stood >= stay) {
            (false, _) => Lack::Arrival,
            (true, true) => Lack::Hours,
            (true, false) => Lack::Measure,
        };
        Candidate {
            kind: label.kind,
            rule: label.rule.clone(),
            zone: label.zone.clone(),
            track: self.vehicle,
            from: self.rest.since,
            until: now,
            measurement: measurement(stood, stay),
            lacked,
        }
    }
}

fn measurement(stood: Duration, stay: Duration) -> Measurement {
    Measurement {
        quantity: "stood",
        value: stood.as_secs_f32(),
        threshold: stay.as_secs_f32(),
        unit: "s",
    }
}
