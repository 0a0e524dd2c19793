//! A pose: where a pose estimator sees the joints of one person.
//!
//! Promises: points are numbers near the picture, whatever the estimator gave. Refuses: saying what
//! the person does; a joint nobody can see is somewhere too, at a low score.

use crate::detection::Confidence;
use crate::geometry::{NormBox, Point};

/// One joint, as an estimator sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyPoint {
    /// Where it is, in the picture's coordinates; it may lie outside the picture.
    pub at: Point,
    /// How sure the estimator is.
    pub score: Confidence,
}

/// One person's joints, in COCO's order: nose, eyes, ears, shoulders, elbows, wrists, hips, knees,
/// ankles, of each pair the left one first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    joints: [KeyPoint; Pose::JOINTS],
}

/// Some joints that are at one height in whoever stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Head,
    Shoulders,
    Hips,
    Ankles,
}

impl Pose {
    /// The number of joints.
    pub const JOINTS: usize = 17;

    /// How far outside the picture a point can lie, in pictures.
    const OUTSIDE: f32 = 1.0;

    /// A pose of these joints. Points far outside the picture are brought nearer; what is not a
    /// number is nowhere, at score 0.
    #[must_use]
    pub fn new(joints: [KeyPoint; Self::JOINTS]) -> Self {
        let near = |v: f32| v.clamp(-Self::OUTSIDE, 1.0 + Self::OUTSIDE);
        Self {
            joints: joints.map(|joint| {
                let Point { x, y } = joint.at;
                if x.is_finite() && y.is_finite() {
                    KeyPoint { at: Point { x: near(x), y: near(y) }, score: joint.score }
                } else {
                    KeyPoint::default()
                }
            }),
        }
    }

    /// The joints.
    #[must_use]
    pub const fn joints(&self) -> &[KeyPoint; Self::JOINTS] {
        &self.joints
    }

    /// The middle of a part, the surer joints counting more, at the mean of their scores.
    pub(crate) fn part(&self, part: Part) -> KeyPoint {
        let joints = &self.joints[part.joints()];
        let (mut x, mut y, mut sum) = (0.0, 0.0, 0.0);
        for joint in joints {
            let score = joint.score.get();
            x += joint.at.x * score;
            y += joint.at.y * score;
            sum += score;
        }
        if sum <= 0.0 {
            return KeyPoint::default();
        }
        let score = Confidence::new(sum / joints.len() as f32).unwrap_or_default();
        KeyPoint { at: Point { x: x / sum, y: y / sum }, score }
    }

    /// How far down the picture the lowest joint of a part reaches that is scored at least `seen`.
    pub(crate) fn lowest(&self, part: Part, seen: f32) -> Option<f32> {
        let joints = self.joints[part.joints()].iter();
        let seen = joints.filter(|joint| joint.score.get() >= seen);
        seen.map(|joint| joint.at.y).max_by(f32::total_cmp)
    }

    /// The smallest box around the joints scored at least `seen`; `None` when those have no area in
    /// the picture.
    pub(crate) fn bounds(&self, seen: f32) -> Option<NormBox> {
        let joints = self.joints.iter().filter(|joint| joint.score.get() >= seen);
        let sides = joints.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |sides, joint| {
            let [left, top, right, bottom] = sides;
            let Point { x, y } = joint.at;
            [left.min(x), top.min(y), right.max(x), bottom.max(y)]
        });
        NormBox::new(sides[0], sides[1], sides[2], sides[3])
    }
}

impl Part {
    const fn joints(self) -> core::ops::Range<usize> {
        match self {
            Self::Head => 0..5,
            Self::Shoulders => 5..7,
            Self::Hips => 11..13,
            Self::Ankles => 15..17,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joint(x: f32, y: f32, score: f32) -> KeyPoint {
        KeyPoint { at: Point { x, y }, score: Confidence::new(score).unwrap() }
    }

    #[test]
    fn what_is_not_a_number_is_nowhere_and_what_is_far_comes_nearer() {
        let mut joints = [joint(0.5, 0.5, 0.9); Pose::JOINTS];
        joints[0] = joint(f32::NAN, 0.5, 0.9);
        joints[1] = joint(0.5, f32::INFINITY, 0.9);
        joints[2] = joint(-1e30, 1e30, 0.9);
        let pose = Pose::new(joints);
        assert_eq!(pose.joints()[0], KeyPoint::default());
        assert_eq!(pose.joints()[1], KeyPoint::default());
        assert_eq!(pose.joints()[2], joint(-1.0, 2.0, 0.9));
        assert_eq!(pose.joints()[3], joint(0.5, 0.5, 0.9));
    }

    #[test]
    fn the_surer_of_two_joints_counts_more() {
        let mut joints = [KeyPoint::default(); Pose::JOINTS];
        joints[11] = joint(0.2, 0.4, 0.9);
        joints[12] = joint(0.4, 0.8, 0.3);
        let hips = Pose::new(joints).part(Part::Hips);
        assert!((hips.at.x - 0.25).abs() < 1e-6 && (hips.at.y - 0.5).abs() < 1e-6, "{hips:?}");
        assert!((hips.score.get() - 0.6).abs() < 1e-6);
        assert_eq!(Pose::new(joints).part(Part::Head), KeyPoint::default());
        assert_eq!(Pose::new(joints).bounds(0.5), None, "one point has no area");
        assert_eq!(Pose::new(joints).bounds(0.3), NormBox::new(0.2, 0.4, 0.4, 0.8));
    }
}
