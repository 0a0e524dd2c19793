//! Footage made for a test: a moving ball, encoded.

use std::path::{Path, PathBuf};

use gstreamer as gst;
use gstreamer::prelude::*;

/// A folder that ends with the test, and the recordings in it.
pub(crate) struct Footage(tempfile::TempDir);

impl Footage {
    pub(crate) fn new() -> Self {
        gst::init().expect("GStreamer starts");
        Self(tempfile::tempdir().expect("a folder"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of `bytes`.
    pub(crate) fn written(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("a written file");
        path
    }

    /// A file made by the pipeline `line`, which ends in a muxer.
    pub(crate) fn made(&self, name: &str, line: &str) -> PathBuf {
        let path = self.path(name);
        run(&format!("{line} ! filesink location={}", path.display()));
        path
    }

    /// A recording of 320 by 240 pixels, 10 a second, a key picture every 10, made by `ffmpeg`.
    pub(crate) fn by_ffmpeg(&self, name: &str, seconds: u32, encoder: &[&str]) -> PathBuf {
        let path = self.path(name);
        let source = format!("testsrc=size=320x240:rate=10:duration={seconds}");
        let status = std::process::Command::new("ffmpeg")
            .args(["-v", "error", "-f", "lavfi", "-i", &source, "-pix_fmt", "yuv420p"])
            .args(encoder)
            .args(["-g", "10"])
            .arg(&path)
            .status()
            .expect("ffmpeg (Debian package ffmpeg) runs");
        assert!(status.success(), "{name} is made");
        path
    }

    /// An H.264 recording of 320 by 240 pixels, `count` pictures, a key picture every 10.
    pub(crate) fn h264(&self, name: &str, count: u32, fps: &str) -> PathBuf {
        let line = format!(
            "videotestsrc pattern=ball num-buffers={count} ! \
             video/x-raw,format=I420,width=320,height=240,framerate={fps} ! \
             openh264enc gop-size=10 ! h264parse ! mp4mux"
        );
        self.made(name, &line)
    }
}

fn run(line: &str) {
    let pipeline = gst::parse::launch(line).expect("a pipeline");
    pipeline.set_state(gst::State::Playing).expect("a pipeline that plays");
    let bus = pipeline.bus().expect("a bus");
    let ends = [gst::MessageType::Eos, gst::MessageType::Error];
    let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(60), &ends);
    pipeline.set_state(gst::State::Null).expect("a pipeline that ends");
    let end = end.expect("an end within a minute");
    assert!(matches!(end.view(), gst::MessageView::Eos(_)), "{line}: {end:?}");
}

/// What `ffprobe` says of `path`: the asked-for `entries`, one line a stream or packet.
pub(crate) fn probe(path: &Path, entries: &str) -> String {
    let out = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"])
        .arg(path)
        .output()
        .expect("ffprobe (Debian package ffmpeg) runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && said.is_empty(), "{}: {said}", path.display());
    String::from_utf8(out.stdout).expect("text")
}
