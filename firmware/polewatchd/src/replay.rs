//! A recording through the analysis, as fast as it goes, to files a program can read; or only
//! through the rules, when what was seen in it has been kept.
//!
//! Promises: the daemon's own analysis, every frame of the analysis rate, the same bytes at every
//! run. Refuses: sending anything anywhere.

mod event_line;
mod explanation;
mod pictures;
mod progress;
mod seen;
mod stats;
mod written;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::Analyzer;
use analytics::question::Question;
use analytics::time::FrameTime;
use wire::alarm::{ClockQuality, WallTime};

use crate::analysis::{self, Analysis, AnalysisError};
use crate::calendar::Timekeeper;
use crate::clock;
use crate::config::{Config, Source};
use crate::video::VideoError;
use pictures::Pictures;
use progress::Progress;
pub use seen::SeenError;
use seen::SeenFile;
pub use stats::Stats;
use written::{Lines, Written};

/// The wall time of a recording that does not say.
const NOBODY_KNOWS: WallTime = WallTime { unix_ms: 0, quality: ClockQuality::Unknown };

/// Where a replay writes.
#[derive(Clone, Debug, Default)]
pub struct Outputs {
    /// What the rules decided.
    pub events: PathBuf,
    /// What the replay cost.
    pub stats: Option<PathBuf>,
    /// What was seen in every frame, from which [`decide`] decides again.
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
    /// The stream, where it is one.
    #[error("{0}")]
    Stream(String),
    /// What was seen in it.
    #[error(transparent)]
    Seen(#[from] SeenError),
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

/// Replays `recording`, a file or a stream that is watched once to its end, and gives what it cost. Rules that have hours need to know when it `began`;
/// otherwise they watch all of it.
///
/// # Errors
/// One line: the recording, the model or an output file, and what is wrong with it.
pub fn replay(
    recording: &Source,
    config: &Config,
    began: Option<WallTime>,
    out: &Outputs,
) -> Result<Stats, ReplayError> {
    let mut frames = Pictures::open(recording, config)?;
    let mut analysis = Analysis::open(config, frames.size().unwrap_or((1280, 720)))?;
    tracing::info!("detector: {}", analysis.choice());
    tracing::info!("poses: {}", analysis.poses());
    let startup = clock::process_cpu();
    let mut written = Written::create(out)?;
    let name = recording.file_name();
    written.opening(&name, analysis.tracker())?;
    let mut progress = Progress::new(&name);
    let began = began.unwrap_or(NOBODY_KNOWS);
    let mut timekeeper = Timekeeper::new(config.calendar.clone(), config.rules_with_hours());
    let mut last = Duration::ZERO;
    for frame in &mut frames {
        let frame = frame?;
        let local = timekeeper.local(after(began, frame.time()));
        let step = analysis.step(&frame, local).map_err(AnalysisError::from)?;
        written.seen(frame.time(), &step)?;
        let decided = step.events;
        written.decided(&decided, analysis.take_candidates())?;
        last = Duration::from_micros(frame.time().as_micros());
        progress.at(last);
    }
    let ended = analysis.finish();
    written.decided(&ended, analysis.take_candidates())?;
    written.finish(&name, out.kisa.as_deref())?;
    let stats = Stats::of(&analysis, last, startup);
    if let Some(path) = &out.stats {
        let mut file = Lines::create(path)?;
        file.write(&stats)?;
        file.finish()?;
    }
    Ok(stats)
}

/// Decides again on what an earlier replay has seen and written to `seen`, by the rules of `config`,
/// and gives the number of frames. By the rules of that replay it decides the same to the bit.
///
/// # Errors
/// One line: the file and its line, a rule or an output file, and what is wrong with it.
pub fn decide(seen: &Path, config: &Config, out: &Outputs) -> Result<u64, ReplayError> {
    let mut frames = SeenFile::open(seen)?;
    let settings = analysis::settings(config, frames.tracker()).map_err(AnalysisError::from)?;
    let mut analyzer = Analyzer::new(&settings);
    let mut written = Written::create(out)?;
    let (mut count, mut last) = (0, FrameTime::default());
    for frame in &mut frames {
        let frame = frame?;
        let decided = analyzer.step(frame.at, &frame.detections, &frame.observations);
        match (analyzer.question(), &frame.pose) {
            (Some(Question::Bodies { .. }), _) => analyzer.answer(&frame.closer),
            (Some(Question::Pose { .. }), Some(pose)) => analyzer.answer_pose(pose),
            (Some(Question::Pose { .. }) | None, _) => {}
        }
        written.decided(&decided, analyzer.take_candidates())?;
        (count, last) = (count + 1, frame.at);
    }
    let ended = analyzer.finish(last);
    written.decided(&ended, analyzer.take_candidates())?;
    written.finish(frames.recording(), out.kisa.as_deref())?;
    Ok(count)
}

/// The wall time of a frame of a recording that began at `began`.
fn after(began: WallTime, frame: FrameTime) -> WallTime {
    let ms = i64::try_from(frame.as_micros() / 1000).unwrap_or(i64::MAX);
    WallTime { unix_ms: began.unix_ms.saturating_add(ms), ..began }
}
