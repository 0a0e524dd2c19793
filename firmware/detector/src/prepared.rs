//! A prepared model: a folder with `model.toml`, the ONNX files and `measured.toml`.
//!
//! Promises: weights are handed out only after their SHA-256 was compared with the manifest's, as
//! the very bytes that were hashed. Refuses: guessing; a missing or altered file is an error that
//! names it and what to do.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::manifest::{Manifest, ManifestError, NpuModels, Precision, Weights};

/// Where prepared models and onnxruntime's library are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRoot(PathBuf);

/// A folder whose manifest was read and checked.
#[derive(Clone, Debug)]
pub struct PreparedModel {
    folder: PathBuf,
    manifest: Manifest,
    measured: Option<Measured>,
}

/// What the preparation measured on this machine (`measured.toml`); figures not listed here are
/// for people.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Measured {
    /// Which precision `auto` means.
    pub auto_precision: Precision,
    /// Why, in one sentence.
    pub reason: String,
}

/// Why a prepared model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PreparedError {
    /// `model.toml` was refused.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// `auto`, and no model is there.
    #[error("no prepared model in {}: expected {} (scripts/prepare-models prepares them)",
        root.display(), expected.join(" or "))]
    NothingPrepared {
        /// Where was looked.
        root: PathBuf,
        /// The names looked for, best first.
        expected: Vec<&'static str>,
    },
    /// `measured.toml` exists and is not what the preparation writes.
    #[error("{}: {reason}", path.display())]
    Measured {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The manifest has no such weights.
    #[error("{}: has no [precision.{precision}], expected one to run {precision}", path.display())]
    NoSuchPrecision {
        /// The manifest.
        path: PathBuf,
        /// What was asked for.
        precision: Precision,
    },
    /// The model was not converted for that chip and input size.
    #[error("scripts/prepare-npu converts: npu.toml has no model for {platform} with an input of {} x {} \
             pixels, it has {} ({})",
        size.0, size.1, if have.is_empty() { "none" } else { have }, path.display())]
    NoSuchConversion {
        /// The file.
        path: PathBuf,
        /// The chip.
        platform: String,
        /// Width and height of the input in pixels.
        size: (usize, usize),
        /// What it has.
        have: String,
    },
    /// The weights are not there.
    #[error("run scripts/prepare-models, for an NPU scripts/prepare-npu: {}: cannot be read: {reason}",
        path.display())]
    Unreadable {
        /// The ONNX file.
        path: PathBuf,
        /// The operating system's words.
        reason: String,
    },
    /// The weights are not the ones the manifest names.
    #[error("delete it and run scripts/prepare-models, for an NPU scripts/prepare-npu: {}: sha256 is \
             {got}, expected {expected}",
        path.display())]
    WrongChecksum {
        /// The ONNX file.
        path: PathBuf,
        /// The manifest's checksum.
        expected: String,
        /// The file's.
        got: String,
    },
}

impl ModelRoot {
    /// `$POLEWATCH_MODELS`, else `$XDG_CACHE_HOME/polewatch/models`, else
    /// `$HOME/.cache/polewatch/models`.
    #[must_use]
    pub fn from_environment() -> Self {
        let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let cache = || {
            set("XDG_CACHE_HOME")
                .or_else(|| set("HOME").map(|home| home.join(".cache")))
                .unwrap_or_else(|| PathBuf::from(".cache"))
                .join("polewatch/models")
        };
        Self(set("POLEWATCH_MODELS").unwrap_or_else(cache))
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the preparation puts onnxruntime's shared library.
    #[must_use]
    pub fn onnxruntime_library(&self) -> PathBuf {
        self.0.join("runtime").join("libonnxruntime.so")
    }

    /// The best model that is prepared here.
    pub fn best_model(&self) -> Result<PreparedModel, PreparedError> {
        const BEST_FIRST: [&str; 2] = ["nanodet-plus-m", "nanodet-g"];
        for name in BEST_FIRST {
            let folder = self.0.join(name);
            if folder.join(PreparedModel::MANIFEST).is_file() {
                return PreparedModel::open(&folder);
            }
        }
        Err(PreparedError::NothingPrepared { root: self.0.clone(), expected: BEST_FIRST.to_vec() })
    }
}

impl From<PathBuf> for ModelRoot {
    fn from(folder: PathBuf) -> Self {
        Self(folder)
    }
}

impl PreparedModel {
    /// The manifest's name in its folder.
    pub const MANIFEST: &str = "model.toml";

    /// Reads the manifest in `folder` and, if it is there, `measured.toml`.
    pub fn open(folder: &Path) -> Result<Self, PreparedError> {
        let manifest = Manifest::read(&folder.join(Self::MANIFEST))?;
        let measured = read_measured(&folder.join("measured.toml"))?;
        Ok(Self { folder: folder.to_owned(), manifest, measured })
    }

    /// What the model expects and gives.
    #[must_use]
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the preparation measured, when it did.
    #[must_use]
    pub const fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref()
    }

    /// The manifest's entry for `precision`.
    pub fn weights(&self, precision: Precision) -> Result<&Weights, PreparedError> {
        self.manifest.weights(precision).ok_or_else(|| PreparedError::NoSuchPrecision {
            path: self.folder.join(Self::MANIFEST),
            precision,
        })
    }

    /// Its conversions for NPUs, none without an `npu.toml`. Read when asked for: people edit that
    /// file, and a mistake in it must not keep the CPU from detecting.
    pub fn npu_models(&self) -> Result<NpuModels, PreparedError> {
        let path = self.folder.join(NpuModels::FILE);
        Ok(if path.is_file() { NpuModels::read(&path)? } else { NpuModels::default() })
    }

    /// The conversion for `platform` and an input of `size` pixels.
    pub fn npu_weights(
        &self,
        platform: &str,
        size: (usize, usize),
    ) -> Result<Weights, PreparedError> {
        let models = self.npu_models()?;
        match models.find(platform, size) {
            Some(found) => Ok(found.weights.clone()),
            None => Err(PreparedError::NoSuchConversion {
                path: self.folder.join(NpuModels::FILE),
                platform: platform.to_owned(),
                size,
                have: models.to_string(),
            }),
        }
    }

    /// The bytes of `weights`' file, checked against its checksum.
    pub fn bytes_of(&self, weights: &Weights) -> Result<Vec<u8>, PreparedError> {
        checked(&self.folder.join(&weights.file), &weights.sha256)
    }

    /// The bytes of the ONNX file, checked against the manifest.
    pub fn onnx(&self, precision: Precision) -> Result<Vec<u8>, PreparedError> {
        self.bytes_of(self.weights(precision)?)
    }
}

/// The bytes of the file at `path`, whose SHA-256 must be `expected`.
pub(crate) fn checked(path: &Path, expected: &str) -> Result<Vec<u8>, PreparedError> {
    let bytes = std::fs::read(path).map_err(|error| PreparedError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let got = hex(&Sha256::digest(&bytes));
    if got == expected {
        return Ok(bytes);
    }
    let (path, expected) = (path.to_owned(), expected.to_owned());
    Err(PreparedError::WrongChecksum { path, expected, got })
}

fn read_measured(path: &Path) -> Result<Option<Measured>, PreparedError> {
    let broken = |reason: String| PreparedError::Measured {
        path: path.to_owned(),
        reason: reason.replace('\n', " "),
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    toml::from_str(&text).map(Some).map_err(|error| broken(error.message().to_owned()))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
