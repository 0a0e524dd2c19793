//! An event as a JSON line; docs/events.md gives the fields.

use analytics::event::{Event, EventKind, Participant, Phase};
use analytics::geometry::NormBox;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct EventLine<'a> {
    event: u64,
    phase: &'static str,
    kind: &'static str,
    rule: &'a str,
    zone: Option<&'a str>,
    onset_s: f64,
    decided_s: f64,
    measurement: MeasurementPart,
    light: &'static str,
    participants: Vec<ParticipantPart>,
}

#[derive(Serialize)]
struct MeasurementPart {
    quantity: &'static str,
    value: f32,
    threshold: f32,
    unit: &'static str,
}

#[derive(Serialize)]
struct ParticipantPart {
    track: u64,
    class: &'static str,
    #[serde(rename = "box")]
    bounds: [f32; 4],
    confidence: f32,
    path: Vec<(f64, f32, f32)>,
    seen: u32,
    missed: u32,
    scores: Vec<f32>,
}

impl<'a> From<&'a Event> for EventLine<'a> {
    fn from(event: &'a Event) -> Self {
        let measurement = event.measurement;
        Self {
            event: event.id.0,
            phase: phase_word(event.phase),
            kind: kind_word(event.kind),
            rule: &event.rule,
            zone: event.zone.as_deref(),
            onset_s: event.onset.as_secs_f64(),
            decided_s: event.decided.as_secs_f64(),
            measurement: MeasurementPart {
                quantity: measurement.quantity,
                value: measurement.value,
                threshold: measurement.threshold,
                unit: measurement.unit,
            },
            light: event.light.word(),
            participants: event.participants.iter().map(ParticipantPart::from).collect(),
        }
    }
}

impl From<&Participant> for ParticipantPart {
    fn from(participant: &Participant) -> Self {
        let path = participant.path.iter();
        Self {
            track: participant.track.0,
            class: participant.class.word(),
            bounds: sides(&participant.bounds),
            confidence: participant.confidence.get(),
            path: path.map(|(at, point)| (at.as_secs_f64(), point.x, point.y)).collect(),
            seen: participant.sights.seen,
            missed: participant.sights.missed,
            scores: participant.sights.scores.iter().map(|score| score.get()).collect(),
        }
    }
}

pub(super) fn sides(bounds: &NormBox) -> [f32; 4] {
    [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()]
}

const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Begin => "begin",
        Phase::Update => "update",
        Phase::End => "end",
    }
}

pub(super) const fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Intrusion => "intrusion",
        EventKind::Loitering => "loitering",
        EventKind::Falldown => "falldown",
        EventKind::Abandonment => "abandonment",
        EventKind::CameraFault => "camera_fault",
        EventKind::Parking => "parking",
    }
}
