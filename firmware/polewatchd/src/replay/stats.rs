//! What a replay cost.

use std::time::Duration;

use serde::Serialize;

use crate::analysis::Analysis;
use crate::clock;

/// What a replay cost, and on which engine.
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
    /// CPU seconds of the networks alone, closer looks and poses included.
    pub inference_cpu_s: f64,
    /// CPU seconds of the closer looks rules asked for.
    pub closer_cpu_s: f64,
    /// What is done about poses: the estimator and its engine, or why there is none.
    pub pose: String,
    /// Poses estimated.
    pub poses: u64,
    /// CPU seconds of the poses.
    pub pose_cpu_s: f64,
    /// CPU seconds of what the pixels say besides objects, and of where to look.
    pub scene_cpu_s: f64,
    /// CPU seconds of tracker and rules.
    pub rules_cpu_s: f64,
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

impl Stats {
    /// What `analysis` has cost by now, for so much video, after such a start.
    pub(super) fn of(analysis: &Analysis, video: Duration, startup: Duration) -> Self {
        let (costs, choice) = (analysis.costs(), analysis.choice());
        Self {
            frames: costs.frames,
            looked: costs.looked,
            video_s: video.as_secs_f64(),
            cpu_s: clock::process_cpu().as_secs_f64(),
            inference_cpu_s: costs.inference.as_secs_f64(),
            closer_cpu_s: costs.closer.as_secs_f64(),
            pose: analysis.poses().to_string(),
            poses: costs.poses,
            pose_cpu_s: costs.posing.as_secs_f64(),
            scene_cpu_s: costs.scene.as_secs_f64(),
            rules_cpu_s: costs.rules.as_secs_f64(),
            startup_cpu_s: startup.as_secs_f64(),
            rss_peak_bytes: rss_peak_bytes(),
            backend: choice.backend.to_string(),
            precision: choice.precision.to_string(),
            model_sha256: choice.model_sha256.clone(),
        }
    }
}

/// The process's peak resident set, from proc(5)'s `VmHWM`; 0 where there is no proc.
fn rss_peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib * 1024)
}
