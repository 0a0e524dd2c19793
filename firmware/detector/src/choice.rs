//! Which engine and which weights run, and why.
//!
//! `auto` engine: the NPU where this box has one and the model was converted for it (then
//! [`crate::failover`] keeps the CPU's beside it), onnxruntime where its library loads, tract
//! otherwise. `auto` precision: what the preparation measured to be both faster and as good
//! (`measured.toml`), fp32 where nothing was measured, and always fp32 under tract, which gains nothing
//! from INT8. What is asked for by name is done or refused, never replaced; only an NPU's place is
//! taken, while it is in trouble.

use std::path::PathBuf;
use std::time::Duration;

use crate::backend::npu::Simulated;
use crate::backend::rknn::{Cores, Transfer};
use crate::backend::{BackendError, BackendKind, Engine, NpuRuntime, Runtime};
use crate::detector::DetectorError;
use crate::manifest::{NpuModels, Precision, Thresholds};
use crate::prepared::{Measured, ModelRoot, PreparedError, PreparedModel};
use crate::presence;

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
    /// The NPU, where one runs.
    pub npu: NpuOptions,
}

/// How an NPU is used; `None` is `auto` throughout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpuOptions {
    /// The chip, one of [`NpuModels::PLATFORMS`](crate::manifest::NpuModels::PLATFORMS); `auto`: what
    /// the kernel says this box is.
    pub platform: Option<String>,
    /// The vendor's shared library; `auto`: its usual name, wherever the loader finds it.
    pub library: Option<PathBuf>,
    /// The program of the helper process; `auto`: `polewatch-npu` beside the running program.
    pub process: Option<PathBuf>,
    /// Whether a simulated runtime is taken.
    pub simulated: Simulated,
    /// Which cores of an RK3588 run the model.
    pub cores: Cores,
    /// How tensors are handed to Rockchip's runtime.
    pub transfer: Transfer,
    /// How long one run may take before the helper process is killed.
    pub deadline: Duration,
}

impl Default for NpuOptions {
    fn default() -> Self {
        Self {
            platform: None,
            library: None,
            process: None,
            simulated: Simulated::Refuse,
            cores: Cores::default(),
            transfer: Transfer::default(),
            deadline: Self::DEADLINE,
        }
    }
}

impl NpuOptions {
    /// Several times the slowest chip's time for the largest input, and short enough that somebody
    /// who falls meanwhile is still falling.
    pub const DEADLINE: Duration = Duration::from_millis(500);

    /// Whose NPUs this box has, by its configuration or else as the kernel tells it.
    #[must_use]
    pub fn kinds(&self) -> Vec<BackendKind> {
        let mut kinds: Vec<_> =
            self.platforms().iter().map(|platform| presence::kind_of(platform)).collect();
        kinds.dedup();
        kinds
    }

    /// The chips that may be meant, best first: the configured one, else what this box has.
    fn platforms(&self) -> Vec<String> {
        match &self.platform {
            Some(platform) => vec![platform.clone()],
            None => presence::platforms().map(str::to_owned).collect(),
        }
    }
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
            npu: NpuOptions::default(),
        }
    }
}

/// What was chosen. `Display` is one sentence for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The model's name.
    pub model: String,
    /// SHA-256 of the file that runs.
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

impl Choice {
    /// What alarms carry of the model: the first eight bytes of its SHA-256.
    #[must_use]
    pub fn model_id(&self) -> [u8; 8] {
        let digits = self.model_sha256.get(..16);
        let value = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        value.unwrap_or_default().to_be_bytes()
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { model, backend, backend_version, precision, threads, reason, .. } = self;
        write!(f, "{model} {precision} on {backend} {backend_version}")?;
        if !backend.is_npu() {
            let plural = if *threads == 1 { "" } else { "s" };
            write!(f, ", {threads} thread{plural}")?;
        }
        write!(f, ": {reason}")
    }
}

/// The model `options` ask for, else the best that is prepared.
pub(crate) fn model(options: &Options) -> Result<PreparedModel, PreparedError> {
    match &options.model {
        Some(folder) => PreparedModel::open(folder),
        None => options.root.best_model(),
    }
}

/// The CPU's engine for `options` and why: its best where an NPU is asked for.
pub(crate) fn cpu_engine(options: &Options) -> Result<(Engine, String), BackendError> {
    let library =
        options.onnxruntime_library.clone().unwrap_or_else(|| options.root.onnxruntime_library());
    match options.backend {
        Some(BackendKind::Tract) => Ok((Engine::Tract, "tract was asked for".to_owned())),
        Some(BackendKind::OnnxRuntime) => {
            let runtime = Runtime::open(&library)?;
            Ok((Engine::OnnxRuntime(runtime), "onnxruntime was asked for".to_owned()))
        }
        _ => Ok(match Runtime::open(&library) {
            Ok(runtime) => {
                let why = "onnxruntime is the fastest engine of the CPU".to_owned();
                (Engine::OnnxRuntime(runtime), why)
            }
            Err(error) => (Engine::Tract, format!("tract because {error}")),
        }),
    }
}

/// What is to be done about an NPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NpuUse {
    /// Nothing: there is none, or the CPU is asked for.
    None,
    /// It has the detector, and the CPU stands ready.
    Run,
    /// This box has one which nothing was converted for, as the sentence says.
    Idle(String),
}

/// What `options` mean for an NPU with `model`. One that is asked for, or whose `npu.toml` cannot be
/// read, is to run: why it cannot is then its trouble, and over when that is mended.
pub(crate) fn npu_use(options: &Options, model: &PreparedModel) -> NpuUse {
    match options.backend {
        Some(kind) if kind.is_npu() => return NpuUse::Run,
        Some(_) => return NpuUse::None,
        None => {}
    }
    let platforms = platforms(options);
    let Some(first) = platforms.first() else { return NpuUse::None };
    match model.npu_models() {
        Ok(models) if !platforms.iter().any(|platform| models.serves(platform)) => {
            NpuUse::Idle(format!(
                "the NPU here ({first}) is not used because {} has no model for it \
                 (scripts/prepare-npu converts)",
                NpuModels::FILE
            ))
        }
        _ => NpuUse::Run,
    }
}

/// The NPU that `options` ask for or that this box has, and why.
pub(crate) fn npu_engine(
    options: &Options,
    model: &PreparedModel,
) -> Result<(NpuRuntime, String), DetectorError> {
    let kind = options.backend.filter(|kind| kind.is_npu());
    let platform = model.npu_models()?.best_served(platforms(options)).ok_or_else(|| {
        kind.unwrap_or(BackendKind::Rknn).error(
            "looking for the NPU",
            "this box has none that is known, expected its name in \
                    detector.npu_platform if there is one",
        )
    })?;
    let why = match kind {
        Some(kind) => format!("{kind} on {platform} was asked for"),
        None if options.npu.platform.is_some() => {
            format!("by its configuration this box has an NPU ({platform})")
        }
        None => format!("this box has an NPU ({platform})"),
    };
    Ok((runtime_on(platform, &options.npu)?, why))
}

/// The scores measured for the NPU's model, known also while it is in trouble.
pub(crate) fn npu_thresholds(options: &Options, model: &PreparedModel) -> Option<Thresholds> {
    let models = model.npu_models().ok()?;
    let platform = models.best_served(platforms(options))?;
    models.of(&platform).next().map(|conversion| conversion.weights.thresholds)
}

fn runtime_on(platform: String, options: &NpuOptions) -> Result<NpuRuntime, BackendError> {
    let kind = presence::kind_of(&platform);
    let process = match &options.process {
        Some(process) => process.clone(),
        None => beside_this_program(kind)?,
    };
    let usual = if kind == BackendKind::Hailo { "libhailort.so" } else { "librknnrt.so" };
    let library = options.library.clone().unwrap_or_else(|| PathBuf::from(usual));
    let NpuOptions { simulated, cores, transfer, deadline, .. } = *options;
    Ok(NpuRuntime { kind, platform, process, library, simulated, cores, transfer, deadline })
}

/// The chips that may be meant, of the kind that is asked for.
fn platforms(options: &Options) -> Vec<String> {
    let mut platforms = options.npu.platforms();
    platforms
        .retain(|platform| options.backend.is_none_or(|kind| presence::kind_of(platform) == kind));
    platforms
}

fn beside_this_program(kind: BackendKind) -> Result<PathBuf, BackendError> {
    let program = std::env::current_exe()
        .map_err(|error| kind.error("looking for the helper process", error))?;
    Ok(program.with_file_name("polewatch-npu"))
}

/// The precision for `asked` on `backend` and why.
pub(crate) fn precision(
    asked: Option<Precision>,
    backend: BackendKind,
    measured: Option<&Measured>,
) -> (Precision, String) {
    match (asked, backend, measured) {
        (_, BackendKind::Rknn | BackendKind::Hailo, _) => {
            (Precision::Int8, "int8 because the NPU computes in it".to_owned())
        }
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
        use BackendKind::{Hailo, OnnxRuntime, Rknn, Tract};
        use Precision::{Fp32, Int8};
        let (fast, slow) = (measured(Int8), measured(Fp32));
        for (asked, backend, measured, expected, why) in [
            (None, OnnxRuntime, Some(&fast), Int8, "int8 because it is faster"),
            (None, OnnxRuntime, Some(&slow), Fp32, "fp32 because it is faster"),
            (None, OnnxRuntime, None, Fp32, "nothing was measured"),
            (None, Tract, Some(&fast), Fp32, "tract computes INT8"),
            (Some(Int8), Tract, Some(&slow), Int8, "asked for"),
            (Some(Fp32), OnnxRuntime, Some(&fast), Fp32, "asked for"),
            (None, Rknn, Some(&slow), Int8, "the NPU computes in it"),
            (Some(Fp32), Hailo, None, Int8, "the NPU computes in it"),
        ] {
            let (got, reason) = precision(asked, backend, measured);
            assert_eq!(got, expected, "{asked:?} {backend}");
            assert!(reason.contains(why), "{reason}");
        }
    }

    #[test]
    fn a_configured_chip_is_the_only_npu_there_is() {
        for (platform, expected) in [("rk3566", BackendKind::Rknn), ("hailo8l", BackendKind::Hailo)]
        {
            let options =
                NpuOptions { platform: Some(platform.to_owned()), ..NpuOptions::default() };
            assert_eq!(options.kinds(), [expected]);
        }
    }

    #[test]
    fn a_checksum_is_carried_by_its_first_eight_bytes() {
        for (model_sha256, expected) in [
            ("0123456789abcdef00", [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]),
            ("short", [0; 8]),
        ] {
            let choice = Choice {
                model: "tiny".to_owned(),
                model_sha256: model_sha256.to_owned(),
                backend: BackendKind::Tract,
                backend_version: String::new(),
                precision: Precision::Fp32,
                threads: 1,
                reason: String::new(),
            };
            assert_eq!(choice.model_id(), expected);
        }
    }

    #[test]
    fn a_library_that_is_not_there_leaves_tract_and_says_so() {
        let root = ModelRoot::from(PathBuf::from("nowhere"));
        let (engine, why) = cpu_engine(&Options { root, ..Options::default() }).unwrap();
        assert_eq!(engine.kind(), BackendKind::Tract);
        assert!(why.contains("nowhere/runtime/libonnxruntime.so"), "{why}");
    }
}
