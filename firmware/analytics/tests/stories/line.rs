//! A line nobody may go over, down the middle of the picture: to somebody who walks down it, the left
//! is the picture's right.

use super::check;

const FENCE: &str = "line 0.5,0.3 0.5,1";
const RIGHTWARD: &str = "person 0 0.1,0.8 > 8 0.9,0.8";
const LEFTWARD: &str = "person 0 0.9,0.8 > 8 0.1,0.8";

#[test]
fn going_over_is_one_from_the_moment_the_feet_are_over() {
    check(&[FENCE, RIGHTWARD], "intrusion 4.0-11.3");
    check(&[FENCE, RIGHTWARD, "shaky 0.05"], "intrusion 4.0-11.3");
    check(&["line 0.1,0.6 0.9,0.6", "person 0 0.5,0.4 > 8 0.5,0.8"], "intrusion 4.0-12.0");
}

#[test]
fn only_the_way_that_is_forbidden_counts() {
    for (way, rightward, leftward) in [
        ("both", "intrusion 4.0-11.3", "intrusion 4.0-11.3"),
        ("left_to_right", "", "intrusion 4.0-11.3"),
        ("right_to_left", "intrusion 4.0-11.3", ""),
    ] {
        let way = format!("way {way}");
        check(&[FENCE, RIGHTWARD, &way], rightward);
        check(&[FENCE, LEFTWARD, &way], leftward);
    }
}

#[test]
fn walking_along_it_is_none() {
    check(&[FENCE, "person 0 0.505,0.4 > 8 0.495,0.95", "shaky 0.05"], "");
    check(&["line 0.1,0.8 0.9,0.8", "person 0 0.05,0.81 > 9 0.95,0.79", "shaky 0.05"], "");
}

#[test]
fn standing_on_it_and_swaying_is_none() {
    let line = "person 0 0.2,0.8 > 3 0.49,0.8 > 5 0.51,0.8 > 7 0.49,0.8 > 9 0.2,0.8";
    check(&[FENCE, line, "shaky 0.05"], "");
}

#[test]
fn around_its_end_is_none() {
    check(&["line 0.5,0.5 0.5,0.7", "person 0 0.1,0.8 > 8 0.9,0.8"], "");
    check(&["line 0.5,0.5 0.5,0.7", "person 0 0.3,0.6 > 3 0.5,0.9 > 6 0.7,0.6"], "");
}

#[test]
fn coming_into_view_on_it_is_none() {
    check(&[FENCE, "person 0 0.49,0.8 > 6 0.9,0.8", "shaky 0.03"], "");
}

#[test]
fn a_box_at_rest_that_jumps_is_none() {
    check(&[FENCE, "person 0 0.5,0.8 > 9 0.5,0.8", "shaky 0.12"], "");
}

#[test]
fn going_over_behind_a_post_is_told_once_seen_again() {
    check(&[FENCE, RIGHTWARD, "hidden 3.5-4.6"], "intrusion 4.6-11.6");
}

#[test]
fn a_new_id_on_the_other_side_has_gone_over() {
    let line = "person 0 0.3,0.8 > 3 0.46,0.8 > 7 0.54,0.8 > 9 0.7,0.8";
    check(&[FENCE, line, "hidden 3.1-6.9"], "intrusion 6.9-13.9");
}

#[test]
fn somebody_else_on_the_other_side_has_not() {
    let (left, right) = ("person 0 0.3,0.8 > 3 0.46,0.8", "person 5 0.7,0.8 > 8 0.9,0.8");
    check(&[FENCE, left, right], "");
}

#[test]
fn going_over_and_back_at_once_is_one_incident() {
    let line = "person 0 0.2,0.8 > 3 0.6,0.8 > 4 0.6,0.8 > 8 0.1,0.8";
    check(&[FENCE, line], "intrusion 2.3+-12.2");
    check(&[FENCE, line, "way right_to_left"], "intrusion 2.3-7.3");
}

#[test]
fn going_over_together_is_one_and_one_after_another_two() {
    let second = "person 1 0.1,0.95 > 9 0.9,0.95";
    check(&[FENCE, RIGHTWARD, second], "intrusion 4.0+-12.3");
    let late = "person 12 0.1,0.95 > 20 0.9,0.95";
    check(&[FENCE, RIGHTWARD, late], "intrusion 4.0-11.3 intrusion 16.0-23.3");
}

#[test]
fn over_a_bend_is_over_the_line() {
    let bent = "line 0.2,0.6 0.5,0.6 0.5,0.9 0.8,0.9";
    check(&[bent, "person 0 0.3,0.4 > 4 0.3,0.8", "way left_to_right"], "intrusion 2.0-9.5");
    check(&[bent, "person 0 0.7,0.75 > 4 0.3,0.75", "way left_to_right"], "intrusion 2.0-9.5");
}

#[test]
fn only_going_over_in_the_hours_counts() {
    check(&[FENCE, RIGHTWARD, "hours 3-60"], "intrusion 4.0-11.3");
    check(&[FENCE, RIGHTWARD, "hours 5-60"], "");
    check(&[FENCE, RIGHTWARD, "hours 0-3"], "");
}
