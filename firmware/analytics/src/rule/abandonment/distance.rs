//! How far a person stands from a thing, measured by the person.
//!
//! A standing person is about 1.7 m tall, which gives the metres at the place they stand at. Refuses:
//! exactness; a camera's tilt is not known, 30 degrees are taken for it.

use crate::geometry::NormBox;

/// The height of a person in metres.
const PERSON_M: f32 = 1.7;
/// A metre of ground away from the camera looks this much shorter than a metre of a standing person,
/// from a camera that looks down by 30 degrees: cos 30 / sin 30.
const FORESHORTENING: f32 = 1.7;
/// How far a thing may lie from the box of whoever puts it down: an arm's length.
const REACH_M: f32 = 0.6;
/// How far below a person's feet, and above them, the bottom of a thing just put down may be: an
/// arm's length towards the camera; a table's or wall's height.
const BELOW_M: f32 = 0.6;
const ABOVE_M: f32 = 1.0;
/// How tall and wide a thing one or two people carry may be: a cupboard, a mattress; and how small
/// its shorter and longer side: a drinking carton.
const TALLEST_M: f32 = 1.3;
const WIDEST_M: f32 = 2.0;
const LEAST_M: (f32, f32) = (0.1, 0.15);

/// Metres at one place of the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// Metres across the picture's whole width, and up its whole height.
    across: f32,
    up: f32,
}

impl Scale {
    /// The scale where a person stands, in a picture `aspect` times as wide as high.
    pub(super) fn of(person: &NormBox, aspect: f32) -> Self {
        let up = PERSON_M / person.height();
        Self { across: up * aspect, up }
    }

    /// Metres over the ground between a person's feet and a thing.
    pub(super) fn apart(self, person: &NormBox, thing: &NormBox) -> f32 {
        let foot = person.foot();
        let sideways = outside(foot.x, thing.left(), thing.right()) * self.across;
        let away = (foot.y - thing.bottom()) * self.up * FORESHORTENING;
        (sideways * sideways + away * away).sqrt()
    }

    /// Whether a person can put a thing down there from where they stand.
    pub(super) fn in_reach(self, person: &NormBox, thing: &NormBox) -> bool {
        let sideways = (thing.left() - person.right()).max(person.left() - thing.right());
        let below = (thing.bottom() - person.bottom()) * self.up;
        sideways * self.across <= REACH_M && (-ABOVE_M..=BELOW_M).contains(&below)
    }

    /// Whether a thing is of a size that people carry.
    pub(super) fn can_be_carried(self, thing: &NormBox) -> bool {
        let (width, height) = (thing.width() * self.across, thing.height() * self.up);
        width <= WIDEST_M
            && height <= TALLEST_M
            && width.min(height) >= LEAST_M.0
            && width.max(height) >= LEAST_M.1
    }
}

/// How far a value lies outside of a span.
fn outside(value: f32, from: f32, to: f32) -> f32 {
    (from - value).max(value - to).max(0.0)
}
