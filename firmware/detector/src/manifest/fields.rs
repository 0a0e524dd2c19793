//! The keys of a `model.toml` as they are written, unchecked.
//!
//! Keys that describe where the files came from and what they measured are documentation to the
//! detector: they are named here so that a misspelt one is refused, and then ignored.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) name: String,
    pub(super) licence: String,
    pub(super) input: Input,
    pub(super) head: Head,
    pub(super) classes: BTreeMap<String, i64>,
    pub(super) precision: Precisions,
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default, rename = "source")]
    _source: Option<IgnoredAny>,
    #[serde(default, rename = "conversion")]
    _conversion: Option<IgnoredAny>,
    #[serde(default, rename = "quantization")]
    _quantization: Option<IgnoredAny>,
    #[serde(default, rename = "measured")]
    _measured: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoseManifest {
    pub(super) name: String,
    pub(super) licence: String,
    pub(super) input: Input,
    pub(super) head: PoseHead,
    pub(super) precision: PosePrecisions,
    #[serde(default, rename = "description")]
    _description: Option<IgnoredAny>,
    #[serde(default, rename = "source")]
    _source: Option<IgnoredAny>,
    #[serde(default, rename = "conversion")]
    _conversion: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoseHead {
    pub(super) kind: String,
    pub(super) stride: i64,
    pub(super) outputs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PosePrecisions {
    pub(super) fp32: PoseWeights,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PoseWeights {
    pub(super) file: String,
    pub(super) sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pub(super) tensor: String,
    pub(super) multiple: i64,
    pub(super) long_side_px: i64,
    pub(super) channel_order: String,
    pub(super) mean: [f64; 3],
    pub(super) std: [f64; 3],
    pub(super) pad: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub(super) kind: String,
    pub(super) strides: Vec<i64>,
    pub(super) bins: i64,
    pub(super) classes: i64,
    pub(super) scores: String,
    pub(super) anchor_offset: f64,
    pub(super) outputs: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Precisions {
    pub(super) fp32: Option<Weights>,
    pub(super) int8: Option<Weights>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Weights {
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) start_confidence: f64,
    pub(super) keep_confidence: f64,
    pub(super) suppression_iou: f64,
    #[serde(default)]
    pub(super) light: BTreeMap<String, Believed>,
    #[serde(default, rename = "measured")]
    pub(super) _measured: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Believed {
    pub(super) start_confidence: f64,
    pub(super) keep_confidence: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NpuModels {
    #[serde(default, rename = "model")]
    pub(super) models: Vec<NpuModel>,
}

/// With the keys of [`Weights`] once more: flattened, a wrong one would be told by the line its table
/// begins at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NpuModel {
    pub(super) platform: String,
    pub(super) width: i64,
    pub(super) height: i64,
    pub(super) toolkit: String,
    pub(super) file: String,
    pub(super) sha256: String,
    pub(super) start_confidence: f64,
    pub(super) keep_confidence: f64,
    pub(super) suppression_iou: f64,
    #[serde(default)]
    pub(super) light: BTreeMap<String, Believed>,
    #[serde(default, rename = "bytes")]
    _bytes: Option<IgnoredAny>,
    #[serde(default, rename = "measured")]
    _measured: Option<IgnoredAny>,
}
