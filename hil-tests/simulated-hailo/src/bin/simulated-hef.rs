//! Writes a simulated HEF of a prepared model, and its entry of `npu.toml` to stdout.
#![allow(clippy::print_stdout, reason = "the entry is its result")]

use std::path::PathBuf;

use analytics::scene::light::Light;
use anyhow::{Context as _, Result};
use clap::Parser;
use detector::Precision;
use detector::prepared::PreparedModel;
use sha2::{Digest as _, Sha256};
use simulated_hailo::SimulatedHef;

/// Makes a model for the simulated Hailo chip out of a prepared one.
///
/// Prints its entry of npu.toml, so: simulated-hef ... >> MODEL/npu.toml
#[derive(Parser)]
struct Arguments {
    /// A prepared model's folder, or models/tiny.
    #[arg(long)]
    model: PathBuf,
    /// Where to write the HEF.
    #[arg(long)]
    out: PathBuf,
    /// Pixels across, a multiple of the model's.
    #[arg(long)]
    width: usize,
    /// Pixels down.
    #[arg(long)]
    height: usize,
    /// The chip it says it is for.
    #[arg(long, default_value = "hailo8l")]
    platform: String,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let size = (arguments.width, arguments.height);
    let bytes = SimulatedHef::of_model(&arguments.model, size)?.to_bytes();
    std::fs::write(&arguments.out, &bytes)
        .with_context(|| format!("{} cannot be written", arguments.out.display()))?;
    println!("{}", entry(&arguments, &bytes)?);
    Ok(())
}

/// The file's table in `npu.toml`, believed as the fp32 network it computes.
fn entry(arguments: &Arguments, bytes: &[u8]) -> Result<String> {
    let name = arguments.out.file_name().context("--out names no file")?;
    let sha256 = Sha256::digest(bytes);
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let thresholds = PreparedModel::open(&arguments.model)?.weights(Precision::Fp32)?.thresholds;
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
