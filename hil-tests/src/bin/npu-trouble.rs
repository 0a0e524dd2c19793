//! `npu-trouble`: what becomes of detection while an NPU is in trouble, trouble by trouble.
//!
//! Drives the shipped failover, helper process and backend with a simulated runtime and ten drawn
//! pictures a second, of a white block that goes over a grey ground. For each trouble it says what was reported, how long no picture was answered, how
//! long the CPU stood in after the trouble was over. The simulated runtime reads its trouble from the file that
//! `POLEWATCH_SIM_NPU_FAULT` names, which has to be set. Prints one JSON line for each.
#![allow(clippy::print_stdout, reason = "its lines are its result")]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use analytics::time::FrameTime;
use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;
use detector::attention::Look;
use detector::backend::npu::Simulated;
use detector::{BackendKind, Failover, NpuOptions, Options};
use hil_tests::drawn_picture::i420;

/// Names the file that tells a simulated runtime what to do wrong.
const FAULT: &str = "POLEWATCH_SIM_NPU_FAULT";
/// Between two pictures.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the trouble lasts.
const LASTS: Duration = Duration::from_secs(2);
/// How long the NPU may take to be back: a second's wait, or two, and loading.
const BACK: Duration = Duration::from_secs(30);
const SIZE: (usize, usize) = (320, 240);

#[derive(Parser)]
struct Arguments {
    /// A prepared model's folder with a conversion of 320x256 for the simulated runtime.
    #[arg(long)]
    model: PathBuf,
    /// The simulated runtime.
    #[arg(long)]
    library: PathBuf,
    /// The chip it simulates.
    #[arg(long)]
    platform: String,
    /// The helper process's program.
    #[arg(long)]
    process: PathBuf,
    /// Troubles, as the simulated runtime understands them: "run hang".
    troubles: Vec<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let faults = std::env::var_os(FAULT).with_context(|| format!("{FAULT} is not set"))?;
    for trouble in &arguments.troubles {
        let mut stage = Stage::open(&arguments, Path::new(&faults))?;
        println!("{}", stage.play(trouble).with_context(|| trouble.clone())?);
    }
    Ok(())
}

/// A failover with its pictures.
struct Stage<'a> {
    failover: Failover,
    faults: &'a Path,
    bytes: Vec<u8>,
    began: Instant,
    frames: u32,
    /// When a picture was answered last, and the longest it took until the next.
    answered: Instant,
    gap: Duration,
    /// What was said when the CPU took over.
    reported: Option<String>,
}

impl<'a> Stage<'a> {
    fn open(arguments: &Arguments, faults: &'a Path) -> Result<Self> {
        fs::write(faults, "")?;
        let options = Options {
            model: Some(arguments.model.clone()),
            backend: Some(match arguments.platform.starts_with("hailo") {
                true => BackendKind::Hailo,
                false => BackendKind::Rknn,
            }),
            npu: NpuOptions {
                platform: Some(arguments.platform.clone()),
                library: Some(arguments.library.clone()),
                process: Some(arguments.process.clone()),
                simulated: Simulated::Accept,
                ..NpuOptions::default()
            },
            ..Options::default()
        };
        let failover = Failover::open(&options, SIZE.0, SIZE.1)?;
        if let Some(trouble) = failover.trouble() {
            bail!("in trouble before there is any: {trouble}");
        }
        let now = Instant::now();
        let bytes = vec![128; SIZE.0 * SIZE.1 * 3 / 2];
        let (frames, gap) = (0, Duration::ZERO);
        let (began, answered, reported) = (now, now, None);
        Ok(Self { failover, faults, bytes, began, frames, answered, gap, reported })
    }

    /// Healthy, in `trouble`, healthy again.
    fn play(&mut self, trouble: &str) -> Result<serde_json::Value> {
        for _ in 0..10 {
            self.frame()?;
        }
        if let Some(trouble) = self.failover.trouble() {
            bail!("in trouble while it is healthy: {trouble}");
        }
        let healthy = std::mem::take(&mut self.gap);
        ensure!(self.reported.is_none(), "before there is any: {:?}", self.reported);
        fs::write(self.faults, trouble)?;
        let since = Instant::now();
        while since.elapsed() < LASTS {
            self.frame()?;
        }
        let reported = self.reported.take().context("it was not noticed")?;
        let standing_in = self.failover.choice().backend;
        ensure!(!standing_in.is_npu(), "{standing_in} stands in for itself");
        fs::write(self.faults, "")?;
        let over = Instant::now();
        while self.failover.trouble().is_some() {
            let trouble = self.failover.trouble().unwrap_or_default();
            ensure!(over.elapsed() < BACK, "the NPU is not back: {trouble}");
            self.frame()?;
        }
        Ok(serde_json::json!({
            "trouble": trouble,
            "reported": reported,
            "stood_in": standing_in.word(),
            "longest_gap_ms": self.gap.as_millis() as u64,
            "longest_gap_before_ms": healthy.as_millis() as u64,
            "back_after_ms": over.elapsed().as_millis() as u64,
        }))
    }

    /// One picture, answered by whoever works; the next comes after the interval.
    fn frame(&mut self) -> Result<()> {
        let due = self.began + INTERVAL * self.frames;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        self.frames += 1;
        draw(&mut self.bytes, self.frames as usize);
        let now = FrameTime::from_micros(self.began.elapsed().as_micros() as u64);
        if let Err(error) = look(&mut self.failover, now, &self.bytes) {
            ensure!(self.failover.takes_over(now, &error), "nobody takes over: {error}");
            self.reported = self.reported.take().or(self.failover.trouble().map(str::to_owned));
            look(&mut self.failover, now, &self.bytes)?;
        }
        self.gap = self.gap.max(self.answered.elapsed());
        self.answered = Instant::now();
        Ok(())
    }
}

/// Draws picture `number`: what an NPU that works cannot give one answer to.
fn draw(bytes: &mut [u8], number: usize) {
    const SIDE: usize = 80;
    let (width, height) = SIZE;
    let left = number * 16 % (width - SIDE);
    for (y, row) in bytes[..width * height].chunks_exact_mut(width).enumerate() {
        row.fill(40);
        if (SIDE..2 * SIDE).contains(&y) {
            row[left..left + SIDE].fill(235);
        }
    }
}

fn look(
    failover: &mut Failover,
    now: FrameTime,
    bytes: &[u8],
) -> Result<(), detector::DetectorError> {
    failover.letterbox(now, &i420(bytes, SIZE)?, Look::Whole)?;
    failover.infer()?;
    failover.decode()?;
    Ok(())
}
