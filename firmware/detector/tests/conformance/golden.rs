//! What the vendor's simulator finds on a hundred frames.

use std::path::Path;

use analytics::detection::{Confidence, Detection};
use analytics::geometry::NormBox;
use detector::manifest::CLASS_WORDS;
use serde::Deserialize;

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
