//! A body of seventeen joints in metres: forward, to its left and up from between its feet.
//!
//! Proportions are those of a person of 1.7 m (Drillis and Contini 1966: hips at 0.53 of the height,
//! shoulders at 0.82, ankles at 0.04).

/// Forward, left, up, in metres.
pub(crate) type Place = [f32; 3];

/// How far flesh and clothes reach beyond the joints.
pub(crate) const FLESH: f32 = 0.09;

/// What somebody does with their body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Posture {
    /// Topples stiffly: over the toes, the heels, or the right foot.
    Forward,
    Backward,
    Sideways,
    Squatting,
    /// On one knee, bent over the other foot.
    TyingAShoe,
    /// Reaching the ground with straight legs.
    Bent,
    /// On the ground, legs out.
    Sitting,
    /// On hands and toes, the body straight.
    PushUp,
}

impl Posture {
    /// The joints in COCO's order, `share` of the way from standing to the posture.
    pub(crate) fn joints(self, share: f32) -> [Place; 17] {
        let angle = share * std::f32::consts::FRAC_PI_2;
        let (sin, cos) = angle.sin_cos();
        match self {
            Self::Forward => {
                grounded(STANDING.map(|[f, l, u]| [f * cos + u * sin, l, u * cos - f * sin]))
            }
            Self::Backward => {
                grounded(STANDING.map(|[f, l, u]| [f * cos - u * sin, l, u * cos + f * sin]))
            }
            Self::Sideways => {
                grounded(STANDING.map(|[f, l, u]| [f, l * cos - u * sin, u * cos + l * sin]))
            }
            Self::Squatting => between(&SQUATTING, share),
            Self::TyingAShoe => between(&TYING, share),
            Self::Bent => between(&BENT, share),
            Self::Sitting => between(&SITTING, share),
            Self::PushUp => between(&PUSH_UP, share),
        }
    }
}

/// Who topples comes to lie on shoulders and hips; arms and legs give way.
fn grounded(joints: [Place; 17]) -> [Place; 17] {
    let trunk = [5, 6, 11, 12].map(|joint: usize| joints[joint][2]);
    let lift = (FLESH - trunk.into_iter().fold(f32::MAX, f32::min)).max(0.0);
    joints.map(|[f, l, u]| [f, l, (u + lift).max(0.05)])
}

fn between(posture: &[Place; 17], share: f32) -> [Place; 17] {
    std::array::from_fn(|joint| {
        std::array::from_fn(|axis| {
            STANDING[joint][axis] + (posture[joint][axis] - STANDING[joint][axis]) * share
        })
    })
}

/// The joints of a body alike on both sides: nose, eyes, ears, then shoulders to ankles.
const fn alike(head: Place, pairs: [[f32; 3]; 6]) -> [Place; 17] {
    let [f, _, u] = head;
    let mut joints = [[f + 0.1, 0.0, u - 0.02]; 17];
    joints[1] = [f + 0.08, 0.03, u + 0.02];
    joints[2] = [f + 0.08, -0.03, u + 0.02];
    joints[3] = [f, 0.07, u];
    joints[4] = [f, -0.07, u];
    let mut pair = 0;
    while pair < 6 {
        let [f, l, u] = pairs[pair];
        joints[5 + 2 * pair] = [f, l, u];
        joints[6 + 2 * pair] = [f, -l, u];
        pair += 1;
    }
    joints
}

const STANDING: [Place; 17] = alike(
    [0.0, 0.0, 1.58],
    [
        [0.0, 0.17, 1.4],
        [-0.02, 0.22, 1.1],
        [0.05, 0.24, 0.85],
        [0.0, 0.13, 0.9],
        [0.02, 0.12, 0.48],
        [-0.02, 0.11, 0.08],
    ],
);

const SQUATTING: [Place; 17] = alike(
    [0.2, 0.0, 1.0],
    [
        [0.12, 0.2, 0.82],
        [0.35, 0.22, 0.62],
        [0.5, 0.1, 0.45],
        [-0.15, 0.14, 0.35],
        [0.3, 0.18, 0.45],
        [-0.02, 0.12, 0.08],
    ],
);

const TYING: [Place; 17] = {
    let mut joints = alike(
        [0.4, 0.0, 0.85],
        [
            [0.25, 0.2, 0.75],
            [0.4, 0.22, 0.45],
            [0.4, 0.1, 0.18],
            [-0.1, 0.13, 0.45],
            [0.35, 0.13, 0.5],
            [0.28, 0.12, 0.08],
        ],
    );
    joints[14] = [-0.12, -0.13, 0.08];
    joints[16] = [-0.5, -0.12, 0.1];
    joints
};

const BENT: [Place; 17] = alike(
    [0.6, 0.0, 0.6],
    [
        [0.42, 0.2, 0.72],
        [0.45, 0.22, 0.42],
        [0.5, 0.15, 0.15],
        [-0.15, 0.13, 0.85],
        [-0.02, 0.12, 0.47],
        [-0.02, 0.11, 0.08],
    ],
);

const SITTING: [Place; 17] = alike(
    [-0.1, 0.0, 0.82],
    [
        [-0.15, 0.2, 0.62],
        [-0.1, 0.26, 0.38],
        [0.15, 0.2, 0.25],
        [-0.05, 0.14, 0.12],
        [0.4, 0.14, 0.25],
        [0.82, 0.12, 0.08],
    ],
);

const PUSH_UP: [Place; 17] = alike(
    [1.5, 0.0, 0.3],
    [
        [1.3, 0.2, 0.28],
        [1.25, 0.35, 0.2],
        [1.35, 0.25, 0.05],
        [0.85, 0.13, 0.25],
        [0.42, 0.12, 0.15],
        [0.05, 0.11, 0.1],
    ],
);
