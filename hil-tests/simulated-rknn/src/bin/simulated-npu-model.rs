//! Writes a model file for the simulated RKNN runtime, and its entry of `npu.toml` to stdout.
#![allow(clippy::print_stdout, reason = "the entry is its result")]

use std::fs;
use std::path::PathBuf;

use analytics::scene::light::Light;
use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use detector::Precision;
use detector::prepared::PreparedModel;
use sha2::{Digest as _, Sha256};
use simulated_rknn::model_file::{Layout, Native, SimulatedModel, Stored, Work};

/// Makes a model for the simulated NPU out of a prepared one.
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
    #[arg(long, default_value = "rk3588")]
    platform: String,
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
    let prepared = PreparedModel::open(&arguments.model)?;
    let (manifest, onnx) = (prepared.manifest(), prepared.onnx(Precision::Fp32)?);
    let size = (arguments.width, arguments.height);
    let mut model = SimulatedModel::new(manifest, onnx, size, &arguments.platform);
    let simulated = &mut model.description.simulated;
    let layout = match arguments.layout {
        LayoutWord::Nchw => Layout::Nchw,
        LayoutWord::Nhwc => Layout::Nhwc,
        LayoutWord::Nc1hwc2 => Layout::Nc1hwc2,
    };
    simulated.native = Native { layout, padding: arguments.padding };
    if arguments.half {
        simulated.outputs.iter_mut().for_each(|output| output.stored = Stored::Half);
    }
    simulated.work = if arguments.no_work { Work::None } else { Work::All };
    let bytes = model.write()?;
    fs::write(&arguments.out, &bytes)
        .with_context(|| format!("{} cannot be written", arguments.out.display()))?;
    println!("{}", entry(&arguments, &bytes, &prepared)?);
    Ok(())
}

/// The file's table in `npu.toml`; what a network is believed from is its fp32's.
fn entry(arguments: &Arguments, bytes: &[u8], prepared: &PreparedModel) -> Result<String> {
    let name = arguments.out.file_name().context("--out names no file")?;
    let sha256 = Sha256::digest(bytes);
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let thresholds = prepared.weights(Precision::Fp32)?.thresholds;
    let believed = thresholds.believed.in_light(Light::Day);
    Ok(format!(
        "[[model]]\nplatform = {:?}\nfile = {:?}\nsha256 = {sha256:?}\nbytes = {}\nwidth = {}\n\
         height = {}\ntoolkit = \"simulated\"\nstart_confidence = {}\nkeep_confidence = {}\n\
         suppression_iou = {}",
        arguments.platform,
        name.to_string_lossy(),
        bytes.len(),
        arguments.width,
        arguments.height,
        believed.start.get(),
        believed.keep.get(),
        thresholds.suppression_iou,
    ))
}
