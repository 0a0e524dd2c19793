//! What a model expects and gives: the validated content of a `model.toml`.
//!
//! Promises: a [`Manifest`] in hand is usable as it stands: every number lies in its range, names
//! are unique, outputs match the strides, class indices exist. Refuses: unknown keys that would
//! change what is computed, and defaults for anything the picture or the thresholds depend on.
//! Says nothing about the files beside it: that is [`crate::prepared`].

use std::path::{Path, PathBuf};

use analytics::detection::ObjectClass;
use analytics::settings::TrackerSettings;

mod fields;
mod npu;
mod pose;
mod rules;

pub use npu::{NpuModels, NpuWeights};
pub use pose::PoseManifest;
pub use rules::CLASS_WORDS;

/// A model, ready to be prepared for a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Short name, also its folder's.
    pub name: String,
    /// SPDX expression of the weights' licence.
    pub licence: String,
    /// How a picture becomes the input tensor.
    pub input: Input,
    /// How the output tensors become boxes.
    pub head: Head,
    /// The classes that are looked at: (index in the model, what it is), by index.
    pub classes: Vec<(usize, ObjectClass)>,
    fp32: Option<Weights>,
    int8: Option<Weights>,
}

/// How a picture becomes the input tensor: `[1, 3, height, width]`, f32.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The tensor's name in the graph.
    pub tensor: String,
    /// Height and width of the tensor are multiples of this.
    pub multiple: usize,
    /// The picture's longer side is scaled to this many pixels.
    pub long_side_px: usize,
    /// Which colour the first plane holds.
    pub channel_order: ChannelOrder,
    /// Taken from each plane's values (0 to 255), in plane order.
    pub mean: [f32; 3],
    /// Each plane is divided by this afterwards, in plane order.
    pub std: [f32; 3],
    /// The value, before normalization, right of and below the picture.
    pub pad: f32,
}

impl Input {
    /// The same input, its values left at 0 to 255: for engines that normalize by themselves.
    #[must_use]
    pub fn unnormalized(&self) -> Self {
        Self { mean: [0.0; 3], std: [1.0; 3], ..self.clone() }
    }
}

/// The order of the three colour planes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelOrder {
    /// Blue, green, red.
    Bgr,
    /// Red, green, blue.
    Rgb,
}

/// How the output tensors become boxes.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Which family of heads.
    pub kind: HeadKind,
    /// Pixels from one anchor to the next, one grid for each, finest first.
    pub strides: Vec<usize>,
    /// Bins of the distribution of each of the four distances.
    pub bins: usize,
    /// Class scores for each anchor.
    pub classes: usize,
    /// What a class score is.
    pub scores: Scores,
    /// Where an anchor stands in its cell: 0.0 = top left corner, 0.5 = middle.
    pub anchor_offset: f32,
    /// Output tensors: for [`HeadKind::NanodetPlus`] one for each stride; for
    /// [`HeadKind::Nanodet`] the scores of each stride, then the distances of each stride.
    pub outputs: Vec<String>,
}

/// The families of heads that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadKind {
    /// One tensor a stride: class scores, then 4 x `bins` distance logits.
    NanodetPlus,
    /// Two tensors a stride: class scores; 4 x `bins` distance logits.
    Nanodet,
}

/// What a class score is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scores {
    /// Before the sigmoid.
    Logit,
    /// After it, 0 to 1.
    Probability,
}

/// How the weights are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
    Fp32,
    /// 8-bit integers with QuantizeLinear / DequantizeLinear pairs (QDQ).
    Int8,
}

/// One file of weights and the thresholds that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The model file's name, beside the manifest.
    pub file: String,
    /// Its SHA-256, 64 lowercase hexadecimal digits.
    pub sha256: String,
    /// The thresholds this precision was measured with.
    pub thresholds: Thresholds,
}

/// The scores at which the rest of the product acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// What starts a track and what keeps one alive, in each light; no detection below the lowest
    /// of them leaves the detector.
    pub believed: TrackerSettings,
    /// Of two boxes of one class that overlap by more (intersection over union), the weaker goes.
    pub suppression_iou: f32,
}

/// Why a `model.toml` was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ManifestError {
    /// It could not be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable {
        /// The manifest.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// It is not TOML, or a key is unknown, missing or of the wrong type.
    #[error("{}:{line}: {reason}", path.display())]
    Malformed {
        /// The manifest.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What was expected and found.
        reason: String,
    },
    /// A value lies outside its range.
    #[error("{}: {key} is {got}, expected {expected}", path.display())]
    Value {
        /// The manifest.
        path: PathBuf,
        /// The key, with its tables: `head.strides`.
        key: String,
        /// What is allowed.
        expected: String,
        /// What stands there.
        got: String,
    },
}

impl Manifest {
    /// Reads and checks `path`.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        Self::parse(path, &text_of(path)?)
    }

    /// Checks `text`, which errors will say came from `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        rules::validate(parsed(path, text)?).map_err(|broken| broken.of(path))
    }

    /// The weights stored as `precision`, when the model has them.
    #[must_use]
    pub fn weights(&self, precision: Precision) -> Option<&Weights> {
        match precision {
            Precision::Fp32 => self.fp32.as_ref(),
            Precision::Int8 => self.int8.as_ref(),
        }
    }
}

impl Precision {
    /// Every precision, the plainest first.
    pub const ALL: [Self; 2] = [Self::Fp32, Self::Int8];

    /// The word used in configuration and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Int8 => "int8",
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

fn text_of(path: &Path) -> Result<String, ManifestError> {
    std::fs::read_to_string(path).map_err(|error| ManifestError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path, text: &str) -> Result<T, ManifestError> {
    toml::from_str(text).map_err(|error| ManifestError::Malformed {
        path: path.to_owned(),
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().replace('\n', " "),
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

#[cfg(test)]
mod tests;
