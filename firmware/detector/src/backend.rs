//! Engines that run a network: tract, which is always there; onnxruntime, loaded from its shared
//! library; and the NPUs' runtimes (`rknn`, `hailo`), each in a process of its own.
//!
//! Promises: whatever the engine, a [`Network`] takes the same tensor and gives the same outputs
//! within the tolerances of `tests/conformance.rs`; a missing, foreign or broken library and a
//! graph that does not fit the manifest are errors. Refuses: knowing what the tensors mean.

use std::path::PathBuf;
use std::str::FromStr;

pub mod hailo;
pub mod isolated;
mod library;
pub mod npu;
pub mod onnxruntime;
pub mod rknn;
pub mod tract;

pub use self::isolated::NpuRuntime;
pub use self::onnxruntime::Runtime;

/// The engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BackendKind {
    /// In the binary, one thread, fp32 arithmetic whatever the weights.
    Tract,
    /// `libonnxruntime.so`, found at run time; integer arithmetic for INT8 weights.
    OnnxRuntime,
    /// Rockchip's NPU through `librknnrt.so`, in a helper process; INT8.
    Rknn,
    /// Hailo's through `libhailort.so`, in a helper process; INT8.
    Hailo,
}

/// A network's input, as its engine wants it.
#[derive(Debug)]
pub enum InputTensor<'t> {
    /// `[1, 3, height, width]`, normalized.
    Planes(&'t mut [f32]),
    /// Rows of interleaved pixels in the manifest's channel order, 0 to 255: the engine normalizes.
    Pixels {
        /// All rows.
        bytes: &'t mut [u8],
        /// Bytes from one row to the next.
        row_bytes: usize,
    },
}

/// What a network gave: all that a head looks at.
pub trait Outputs {
    /// The dimensions of each output of the last run, in the order of [`NetworkPlan::outputs`].
    fn shapes(&self) -> &[Vec<usize>];

    /// The values of one output of the last run, its last dimension running fastest.
    fn output(&self, index: usize) -> Result<&[f32], BackendError>;
}

/// A network for inputs up to one size.
pub trait Network: Outputs + Send {
    /// Takes inputs of `size` (width and height in pixels) from now on; the input tensor is then
    /// painted anew.
    ///
    /// # Panics
    /// When `size` is larger than planned, or another than planned and the engine is not one that
    /// [`takes_windows`](Engine::takes_windows).
    fn resize(&mut self, size: (usize, usize));

    /// The input tensor; what is not overwritten stays from run to run.
    fn input(&mut self) -> InputTensor<'_>;

    /// Computes the outputs from the input.
    fn run(&mut self) -> Result<(), BackendError>;

    /// The engine's version, where only a loaded network tells it.
    fn version(&self) -> Option<&str> {
        None
    }
}

/// What a network is made from.
#[derive(Clone, Copy, Debug)]
pub struct NetworkPlan<'a> {
    /// The model file's bytes, their checksum compared: ONNX, or the NPU vendor's own format.
    pub model: &'a [u8],
    /// The input tensor's name.
    pub input: &'a str,
    /// The output tensors' names.
    pub outputs: &'a [String],
    /// Width and height of the largest input in pixels.
    pub size: (usize, usize),
    /// Threads that may compute at once.
    pub threads: usize,
}

/// Why a network cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// A word that names no engine.
    #[error("backend is {got:?}, expected {}", BackendKind::ALL.map(BackendKind::word).join(", "))]
    UnknownKind {
        /// The word.
        got: String,
    },
    /// The shared library cannot serve.
    #[error("onnxruntime library {}: {reason}", path.display())]
    Library {
        /// The library.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// The engine refused the graph or failed while computing.
    #[error("{kind}: {during}: {reason}")]
    Engine {
        /// Which engine.
        kind: BackendKind,
        /// What it was doing.
        during: &'static str,
        /// Its words, on one line.
        reason: String,
    },
    /// The graph has no tensor of that name.
    #[error("{kind}: the graph has no {role} {name:?}, expected one of {have:?}")]
    NoSuchTensor {
        /// Which engine.
        kind: BackendKind,
        /// `input` or `output`.
        role: &'static str,
        /// The manifest's name.
        name: String,
        /// The names it has.
        have: Vec<String>,
    },
}

impl BackendKind {
    /// Every engine; those in the binary or on the CPU first.
    pub const ALL: [Self; 4] = [Self::Tract, Self::OnnxRuntime, Self::Rknn, Self::Hailo];

    /// Whether it computes on a processor of its own.
    #[must_use]
    pub const fn is_npu(self) -> bool {
        matches!(self, Self::Rknn | Self::Hailo)
    }

    /// The word used in configuration and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tract => "tract",
            Self::OnnxRuntime => "onnxruntime",
            Self::Rknn => "rknn",
            Self::Hailo => "hailo",
        }
    }

    /// An error of this engine, its words folded to one line.
    pub(crate) fn error(
        self,
        during: &'static str,
        reason: impl std::fmt::Display,
    ) -> BackendError {
        BackendError::Engine { kind: self, during, reason: one_line(reason) }
    }
}

impl std::fmt::Display for BackendKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for BackendKind {
    type Err = BackendError;

    fn from_str(word: &str) -> Result<Self, BackendError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or_else(|| BackendError::UnknownKind { got: word.to_owned() })
    }
}

/// The engine that was chosen, ready to load networks.
#[derive(Clone, Debug)]
pub enum Engine {
    /// tract.
    Tract,
    /// onnxruntime, loaded.
    OnnxRuntime(Runtime),
    /// An NPU's.
    Npu(NpuRuntime),
}

impl Engine {
    /// Which engine it is.
    #[must_use]
    pub const fn kind(&self) -> BackendKind {
        match self {
            Self::Tract => BackendKind::Tract,
            Self::OnnxRuntime(_) => BackendKind::OnnxRuntime,
            Self::Npu(runtime) => runtime.kind,
        }
    }

    /// The engine's own version; of an NPU's nothing before a network is loaded.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Tract => tract::VERSION,
            Self::OnnxRuntime(runtime) => runtime.version(),
            Self::Npu(_) => "",
        }
    }

    /// How many of `asked` threads it will use.
    #[must_use]
    pub const fn threads(&self, asked: usize) -> usize {
        match self {
            Self::Tract | Self::Npu(_) => 1,
            Self::OnnxRuntime(_) => asked,
        }
    }

    /// Whether its networks take inputs smaller than planned; the others have one shape for good.
    #[must_use]
    pub const fn takes_windows(&self) -> bool {
        match self {
            Self::Tract | Self::Npu(_) => false,
            Self::OnnxRuntime(_) => true,
        }
    }

    /// Whether its networks take pixels as they are.
    #[must_use]
    pub const fn takes_pixels(&self) -> bool {
        matches!(self, Self::Npu(_))
    }

    /// Makes `plan` ready to run, having run it once.
    pub fn load(&self, plan: &NetworkPlan<'_>) -> Result<Box<dyn Network>, BackendError> {
        Ok(match self {
            Self::Tract => Box::new(tract::TractNetwork::load(plan)?),
            Self::OnnxRuntime(runtime) => Box::new(runtime.load(plan)?),
            Self::Npu(runtime) => Box::new(runtime.load(plan)?),
        })
    }
}

/// Foreign words, folded to one line.
fn one_line(words: impl std::fmt::Display) -> String {
    words.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
