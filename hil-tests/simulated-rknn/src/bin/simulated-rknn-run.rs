//! Runs a simulated model as the daemon's NPU process would, and prints a line of JSON for each
//! step: what was opened, what each run gave, and how long our side of it took.
#![allow(clippy::print_stdout, reason = "its lines are its interface")]

use std::fs;
use std::io::{BufRead as _, stdin};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use detector::backend::npu::{NpuError, NpuModel, NpuPlan, Simulated};
use detector::backend::rknn::{self, Cores, RknnOptions, Transfer};
use serde_json::json;
use simulated_rknn::model_file::SimulatedModel;

/// Runs a simulated model and tells what happened, one JSON object a line.
///
/// With --runs N it measures; without, each line of stdin is one run.
#[derive(Parser)]
struct Arguments {
    /// The shared library.
    #[arg(long)]
    library: PathBuf,
    /// A model file of simulated-npu-model.
    #[arg(long)]
    model: PathBuf,
    /// How tensors are handed over.
    #[arg(long, value_enum, default_value = "auto")]
    transfer: TransferWord,
    /// Runs on the second core only.
    #[arg(long)]
    second_core: bool,
    /// How many runs to measure.
    #[arg(long)]
    runs: Option<usize>,
}

#[derive(Clone, Copy, ValueEnum)]
enum TransferWord {
    Auto,
    ZeroCopy,
    Copied,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let file = fs::read(&arguments.model)?;
    let simulation = SimulatedModel::read(&file)?.description.simulated;
    let outputs: Vec<String> = simulation.outputs.into_iter().map(|o| o.name).collect();
    let plan = NpuPlan {
        library: &arguments.library,
        model: &file,
        outputs: &outputs,
        size: (simulation.width, simulation.height),
        simulated: Simulated::Accept,
    };
    let transfer = match arguments.transfer {
        TransferWord::Auto => Transfer::Auto,
        TransferWord::ZeroCopy => Transfer::ZeroCopy,
        TransferWord::Copied => Transfer::Copied,
    };
    let cores = if arguments.second_core { Cores::One } else { Cores::Auto };
    let options = RknnOptions { cores, transfer, ..RknnOptions::default() };
    let mut bench = match rknn::open(&plan, &options) {
        Ok(model) => Bench::new(model),
        Err(error) => {
            println!("{}", json!({ "error": error.to_string() }));
            return Ok(());
        }
    };
    let report = bench.model.report();
    println!("{}", json!({ "library": report.library, "driver": report.driver }));
    match arguments.runs {
        Some(runs) => println!("{}", bench.measure(runs)?),
        None => {
            for line in stdin().lock().lines() {
                line?;
                println!("{}", bench.told());
            }
        }
    }
    Ok(())
}

/// A model with pictures to run it on and room for what comes out.
struct Bench {
    model: Box<dyn NpuModel>,
    picture: Vec<u8>,
    values: Vec<Vec<f32>>,
}

impl Bench {
    fn new(mut model: Box<dyn NpuModel>) -> Self {
        let picture = (0..model.pixels().len()).map(|at| (at * 7 + at / 640 * 13) as u8).collect();
        let values = model.shapes().iter().map(|shape| vec![0.0; shape.iter().product()]);
        Self { values: values.collect(), model, picture }
    }

    /// One run: how long copying in, running and reading took.
    fn run(&mut self) -> Result<[Duration; 3], NpuError> {
        let began = Instant::now();
        self.model.pixels().copy_from_slice(&self.picture);
        let copied = Instant::now();
        self.model.run()?;
        let ran = Instant::now();
        for (index, values) in self.values.iter_mut().enumerate() {
            self.model.read(index, values)?;
        }
        Ok([copied - began, ran - copied, ran.elapsed()])
    }

    /// What one run gave.
    fn told(&mut self) -> serde_json::Value {
        match self.run() {
            Ok(taken) => {
                let sum: f32 = self.values.iter().flatten().sum();
                json!({ "sum": sum, "run_ms": milliseconds(taken[1]) })
            }
            Err(error) => json!({ "error": error.to_string() }),
        }
    }

    /// The medians of `runs` runs, and the slowest whole run.
    fn measure(&mut self, runs: usize) -> Result<serde_json::Value, NpuError> {
        let taken = (0..runs.max(1)).map(|_| self.run()).collect::<Result<Vec<_>, _>>()?;
        let median = |step: fn(&[Duration; 3]) -> Duration| {
            let mut steps: Vec<Duration> = taken.iter().map(step).collect();
            steps.sort_unstable();
            milliseconds(steps[steps.len() / 2])
        };
        let slowest = taken.iter().map(|steps| steps.iter().sum()).max().unwrap_or_default();
        Ok(json!({
            "runs": taken.len(),
            "copy_ms": median(|steps| steps[0]),
            "run_ms": median(|steps| steps[1]),
            "read_ms": median(|steps| steps[2]),
            "frame_ms": median(|steps| steps.iter().sum()),
            "slowest_frame_ms": milliseconds(slowest),
        }))
    }
}

fn milliseconds(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e3
}
