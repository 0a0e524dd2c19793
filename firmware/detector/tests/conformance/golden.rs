//! What the vendor's simulator finds on a hundred frames, and how far a detector agrees with it.

use std::path::Path;

use analytics::detection::{Detection, ObjectClass};
use analytics::geometry::NormBox;
use detector::manifest::CLASS_WORDS;
use serde::Deserialize;
use serde_json::{Value, json};

/// Who is surer than this in one must be in the other, however sure.
const SURE: f32 = 0.5;
/// Two boxes that overlap by this much are of one object.
const SAME: f32 = 0.5;

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
    objects: Vec<(String, f32, f32, f32, f32, f32)>,
}

/// How far two agree.
#[derive(Default)]
pub(crate) struct Agreement {
    expected: usize,
    found: usize,
    seen: usize,
    confirmed: usize,
    overlap: f32,
}

type Object = (ObjectClass, f32, NormBox);

impl Golden {
    pub(crate) fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../models/nanodet-plus-m/golden-rk3588.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }
}

impl GoldenFrame {
    fn objects(&self) -> Vec<Object> {
        let object =
            |(word, score, left, top, right, bottom): &(String, f32, f32, f32, f32, f32)| {
                let class = CLASS_WORDS.iter().find(|(known, _)| known == word).unwrap().1;
                (class, *score, NormBox::new(*left, *top, *right, *bottom).unwrap())
            };
        self.objects.iter().map(object).collect()
    }
}

impl Agreement {
    /// Takes in what was found in `frame`.
    pub(crate) fn add(&mut self, frame: &GoldenFrame, found: &[Detection]) {
        let found: Vec<Object> =
            found.iter().map(|d| (d.class, d.confidence.get(), d.bounds)).collect();
        let expected = frame.objects();
        for sure in sure(&expected) {
            self.expected += 1;
            if let Some(overlap) = best(&found, sure) {
                self.found += 1;
                self.overlap += overlap;
            }
        }
        for sure in sure(&found) {
            self.seen += 1;
            self.confirmed += usize::from(best(&expected, sure).is_some());
        }
    }

    /// Fails unless it is as the issue wants it; gives the figures.
    pub(crate) fn check(&self) -> Value {
        let share = |part: usize, whole: usize| part as f32 / whole.max(1) as f32;
        let (recall, precision) =
            (share(self.found, self.expected), share(self.confirmed, self.seen));
        let iou = self.overlap / self.found.max(1) as f32;
        let figures = json!({
            "objects": self.expected, "recall": recall, "precision": precision, "mean_iou": iou,
        });
        assert!(recall >= 0.95 && precision >= 0.95 && iou >= 0.9, "{figures}");
        figures
    }
}

fn sure(all: &[Object]) -> impl Iterator<Item = &Object> {
    all.iter().filter(|(_, score, _)| *score >= SURE)
}

fn best(all: &[Object], (class, _, bounds): &Object) -> Option<f32> {
    let overlaps = all.iter().filter(|other| other.0 == *class).map(|other| other.2.iou(bounds));
    overlaps.filter(|&overlap| overlap >= SAME).reduce(f32::max)
}
