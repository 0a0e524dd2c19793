//! A recording through the analysis, as fast as it goes, to files a program can read.
//!
//! Promises: the daemon's own analysis, every frame of the analysis rate, the same bytes at every
//! run. Refuses: sending anything anywhere.

mod explanation;
mod lines;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::candidate::Candidate;
use analytics::event::Event;
use analytics::time::FrameTime;
use serde::Serialize;
use wire::alarm::{ClockQuality, WallTime};

use crate::analysis::{Analysis, AnalysisError, Step};
use crate::calendar::Timekeeper;
use crate::clock::{self, Clock};
use crate::config::Config;
use crate::kisa::Results;
use crate::video::{FileFrames, VideoError};
use explanation::Explanation;
use lines::{DetectionsLine, EventLine};

/// How often progress is shown to somebody who watches.
const PROGRESS: Duration = Duration::from_secs(1);

/// The wall time of a recording that does not say.
const NOBODY_KNOWS: WallTime = WallTime { unix_ms: 0, quality: ClockQuality::Unknown };

/// Where a replay writes; each file is one JSON object a line, the statistics a single one.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// What the rules decided.
    pub events: PathBuf,
    /// What the replay cost.
    pub stats: Option<PathBuf>,
    /// What the detector saw, every frame.
    pub detections: Option<PathBuf>,
    /// Why each alarm was told and the nearest others were not.
    pub explanation: Option<PathBuf>,
    /// What is said of the clip, as a KISA result file.
    pub kisa: Option<PathBuf>,
}

/// Why a replay came to no end.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// The detector or the rules.
    #[error(transparent)]
    Analysis(#[from] AnalysisError),
    /// An output file.
    #[error("{}: cannot be written: {source}", path.display())]
    Output {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What a replay cost.
#[derive(Clone, Debug, Serialize)]
pub struct Stats {
    /// Frames analysed.
    pub frames: u64,
    /// Whole pictures the network looked at; parts count by their area, closer looks do not count.
    pub looked: f64,
    /// Seconds of video up to the last frame analysed.
    pub video_s: f64,
    /// CPU seconds of the whole process, start-up included.
    pub cpu_s: f64,
    /// CPU seconds of the network alone.
    pub inference_cpu_s: f64,
    /// CPU seconds spent before the first frame: loading the model and opening the file.
    pub startup_cpu_s: f64,
    /// The most memory the process held.
    pub rss_peak_bytes: u64,
    /// The engine.
    pub backend: String,
    /// The weights.
    pub precision: String,
    /// SHA-256 of the weights' file.
    pub model_sha256: String,
}

/// Replays `recording` and gives what it cost. Rules that have hours need to know when it `began`;
/// otherwise they watch all of it.
///
/// # Errors
/// One line: the recording, the model or an output file, and what is wrong with it.
pub fn replay(
    recording: &Path,
    config: &Config,
    began: Option<WallTime>,
    out: &Outputs,
) -> Result<Stats, ReplayError> {
    let mut frames = FileFrames::open(recording, config.analysis_fps)?;
    let mut analysis = Analysis::open(config, frames.size().unwrap_or((1280, 720)))?;
    tracing::info!("detector: {}", analysis.choice());
    let startup = clock::process_cpu();
    let mut written = Written::create(out)?;
    let mut progress = Progress::new(recording);
    let began = began.unwrap_or(NOBODY_KNOWS);
    let mut timekeeper = Timekeeper::new(config.calendar.clone(), config.rules_with_hours());
    let mut last = Duration::ZERO;
    for frame in &mut frames {
        let frame = frame?;
        let local = timekeeper.local(after(began, frame.time()));
        let step = analysis.step(&frame, local).map_err(AnalysisError::from)?;
        written.detections(frame.time(), &step)?;
        let decided = step.events;
        written.decided(&decided, analysis.take_candidates())?;
        last = Duration::from_micros(frame.time().as_micros());
        progress.at(last);
    }
    let ended = analysis.finish();
    written.decided(&ended, analysis.take_candidates())?;
    written.finish(recording, out.kisa.as_deref())?;
    let stats = stats(&analysis, last, startup);
    if let Some(path) = &out.stats {
        let mut file = Lines::create(path)?;
        file.write(&stats)?;
        file.finish()?;
    }
    Ok(stats)
}

/// What is written while the recording is analysed.
struct Written {
    events: Lines,
    detections: Option<Lines>,
    explanation: Option<Explaining>,
    results: Results,
}

impl Written {
    fn create(out: &Outputs) -> Result<Self, ReplayError> {
        Ok(Self {
            events: Lines::create(&out.events)?,
            detections: out.detections.as_deref().map(Lines::create).transpose()?,
            explanation: out.explanation.as_deref().map(Explaining::create).transpose()?,
            results: Results::default(),
        })
    }

    fn detections(&mut self, at: FrameTime, step: &Step<'_>) -> Result<(), ReplayError> {
        let Some(lines) = &mut self.detections else { return Ok(()) };
        lines.write(&DetectionsLine::new(at, step))
    }

    fn decided(&mut self, events: &[Event], nearly: Vec<Candidate>) -> Result<(), ReplayError> {
        for event in events {
            self.results.note(event);
            self.events.write(&EventLine::from(event))?;
        }
        let Some(explanation) = &mut self.explanation else { return Ok(()) };
        explanation.add(events, nearly)
    }

    fn finish(self, recording: &Path, kisa: Option<&Path>) -> Result<(), ReplayError> {
        self.events.finish()?;
        self.explanation.map(Explaining::finish).transpose()?;
        self.detections.map(Lines::finish).transpose()?;
        let Some(path) = kisa else { return Ok(()) };
        let name = recording.file_name().unwrap_or_default().to_string_lossy();
        std::fs::write(path, self.results.file(&name)).map_err(|source| output(path, source))
    }
}

/// The wall time of a frame of a recording that began at `began`.
fn after(began: WallTime, frame: FrameTime) -> WallTime {
    let ms = i64::try_from(frame.as_micros() / 1000).unwrap_or(i64::MAX);
    WallTime { unix_ms: began.unix_ms.saturating_add(ms), ..began }
}

fn stats(analysis: &Analysis, video: Duration, startup: Duration) -> Stats {
    let (costs, choice) = (analysis.costs(), analysis.choice());
    Stats {
        frames: costs.frames,
        looked: costs.looked,
        video_s: video.as_secs_f64(),
        cpu_s: clock::process_cpu().as_secs_f64(),
        inference_cpu_s: costs.inference.as_secs_f64(),
        startup_cpu_s: startup.as_secs_f64(),
        rss_peak_bytes: rss_peak_bytes(),
        backend: choice.backend.to_string(),
        precision: choice.precision.to_string(),
        model_sha256: choice.model_sha256.clone(),
    }
}

/// The process's peak resident set, from proc(5)'s `VmHWM`; 0 where there is no proc.
fn rss_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}

/// A file of JSON lines.
struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(path: &Path) -> Result<Self, ReplayError> {
        Ok(Self { path: path.to_owned(), file: create(path)? })
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), ReplayError> {
        serde_json::to_writer(&mut self.file, line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .map_err(|source| output(&self.path, source))
    }

    fn finish(mut self) -> Result<(), ReplayError> {
        self.file.flush().map_err(|source| output(&self.path, source))
    }
}

/// An explanation on its way to a file.
struct Explaining {
    path: PathBuf,
    file: BufWriter<File>,
    explanation: Explanation,
}

impl Explaining {
    fn create(path: &Path) -> Result<Self, ReplayError> {
        let file = create(path)?;
        Ok(Self { path: path.to_owned(), file, explanation: Explanation::default() })
    }

    fn add(&mut self, events: &[Event], let_go: Vec<Candidate>) -> Result<(), ReplayError> {
        self.explanation.let_go(let_go);
        let mut told = events.iter().map(|event| self.explanation.event(event, &mut self.file));
        told.try_for_each(|told| told).map_err(|source| output(&self.path, source))
    }

    fn finish(mut self) -> Result<(), ReplayError> {
        let told = self.explanation.finish(&mut self.file).and_then(|()| self.file.flush());
        told.map_err(|source| output(&self.path, source))
    }
}

fn create(path: &Path) -> Result<BufWriter<File>, ReplayError> {
    File::create(path).map(BufWriter::new).map_err(|source| output(path, source))
}

fn output(path: &Path, source: io::Error) -> ReplayError {
    ReplayError::Output { path: path.to_owned(), source }
}

/// Tells a person at a terminal how far the replay is; says nothing to a program.
struct Progress {
    name: String,
    clock: Clock,
    shown: std::time::Instant,
    watched: bool,
}

impl Progress {
    fn new(recording: &Path) -> Self {
        let clock = Clock::system();
        Self {
            name: recording.display().to_string(),
            shown: clock.now(),
            clock,
            watched: io::stderr().is_terminal(),
        }
    }

    fn at(&mut self, video: Duration) {
        let now = self.clock.now();
        if self.watched && now.duration_since(self.shown) >= PROGRESS {
            self.shown = now;
            eprint!("\r{}: {:.0} s of video done", self.name, video.as_secs_f64());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.watched {
            eprintln!();
        }
    }
}
