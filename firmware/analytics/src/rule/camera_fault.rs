//! 카메라 이상: the camera itself no longer sees, or no longer sees what it should.
//!
//! An episode begins with the first fault that has lasted long enough, is updated when another takes
//! its place, and ends when nothing has been wrong for a while: a hand that ends in darkness is one
//! alarm.

use core::time::Duration;
use std::sync::Arc;

use crate::event::{Event, EventKind, Measurement, Phase};
use crate::rule::incident::{Finding, Incident, Label};
use crate::rule::{EventIds, Scene};
use crate::scene::fault::{self, Evidence, Fault, Faults};
use crate::time::FrameTime;

/// A fault not seen for this long has stopped: shorter than the least anybody would call one, longer
/// than a flash or a bad key picture.
const INTERRUPTED: Duration = Duration::from_secs(1);
/// How long a camera may take to its first picture: switched on together with the box, it starts for
/// up to a minute.
const STARTING: Duration = Duration::from_secs(60);

/// One configured rule.
#[derive(Clone, Debug)]
pub(crate) struct CameraFault {
    faults: Faults,
    /// How long each has to last; `None` is each fault's own usual time.
    after: Option<Duration>,
    /// What is seen and for how long, gravest first.
    suspicions: [Option<Suspicion>; Fault::ALL.len()],
    last_frame: Option<FrameTime>,
    /// The fault told of last, while the episode lasts.
    told: Option<Fault>,
    incident: Incident,
}

/// A fault seen now, or a moment ago.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    since: FrameTime,
    seen: FrameTime,
    /// What the view showed; `None` for a fault that is measured by its time alone.
    evidence: Option<Evidence>,
}

impl CameraFault {
    pub(crate) fn new(faults: Faults, after: Option<Duration>, rule: Arc<str>) -> Self {
        Self {
            faults,
            after,
            suspicions: [None; Fault::ALL.len()],
            last_frame: None,
            told: None,
            incident: Incident::new(Label { kind: EventKind::CameraFault, rule, zone: None }),
        }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Option<Event> {
        let (now, view) = (scene.now, &scene.observations.view);
        self.suspicions[Fault::Lost as usize] = None;
        if let Some(evidence) = fault::of_view(view, self.told) {
            let since = self.view_suspect_since(now).unwrap_or(now);
            let new = Suspicion { since, seen: now, evidence: Some(evidence) };
            self.suspect(evidence.fault, new);
        }
        if let Some(before) = self.last_frame.filter(|_| fault::is_frozen(view)) {
            self.suspect(Fault::Frozen, Suspicion { since: before, seen: now, evidence: None });
        }
        self.last_frame = Some(now);
        self.decide(now, scene.duty, ids)
    }

    /// Takes in that no frame has come by `now`; it has been on duty since `duty`.
    pub(crate) fn silence(
        &mut self,
        now: FrameTime,
        duty: Option<FrameTime>,
        ids: &mut EventIds,
    ) -> Option<Event> {
        let since = self.last_frame.unwrap_or_default();
        self.suspect(Fault::Lost, Suspicion { since, seen: now, evidence: None });
        self.decide(now, duty, ids)
    }

    /// Ends the episode, if there is one, and forgets what was seen.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Option<Event> {
        self.suspicions = [None; Fault::ALL.len()];
        (self.last_frame, self.told) = (None, None);
        self.incident.finish(now)
    }

    /// Since when something is wrong with the view, whatever it was taken for: half covered and half
    /// displaced look alike.
    fn view_suspect_since(&self, now: FrameTime) -> Option<FrameTime> {
        let known = self.suspicions.iter().flatten();
        let of_view = known.filter(|known| known.evidence.is_some());
        let going_on = of_view.filter(|known| now.since(known.seen) < INTERRUPTED);
        going_on.map(|known| known.since).min()
    }

    fn suspect(&mut self, fault: Fault, new: Suspicion) {
        if self.faults.contains(fault) {
            let known = &mut self.suspicions[fault as usize];
            let went_on = known.filter(|known| new.seen.since(known.seen) < INTERRUPTED);
            *known = Some(went_on.map_or(new, |known| Suspicion { since: known.since, ..new }));
        }
    }

    fn decide(
        &mut self,
        now: FrameTime,
        duty: Option<FrameTime>,
        ids: &mut EventIds,
    ) -> Option<Event> {
        for suspicion in &mut self.suspicions {
            *suspicion = suspicion.filter(|known| now.since(known.seen) < INTERRUPTED);
        }
        let finding = self.culprit(now, duty).map(|(fault, suspicion)| {
            let since = suspicion.since.max(duty.unwrap_or_default());
            let suspicion = Suspicion { since, ..suspicion };
            let joined = self.told.replace(fault).is_some_and(|told| told != fault);
            let measurement = self.measurement(now, fault, &suspicion);
            Finding { onset: suspicion.since, measurement, participants: Vec::new(), joined }
        });
        let event = self.incident.step(now, finding, ids);
        if event.as_ref().is_some_and(|event| event.phase == Phase::End) {
            self.told = None;
        }
        event
    }

    /// The fault to tell of: the one told of while it lasts, else the gravest that has lasted long
    /// enough while on duty; during an episode any that is seen keeps it open.
    fn culprit(&self, now: FrameTime, duty: Option<FrameTime>) -> Option<(Fault, Suspicion)> {
        let seen = |fault: Fault| Some((fault, self.suspicions[fault as usize]?));
        let told = self.told.and_then(seen);
        let ripe = || {
            let mut seen = Fault::ALL.into_iter().filter_map(seen);
            let lasted = |known: &Suspicion| duty.map(|duty| now.since(known.since.max(duty)));
            seen.find(|(fault, known)| lasted(known).is_some_and(|t| t >= self.time_of(*fault)))
        };
        let any = || self.told.and_then(|_| Fault::ALL.into_iter().find_map(seen));
        told.or_else(ripe).or_else(any)
    }

    fn time_of(&self, fault: Fault) -> Duration {
        let time = self.after.unwrap_or_else(|| fault.usual_time());
        if fault == Fault::Lost && self.last_frame.is_none() { time.max(STARTING) } else { time }
    }

    fn measurement(&self, now: FrameTime, fault: Fault, seen: &Suspicion) -> Measurement {
        let (value, threshold, unit) = match seen.evidence {
            Some(evidence) => (evidence.value, evidence.threshold, "share"),
            None => (now.since(seen.since).as_secs_f32(), self.time_of(fault).as_secs_f32(), "s"),
        };
        Measurement { quantity: fault.word(), value, threshold, unit }
    }
}
