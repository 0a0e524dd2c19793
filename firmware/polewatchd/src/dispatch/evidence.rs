//! What an Event's decision rested on, translated into the wire's Evidence.
//!
//! Promises: one entry for each object of the event's alarm, in their order; nothing is invented.

use analytics::event::{Event, Participant};
use analytics::scene::light;
use wire::evidence::{Evidence, Light, MAX_SCORES, Sights};

/// The evidence of an event.
#[must_use]
pub fn of_event(event: &Event) -> Evidence {
    let objects = event.participants.iter().take(wire::alarm::MAX_OBJECTS);
    Evidence { light: of_light(event.light), sights: objects.map(sights).collect() }
}

fn sights(who: &Participant) -> Sights {
    let known = &who.sights;
    let spare = known.scores.len().saturating_sub(MAX_SCORES);
    let newest = known.scores.iter().skip(spare);
    Sights {
        seen: known.seen,
        missed: known.missed,
        scores: newest.map(|score| (score.get() * 255.0).round() as u8).collect(),
    }
}

const fn of_light(light: light::Light) -> Light {
    match light {
        light::Light::Day => Light::Day,
        light::Light::Dusk => Light::Dusk,
        light::Light::NightIr => Light::NightIr,
        light::Light::Dark => Light::Dark,
    }
}
