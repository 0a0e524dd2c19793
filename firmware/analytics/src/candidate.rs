//! What a rule had an eye on and did not tell of: the other half of an explanation.

use std::sync::Arc;

use crate::event::{EventKind, Measurement, TrackId};
use crate::time::FrameTime;

/// Somebody, or something, a rule watched and let go.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// What it would have been.
    pub kind: EventKind,
    /// The configured name of the rule.
    pub rule: Arc<str>,
    /// The configured name of the zone; `None` is the whole picture.
    pub zone: Option<Arc<str>>,
    /// Who, or what.
    pub track: TrackId,
    /// When it began.
    pub from: FrameTime,
    /// When the rule let go.
    pub until: FrameTime,
    /// The most that was measured, beside what would have been enough.
    pub measurement: Measurement,
    /// What was missing.
    pub lacked: Lack,
}

/// What a candidate was missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lack {
    /// The measured value did not reach its threshold.
    Measure,
    /// It did, but too little spoke for a person: something that never moved, with low scores.
    Person,
    /// Their pose showed them up: squatting, sitting, bent, or on their feet again.
    Pose,
    /// Nobody was seen to bring the thing, or nobody who could carry it.
    Owner,
    /// It is a parked vehicle.
    Thing,
    /// Nobody saw it come: it belongs to the place.
    Arrival,
    /// It was outside the rule's hours.
    Hours,
}

impl Candidate {
    /// How near it was: the share of the threshold that was reached. Higher is nearer.
    #[must_use]
    pub fn nearness(&self) -> f32 {
        self.measurement.value / self.measurement.threshold.max(f32::MIN_POSITIVE)
    }
}

impl Lack {
    /// In a few English words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Measure => "did not reach the threshold",
            Self::Person => "reached it, but is not surely a person",
            Self::Pose => "ended as their pose showed them up; it would take",
            Self::Owner => "belongs to nobody who was seen; it would take",
            Self::Thing => "is a parked vehicle; it would take",
            Self::Arrival => "was not seen to come; it would take",
            Self::Hours => "was outside the rule's hours; within them it takes",
        }
    }
}
