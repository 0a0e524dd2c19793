//! What a pose estimator's `model.toml` says: its input, its four maps, its weights.

use std::path::Path;

use super::rules::{self, Broken};
use super::{Input, ManifestError, fields, parsed, text_of};

/// A pose estimator, ready to be prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct PoseManifest {
    /// Short name, also its folder's.
    pub name: String,
    /// SPDX expression of the weights' licence.
    pub licence: String,
    /// How a part of a picture becomes the input tensor, a square.
    pub input: Input,
    /// Input pixels from one cell of the maps to the next.
    pub stride: usize,
    /// Output tensors: centres, joints, heat, offsets.
    pub outputs: Vec<String>,
    /// The ONNX file's name, beside the manifest.
    pub file: String,
    /// Its SHA-256, 64 lowercase hexadecimal digits.
    pub sha256: String,
}

impl PoseManifest {
    /// How many output tensors there are.
    pub const OUTPUTS: usize = 4;

    /// Reads and checks `path`.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        Self::parse(path, &text_of(path)?)
    }

    /// Checks `text`, which errors will say came from `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let fields: fields::PoseManifest = parsed(path, text)?;
        validate(fields).map_err(|broken| broken.of(path))
    }
}

fn validate(raw: fields::PoseManifest) -> Result<PoseManifest, Broken> {
    if raw.head.kind != "movenet" {
        return Err(Broken::new("head.kind", "\"movenet\"", format!("{:?}", raw.head.kind)));
    }
    let (input, weights) = (rules::input(raw.input)?, raw.precision.fp32);
    if input.multiple != input.long_side_px {
        let expected = format!("input.long_side_px ({}): a square", input.long_side_px);
        return Err(Broken::new("input.multiple", expected, input.multiple));
    }
    Ok(PoseManifest {
        name: rules::name(raw.name)?,
        licence: rules::licence(raw.licence)?,
        input,
        stride: rules::count("head.stride", raw.head.stride, 1, 32)?,
        outputs: rules::outputs(raw.head.outputs, PoseManifest::OUTPUTS)?,
        file: rules::file("precision.fp32.file", weights.file)?,
        sha256: rules::sha256("precision.fp32.sha256", weights.sha256)?,
    })
}
