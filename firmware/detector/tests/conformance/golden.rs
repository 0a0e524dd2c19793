//! What the vendor's simulator finds on a hundred frames, and how close to it everyone has to be.

use std::path::Path;

use analytics::detection::{Confidence, Detection};
use analytics::geometry::NormBox;
use detector::agreement::Agreement;
use detector::manifest::CLASS_WORDS;
use detector::{BackendKind, Precision};
use serde::{Deserialize, Serialize};

use crate::subject::Subject;

/// The committed numbers.
#[derive(Deserialize)]
pub(crate) struct Golden {
    /// The tool and its version.
    pub(crate) toolkit: String,
    pub(crate) frames: Vec<GoldenFrame>,
}

/// One frame.
#[derive(Deserialize)]
pub(crate) struct GoldenFrame {
    /// In the film.
    pub(crate) index: usize,
    objects: Vec<Object>,
}

/// Class, score, left, top, right, bottom.
type Object = (String, f32, f32, f32, f32, f32);

/// How close a subject has to be: object for object, of those surer than .5.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Tolerance {
    /// The score of the other side's object from which it is the same one.
    pub(crate) partner_from: f32,
    /// The share of the simulator's objects that has to be found.
    pub(crate) recall: f64,
    /// The share of the objects found that the simulator has to have.
    pub(crate) precision: f64,
    pub(crate) mean_iou: f64,
}

/// What each is held to; who stands not here is ignored, with the reason in `record`. None has a margin below
/// .5: of 750 objects on the hundred frames the few whose scores lie on the two sides of it count as
/// lost. Measured: recall .998, precision .986 and overlap .970 or better, for each.
const TOLERANCES: [((BackendKind, Precision), Tolerance); 5] = [
    ((BackendKind::Tract, Precision::Fp32), STRICT),
    ((BackendKind::OnnxRuntime, Precision::Fp32), STRICT),
    ((BackendKind::OnnxRuntime, Precision::Int8), STRICT),
    ((BackendKind::Rknn, Precision::Int8), STRICT),
    ((BackendKind::Hailo, Precision::Int8), STRICT),
];

const STRICT: Tolerance =
    Tolerance { partner_from: Agreement::SURE, recall: 0.95, precision: 0.95, mean_iou: 0.9 };

impl Tolerance {
    pub(crate) fn of(Subject { backend, precision }: Subject) -> Self {
        let found = TOLERANCES.iter().find(|(whose, _)| *whose == (backend, precision));
        found.unwrap_or_else(|| panic!("{backend} {precision} has no tolerance")).1
    }

    /// Whether `agreement` is as close as that, over some objects.
    pub(crate) fn holds(&self, agreement: &Agreement) -> bool {
        agreement.expected > 0
            && agreement.recall() >= self.recall
            && agreement.precision() >= self.precision
            && agreement.mean_iou() >= self.mean_iou
    }
}

impl Golden {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../models/nanodet-plus-m/golden-rk3588.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

impl GoldenFrame {
    pub(crate) fn detections(&self) -> Vec<Detection> {
        let detection = |(word, score, left, top, right, bottom): &Object| Detection {
            class: CLASS_WORDS.iter().find(|(known, _)| known == word).unwrap().1,
            confidence: Confidence::new(*score).unwrap(),
            bounds: NormBox::new(*left, *top, *right, *bottom).unwrap(),
        };
        self.objects.iter().map(detection).collect()
    }
}
