//! A simulated NPU: a vendor's simulated runtime, models converted for it, its trouble on command.
//!
//! Promises: the shipped daemon loads it as it would load the vendor's, by its configuration. Refuses:
//! speed and arithmetic of a chip; it computes the network on this machine's processor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use detector::ModelRoot;
use detector::manifest::Input;
use detector::prepared::PreparedModel;

use crate::programs;

/// The variable that names the file a simulated runtime reads its trouble from, at every call.
pub const TROUBLE_VARIABLE: &str = "POLEWATCH_SIM_NPU_FAULT";

/// The program that writes conversions for it.
const WRITER: &str = "simulated-npu-model";

/// The longer side of the network's input in the manifest, and what it is halved to.
const SIDES: [&str; 2] = ["long_side_px = 640", "long_side_px = 320"];
/// The inputs of pictures of 16:9, which the daemon expects before the first one comes, and of 4:3.
const HALVED: [(usize, usize); 2] = [(320, 192), (320, 256)];

/// A vendor's simulated runtime.
#[derive(Clone, Copy, Debug)]
pub struct SimulatedNpu {
    /// The engine's name in the configuration.
    pub backend: &'static str,
    /// The chip it simulates.
    pub platform: &'static str,
    library: &'static str,
}

impl SimulatedNpu {
    /// Rockchip's.
    pub const RKNN: Self =
        Self { backend: "rknn", platform: "rk3588", library: "libsimulated_rknn.so" };
    /// Hailo's.
    pub const HAILO: Self =
        Self { backend: "hailo", platform: "hailo8l", library: "libsimulated_hailo.so" };

    /// Its library, as built.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn library(&self) -> Result<PathBuf> {
        programs::shipped(self.library)
    }

    /// Prepares in `folder` the best model of this machine with an input of half the sides, a quarter of
    /// the work, for a processor that plays the NPU beside everything else.
    ///
    /// # Errors
    /// When no model is prepared.
    pub fn prepare_halved(&self, folder: &Path) -> Result<()> {
        let root = ModelRoot::from_environment();
        let model = root.path().join(&root.best_model()?.manifest().name);
        let file = model.join("model.toml");
        let manifest = fs::read_to_string(&file)?;
        ensure!(manifest.contains(SIDES[0]), "{} lacks {:?}", file.display(), SIDES[0]);
        fs::write(folder.join("model.toml"), manifest.replace(SIDES[0], SIDES[1]))?;
        for name in ["fp32.onnx", "int8.onnx", "measured.toml"] {
            fs::copy(model.join(name), folder.join(name))?;
        }
        self.convert(folder, &HALVED, &[])
    }

    /// Prepares in `folder` the best model of this machine, else the tests' own, for pictures of 4:3 and a
    /// runtime of Rockchip's that does nothing; outputs are 16-bit floats, as our conversions leave
    /// them. Gives the model's name.
    ///
    /// # Errors
    /// When the program that writes conversions has not been built, or says what is wrong.
    pub fn prepare_idle(folder: &Path) -> Result<String> {
        let best = ModelRoot::from_environment().best_model();
        let model = match best {
            Ok(best) => ModelRoot::from_environment().path().join(&best.manifest().name),
            Err(_) => tiny(),
        };
        copy(&model, folder)?;
        let prepared = PreparedModel::open(folder)?;
        let Input { long_side_px: width, multiple, .. } = prepared.manifest().input;
        let size = (width, (width * 3 / 4).next_multiple_of(multiple));
        Self::RKNN.convert(folder, &[size], &["--half", "--no-work"])?;
        Ok(format!("{} {}x{}", prepared.manifest().name, size.0, size.1))
    }

    /// Prepares in `folder` the tests' own model for pictures of 4:3.
    ///
    /// # Errors
    /// When the program that writes conversions has not been built, or says what is wrong.
    pub fn prepare_tiny(&self, folder: &Path) -> Result<()> {
        copy(&tiny(), folder)?;
        self.convert(folder, &[(320, 256)], &[])
    }

    /// Converts the model prepared in `folder` for inputs of these widths and heights.
    fn convert(&self, folder: &Path, sizes: &[(usize, usize)], how: &[&str]) -> Result<()> {
        let mut entries = String::new();
        for (width, height) in sizes {
            let written = Command::new(programs::shipped(WRITER)?)
                .arg("--model")
                .arg(folder)
                .arg("--out")
                .arg(folder.join(format!("{width}x{height}.npu")))
                .args(["--width", &width.to_string(), "--height", &height.to_string()])
                .args(["--platform", self.platform])
                .args(how)
                .output()?;
            let errors = String::from_utf8_lossy(&written.stderr);
            ensure!(written.status.success(), "{WRITER}: {errors}");
            entries += &String::from_utf8(written.stdout)?;
        }
        Ok(fs::write(folder.join("npu.toml"), entries)?)
    }

    /// The configuration's section that asks for it with the model of `folder`; `simulated` is `accept` or
    /// `refuse`.
    ///
    /// # Errors
    /// When the library has not been built.
    pub fn config(&self, folder: &Path, simulated: &str) -> Result<String> {
        let Self { backend, platform, .. } = self;
        let library = self.library()?;
        Ok(format!(
            "[detector]\nmodel = {folder:?}\nbackend = {backend:?}\nnpu_platform = {platform:?}\n\
             npu_library = {library:?}\nnpu_simulated = {simulated:?}\n"
        ))
    }
}

/// The tests' own model, committed.
fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny")
}

fn copy(model: &Path, folder: &Path) -> Result<()> {
    for name in ["model.toml", "fp32.onnx", "int8.onnx"] {
        fs::copy(model.join(name), folder.join(name))?;
    }
    Ok(())
}
