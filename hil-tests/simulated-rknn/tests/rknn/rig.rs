//! The simulated library, models for it and pictures.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use analytics::detection::ObjectClass;
use detector::backend::npu::{NpuError, NpuModel, NpuPlan, Simulated};
use detector::backend::rknn::{self, RknnOptions, Transfer};
use detector::backend::{Engine, InputTensor, NetworkPlan};
use detector::manifest::Manifest;
use detector::prepared::PreparedModel;
use detector::{ModelRoot, Precision};
use simulated_rknn::model_file::{SimulatedModel, Simulation};

/// Footage of Debian's `opencv-doc`: a path with five to ten walkers.
const STREET: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";

/// The simulated runtime, built for this test.
pub(crate) fn library() -> PathBuf {
    env::current_exe().unwrap().with_file_name("libsimulated_rknn.so")
}

/// A network, what is known of it, and its model file.
pub(crate) struct Rig {
    pub(crate) manifest: Manifest,
    pub(crate) size: (usize, usize),
    onnx: Vec<u8>,
    file: SimulatedModel,
}

impl Rig {
    /// The committed test network, `change`d.
    pub(crate) fn tiny(change: impl FnOnce(&mut Simulation)) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny");
        Self::of(&folder, (320, 256), change)
    }

    /// NanoDet-Plus-m, where it is prepared, `change`d.
    pub(crate) fn nanodet(change: impl FnOnce(&mut Simulation)) -> Option<Self> {
        let folder = ModelRoot::from_environment().path().join("nanodet-plus-m");
        if !folder.join("fp32.onnx").is_file() {
            println!("skipped: nanodet-plus-m (not prepared)");
            return None;
        }
        Some(Self::of(&folder, (640, 480), change))
    }

    fn of(folder: &Path, size: (usize, usize), change: impl FnOnce(&mut Simulation)) -> Self {
        let prepared = PreparedModel::open(folder).unwrap();
        let onnx = prepared.onnx(Precision::Fp32).unwrap();
        let manifest = prepared.manifest().clone();
        let mut file = SimulatedModel::new(&manifest, onnx.clone(), size, "rk3588");
        change(&mut file.description.simulated);
        Self { manifest, size, onnx, file }
    }

    /// The model file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.file.write().unwrap()
    }

    pub(crate) fn simulation(&self) -> &Simulation {
        &self.file.description.simulated
    }

    pub(crate) fn open(&self, transfer: Transfer) -> Box<dyn NpuModel> {
        let options = RknnOptions { transfer, ..RknnOptions::default() };
        self.try_open(&self.bytes(), &options, Simulated::Accept).unwrap()
    }

    pub(crate) fn try_open(
        &self,
        model: &[u8],
        options: &RknnOptions,
        simulated: Simulated,
    ) -> Result<Box<dyn NpuModel>, NpuError> {
        let (library, outputs) = (library(), &self.manifest.head.outputs);
        let (size, library) = (self.size, library.as_path());
        rknn::open(&NpuPlan { library, model, outputs, size, simulated }, options)
    }

    /// What tract gives for `pixels`, in fp32.
    pub(crate) fn tract(&self, pixels: &[u8]) -> Vec<Vec<f32>> {
        let input = &self.manifest.input;
        let plan = NetworkPlan {
            model: &self.onnx,
            input: &input.tensor,
            outputs: &self.manifest.head.outputs,
            size: self.size,
            threads: 1,
        };
        let mut network = Engine::Tract.load(&plan).unwrap();
        let plane = self.size.0 * self.size.1;
        let InputTensor::Planes(tensor) = network.input() else { panic!("tract takes planes") };
        for (at, value) in tensor.iter_mut().enumerate() {
            let (channel, at) = (at / plane, at % plane);
            *value =
                (f32::from(pixels[3 * at + channel]) - input.mean[channel]) / input.std[channel];
        }
        network.run().unwrap();
        let outputs = 0..self.manifest.head.outputs.len();
        outputs.map(|index| network.output(index).unwrap().to_vec()).collect()
    }
}

/// Puts `pixels` in, row by row, runs, and takes everything out.
pub(crate) fn outputs(model: &mut dyn NpuModel, pixels: &[u8]) -> Vec<Vec<f32>> {
    let form = model.input();
    let rows = model.pixels().chunks_exact_mut(form.row_bytes);
    for (to, from) in rows.zip(pixels.chunks_exact(3 * form.width)) {
        to[..from.len()].copy_from_slice(from);
    }
    model.run().unwrap();
    let lengths: Vec<usize> = model.shapes().iter().map(|shape| shape.iter().product()).collect();
    let read = |(index, length): (usize, usize)| {
        let mut values = vec![0.0; length];
        model.read(index, &mut values).unwrap();
        values
    };
    lengths.into_iter().enumerate().map(read).collect()
}

/// Where the blocks of [`blocks`] are.
pub(crate) const BLOCKS: [(ObjectClass, [f32; 4]); 2] = [
    (ObjectClass::Person, [64.0 / 320.0, 64.0 / 256.0, 104.0 / 320.0, 120.0 / 256.0]),
    (ObjectClass::Car, [192.0 / 320.0, 96.0 / 256.0, 248.0 / 320.0, 136.0 / 256.0]),
];

/// What `models/tiny` looks for: a white block and a blue one on dark, blue first in each pixel.
pub(crate) fn blocks() -> Vec<u8> {
    let mut pixels = vec![16; 320 * 256 * 3];
    for (y, row) in pixels.chunks_exact_mut(320 * 3).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
            if (64..104).contains(&x) && (64..120).contains(&y) {
                pixel.fill(255);
            } else if (192..248).contains(&x) && (96..136).contains(&y) {
                pixel.copy_from_slice(&[255, 16, 16]);
            }
        }
    }
    pixels
}

/// A frame of 640x480 with walkers, blue first in each pixel.
pub(crate) fn street() -> Option<Vec<u8>> {
    let decoded = Command::new("ffmpeg")
        .args(["-v", "error", "-ss", "25", "-i", STREET, "-frames:v", "1", "-vf"])
        .args(["scale=640:480", "-pix_fmt", "bgr24", "-f", "rawvideo", "-"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let pixels = decoded.map(|decoded| decoded.stdout).unwrap_or_default();
    if pixels.len() == 640 * 480 * 3 {
        return Some(pixels);
    }
    println!("skipped: footage (no vtest.avi or no ffmpeg)");
    None
}
