//! A camera above the ground, what its detector makes of a body, and what a pose estimator does.

use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::geometry::{NormBox, Point};
use analytics::pose::{KeyPoint, Pose};

use crate::body::{FLESH, Place};

/// From the camera to where people are, in metres.
const AWAY_M: f32 = 9.0;
/// Picture heights per metre at one metre: somebody standing takes a third of the picture.
const FOCAL: f32 = 1.8;
/// How far a pose estimator is off, in metres: a cell of its maps.
const OFF_M: f32 = 0.08;
/// Width to height of the picture.
const ASPECT: f32 = 16.0 / 9.0;

/// A camera that looks down at the middle of the scene by some degrees.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    sin: f32,
    cos: f32,
}

impl View {
    pub(crate) fn down_by(degrees: f32) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        Self { sin, cos }
    }

    /// Where a place of the scene is in the picture: metres towards the camera, to its right, up.
    fn project(self, [near, right, up]: Place) -> Point {
        // The camera stands AWAY_M back along its line of sight.
        let ahead = AWAY_M - near * self.cos - up * self.sin;
        let above = up * self.cos - near * self.sin;
        Point { x: 0.5 + FOCAL * right / ahead / ASPECT, y: 0.45 - FOCAL * above / ahead }
    }

    /// A body standing at `spot`, turned by `heading` (0 faces the camera), in the picture.
    pub(crate) fn see(self, joints: &[Place; 17], spot: [f32; 2], heading: f32) -> [Point; 17] {
        let (sin, cos) = heading.to_radians().sin_cos();
        joints.map(|[forward, left, up]| {
            let near = spot[0] + forward * cos - left * sin;
            let right = spot[1] + forward * sin + left * cos;
            self.project([near, right, up])
        })
    }
}

/// What a detector makes of a body: the box around its joints and its flesh, a little off.
pub(crate) fn detected(joints: &[Point; 17], score: f32, off: f32) -> Option<Detection> {
    let flesh = FLESH * FOCAL / AWAY_M;
    let low = |values: [f32; 17]| values.into_iter().fold(f32::MAX, f32::min);
    let high = |values: [f32; 17]| values.into_iter().fold(f32::MIN, f32::max);
    let (xs, ys) = (joints.map(|joint| joint.x), joints.map(|joint| joint.y));
    let bounds = NormBox::new(
        low(xs) - flesh / ASPECT,
        low(ys) - flesh + off,
        high(xs) + flesh / ASPECT,
        high(ys) + flesh + off,
    )?;
    Some(Detection { class: ObjectClass::Person, confidence: Confidence::new(score)?, bounds })
}

/// What a pose estimator makes of it in one frame: each joint some centimetres off.
pub(crate) fn posed(joints: &[Point; 17], score: f32, frame: u64) -> Pose {
    let score = Confidence::new(score).unwrap_or_default();
    let mut seed = frame;
    let mut off = || {
        // A linear congruential generator (Knuth, MMIX); its upper bits look random.
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = (seed >> 40) as f32 / (1 << 24) as f32;
        (2.0 * share - 1.0) * OFF_M * FOCAL / AWAY_M
    };
    let at = |joint: &Point| Point { x: joint.x + off() / ASPECT, y: joint.y + off() };
    Pose::new(joints.each_ref().map(at).map(|at| KeyPoint { at, score }))
}
