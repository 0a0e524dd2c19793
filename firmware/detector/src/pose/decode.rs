//! The four maps of MoveNet to one person's joints (Votel and Li 2021, Next-Generation Pose Detection
//! with MoveNet and TensorFlow.js): the surest centre near where the person should be; from it, where
//! each joint should be; the surest place of that joint near there; its offset within the cell.

use analytics::detection::Confidence;
use analytics::geometry::Point;
use analytics::pose::{KeyPoint, Pose};

/// What is added to a distance in cells before a score is divided by it, as the network was trained.
const NEAR: f32 = 1.8;

/// The maps, each channel a grid of [`Maps::columns`] x [`Maps::rows`] cells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Maps<'a> {
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Logits: is the middle of a person here? One channel.
    pub(super) centers: &'a [f32],
    /// How far from a person's middle each joint is, in cells: down, then right.
    pub(super) joints: &'a [f32],
    /// Logits: is this joint here?
    pub(super) heat: &'a [f32],
    /// Where in its cell the joint is, in cells: down, then right.
    pub(super) offsets: &'a [f32],
}

impl Maps<'_> {
    /// The joints of the person nearest to `middle`, in cells from the top left.
    pub(super) fn pose(&self, middle: Point) -> [KeyPoint; Pose::JOINTS] {
        let center = self.surest(self.centers, middle);
        core::array::from_fn(|joint| {
            let [down, right] = self.pair(self.joints, joint, center);
            let (column, row) = self.place(center);
            let expected = Point { x: column + right, y: row + down };
            let heat = self.channel(self.heat, joint);
            let cell = self.surest(heat, expected);
            let [down, right] = self.pair(self.offsets, joint, cell);
            let (column, row) = self.place(cell);
            let at = Point { x: column + right, y: row + down };
            KeyPoint { at, score: Confidence::new(sigmoid(heat[cell])).unwrap_or_default() }
        })
    }

    /// The cell with the best score for its distance from `near`; the first one where none is a
    /// number.
    fn surest(&self, logits: &[f32], near: Point) -> usize {
        let (mut best, mut best_score) = (0, f32::MIN);
        for (cell, &logit) in logits.iter().enumerate() {
            let (column, row) = self.place(cell);
            let (across, down) = (column - near.x, row - near.y);
            let score = sigmoid(logit) / (across.mul_add(across, down * down).sqrt() + NEAR);
            if score > best_score {
                (best, best_score) = (cell, score);
            }
        }
        best
    }

    /// Column and row of a cell.
    fn place(&self, cell: usize) -> (f32, f32) {
        ((cell % self.columns) as f32, (cell / self.columns) as f32)
    }

    fn channel<'m>(&self, map: &'m [f32], channel: usize) -> &'m [f32] {
        let cells = self.columns * self.rows;
        &map[channel * cells..][..cells]
    }

    fn pair(&self, map: &[f32], joint: usize, cell: usize) -> [f32; 2] {
        [2 * joint, 2 * joint + 1].map(|channel| self.channel(map, channel)[cell])
    }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 8;
    const CELLS: usize = SIDE * SIDE;

    struct Made {
        centers: Vec<f32>,
        joints: Vec<f32>,
        heat: Vec<f32>,
        offsets: Vec<f32>,
    }

    impl Made {
        /// Nobody anywhere.
        fn nobody() -> Self {
            let maps = |channels: usize, value: f32| vec![value; channels * CELLS];
            Self {
                centers: maps(1, -9.0),
                joints: maps(2 * Pose::JOINTS, 0.0),
                heat: maps(Pose::JOINTS, -9.0),
                offsets: maps(2 * Pose::JOINTS, 0.0),
            }
        }

        /// Somebody whose joints are all one cell below the middle, a quarter into their cell.
        fn with(mut self, column: usize, row: usize, logit: f32) -> Self {
            let cell = row * SIDE + column;
            self.centers[cell] = logit;
            for joint in 0..Pose::JOINTS {
                self.joints[2 * joint * CELLS + cell] = 1.0;
                self.heat[joint * CELLS + cell + SIDE] = logit;
                self.offsets[2 * joint * CELLS + cell + SIDE] = 0.25;
            }
            self
        }

        fn pose(&self, x: f32, y: f32) -> [KeyPoint; Pose::JOINTS] {
            let maps = Maps {
                columns: SIDE,
                rows: SIDE,
                centers: &self.centers,
                joints: &self.joints,
                heat: &self.heat,
                offsets: &self.offsets,
            };
            maps.pose(Point { x, y })
        }
    }

    #[test]
    fn of_two_people_the_one_in_the_middle_is_seen() {
        let made = Made::nobody().with(1, 2, 1.0).with(6, 4, 1.0);
        for (x, expected) in [(2.0, (1.0, 3.25)), (6.0, (6.0, 5.25))] {
            let pose = made.pose(x, 4.0);
            assert!(pose.iter().all(|joint| (joint.at.x, joint.at.y) == expected), "{pose:?}");
            assert!(pose.iter().all(|joint| joint.score.get() > 0.7));
        }
    }

    #[test]
    fn nobody_is_somewhere_at_a_low_score_and_no_number_is_none() {
        assert!(Made::nobody().pose(4.0, 4.0).iter().all(|joint| joint.score.get() < 0.01));
        let mut broken = Made::nobody();
        broken.centers.fill(f32::NAN);
        broken.heat.fill(f32::NAN);
        broken.joints.fill(f32::INFINITY);
        let scores = broken.pose(4.0, 4.0).map(|joint| joint.score.get());
        assert_eq!(scores, [0.0; Pose::JOINTS]);
    }
}
