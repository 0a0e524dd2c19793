//! Rules that have hours: what becomes of whoever is there when they begin and when they end.

use super::{LAWN, check};

/// Walks onto the lawn at 2 s and leaves it at 40 s.
const VISITOR: &str = "person 0 0.1,0.8 > 4 0.55,0.8 > 36 0.55,0.8 > 40 0.1,0.8";

#[test]
fn nobody_is_told_of_outside_the_hours() {
    check(&[LAWN, VISITOR, "hours 45-50"], "");
    check(&[LAWN, VISITOR, "hours 0-1"], "");
}

#[test]
fn somebody_inside_when_they_begin_is_told_and_time_counts_from_then() {
    check(&[LAWN, VISITOR, "hours 15-60"], "intrusion 15.0-41.3 loitering 25.0-43.3");
}

#[test]
fn a_stay_too_short_within_the_hours_is_none() {
    check(&[LAWN, VISITOR, "hours 30-60"], "intrusion 30.0-41.3");
}

#[test]
fn somebody_hidden_when_they_begin_is_told_too() {
    check(
        &[LAWN, VISITOR, "hidden 13-16", "hours 15-60"],
        "intrusion 15.0-41.3 loitering 25.0-43.3",
    );
}

#[test]
fn who_left_before_they_begin_is_not_told() {
    check(&[LAWN, "person 0 0.55,0.8 > 10 0.55,0.8 > 12 0.1,0.8 > 40 0.1,0.8", "hours 12-15"], "");
}

#[test]
fn an_event_open_when_they_end_goes_on_until_it_is_over() {
    check(&[LAWN, VISITOR, "hours 0-20"], "intrusion 2.4-41.3 loitering 12.4-43.3");
}

#[test]
fn who_joins_an_open_event_after_the_hours_is_no_offender() {
    let later = "person 20 0.1,0.9 > 24 0.55,0.9 > 60 0.55,0.9";
    check(&[LAWN, VISITOR, later, "hours 0-15"], "intrusion 2.4-41.3 loitering 12.4-43.3");
}

#[test]
fn ten_seconds_over_the_end_of_the_hours_are_no_loitering() {
    check(&[LAWN, VISITOR, "hours 0-10"], "intrusion 2.4-41.3");
}

#[test]
fn while_nobody_knows_the_time_all_rules_watch() {
    let told = "intrusion 2.4-41.3 loitering 12.4-43.3";
    check(&[LAWN, VISITOR, "hours 50-60", "timeless 0-99"], told);
    // Known again too late to matter.
    check(&[LAWN, VISITOR, "hours 50-60", "timeless 0-14"], told);
    // Known too soon for somebody to have stayed too long.
    check(&[LAWN, VISITOR, "hours 50-60", "timeless 0-9"], "intrusion 2.4-41.3");
}

#[test]
fn time_lost_within_the_hours_does_not_count_anew() {
    check(
        &[LAWN, VISITOR, "hours 5-60", "timeless 8-12"],
        "intrusion 5.0-41.3 loitering 15.0-43.3",
    );
}

#[test]
fn somebody_still_on_the_ground_when_they_begin_is_told_with_the_time_of_the_fall() {
    let fall = ["person 0 0.3,0.8 > 3 0.5,0.8 > 9 0.5,0.8", "across 3-20 0.6"];
    check(&[fall[0], fall[1], "hours 7-60"], "falldown 3.5-17.0");
    check(&[fall[0], fall[1], "hours 30-60"], "");
    check(&[fall[0], fall[1], "hours 0-6"], "falldown 3.5-17.0");
}
