//! How somebody holds themselves, as their joints show it, measured against how they stood there.
//!
//! A box says how much of the picture a body takes, joints say which end of it is up: a body that
//! lies towards a steep camera is as tall as one that stands, with its head below its feet. A joint
//! nobody can see is guessed by the estimator at a low score; then nothing is said here.

use core::time::Duration;

use crate::detection::{Confidence, Detection, ObjectClass};
use crate::geometry::NormBox;
use crate::pose::{KeyPoint, Part, Pose};
use crate::rule::Scene;
use crate::rule::falldown::ground::is_near;
use crate::rule::falldown::stance::Measure;
use crate::time::FrameTime;

/// The least mean score of a part that was seen. Of somebody in view parts score 0.4 to 0.9; where
/// nobody is, a whole pose stays below 0.25.
const SEEN: f32 = 0.3;
/// How high above the feet the head and shoulders of a body on the ground are at most, in standing
/// heights: propped up on an elbow. The head of somebody who sits on the ground is at 0.5.
const HEAD_DOWN: f32 = 0.3;
/// The same of the hips. Those of somebody who stands bent are at 0.4, kneeling at 0.25.
const HIPS_DOWN: f32 = 0.25;
/// How far above the hips the head is at most in somebody lying: the upper body of whoever sits,
/// squats or kneels is upright, 0.3 standing heights to the shoulders alone.
const LEVEL: f32 = 0.2;
/// How high above their own ankles the head of somebody is surely up: squatting, sitting, tying a
/// shoe.
const HEAD_UP: f32 = 0.45;
/// The same of the hips: standing, however far bent.
const HIPS_UP: f32 = 0.28;

/// How long a pose says how somebody is: until the second one after it, so that one unsure pose
/// changes nothing.
const HOLDS: Duration = Duration::from_millis(700);

/// What a pose shows of somebody whose measure is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bearing {
    /// Head and hips are on the ground; the body they belong to.
    Down(Detection),
    /// Head or hips are held up over their own feet.
    Up,
}

/// What the last sure pose of somebody showed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    at: FrameTime,
    bearing: Bearing,
}

impl Shown {
    /// What is shown in this frame.
    pub(super) const fn now(scene: &Scene<'_>, bearing: Bearing) -> Self {
        Self { at: scene.now, bearing }
    }

    /// Whether it still says how somebody is.
    pub(super) fn holds(&self, now: FrameTime) -> bool {
        now.since(self.at) <= HOLDS
    }

    /// Whether they were held up.
    pub(super) fn is_up(&self) -> bool {
        self.bearing == Bearing::Up
    }

    /// The body on the ground that this very frame showed.
    pub(super) fn body(&self, now: FrameTime) -> Option<Detection> {
        match self.bearing {
            Bearing::Down(body) if self.at == now => Some(body),
            Bearing::Down(_) | Bearing::Up => None,
        }
    }
}

/// What `pose`, looked for at `place`, shows of somebody who stood as `measure` says; `None` when it
/// is not sure, or is somebody else's.
pub(super) fn bearing(pose: &Pose, measure: &Measure, place: &NormBox) -> Option<Bearing> {
    let seen = |part| Some(pose.part(part)).filter(|point| point.score.get() >= SEEN);
    let hips = seen(Part::Hips)?;
    let head = highest(seen(Part::Head), seen(Part::Shoulders))?;
    let above = |point: KeyPoint, line: f32| (line - point.at.y) / measure.height;
    let ankles = pose.lowest(Part::Ankles, SEEN);
    if let Some(line) = ankles {
        let up = above(head, line) > HEAD_UP || above(hips, line) > HIPS_UP;
        if up && place.contains(hips.at) {
            return Some(Bearing::Up);
        }
    }
    // Whoever walked towards the camera stands lower in the picture by now than the line they stood on
    // says; that of a body whose hips are below its ankles was drawn along as it came down.
    let feet = match ankles {
        Some(line) if hips.at.y > line => line,
        Some(line) => line.max(measure.foot),
        None => measure.foot,
    };
    let (high, low) = (above(head, feet), above(hips, feet));
    let body = pose.bounds(SEEN).filter(|bounds| is_near(measure, place, bounds))?;
    (high <= HEAD_DOWN && low <= HIPS_DOWN && high - low <= LEVEL).then(|| {
        let score = f32::midpoint(head.score.get(), hips.score.get());
        let confidence = Confidence::new(score).unwrap_or_default();
        Bearing::Down(Detection { class: ObjectClass::Person, confidence, bounds: body })
    })
}

fn highest(one: Option<KeyPoint>, other: Option<KeyPoint>) -> Option<KeyPoint> {
    one.into_iter().chain(other).min_by(|a, b| a.at.y.total_cmp(&b.at.y))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    const PLACE: [f32; 4] = [0.4, 0.3, 0.6, 0.62];

    /// Joints at these heights above the feet's line, in standing heights, at one score.
    fn pose([head, shoulders, hips, ankles]: [f32; 4], score: f32) -> Pose {
        let joint = |index: usize| {
            let height = match index {
                0..5 => head,
                5..11 => shoulders,
                11..13 => hips,
                13..15 => f32::midpoint(hips, ankles),
                _ => ankles,
            };
            let at = Point { x: 0.48 + 0.002 * index as f32, y: 0.6 - 0.3 * height };
            KeyPoint { at, score: Confidence::new(score).unwrap() }
        };
        Pose::new(core::array::from_fn(joint))
    }

    /// What is shown of somebody 0.3 tall whose feet stood at 0.6.
    fn shown(pose: &Pose) -> &'static str {
        let measure = Measure { foot: 0.6, height: 0.3, width: 0.1, ..Measure::default() };
        let [left, top, right, bottom] = PLACE;
        let place = NormBox::new(left, top, right, bottom).unwrap();
        match bearing(pose, &measure, &place) {
            Some(Bearing::Down(_)) => "down",
            Some(Bearing::Up) => "up",
            None => "-",
        }
    }

    #[test]
    fn heights_of_head_hips_and_ankles_tell_who_is_down() {
        // Head, shoulders, hips, ankles.
        for (what, heights, expected) in [
            ("standing", [0.9, 0.8, 0.5, 0.03], "up"),
            ("bent to the ground", [0.25, 0.35, 0.42, 0.03], "up"),
            ("squatting", [0.55, 0.45, 0.2, 0.03], "up"),
            ("on one knee", [0.5, 0.42, 0.24, 0.03], "up"),
            ("sitting on the ground", [0.48, 0.35, 0.06, -0.1], "up"),
            ("squatting, having come nearer", [0.3, 0.2, -0.05, -0.25], "up"),
            ("lying across the view", [0.1, 0.12, 0.1, 0.05], "down"),
            ("lying towards a steep camera", [-0.7, -0.6, -0.3, 0.02], "down"),
            ("lying away from a low camera", [0.27, 0.24, 0.14, 0.03], "down"),
            ("on hands and knees", [0.4, 0.36, 0.3, 0.05], "-"),
        ] {
            assert_eq!(shown(&pose(heights, 0.6)), expected, "{what}");
            assert_eq!(shown(&pose(heights, 0.25)), "-", "{what}, unsure");
        }
    }

    #[test]
    fn a_pose_beside_the_place_is_somebody_elses() {
        let moved = |pose: Pose, by: f32| {
            Pose::new(pose.joints().map(|joint| {
                let at = Point { x: joint.at.x + by, y: joint.at.y };
                KeyPoint { at, ..joint }
            }))
        };
        let helper = pose([0.9, 0.8, 0.5, 0.03], 0.6);
        assert_eq!(shown(&moved(helper, 0.2)), "-");
        let sleeper = pose([0.1, 0.12, 0.1, 0.05], 0.6);
        assert_eq!(shown(&moved(sleeper, 0.4)), "-");
    }
}
