//! Which engine and which weights run, and why.
//!
//! `auto` engine: onnxruntime where its library loads, tract otherwise. `auto` precision: what the
//! preparation measured to be both faster and as good (`measured.toml`), fp32 where nothing was
//! measured, and always fp32 under tract, which gains nothing from INT8. What is asked for by name
//! is done or refused, never replaced.

use std::path::PathBuf;

use crate::backend::{BackendError, BackendKind, Engine, Runtime};
use crate::manifest::Precision;
use crate::prepared::{Measured, ModelRoot};

/// What to run; `None` is `auto` throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Folder of a prepared model; `auto`: the best one in `root`.
    pub model: Option<PathBuf>,
    /// The engine.
    pub backend: Option<BackendKind>,
    /// The weights.
    pub precision: Option<Precision>,
    /// Threads that may compute at once, 1 to [`Options::MAX_THREADS`]; tract uses one.
    pub threads: usize,
    /// onnxruntime's shared library; `auto`: `root/runtime/libonnxruntime.so`.
    pub onnxruntime_library: Option<PathBuf>,
    /// Where prepared models are.
    pub root: ModelRoot,
}

impl Options {
    /// More threads than any box has cores.
    pub const MAX_THREADS: usize = 64;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: None,
            backend: None,
            precision: None,
            threads: 1,
            onnxruntime_library: None,
            root: ModelRoot::from_environment(),
        }
    }
}

/// What was chosen. `Display` is one sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The model's name.
    pub model: String,
    /// SHA-256 of its ONNX file.
    pub model_sha256: String,
    /// The engine.
    pub backend: BackendKind,
    /// The engine's version.
    pub backend_version: String,
    /// The weights.
    pub precision: Precision,
    /// Threads that compute.
    pub threads: usize,
    /// Why this engine and these weights.
    pub reason: String,
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { model, backend, backend_version, precision, threads, reason, .. } = self;
        let plural = if *threads == 1 { "" } else { "s" };
        write!(
            f,
            "{model} {precision} on {backend} {backend_version}, {threads} thread{plural}: {reason}"
        )
    }
}

/// The engine for `options` and why.
pub(crate) fn engine(options: &Options) -> Result<(Engine, String), BackendError> {
    let library =
        options.onnxruntime_library.clone().unwrap_or_else(|| options.root.onnxruntime_library());
    match options.backend {
        Some(BackendKind::Tract) => Ok((Engine::Tract, "tract was asked for".to_owned())),
        Some(BackendKind::OnnxRuntime) => {
            let runtime = Runtime::open(&library)?;
            Ok((Engine::OnnxRuntime(runtime), "onnxruntime was asked for".to_owned()))
        }
        None => Ok(match Runtime::open(&library) {
            Ok(runtime) => {
                let why = "onnxruntime is the fastest engine here".to_owned();
                (Engine::OnnxRuntime(runtime), why)
            }
            Err(error) => (Engine::Tract, format!("tract because {error}")),
        }),
    }
}

/// The precision for `asked` on `backend` and why.
pub(crate) fn precision(
    asked: Option<Precision>,
    backend: BackendKind,
    measured: Option<&Measured>,
) -> (Precision, String) {
    match (asked, backend, measured) {
        (Some(precision), ..) => (precision, format!("{precision} was asked for")),
        (None, BackendKind::Tract, _) => (
            Precision::Fp32,
            "fp32 because tract computes INT8 convolutions in float, slower and less like the \
             model that was measured"
                .to_owned(),
        ),
        (None, BackendKind::OnnxRuntime, Some(measured)) => {
            let Measured { auto_precision, reason } = measured;
            (*auto_precision, format!("{auto_precision} because {}", reason.trim_end_matches('.')))
        }
        (None, BackendKind::OnnxRuntime, None) => {
            (Precision::Fp32, "fp32 because nothing was measured here".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(auto_precision: Precision) -> Measured {
        Measured { auto_precision, reason: "it is faster and finds as many people".to_owned() }
    }

    #[test]
    fn auto_precision_table() {
        use BackendKind::{OnnxRuntime, Tract};
        use Precision::{Fp32, Int8};
        let (fast, slow) = (measured(Int8), measured(Fp32));
        for (asked, backend, measured, expected, why) in [
            (None, OnnxRuntime, Some(&fast), Int8, "int8 because it is faster"),
            (None, OnnxRuntime, Some(&slow), Fp32, "fp32 because it is faster"),
            (None, OnnxRuntime, None, Fp32, "nothing was measured"),
            (None, Tract, Some(&fast), Fp32, "tract computes INT8"),
            (Some(Int8), Tract, Some(&slow), Int8, "asked for"),
            (Some(Fp32), OnnxRuntime, Some(&fast), Fp32, "asked for"),
        ] {
            let (got, reason) = precision(asked, backend, measured);
            assert_eq!(got, expected, "{asked:?} {backend}");
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_library_that_is_not_there_leaves_tract_and_says_so() {
        let root = ModelRoot::from(PathBuf::from("nowhere"));
        let (engine, why) = engine(&Options { root, ..Options::default() }).unwrap();
        assert_eq!(engine.kind(), BackendKind::Tract);
        assert!(why.contains("nowhere/runtime/libonnxruntime.so"), "{why}");
    }
}
