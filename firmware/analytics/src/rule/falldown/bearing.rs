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
    let ankles = seen(Part::Ankles).map(|ankles| ankles.at.y);
    if let Some(line) = ankles {
        let up = above(head, line) > HEAD_UP || above(hips, line) > HIPS_UP;
        if up && place.contains(hips.at) {
            return Some(Bearing::Up);
        }
    }
    // Whoever walked towards the camera stands lower in the picture by now than the feet's line says.
    let feet = ankles.map_or(measure.foot, |line| line.max(measure.foot));
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
