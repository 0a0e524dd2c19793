//! polescore: how good the alarms are, measured on clips whose truth is known.
//!
//! Runs the shipped `polewatchd replay` on every clip that has a truth file, with that clip's zones
//! and otherwise one set of settings, and scores the alarms by KISA's rule. Promises: every clip is
//! tried, whatever happens to the others; the exit code is 0 only when all of them ran.
#![allow(clippy::print_stdout, reason = "the tables are this program's output")]

mod replay;
mod report;
mod score;
mod truth;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf, absolute};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use toml::Table;

use crate::replay::Replay;
use crate::report::{ClipResult, Report, summary};
use crate::truth::Truth;

/// Scores polewatchd's alarms on labelled clips by KISA's rule.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Replay and score every clip of a folder that has a truth file (NAME.json beside NAME.mp4).
    Run(Run),
}

#[derive(Args)]
struct Run {
    /// The folder of clips and truth files.
    dir: PathBuf,
    /// Write the results here as JSON too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How many clips are replayed at once [default: as many as there are processors].
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The prepared model to use instead of the configured one.
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Settings for all clips instead of the defaults; zones and rules in it are replaced.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Keep every clip's configuration, events and what was seen in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Decide on what an earlier run has kept in this folder instead of replaying the clips.
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    decide: Option<PathBuf>,
    /// The daemon to measure [default: the polewatchd beside this program].
    #[arg(long, value_name = "PATH")]
    polewatchd: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Command::Run(run) = Cli::parse().command;
    match run.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("polescore: {error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Run {
    fn run(&self) -> Result<()> {
        let truths = truth_files(&self.dir)?;
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        let replay = self.replay(scratch.path())?;
        let report = Report { clips: self.replay_all(&replay, &truths) };
        println!("{report}");
        if let Some(path) = &self.json {
            let text = format!("{:#}\n", report.to_json());
            fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let failures: Vec<String> =
            report.failures().map(|(clip, why)| format!("{clip}: {why}")).collect();
        if !failures.is_empty() {
            let all = report.clips.len();
            bail!("{} of {all} clips could not be run: {}", failures.len(), failures.join("; "));
        }
        Ok(())
    }

    fn replay(&self, scratch: &Path) -> Result<Replay> {
        let mut base = match &self.config {
            None => Table::new(),
            Some(path) => replay::read_base(path)?,
        };
        if let Some(model) = &self.model {
            let model = absolute(model).with_context(|| model.display().to_string())?;
            let detector = base.entry("detector").or_insert_with(|| Table::new().into());
            let detector = detector.as_table_mut().context("[detector] must be a table")?;
            detector.insert("model".into(), model.display().to_string().into());
        }
        if let Some(dir) = &self.keep {
            fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        }
        let dir = self.keep.clone().unwrap_or_else(|| scratch.into());
        Ok(Replay {
            polewatchd: self.find_polewatchd()?,
            base,
            dir,
            keeps_detections: self.keep.is_some(),
            seen: self.decide.clone(),
        })
    }

    fn find_polewatchd(&self) -> Result<PathBuf> {
        let path = match &self.polewatchd {
            Some(path) => path.clone(),
            None => std::env::current_exe()
                .context("cannot tell where this program lies")?
                .with_file_name("polewatchd"),
        };
        if !path.is_file() {
            bail!("there is no {}; build it or give --polewatchd PATH", path.display());
        }
        Ok(path)
    }

    /// Every clip's result in the order of `truths`, `jobs` clips at a time.
    fn replay_all(&self, replay: &Replay, truths: &[PathBuf]) -> Vec<ClipResult> {
        let jobs = self.jobs.or_else(|| thread::available_parallelism().ok());
        let waiting = Mutex::new(truths.iter());
        let done = Mutex::new(Vec::with_capacity(truths.len()));
        thread::scope(|scope| {
            for _ in 0..jobs.map_or(1, NonZeroUsize::get).min(truths.len()) {
                scope.spawn(|| {
                    while let Some(path) = waiting.lock().ok().and_then(|mut left| left.next()) {
                        let began = Instant::now();
                        let result = replay_one(replay, path);
                        let Ok(mut done) = done.lock() else { return };
                        done.push(result);
                        let (count, all) = (done.len(), truths.len());
                        tell(count, all, began, &done[count - 1]);
                    }
                });
            }
        });
        let mut clips = done.into_inner().unwrap_or_default();
        clips.sort_by(|a, b| a.name.cmp(&b.name));
        clips
    }
}

fn tell(count: usize, all: usize, began: Instant, clip: &ClipResult) {
    let took = began.elapsed().as_secs_f32();
    let what = match &clip.outcome {
        Ok(score) => summary(score),
        Err(why) => format!("NOT RUN: {why}"),
    };
    eprintln!("[{count}/{all}] {} in {took:.1} s: {what}", clip.name);
}

fn replay_one(replay: &Replay, path: &Path) -> ClipResult {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let truth = match Truth::read(path) {
        Ok(truth) => truth,
        Err(error) => return ClipResult { name, duration_s: 0.0, outcome: Err(error.to_string()) },
    };
    let outcome = replay.run(path, &truth);
    ClipResult {
        name,
        duration_s: truth.duration_s,
        outcome: outcome
            .map(|alarms| score::score(&truth, &alarms))
            .map_err(|error| format!("{error:#}")),
    }
}

/// The truth files of a folder by name; at least one.
fn truth_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", dir.display()))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        bail!("{} has no truth file (*.json)", dir.display());
    }
    paths.sort();
    Ok(paths)
}
