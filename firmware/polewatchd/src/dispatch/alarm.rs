//! An Event, translated into the wire's Alarm.
//!
//! Promises: everything fits, names cut between syllables, lists cut behind their most important
//! entries; nothing is invented.

use analytics::event::{Event, EventKind, Participant, Phase};
use analytics::geometry::NormBox;
use analytics::time::FrameTime;
use wire::Alarm;
use wire::alarm::{Bounds, Kind, Measurement, Object, PathPoint, WallTime};
use wire::record::{EventRef, RecordId};
use wire::text::shortened;

use super::Follows;

/// The configured name of the rule behind [`Kind::Tamper`], which nobody configures.
const TAMPER_RULE: &str = "tamper";

/// What every alarm of a daemon says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The camera's name for people.
    pub camera: String,
    /// First eight bytes of the configuration's SHA-256.
    pub config: [u8; 8],
    /// The firmware's version.
    pub firmware: String,
}

/// What dispatch adds to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The alarm's identity.
    pub record: RecordId,
    /// The event's.
    pub event: EventRef,
    /// When it happened.
    pub onset: WallTime,
    /// When the deciding frame was taken.
    pub detected: WallTime,
}

/// The alarm of an event.
#[must_use]
pub fn of_event(identity: &Identity, heading: Heading, event: &Event, follows: Follows) -> Alarm {
    let measured = event.measurement;
    Alarm {
        kind: kind(event.kind),
        rule: shortened(&event.rule),
        zone: event.zone.as_deref().map(shortened),
        measurement: Some(Measurement {
            quantity: shortened(measured.quantity),
            value: measured.value,
            threshold: measured.threshold,
            unit: shortened(measured.unit),
        }),
        objects: event.participants.iter().map(|who| object(who, event.decided)).take(8).collect(),
        still_follows: follows.still,
        clip_follows: follows.clip,
        ..bare(identity, heading, event.phase)
    }
}

/// The alarm of the box's door.
#[must_use]
pub fn of_tamper(identity: &Identity, heading: Heading, phase: Phase) -> Alarm {
    Alarm { kind: Kind::Tamper, rule: shortened(TAMPER_RULE), ..bare(identity, heading, phase) }
}

fn bare(identity: &Identity, heading: Heading, at: Phase) -> Alarm {
    Alarm {
        record: heading.record,
        event: heading.event,
        phase: phase(at),
        kind: Kind::Tamper,
        camera: shortened(&identity.camera),
        rule: shortened(""),
        zone: None,
        onset: heading.onset,
        detected: heading.detected,
        measurement: None,
        objects: heapless::Vec::new(),
        still_follows: false,
        clip_follows: false,
        // No model decides that a door is open; who knows which decided, says so.
        model: [0; 8],
        config: identity.config,
        firmware: shortened(&identity.firmware),
    }
}

fn object(who: &Participant, decided: FrameTime) -> Object {
    let spare = who.path.len().saturating_sub(wire::alarm::MAX_PATH);
    let newest = who.path.iter().skip(spare);
    let point = |(at, foot): &(FrameTime, analytics::geometry::Point)| PathPoint {
        x: fraction(foot.x),
        y: fraction(foot.y),
        age_ms: u32::try_from(decided.since(*at).as_millis()).unwrap_or(u32::MAX),
    };
    Object {
        track: who.track.0,
        class: shortened(who.class.word()),
        bounds: bounds(who.bounds),
        confidence: (who.confidence.get() * 255.0).round() as u8,
        path: newest.map(point).collect(),
    }
}

fn bounds(bounds: NormBox) -> Bounds {
    Bounds {
        left: fraction(bounds.left()),
        top: fraction(bounds.top()),
        right: fraction(bounds.right()),
        bottom: fraction(bounds.bottom()),
    }
}

/// 0..=1 as 1/65535; outside of it the nearer end, and nothing for what is not a number.
fn fraction(value: f32) -> u16 {
    (value.clamp(0.0, 1.0) * f32::from(u16::MAX)).round() as u16
}

fn phase(phase: Phase) -> wire::alarm::Phase {
    match phase {
        Phase::Begin => wire::alarm::Phase::Begin,
        Phase::Update => wire::alarm::Phase::Update,
        Phase::End => wire::alarm::Phase::End,
    }
}

fn kind(kind: EventKind) -> Kind {
    match kind {
        EventKind::Intrusion => Kind::Intrusion,
        EventKind::Loitering => Kind::Loitering,
        EventKind::Falldown => Kind::Falldown,
        EventKind::Abandonment => Kind::Abandonment,
        EventKind::CameraFault => Kind::CameraFault,
        EventKind::Parking => Kind::Parking,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use analytics::detection::{Confidence, ObjectClass};
    use analytics::event::{EventId, Sights, TrackId};
    use analytics::geometry::Point;
    use analytics::scene::light::Light;
    use wire::alarm::ClockQuality;

    use super::*;

    fn heading() -> Heading {
        let wall = |unix_ms| WallTime { unix_ms, quality: ClockQuality::FreeRunning };
        Heading {
            record: RecordId { boot: 7, number: 3 },
            event: EventRef { boot: 7, number: 1 },
            onset: wall(1_800_000_000_000),
            detected: wall(1_800_000_000_500),
        }
    }

    fn identity() -> Identity {
        Identity { camera: "역삼로 12".repeat(20), config: [2; 8], firmware: "0.1.0".to_owned() }
    }

    fn event(path: usize, participants: usize) -> Event {
        let at = |second: usize| FrameTime::default().plus(Duration::from_secs(second as u64));
        let who = |track| Participant {
            track: TrackId(track as u64),
            class: ObjectClass::Person,
            bounds: NormBox::new(0.0, 0.25, 0.5, 1.0).unwrap(),
            confidence: Confidence::new(0.8).unwrap(),
            path: (0..path).map(|second| (at(second), Point { x: 0.5, y: 1.0 })).collect(),
            sights: Sights::default(),
        };
        Event {
            id: EventId(1),
            phase: Phase::Begin,
            kind: EventKind::Loitering,
            rule: Arc::from("잔디밭-배회-".repeat(10)),
            zone: Some(Arc::from("lawn")),
            onset: at(1),
            decided: at(20),
            measurement: analytics::event::Measurement {
                quantity: "dwell",
                value: 14.2,
                threshold: 10.0,
                unit: "s",
            },
            light: Light::Day,
            participants: (0..participants).map(who).collect(),
        }
    }

    #[test]
    fn an_event_is_told_whole() {
        let follows = Follows { still: true, clip: false };
        let alarm = of_event(&identity(), heading(), &event(3, 1), follows);
        assert_eq!((alarm.kind, alarm.phase), (Kind::Loitering, wire::alarm::Phase::Begin));
        assert_eq!(alarm.zone.as_deref(), Some("lawn"));
        assert_eq!((alarm.onset, alarm.detected), (heading().onset, heading().detected));
        assert_eq!((alarm.still_follows, alarm.clip_follows), (true, false));
        let measured = alarm.measurement.unwrap();
        assert_eq!((measured.quantity.as_str(), measured.value), ("dwell", 14.2));
        let object = &alarm.objects[0];
        assert_eq!((object.class.as_str(), object.confidence), ("person", 204));
        assert_eq!(object.bounds, Bounds { left: 0, top: 16384, right: 32768, bottom: 65535 });
        let ages: Vec<_> = object.path.iter().map(|point| point.age_ms).collect();
        assert_eq!(ages, [20_000, 19_000, 18_000]);
    }

    #[test]
    fn what_is_too_long_is_cut_where_it_matters_least_and_still_fits_the_wire() {
        let alarm = of_event(&identity(), heading(), &event(40, 30), Follows::default());
        assert!(
            alarm.camera.len() <= 96 && alarm.camera.ends_with(['역', '삼', '로', ' ', '1', '2'])
        );
        assert!(alarm.rule.len() <= 48 && !alarm.rule.is_empty());
        assert_eq!(alarm.objects.len(), 8);
        assert_eq!(alarm.objects[0].track, 0);
        assert_eq!(alarm.objects[0].path.len(), 16);
        assert_eq!(alarm.objects[0].path[15].age_ms, 0);
        let mut buffer = vec![0; wire::Tag::Alarm.max_bytes()];
        wire::encode(&alarm, &mut buffer).unwrap();
    }

    #[test]
    fn coordinates_outside_the_picture_stay_at_its_edge() {
        for (value, expected) in [(-0.1, 0), (0.0, 0), (1.0, 65535), (7.0, 65535), (f32::NAN, 0)] {
            assert_eq!(fraction(value), expected, "{value}");
        }
    }

    #[test]
    fn an_open_door_needs_no_camera() {
        let alarm = of_tamper(&identity(), heading(), Phase::End);
        assert_eq!((alarm.kind, alarm.phase), (Kind::Tamper, wire::alarm::Phase::End));
        assert_eq!(alarm.rule.as_str(), "tamper");
        assert!(alarm.objects.is_empty() && alarm.measurement.is_none());
    }
}
