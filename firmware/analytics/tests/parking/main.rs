//! Vehicles come, stand and go; which are told of, and when. Every story is run at 5, 10 and 30 frames
//! a second and must end the same; what is nearer hides what is behind it.
//!
//! A story is text, one thing a line:
//! `car T X,Y > T X,Y ...` where the middle of its bottom is at which second, straight lines between;
//! so do `bus`, `truck`, `motorcycle` and `person`. Then of that one: `missed T-T` the detector does
//! not see it, `shaky F` its box jumps by up to F of its size, `score S`, `also CLASS` it sees another in
//! the same place, now surer of the one, now of the other. `night T` from then on it is
//! infrared's, scores are halved, and for the first three seconds nothing is seen. `blind T-T` no
//! frame comes. `zone X,Y X,Y ...` the rule's zone. `hours T-T` it watches from one second to the other.
//! A vehicle may stand for 20 s. What is told is text too: `8.0 28.0-45.0` onset, begin and end, each
//! rest of a vehicle its own.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod story;

use story::Story;

/// Comes in from the left, stands at the middle from 8 s on until 60 s, and drives off to the right.
const VISITOR: &str =
    "car 2 -0.1,0.6 > 6 0.4,0.6 > 8 0.5,0.6 > 60 0.5,0.6 > 62 0.6,0.6 > 66 1.2,0.6";
/// There from the start to the end.
const RESIDENT: &str = "car -1 0.5,0.6 > 90 0.5,0.6";
/// Comes as the visitor does, and stays.
const GUEST: &str = "car 2 -0.1,0.6 > 6 0.4,0.6 > 8 0.5,0.6 > 90 0.5,0.6";

#[track_caller]
fn check(lines: &[&str], expected: &str) {
    for fps in [5, 10, 30] {
        let told = Story::read(lines).run(fps);
        assert!(told.is_like(expected), "{fps} fps: told \"{told}\", expected \"{expected}\"");
    }
}

/// What the rule let go, and why: `measured lacked`.
#[track_caller]
fn check_let_go(lines: &[&str], expected: &str) {
    let told = Story::read(lines).run(10);
    assert_eq!(told.to_string(), "");
    assert_eq!(told.let_go(), expected);
}

// Standing there.

#[test]
fn a_car_that_comes_and_stays_is_told_from_its_rest_to_its_leaving() {
    check(&[VISITOR], "8.0 28.0-64.0");
    check(&[VISITOR, "shaky 0.05"], "8.0 28.0-64.0");
    check(
        &["motorcycle 2 -0.1,0.6 > 7 0.45,0.6 > 8 0.5,0.6 > 60 0.5,0.6 > 62 0.55,0.6 > 66 1.2,0.6"],
        "8.0 28.0-63.6",
    );
}

#[test]
fn a_van_is_one_whatever_the_detector_calls_it() {
    check(&[VISITOR, "also truck"], "8.0 28.0-64.0");
    check(&[VISITOR, "shaky 0.05", "also truck"], "8.0 28.0-64.0");
}

#[test]
fn coming_towards_the_camera_is_coming() {
    check(&["truck 2 0.5,0.3 > 8 0.5,0.8 > 90 0.5,0.8"], "8.0 28.0-90.0");
}

#[test]
fn stopping_at_a_light_is_none() {
    let lines = ["car 2 -0.1,0.6 > 8 0.5,0.6 > 24 0.5,0.6 > 30 1.2,0.6"];
    check(&lines, "");
    check_let_go(&lines, "16.4 Measure");
}

#[test]
fn passing_by_and_creeping_in_a_queue_are_none() {
    check(&["car 2 -0.1,0.6 > 10 1.1,0.6", "bus 3 1.2,0.8 > 9 -0.2,0.8"], "");
    let queue = "car 0 0.1,0.6 > 10 0.1,0.6 > 13 0.3,0.6 > 25 0.3,0.6 > 28 0.5,0.6 > 40 0.5,0.6 > 50 1.2,0.6";
    check(&[queue], "");
}

#[test]
fn two_side_by_side_are_two() {
    let other = "car 3 -0.1,0.6 > 9 0.33,0.6 > 90 0.33,0.6";
    check(&[VISITOR, other], "8.0 28.0-64.0 9.0 29.0-90.0");
    // The nearer one hides a part of the other.
    let nearer = "car 6 -0.1,0.68 > 12 0.39,0.68 > 90 0.39,0.68";
    check(&[VISITOR, nearer], "8.0 28.0-64.0 12.0 32.0-90.0");
}

#[test]
fn another_in_its_place_is_another() {
    let next = "car 64 -0.1,0.6 > 70 0.5,0.6 > 110 0.5,0.6";
    check(&[VISITOR, next], "8.0 28.0-64.0 70.0 90.0-110.0");
    // The first is not seen to leave.
    let unseen = "missed 59-70";
    check(&[VISITOR, unseen, next], "8.0 28.0-74.0 70.0 90.0-110.0");
}

#[test]
fn parking_anew_somewhere_else_is_told_anew() {
    let twice = "car 2 -0.1,0.6 > 8 0.3,0.6 > 40 0.3,0.6 > 44 0.7,0.6 > 90 0.7,0.6";
    check(&[twice], "8.0 28.0-43.0 44.0 64.0-90.0");
}

// Belonging to the place.

#[test]
fn what_stood_there_from_the_start_is_none() {
    check(&[RESIDENT], "");
    check(&[RESIDENT, "shaky 0.05", "missed 20-60"], "");
    check_let_go(&[RESIDENT], "0.0 Arrival");
}

#[test]
fn what_a_bus_in_front_of_it_uncovers_is_none() {
    check(&[RESIDENT, "bus -1 0.5,0.75 > 10 0.5,0.75 > 18 1.4,0.75"], "");
}

#[test]
fn leaving_the_place_and_coming_back_is_coming() {
    let back = "car -1 0.5,0.6 > 10 0.5,0.6 > 16 1.2,0.6";
    check(&[back, "car 30 1.2,0.6 > 36 0.5,0.6 > 90 0.5,0.6"], "36.0 56.0-90.0");
}

#[test]
fn somebody_who_stands_there_instead_is_none() {
    let lines = [
        "car 2 -0.1,0.6 > 8 0.5,0.6 > 20 0.5,0.6 > 26 1.2,0.6",
        "person 22 0.3,0.6 > 26 0.5,0.6 > 90 0.5,0.6",
    ];
    check(&lines, "");
}

// Not seeing it.

#[test]
fn a_bus_that_passes_and_people_in_front_change_nothing() {
    let bus = "bus 14 1.3,0.75 > 20 0.5,0.75 > 37 0.5,0.75 > 43 -0.3,0.75";
    check(&[VISITOR, bus], "8.0 38.5-64.0");
    let (one, other) = ("person 12 0,0.65 > 30 1,0.65", "person 30 0.52,0.65 > 50 0.52,0.65");
    check(&[VISITOR, one, other], "8.0 28.0-64.0");
}

#[test]
fn a_detector_that_misses_it_for_20_s_changes_nothing() {
    check(&[VISITOR, "missed 30-50"], "8.0 28.0-64.0");
    check(&[VISITOR, "missed 12-32"], "8.0 32.0-64.0");
}

#[test]
fn going_unseen_is_told_half_a_minute_later() {
    let passer_by = "person 0 0.1,0.3 > 80 0.2,0.3";
    check(&[VISITOR, "missed 40-70", passer_by], "8.0 28.0-72.0");
}

#[test]
fn the_lights_of_night_change_nothing() {
    check(&[GUEST, "night 20"], "8.0 28.0-90.0");
    check(&[RESIDENT, "night 20"], "");
}

#[test]
fn a_hole_in_the_stream_is_not_standing() {
    check(&[GUEST, "blind 12-40"], "8.0 55.0-90.0");
}

// Where and when.

#[test]
fn standing_outside_the_zone_is_none() {
    check(&["zone 0.6,0.4 1,0.4 1,1 0.6,1", VISITOR], "");
    check(&["zone 0.4,0.4 0.6,0.4 0.6,1 0.4,1", VISITOR], "8.0 28.0-64.0");
}

#[test]
fn standing_counts_by_the_hours() {
    check(&[VISITOR, "hours 0-40"], "8.0 28.0-64.0");
    check(&[VISITOR, "hours 20-90"], "20.0 40.0-64.0");
    check(&[VISITOR, "hours 0-20"], "");
    check_let_go(&[VISITOR, "hours 0-20"], "52.9 Hours");
}
