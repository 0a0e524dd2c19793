//! The rig: a model for the simulated library, its pictures, and its outputs where heads look.

use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::detection::Detection;
use detector::backend::hailo::{HailoModel, Patience};
use detector::backend::npu::{NpuError, NpuModel, NpuPlan, Simulated};
use detector::backend::{BackendError, Outputs};
use detector::head::HeadDecoder;
use detector::letterbox::{Fit, Letterbox, Window};
use detector::manifest::Manifest;
use detector::{Picture, Precision};
use simulated_hailo::{SimulatedHef, loaded};

/// What the daemon allows for a picture by default, and for the first.
const DEADLINES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(3));

/// A model folder, made ready for pictures of one size.
pub(crate) struct Rig {
    pub(crate) manifest: Manifest,
    pub(crate) fit: Fit,
    letterbox: Letterbox,
    library: PathBuf,
}

impl Rig {
    pub(crate) fn new(folder: &Path, (width, height): (usize, usize)) -> Self {
        let manifest = Manifest::read(&folder.join("model.toml")).unwrap();
        let letterbox = Letterbox::new(width, height, &manifest.input.unnormalized());
        let library = loaded::beside_this_test().expect("cargo builds the library with its test");
        Self { fit: *letterbox.fit(), manifest, letterbox, library }
    }

    pub(crate) fn library(&self) -> &Path {
        &self.library
    }

    pub(crate) fn open(&self, hef: &SimulatedHef) -> Result<HailoModel, NpuError> {
        self.open_file(&hef.to_bytes(), Simulated::Accept)
    }

    pub(crate) fn open_file(
        &self,
        model: &[u8],
        simulated: Simulated,
    ) -> Result<HailoModel, NpuError> {
        let plan = NpuPlan {
            library: &self.library,
            model,
            outputs: &self.manifest.head.outputs,
            size: self.fit.network(),
            simulated,
        };
        HailoModel::open(&plan, Patience::within(DEADLINES))
    }

    /// The picture as an NPU takes it.
    pub(crate) fn pixels(&mut self, picture: &Picture<'_>) -> Vec<u8> {
        let (width, height) = self.fit.network();
        let mut pixels = vec![0; 3 * width * height];
        self.letterbox.paint_pixels(picture, &mut pixels, 3 * width);
        pixels
    }

    /// What the manifest's head finds in `outputs`.
    pub(crate) fn decode(&self, outputs: &Computed) -> Vec<Detection> {
        let thresholds = self.manifest.weights(Precision::Fp32).unwrap().thresholds;
        let (network, shapes) = (self.fit.network(), outputs.shapes());
        let mut head = HeadDecoder::new(&self.manifest, thresholds, network, shapes).unwrap();
        head.decode(outputs, &Window::whole(&self.fit), &self.fit).unwrap().to_vec()
    }
}

/// Outputs that were computed somewhere.
pub(crate) struct Computed {
    shapes: Vec<Vec<usize>>,
    values: Vec<Vec<f32>>,
}

impl Computed {
    /// What `model` makes of `pixels`.
    pub(crate) fn of(model: &mut dyn NpuModel, pixels: &[u8]) -> Result<Self, NpuError> {
        model.pixels().copy_from_slice(pixels);
        model.run()?;
        let shapes = model.shapes().to_vec();
        let empty = |shape: &Vec<usize>| vec![f32::NAN; shape.iter().product()];
        let mut values: Vec<Vec<f32>> = shapes.iter().map(empty).collect();
        for (index, values) in values.iter_mut().enumerate() {
            model.read(index, values)?;
        }
        Ok(Self { shapes, values })
    }
}

impl Outputs for Computed {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        Ok(&self.values[index])
    }
}

pub(crate) fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny")
}
