//! A rule about how long somebody stays in a zone; what too long means is the offence's.

use core::time::Duration;

use crate::candidate::{Candidate, Lack};
use crate::event::{Event, EventKind, Measurement, Participant};
use crate::polygon::Polygon;
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::occupancy::Occupancy;
use crate::rule::stay::{Charge, Patience, Stay};
use crate::rule::{EventIds, Scene};
use crate::settings::RuleSettings;
use crate::time::FrameTime;
use crate::zone::Zone;

/// What a stay in a zone can be found guilty of.
pub(crate) trait Offence {
    /// What it is called.
    const KIND: EventKind;
    /// One English word for what is measured, in seconds.
    const QUANTITY: &'static str;
    /// How long somebody not seen inside still counts as staying.
    const PATIENCE: Patience;

    /// How much of it a stay shows by now.
    fn measure(&self, now: FrameTime, stay: &Stay) -> Duration;
    /// How much is too much.
    fn threshold(&self) -> Duration;
    /// When it happened, by KISA's definition.
    fn onset(&self, stay: &Stay) -> FrameTime;
}

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct ZoneRule<O> {
    offence: O,
    occupancy: Occupancy,
    incident: Incident,
    label: Label,
    candidates: Vec<Candidate>,
}

impl<O: Offence> ZoneRule<O> {
    pub(crate) fn new(offence: O, settings: &RuleSettings, zone: Option<&Zone>) -> Self {
        let area: Option<Polygon> = zone.map(|zone| zone.area.clone());
        let label =
            Label { kind: O::KIND, rule: settings.name.clone(), zone: settings.zone.clone() };
        Self {
            offence,
            occupancy: Occupancy::new(area, O::PATIENCE),
            incident: Incident::new(label.clone()),
            label,
            candidates: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Option<Event> {
        self.occupancy.step(scene);
        self.let_go(scene.now);
        let joined = scene.duty.is_some() && self.charge(scene);
        let finding = self.finding(scene, joined);
        self.incident.step(scene.now, finding, ids)
    }

    pub(crate) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.occupancy.clear();
        self.let_go(now);
        self.incident.finish(now)
    }

    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        core::mem::take(&mut self.candidates)
    }

    /// Notes who left without having been at fault, though on their way there.
    fn let_go(&mut self, now: FrameTime) {
        let threshold = self.offence.threshold();
        let watched = |stay: &&Stay| stay.charge.is_none() && stay.most > Duration::ZERO;
        let innocent = self.occupancy.ended().iter().filter(watched);
        self.candidates.extend(innocent.map(|stay| Candidate {
            kind: self.label.kind,
            rule: self.label.rule.clone(),
            zone: self.label.zone.clone(),
            track: stay.track,
            from: stay.entered,
            until: now,
            measurement: measurement::<O>(stay.most, threshold),
            lacked: if stay.most >= threshold { Lack::Person } else { Lack::Measure },
        }));
    }

    /// Finds out who is newly at fault. Once at fault, a stay is so to its end.
    fn charge(&mut self, scene: &Scene<'_>) -> bool {
        let mut joined = false;
        for stay in self.occupancy.stays_mut().filter(|stay| stay.is_inside()) {
            let measured = self.offence.measure(scene.now, stay);
            if let Some(charge) = &mut stay.charge {
                charge.measured = charge.measured.max(measured);
            } else if measured >= self.offence.threshold() && scene.is_person(stay.track) {
                stay.charge = Some(Charge { onset: self.offence.onset(stay), measured });
                joined = true;
            } else {
                stay.most = stay.most.max(measured);
            }
        }
        joined
    }

    fn finding(&self, scene: &Scene<'_>, joined: bool) -> Option<Finding> {
        let at_fault = || self.occupancy.stays().iter().filter(|stay| stay.charge.is_some());
        let longest = at_fault().next()?.charge?;
        let measurement = measurement::<O>(longest.measured, self.offence.threshold());
        let participants: Vec<Participant> = at_fault()
            .filter_map(|stay| scene.participant(stay.track))
            .take(Event::MAX_PARTICIPANTS)
            .collect();
        Some(Finding { onset: longest.onset, measurement, participants, joined })
    }
}

fn measurement<O: Offence>(measured: Duration, threshold: Duration) -> Measurement {
    Measurement {
        quantity: O::QUANTITY,
        value: measured.as_secs_f32(),
        threshold: threshold.as_secs_f32(),
        unit: "s",
    }
}
