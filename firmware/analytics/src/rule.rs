//! Tracks become events: each configured rule watches the tracks of every frame.
//!
//! A rule is a value with `step` and `finish`; a new kind is a new file and a new variant here.

mod abandonment;
mod camera_fault;
mod crossing;
mod falldown;
mod footing;
mod incident;
mod intrusion;
mod loitering;
mod occupancy;
mod parking;
mod sentry;
mod stay;
mod zone_rule;

use crate::candidate::Candidate;
use crate::detection::{Confidence, Detection};
use crate::event::{Event, EventId, Participant, TrackId};
use crate::pose::Pose;
use crate::question::Question;
use crate::rule::abandonment::{Abandonment, Patience};
use crate::rule::camera_fault::CameraFault;
use crate::rule::crossing::Crossing;
use crate::rule::falldown::Falldown;
use crate::rule::intrusion::Intrusion;
use crate::rule::loitering::Loitering;
use crate::rule::parking::Parking;
use crate::rule::zone_rule::ZoneRule;
use crate::scene::Observations;
use crate::settings::{RuleKind, RuleSettings, Settings};
use crate::time::FrameTime;
use crate::tracker::{Standing, Track};
use crate::vehicles::Vehicle;

pub(crate) use sentry::Sentry;

/// One configured rule with its state.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Intrusion(ZoneRule<Intrusion>),
    Crossing(Crossing),
    Loitering(ZoneRule<Loitering>),
    Falldown(Falldown),
    Abandonment(Abandonment),
    Parking(Parking),
    CameraFault(CameraFault),
}

impl Rule {
    /// A rule that has seen nothing yet; without a zone it watches the whole picture.
    pub(crate) fn new(settings: &RuleSettings, all: &Settings) -> Self {
        let zone = all.zone_of(settings);
        match settings.kind {
            RuleKind::Intrusion { hold } => {
                Self::Intrusion(ZoneRule::new(Intrusion { hold }, settings, zone))
            }
            RuleKind::Crossing { direction } => {
                Self::Crossing(Crossing::new(direction, settings, all.line_of(settings)))
            }
            RuleKind::Loitering { dwell } => {
                Self::Loitering(ZoneRule::new(Loitering { dwell }, settings, zone))
            }
            RuleKind::Falldown { down } => Self::Falldown(Falldown::new(down, settings, zone)),
            RuleKind::Abandonment { rest, alone } => {
                Self::Abandonment(Abandonment::new(Patience { rest, alone }, settings, zone))
            }
            RuleKind::Parking { stay } => Self::Parking(Parking::new(stay, settings, zone)),
            RuleKind::CameraFault { faults, after } => {
                Self::CameraFault(CameraFault::new(faults, after, settings.name.clone()))
            }
        }
    }

    /// Takes in one frame.
    pub(crate) fn step(&mut self, scene: &Scene<'_>, ids: &mut EventIds) -> Vec<Event> {
        match self {
            Self::Intrusion(rule) => rule.step(scene, ids).into_iter().collect(),
            Self::Crossing(rule) => rule.step(scene, ids).into_iter().collect(),
            Self::Loitering(rule) => rule.step(scene, ids).into_iter().collect(),
            Self::Falldown(rule) => rule.step(scene, ids).into_iter().collect(),
            Self::Abandonment(rule) => rule.step(scene, ids),
            Self::Parking(rule) => rule.step(scene, ids),
            Self::CameraFault(rule) => rule.step(scene, ids).into_iter().collect(),
        }
    }

    /// Whom it had an eye on and let go since this was last asked.
    pub(crate) fn take_candidates(&mut self) -> Vec<Candidate> {
        match self {
            Self::Intrusion(rule) => rule.take_candidates(),
            Self::Crossing(rule) => rule.take_candidates(),
            Self::Loitering(rule) => rule.take_candidates(),
            Self::Falldown(rule) => rule.take_candidates(),
            Self::Abandonment(rule) => rule.take_candidates(),
            Self::Parking(rule) => rule.take_candidates(),
            Self::CameraFault(_) => Vec::new(),
        }
    }

    /// Takes in that no frame has come by `now`; it has been on duty since `duty`.
    pub(crate) fn silence(
        &mut self,
        now: FrameTime,
        duty: Option<FrameTime>,
        ids: &mut EventIds,
    ) -> Option<Event> {
        match self {
            Self::CameraFault(rule) => rule.silence(now, duty, ids),
            Self::Intrusion(_)
            | Self::Crossing(_)
            | Self::Loitering(_)
            | Self::Falldown(_)
            | Self::Abandonment(_)
            | Self::Parking(_) => None,
        }
    }

    /// What it would like to know of the frame it took in last.
    pub(crate) fn question(&self) -> Option<Question> {
        match self {
            Self::Intrusion(_)
            | Self::Crossing(_)
            | Self::Loitering(_)
            | Self::Abandonment(_)
            | Self::Parking(_)
            | Self::CameraFault(_) => None,
            Self::Falldown(rule) => rule.question(),
        }
    }

    /// Ends what is open and forgets what was seen.
    pub(crate) fn finish(&mut self, now: FrameTime) -> Vec<Event> {
        match self {
            Self::Intrusion(rule) => rule.finish(now).into_iter().collect(),
            Self::Crossing(rule) => rule.finish(now).into_iter().collect(),
            Self::Loitering(rule) => rule.finish(now).into_iter().collect(),
            Self::Falldown(rule) => rule.finish(now).into_iter().collect(),
            Self::Abandonment(rule) => rule.finish(now),
            Self::Parking(rule) => rule.finish(now),
            Self::CameraFault(rule) => rule.finish(now).into_iter().collect(),
        }
    }
}

/// What a rule sees of one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene<'a> {
    pub(crate) now: FrameTime,
    /// Since when the rule's hours have lasted; `None` outside of them: it looks on, since what it
    /// saw before may matter in them, but finds nobody at fault.
    pub(crate) duty: Option<FrameTime>,
    /// All tracks, the tentative and the lost included.
    pub(crate) tracks: &'a [Track],
    /// All vehicles, those waited for included.
    pub(crate) vehicles: &'a [Vehicle],
    /// What the detector sees, vehicles and bags included.
    pub(crate) detections: &'a [Detection],
    /// What the pixels say.
    pub(crate) observations: &'a Observations,
    /// The persons detected in this frame, followed or not, surest first.
    pub(crate) seen: &'a [Detection],
    /// The persons a closer look at the frame before found, all of them sure.
    pub(crate) closer: &'a [Detection],
    /// Whose pose was seen in the frame before.
    pub(crate) pose: Option<&'a (TrackId, Pose)>,
    /// The score at which the detector starts a track.
    pub(crate) start_confidence: Confidence,
}

impl Scene<'_> {
    /// Whether enough speaks for this track being a person.
    fn is_person(&self, id: TrackId) -> bool {
        self.track(id).is_some_and(|track| track.is_person(self.start_confidence))
    }

    /// The track as it stands in an event; `None` while it cannot be seen.
    fn participant(&self, id: TrackId) -> Option<Participant> {
        let track = self.track(id).filter(|track| track.standing() == Standing::Followed)?;
        Some(Participant {
            track: track.id(),
            class: track.class(),
            bounds: *track.bounds(),
            confidence: track.confidence(),
            path: track.path().thinned(Participant::MAX_PATH),
            sights: track.sights(),
        })
    }

    /// The track of this id, if it is still followed or waited for.
    fn track(&self, id: TrackId) -> Option<&Track> {
        self.tracks.iter().find(|track| track.id() == id)
    }
}

/// Mints event ids in order from 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventIds {
    newest: u64,
}

impl EventIds {
    pub(crate) const fn mint(&mut self) -> EventId {
        self.newest += 1;
        EventId(self.newest)
    }
}
