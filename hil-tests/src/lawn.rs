//! The footage every chain test watches: Debian's `vtest.avi` and the lawn in it.
//!
//! Two people step onto the lawn 52 s into the film; one of them is still there 10 s later, and leaves
//! it at 75 s. Before and after, nobody is on it. The film is in the package opencv-doc.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::programs;

/// Where Debian keeps the film: 768x576, 10 frames a second, 79.5 s.
pub const FILM: &str = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
/// The lawn, as a polygon of the configuration.
pub const POLYGON: &str = "[[0.0, 0.4], [0.21, 0.44], [0.43, 0.52], [0.65, 0.66], [0.84, 0.79], \
                           [1.0, 0.91], [1.0, 1.0], [0.0, 1.0]]";
/// When in the film the first person steps onto the lawn, by eye, to a second.
pub const INTRUSION: Duration = Duration::from_secs(52);
/// When somebody has been on the lawn for ten seconds.
pub const LOITERING: Duration = Duration::from_secs(62);

/// The film from `start` on as H.264 with a key frame a second, made once and kept beside the built
/// programs.
///
/// # Errors
/// When the film or ffmpeg is not installed.
pub fn film_from(start: Duration) -> Result<PathBuf> {
    let start = start.as_secs().to_string();
    encoded(&format!("lawn-{start}s.mp4"), &["-ss", &start], &["-g", "10"])
}

/// The film's last half minute, in which somebody steps onto the lawn after four seconds and everybody
/// has left it before the end; the same in a picture of another size.
///
/// # Errors
/// As [`film_from`].
pub fn intrusion_films() -> Result<[PathBuf; 2]> {
    let part = ["-ss", "48"];
    let small = ["-vf", "scale=640:480", "-g", "10"];
    Ok([
        encoded("lawn-48s.mp4", &part, &["-g", "10"])?,
        encoded("lawn-48s-480p.mp4", &part, &small)?,
    ])
}

/// The whole film as a 720p camera sends it: its lower part enlarged to 1280x720, 25 frames and one
/// key frame a second.
///
/// # Errors
/// As [`film_from`].
pub fn film_in_720p() -> Result<PathBuf> {
    let filter = "scale=1280:960,crop=1280:720:0:240,fps=25";
    encoded("lawn-720p.mp4", &[], &["-vf", filter, "-g", "25"])
}

fn encoded(name: &str, input: &[&str], output: &[&str]) -> Result<PathBuf> {
    ensure!(Path::new(FILM).is_file(), "{FILM} is not there; scripts/setup installs opencv-doc");
    let folder = programs::beside_this_test()?.join("footage");
    fs::create_dir_all(&folder)?;
    let film = folder.join(name);
    if film.is_file() {
        return Ok(film);
    }
    // Tests run side by side: each makes its own, the last one's stays.
    let own = tempfile::Builder::new().suffix(".mp4").tempfile_in(&folder)?;
    let status = Command::new(programs::installed("ffmpeg")?)
        .args(["-v", "error", "-y"])
        .args(input)
        .args(["-i", FILM, "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"])
        .args(["-pix_fmt", "yuv420p", "-bf", "0"])
        .args(output)
        .arg(own.path())
        .status()
        .context("ffmpeg cannot be run")?;
    ensure!(status.success(), "ffmpeg could not encode {FILM}: {status}");
    own.persist(&film)?;
    Ok(film)
}
