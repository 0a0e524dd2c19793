//! A pose in a file of what was seen: every joint as x, y and score, in COCO's order.

use analytics::geometry::Point;
use analytics::pose::{KeyPoint, Pose};
use serde::{Deserialize, Serialize};

use super::confidence;

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PosePart([[f32; 3]; Pose::JOINTS]);

impl From<&Pose> for PosePart {
    fn from(pose: &Pose) -> Self {
        Self(pose.joints().map(|joint| [joint.at.x, joint.at.y, joint.score.get()]))
    }
}

impl TryFrom<PosePart> for Pose {
    type Error = String;

    fn try_from(part: PosePart) -> Result<Self, String> {
        let mut joints = [KeyPoint::default(); Self::JOINTS];
        for (joint, [x, y, score]) in joints.iter_mut().zip(part.0) {
            *joint = KeyPoint { at: Point { x, y }, score: confidence(score)? };
        }
        Ok(Self::new(joints))
    }
}
