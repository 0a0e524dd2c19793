//! Who is put through the suite: an engine with a precision, the NPUs' by their simulated runtimes.
//!
//! The simulated runtimes and the program that writes their model files are built with the workspace and lie
//! beside the tests' folder; where they are not, the NPUs are ignored with that reason.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use detector::backend::npu::Simulated;
use detector::manifest::Manifest;
use detector::{BackendKind, Detector, ModelRoot, NpuOptions, Options, Precision};

use crate::scene::Scene;

/// An engine and the arithmetic it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) backend: BackendKind,
    pub(crate) precision: Precision,
}

/// A subject with a model.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) subject: Subject,
    /// The prepared model's name.
    pub(crate) model: String,
    folder: PathBuf,
}

/// A simulated runtime.
struct Simulation {
    platform: &'static str,
    library: &'static str,
}

/// The helper process's program.
const PROCESS: &str = "polewatch-npu";
/// The program that writes model files for the simulated runtimes.
const WRITER: &str = "simulated-npu-model";

/// The inputs of all scenes: 4:3 and upright for the tiny model, 4:3 and 16:9 for the others.
const TINY_SIZES: [(usize, usize); 2] = [(320, 256), (256, 320)];
const SIZES: [(usize, usize); 1] = [(640, 480)];

impl Subject {
    /// Everyone, the plainest first.
    pub(crate) const ALL: [Self; 6] = [
        Self { backend: BackendKind::Tract, precision: Precision::Fp32 },
        Self { backend: BackendKind::Tract, precision: Precision::Int8 },
        Self { backend: BackendKind::OnnxRuntime, precision: Precision::Fp32 },
        Self { backend: BackendKind::OnnxRuntime, precision: Precision::Int8 },
        Self { backend: BackendKind::Rknn, precision: Precision::Int8 },
        Self { backend: BackendKind::Hailo, precision: Precision::Int8 },
    ];

    /// Why this machine cannot run it; `None` when it can.
    pub(crate) fn missing(self) -> Option<String> {
        match self.backend {
            BackendKind::Tract => None,
            BackendKind::OnnxRuntime => {
                let library = ModelRoot::from_environment().onnxruntime_library();
                (!library.is_file()).then(|| "no libonnxruntime.so is prepared".to_owned())
            }
            BackendKind::Rknn | BackendKind::Hailo => {
                let simulation = self.simulation();
                let needed = [simulation.library, WRITER, PROCESS].map(built);
                let lacking = needed.iter().find(|path| !path.is_file())?;
                let name = lacking.file_name().unwrap_or_default().display();
                Some(format!("{name} is not built (cargo build --release --workspace)"))
            }
        }
    }

    fn simulation(self) -> Simulation {
        match self.backend {
            BackendKind::Hailo => {
                Simulation { platform: "hailo8l", library: "libsimulated_hailo.so" }
            }
            _ => Simulation { platform: "rk3588", library: "libsimulated_rknn.so" },
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.backend.is_npu() {
            true => write!(f, "{} simulated", self.backend),
            false => write!(f, "{} {}", self.backend, self.precision),
        }
    }
}

impl Case {
    /// `subject` with the model prepared in `folder`.
    pub(crate) fn new(subject: Subject, model: &str, folder: &Path) -> Self {
        Self { subject, model: model.to_owned(), folder: folder.to_owned() }
    }

    /// What the model says of itself.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::read(&self.folder.join("model.toml")).unwrap()
    }

    pub(crate) fn open(&self, scene: &Scene) -> Detector {
        let (width, height) = scene.size();
        let opened = Detector::open(&self.options(), width, height);
        opened.unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    fn options(&self) -> Options {
        let mut options = Options {
            model: Some(self.folder.clone()),
            backend: Some(self.subject.backend),
            precision: Some(self.subject.precision),
            ..Options::default()
        };
        if self.subject.backend.is_npu() {
            let simulation = self.subject.simulation();
            options.model = Some(self.converted(&simulation));
            options.npu = NpuOptions {
                platform: Some(simulation.platform.to_owned()),
                library: Some(built(simulation.library)),
                process: Some(built(PROCESS)),
                simulated: Simulated::Accept,
                // The simulation computes in f32 on a CPU that others use too.
                deadline: Duration::from_secs(60),
                ..NpuOptions::default()
            };
        }
        options
    }

    /// The model's folder with conversions for the simulated NPU, written once in this process.
    fn converted(&self, simulation: &Simulation) -> PathBuf {
        static WRITTEN: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
        let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        let key = format!("{}-{}", self.model, simulation.platform);
        if let Some(folder) = written.get(&key) {
            return folder.clone();
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("conformance-{}", std::process::id()))
            .join(&key);
        fs::create_dir_all(&folder).unwrap();
        for file in ["model.toml", "fp32.onnx", "int8.onnx"] {
            fs::copy(self.folder.join(file), folder.join(file)).unwrap();
        }
        let sizes = if self.model == "tiny" { &TINY_SIZES[..] } else { &SIZES };
        let entries: Vec<String> =
            sizes.iter().map(|&size| self.convert(simulation, &folder, size)).collect();
        fs::write(folder.join("npu.toml"), entries.join("\n")).unwrap();
        written.entry(key).or_insert(folder).clone()
    }

    /// Writes one conversion; gives its entry.
    fn convert(
        &self,
        simulation: &Simulation,
        folder: &Path,
        (width, height): (usize, usize),
    ) -> String {
        let output = Command::new(built(WRITER))
            .arg("--model")
            .arg(&self.folder)
            .arg("--out")
            .arg(folder.join(format!("{width}x{height}.npu")))
            .args(["--width", &width.to_string(), "--height", &height.to_string()])
            .args(["--platform", simulation.platform])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{WRITER}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {}", self.model, self.subject)
    }
}

/// What cargo built beside the folder of this test.
fn built(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join(name)
}
