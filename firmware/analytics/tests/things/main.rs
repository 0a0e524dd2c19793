//! Things are left in a painted picture; which are told of, and when. The pixels go through the
//! observer, painted people are detected too, and the rule sees both.
//!
//! A story is text, one thing a line:
//! `person T X,Y > T X,Y ...` where the feet are at which second, straight lines between; then
//! `missed T-T` for when the detector does not see the person above. `thing T-T X,Y WxH L` stands
//! with its foot there, so wide and high in the picture, of brightness L, from one second to the
//! other. `light T F` the picture is F times as bright from then on. `lamp T-T X,Y WxH L` a patch of
//! it brighter by L. `sway X,Y WxH` leaves that move all the time. `shift T N` the camera turns by N
//! pixels. `shake N` it trembles by up to N. `called CLASS T-T X,Y WxH` the detector sees that there.
//! `hours T-T` the rule watches from one second to the other.
//! What is told is text too: `5.0-20.0` from onset to the frame that ended it, `5.0-` when only the
//! end of the story did.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod footage;
mod story;

use story::Story;

/// A person walks in, stands at the middle from 6 s to 10 s and walks out again.
const VISITOR: &str = "person 2 0,0.8 > 6 0.5,0.8 > 10 0.5,0.8 > 15 1.05,0.8";

#[track_caller]
fn check(lines: &[&str], expected: &str) {
    let told = Story::read(lines).run();
    assert!(told.is_like(expected), "told \"{told}\", expected \"{expected}\"");
}

// Left behind.

#[test]
fn a_bag_whose_owner_walks_off_is_told_from_their_leaving_on() {
    check(&[VISITOR, "thing 7-40 0.45,0.82 0.04x0.09 40"], "11.7-");
}

#[test]
fn a_bright_box_is_as_good_as_a_dark_bag() {
    check(&[VISITOR, "thing 7-40 0.45,0.82 0.04x0.09 220"], "11.7-");
}

#[test]
fn taking_it_back_ends_it() {
    let owner = "person 2 0,0.8 > 6 0.5,0.8 > 8 0.5,0.8 > 12 0.9,0.8 > 25 0.9,0.8 > 29 0.5,0.8 > 34 1.05,0.8";
    check(&[owner, "thing 7-29.5 0.45,0.82 0.04x0.09 40"], "10.3-33.5");
}

#[test]
fn passers_by_neither_hide_nor_own_it() {
    let (one, other) = ("person 14 0,0.85 > 21 1.05,0.85", "person 17 1,0.7 > 25 -0.05,0.7");
    check(&[VISITOR, one, other, "thing 7-40 0.45,0.82 0.04x0.09 40"], "11.7-");
}

#[test]
fn a_camera_that_trembles_sees_it_too() {
    check(&[VISITOR, "thing 7-40 0.45,0.82 0.04x0.09 40", "shake 1"], "11.7-");
}

#[test]
fn walking_by_ones_own_bag_is_not_taking_it_back() {
    let pacing = "person 2 0,0.8 > 6 0.5,0.8 > 8 0.5,0.8 > 13 0.95,0.8 > 21 0.95,0.8 > 27 0.1,0.8 > 40 0.1,0.8";
    check(&[pacing, "thing 7-40 0.45,0.82 0.04x0.09 40"], "10.1-");
}

#[test]
fn leaving_it_counts_by_the_hours_it_fell_in() {
    // The owner leaves at 11.7 s, which is told some five seconds later.
    let bag = "thing 7-40 0.45,0.82 0.04x0.09 40";
    check(&[VISITOR, bag, "hours 10-40"], "11.7-");
    check(&[VISITOR, bag, "hours 14-40"], "");
    check(&[VISITOR, bag, "hours 0-10"], "");
    // It is taken away long after the hours, which is told.
    let gone = "thing 7-25 0.45,0.82 0.04x0.09 40";
    check(&[VISITOR, gone, "thing 0-40 0.9,0.2 0.03x0.05 60", "hours 10-18"], "11.7-28.6");
}

// Not left.

#[test]
fn a_bag_beside_its_owner_is_none() {
    check(&["person 2 0,0.8 > 6 0.5,0.8 > 60 0.5,0.8", "thing 7-60 0.45,0.82 0.04x0.09 40"], "");
}

#[test]
fn a_bag_whose_owner_steps_aside_is_none() {
    let owner = "person 2 0,0.8 > 6 0.5,0.8 > 8 0.5,0.8 > 9 0.62,0.8 > 40 0.62,0.8";
    check(&[owner, "thing 7-40 0.45,0.82 0.04x0.09 40"], "");
}

#[test]
fn a_bag_with_one_of_two_companions_is_none() {
    let companion = "person 2 0,0.81 > 6 0.4,0.81 > 40 0.4,0.81";
    check(&[VISITOR, companion, "thing 7-40 0.45,0.82 0.04x0.09 40"], "");
}

#[test]
fn put_down_and_picked_up_is_none() {
    check(&[VISITOR, "thing 7-9.5 0.45,0.82 0.04x0.09 40"], "");
}

// Not things.

#[test]
fn what_nobody_brought_is_none() {
    check(&["person 2 0,0.6 > 6 0.15,0.6 > 20 0.15,0.6", "thing 9-40 0.7,0.9 0.04x0.09 40"], "");
}

#[test]
fn what_was_there_from_the_start_is_none() {
    check(&[VISITOR, "thing 0-40 0.45,0.82 0.04x0.09 40"], "");
}

#[test]
fn the_ghost_of_what_is_taken_away_is_none() {
    check(&[VISITOR, "thing 0-8 0.45,0.82 0.04x0.09 40"], "");
}

#[test]
fn standing_still_for_a_minute_leaves_nothing_behind() {
    check(&["person 2 0,0.8 > 6 0.5,0.8 > 66 0.5,0.8 > 71 1.05,0.8"], "");
    check(&["person 2 0,0.8 > 6 0.5,0.8 > 66 0.5,0.8 > 71 1.05,0.8", "missed 15-60"], "");
}

#[test]
fn who_stood_there_from_the_start_leaves_no_ghost() {
    check(&["person 0 0.5,0.8 > 20 0.5,0.8 > 25 1.05,0.8 > 40 1.05,0.8"], "");
    check(&["person 0 0.5,0.8 > 20 0.5,0.8 > 25 1.05,0.8 > 40 1.05,0.8", "missed 0-18"], "");
}

#[test]
fn a_parked_vehicle_is_none() {
    let car = "thing 7-40 0.45,0.85 0.3x0.3 40";
    check(&[VISITOR, car], "");
    let moped = ["thing 7-40 0.45,0.82 0.09x0.16 40", "called motorcycle 7-40 0.45,0.82 0.09x0.16"];
    check(&[VISITOR, moped[0], moped[1]], "");
}

#[test]
fn what_is_too_small_or_too_thin_to_be_carried_is_none() {
    check(&[VISITOR, "thing 7-40 0.45,0.82 0.013x0.02 40"], "");
    check(&[VISITOR, "thing 7-40 0.45,0.82 0.2x0.018 40"], "");
}

// Not things at all.

#[test]
fn light_is_none() {
    check(&[VISITOR, "light 9 1.4"], "");
    check(&[VISITOR, "light 9 0.6"], "");
    check(&[VISITOR, "lamp 8-40 0.45,0.82 0.1x0.1 30"], "");
    check(&[VISITOR, "lamp 8-40 0.45,0.82 0.6x0.5 50"], "");
}

#[test]
fn leaves_are_none() {
    check(&[VISITOR, "sway 0.45,0.82 0.2x0.2"], "");
}

#[test]
fn a_camera_that_is_turned_is_none() {
    check(&[VISITOR, "shift 8 5"], "");
    check(&[VISITOR, "shift 8 2"], "");
}
