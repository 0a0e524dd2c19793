//! `simulated-npu-model`: a prepared model as a file for a simulated NPU, and its entry of `npu.toml`.
//!
//! Promises: whoever appends what it prints to the model's `npu.toml` has a conversion for that chip.
//! Refuses: to make one that a real runtime would take.
#![allow(clippy::print_stdout, reason = "the entry is its result")]

use std::fs;
use std::path::PathBuf;

use analytics::scene::light::Light;
use anyhow::{Context as _, Result};
use clap::{Args, Parser, ValueEnum};
use detector::Precision;
use detector::manifest::NpuModels;
use detector::prepared::PreparedModel;
use sha2::{Digest as _, Sha256};
use simulated_hailo::SimulatedHef;
use simulated_rknn::model_file::{Layout, Native, SimulatedModel, Stored, Work};

/// Makes a model for a simulated NPU out of a prepared one.
///
/// Prints its entry of npu.toml, so: simulated-npu-model ... >> MODEL/npu.toml
#[derive(Parser)]
struct Arguments {
    /// A prepared model's folder, or models/tiny.
    #[arg(long)]
    model: PathBuf,
    /// Where to write the model file.
    #[arg(long)]
    out: PathBuf,
    /// Pixels across, a multiple of the model's.
    #[arg(long)]
    width: usize,
    /// Pixels down.
    #[arg(long)]
    height: usize,
    /// The chip it says it is for.
    #[arg(long, default_value = "rk3588", value_parser = NpuModels::PLATFORMS)]
    platform: String,
    #[command(flatten)]
    rknn: RknnArguments,
}

/// What can be chosen of models for Rockchip's chips.
#[derive(Args)]
#[command(next_help_heading = "Rockchip's only")]
struct RknnArguments {
    /// How the outputs lie in lent memory.
    #[arg(long, value_enum, default_value = "nc1hwc2")]
    layout: LayoutWord,
    /// Leaves the outputs in 16-bit floats instead of bytes.
    #[arg(long)]
    half: bool,
    /// Pixels between the rows of the lent input.
    #[arg(long, default_value_t = 0)]
    padding: usize,
    /// Leaves the outputs as they are, to measure what the caller costs.
    #[arg(long)]
    no_work: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum LayoutWord {
    Nchw,
    Nhwc,
    Nc1hwc2,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let Arguments { model, out, width, height, platform, rknn } = &arguments;
    let bytes = if platform.starts_with("hailo") {
        SimulatedHef::of_model(model, (*width, *height))?.to_bytes()
    } else {
        let prepared = PreparedModel::open(model)?;
        let (manifest, onnx) = (prepared.manifest(), prepared.onnx(Precision::Fp32)?);
        rknn.apply(SimulatedModel::new(manifest, onnx, (*width, *height), platform)).write()?
    };
    fs::write(out, &bytes).with_context(|| format!("{} cannot be written", out.display()))?;
    println!("{}", entry(&arguments, &bytes)?);
    Ok(())
}

/// The file's table in `npu.toml`; what it is believed from is the fp32 network's, which it computes.
fn entry(arguments: &Arguments, bytes: &[u8]) -> Result<String> {
    let Arguments { model, out, width, height, platform, .. } = arguments;
    let name = out.file_name().context("--out names no file")?.to_string_lossy();
    let sha256: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let thresholds = PreparedModel::open(model)?.weights(Precision::Fp32)?.thresholds;
    let believed = thresholds.believed.in_light(Light::Day);
    Ok(format!(
        "[[model]]\nplatform = {platform:?}\nfile = {name:?}\nsha256 = {sha256:?}\nbytes = {}\n\
         width = {width}\nheight = {height}\ntoolkit = \"simulated\"\nstart_confidence = {}\n\
         keep_confidence = {}\nsuppression_iou = {}",
        bytes.len(),
        believed.start.get(),
        believed.keep.get(),
        thresholds.suppression_iou,
    ))
}

impl RknnArguments {
    fn apply(&self, mut model: SimulatedModel) -> SimulatedModel {
        let simulated = &mut model.description.simulated;
        let layout = match self.layout {
            LayoutWord::Nchw => Layout::Nchw,
            LayoutWord::Nhwc => Layout::Nhwc,
            LayoutWord::Nc1hwc2 => Layout::Nc1hwc2,
        };
        simulated.native = Native { layout, padding: self.padding };
        if self.half {
            simulated.outputs.iter_mut().for_each(|output| output.stored = Stored::Half);
        }
        simulated.work = if self.no_work { Work::None } else { Work::All };
        model
    }
}
