//! Whose a thing is: the people who were within reach when it was put down.
//!
//! In a crowd several are; all of them have to leave before the thing is alone.

use core::cmp::Reverse;
use core::time::Duration;

use crate::event::TrackId;
use crate::geometry::NormBox;
use crate::rule::Scene;
use crate::rule::abandonment::distance::Scale;
use crate::rule::abandonment::member::Member;
use crate::rule::abandonment::whereabouts::Whereabouts;
use crate::scene::resting::RestingThing;
use crate::time::FrameTime;

/// The most people a thing can belong to.
pub(super) const MOST: usize = 8;
/// How long after its people have gone from a thing somebody beside it may still be one of them: as
/// long as a detector needs to find somebody again who has bent down.
pub(super) const FOUND_AGAIN: Duration = Duration::from_secs(3);
/// Sights within reach that make somebody more than a box that jumped: half a second.
const AT_LEAST: usize = 2;
/// How far back from when a thing was first seen whoever put it down is looked for, and how far on:
/// somebody who straightens up may be followed a moment later only.
const LOOK_BACK: Duration = Duration::from_secs(30);
const LOOK_ON: Duration = Duration::from_millis(500);

/// Somebody within reach: in how many sights, and where they were tallest.
#[derive(Clone, Copy, Debug)]
struct Beside {
    track: TrackId,
    sights: usize,
    tallest: NormBox,
}

/// The people of a thing, the one longest within reach first; nobody when none of them could have
/// carried it.
pub(super) fn of(
    thing: &RestingThing,
    scene: &Scene<'_>,
    whereabouts: &Whereabouts,
) -> Vec<Member> {
    let from = thing.ground_seen.max(thing.first_seen.minus(LOOK_BACK));
    let to = thing.first_seen.plus(LOOK_ON);
    let aspect = scene.observations.aspect;
    let mut beside = beside(&thing.bounds, aspect, whereabouts, (from, to));
    // A person who bends is as tall as when they stand; the tallest tells the scale.
    let by_height = |a: &&Beside, b: &&Beside| a.tallest.height().total_cmp(&b.tallest.height());
    let tallest = beside.iter().max_by(by_height).map(|who| Scale::of(&who.tallest, aspect));
    if !tallest.is_some_and(|scale| scale.can_be_carried(&thing.bounds)) {
        return Vec::new();
    }
    beside.sort_by_key(|who| Reverse(who.sights));
    let members = beside.iter().take(MOST).filter_map(|who| {
        let own = whereabouts.between(from, scene.now).filter(|sight| sight.track == who.track);
        Member::of(own, Scale::of(&who.tallest, aspect), &thing.bounds)
    });
    let mut people = members.collect();
    join(&mut people, (thing, to), scene, whereabouts);
    people
}

/// Everybody within reach of a thing in a span of time.
fn beside(
    thing: &NormBox,
    aspect: f32,
    whereabouts: &Whereabouts,
    (from, to): (FrameTime, FrameTime),
) -> Vec<Beside> {
    let mut beside: Vec<Beside> = Vec::new();
    for sight in whereabouts.between(from, to) {
        if !Scale::of(&sight.bounds, aspect).in_reach(&sight.bounds, thing) {
            continue;
        }
        if let Some(known) = beside.iter_mut().find(|who| who.track == sight.track) {
            known.sights += 1;
            if sight.bounds.height() > known.tallest.height() {
                known.tallest = sight.bounds;
            }
        } else {
            beside.push(Beside { track: sight.track, sights: 1, tallest: sight.bounds });
        }
    }
    beside.retain(|who| who.sights >= AT_LEAST);
    beside
}

/// Adds whoever came to those who were beside the thing by `until`, as long as one of them was.
fn join(
    people: &mut Vec<Member>,
    (thing, mut until): (&RestingThing, FrameTime),
    scene: &Scene<'_>,
    whereabouts: &Whereabouts,
) {
    for sight in whereabouts.between(thing.first_seen, scene.now) {
        let scale = Scale::of(&sight.bounds, scene.observations.aspect);
        let late = sight.at.since(until) > FOUND_AGAIN;
        if late || !scale.in_reach(&sight.bounds, &thing.bounds) {
            continue;
        }
        until = until.max(sight.at);
        if people.len() < MOST && people.iter().all(|member| member.track() != sight.track) {
            let on = whereabouts.between(sight.at, scene.now);
            let own = on.filter(|other| other.track == sight.track);
            people.extend(Member::of(own, scale, &thing.bounds));
        }
    }
}
