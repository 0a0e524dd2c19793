//! What the two processes tell each other before the first run.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::backend::BackendKind;
use crate::backend::npu::{NpuReport, PixelForm, Simulated};
use crate::backend::rknn::{Cores, Transfer};

/// What the helper process is to load; the model's bytes come along in shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) kind: BackendKind,
    pub(super) library: PathBuf,
    /// The output tensors' names.
    pub(super) outputs: Vec<String>,
    /// Width and height in pixels.
    pub(super) size: (usize, usize),
    pub(super) simulated: Simulated,
    /// How long a run may take, and the first.
    pub(super) deadlines: (Duration, Duration),
    /// What only Rockchip's can be told.
    pub(super) cores: Cores,
    pub(super) transfer: Transfer,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Answer {
    Loaded(Loaded),
    Refused {
        /// One line.
        reason: String,
    },
}

/// A loaded model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Loaded {
    pub(super) form: PixelForm,
    pub(super) shapes: Vec<Vec<usize>>,
    pub(super) report: NpuReport,
}

/// Where the tensors lie in the shared memory that comes along: the pixels first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tensors {
    /// Of each output, in bytes.
    pub(super) offsets: Vec<usize>,
}

/// One run is asked for.
pub(super) const RUN: u8 = b'R';
/// It is done: the values are in the shared memory.
pub(super) const DONE: u8 = b'D';

/// Why a run failed, said instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trouble {
    /// One line.
    pub(super) reason: String,
}
