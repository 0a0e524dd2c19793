//! What an NPU's runtime gives, whichever vendor made it: bytes in, dequantized values out.
//!
//! Promises: one shape for good; the model normalizes and quantizes by itself, so pixels go in as
//! they are; whatever the vendor's layout, values come out as the ONNX network's. Refuses: knowing
//! in which process it runs, how long a run may take and what happens when one fails.

use std::path::{Path, PathBuf};

use super::one_line;

/// A model on an NPU, loaded by the process that holds this.
pub trait NpuModel {
    /// The input's form.
    fn input(&self) -> PixelForm;

    /// The input: rows of interleaved pixels in the manifest's channel order; what is not
    /// overwritten stays from run to run. The runtime's own memory where the runtime lends it.
    fn pixels(&mut self) -> &mut [u8];

    /// The dimensions of each output, in the order of [`NpuPlan::outputs`]: `[1, channels, rows,
    /// columns]`.
    fn shapes(&self) -> &[Vec<usize>];

    /// Computes the outputs from the pixels.
    fn run(&mut self) -> Result<(), NpuError>;

    /// Writes the values of output `index` of the last run, columns running fastest.
    ///
    /// # Panics
    /// When `values` has another length than the output's dimensions.
    fn read(&mut self, index: usize, values: &mut [f32]) -> Result<(), NpuError>;

    /// What it runs on.
    fn report(&self) -> &NpuReport;
}

/// How an input's bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct PixelForm {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Bytes from one row to the next, at least three times the width.
    pub row_bytes: usize,
}

/// What a model is loaded with.
#[derive(Clone, Copy, Debug)]
pub struct NpuPlan<'a> {
    /// The vendor's shared library.
    pub library: &'a Path,
    /// The vendor's model file, its checksum already compared.
    pub model: &'a [u8],
    /// The output tensors' names.
    pub outputs: &'a [String],
    /// Width and height in pixels that the model must have.
    pub size: (usize, usize),
    /// Whether a runtime that names itself simulated is taken.
    pub simulated: Simulated,
}

/// What to do with a runtime whose version ends in `-sim`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Simulated {
    /// Nothing that decides on alarms runs on a simulation by accident.
    #[default]
    Refuse,
    /// It was asked for: a test.
    Accept,
}

/// What a model runs on, in the vendor's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct NpuReport {
    /// The runtime library's version.
    pub library: String,
    /// The kernel driver's or firmware's version; empty when the runtime does not tell.
    pub driver: String,
    /// The chip.
    pub chip: String,
}

/// Why a model cannot be loaded or run on an NPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NpuError {
    /// The shared library cannot serve.
    #[error("NPU library {}: {reason}", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The library simulates an NPU, and none was to be simulated.
    #[error("NPU library {}: version {version} is a simulation, expected a real runtime \
             (detector.npu_simulated = \"accept\" takes it)", path.display())]
    Simulated {
        /// The library.
        path: PathBuf,
        /// Its version.
        version: String,
    },
    /// Model, library, driver and chip do not go together.
    #[error("NPU model: {what} is {got}, expected {expected}: {remedy}")]
    Unfit {
        /// Of what.
        what: &'static str,
        /// What was found.
        got: String,
        /// What was expected.
        expected: String,
        /// What a technician does about it, in one sentence of at most
        /// [`NpuError::LONGEST_REMEDY`] bytes.
        remedy: &'static str,
    },
    /// The vendor's library refused or failed.
    #[error("NPU: {call} answered {code} ({word})")]
    Call {
        /// The vendor's function.
        call: &'static str,
        /// What it returned.
        code: i32,
        /// The vendor's name of that.
        word: &'static str,
    },
}

impl NpuError {
    /// What health has room for beside "the CPU stands in: hailo: loading the model: ".
    pub const LONGEST_REMEDY: usize = 115;

    /// The library at `path` cannot serve for `reason`, a foreign one perhaps.
    pub(super) fn library(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Library { path: path.to_owned(), reason: one_line(reason) }
    }
}

impl PixelForm {
    /// Bytes of the whole input.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.row_bytes * self.height
    }
}

impl std::fmt::Display for NpuReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { library, driver, chip } = self;
        write!(f, "{library}")?;
        if !driver.is_empty() {
            write!(f, " (driver {driver})")?;
        }
        if chip.is_empty() { Ok(()) } else { write!(f, " on {chip}") }
    }
}
