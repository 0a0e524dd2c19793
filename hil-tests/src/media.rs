//! A second opinion on stills and clips: ffprobe and ffmpeg, which share no code with ours.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::programs;

/// What ffprobe says a file is.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Each stream's kind and codec: `video h264`.
    pub streams: Vec<String>,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// The length in seconds; 0 for a still.
    pub duration_s: f64,
}

#[derive(Deserialize)]
struct Report {
    streams: Vec<Stream>,
    format: Format,
}

#[derive(Deserialize)]
struct Stream {
    codec_type: String,
    codec_name: String,
    #[serde(default)]
    width: u32,
    #[serde(default)]
    height: u32,
}

#[derive(Deserialize)]
struct Format {
    duration: Option<String>,
}

/// Opens `file` and decodes every picture of it.
///
/// # Errors
/// When it is not a picture or a video, or any part of it does not decode.
pub fn open(file: &Path) -> Result<Probe> {
    let shown = file.display();
    let probe = Command::new(programs::installed("ffprobe")?)
        .args(["-v", "error", "-print_format", "json", "-show_streams", "-show_format"])
        .arg(file)
        .output()
        .context("ffprobe cannot be run")?;
    let complaint = String::from_utf8_lossy(&probe.stderr);
    ensure!(probe.status.success(), "{shown} cannot be opened: {}", complaint.trim());
    let report: Report = serde_json::from_slice(&probe.stdout)?;
    let decoded = Command::new(programs::installed("ffmpeg")?)
        .args(["-v", "error", "-xerror", "-i"])
        .arg(file)
        .args(["-f", "null", "-"])
        .output()
        .context("ffmpeg cannot be run")?;
    let complaint = String::from_utf8_lossy(&decoded.stderr);
    ensure!(
        decoded.status.success() && complaint.trim().is_empty(),
        "{shown} does not decode whole: {}",
        complaint.trim()
    );
    let picture = report.streams.iter().find(|stream| stream.codec_type == "video");
    let picture = picture.with_context(|| format!("{shown} holds no picture"))?;
    Ok(Probe {
        streams: report
            .streams
            .iter()
            .map(|stream| format!("{} {}", stream.codec_type, stream.codec_name))
            .collect(),
        width: picture.width,
        height: picture.height,
        duration_s: report.format.duration.and_then(|text| text.parse().ok()).unwrap_or(0.0),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_no_video_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clip.mp4");
        fs::write(&file, "not a video").unwrap();
        let error = open(&file).unwrap_err().to_string();
        assert!(error.contains("clip.mp4 cannot be opened"), "{error}");
    }
}
