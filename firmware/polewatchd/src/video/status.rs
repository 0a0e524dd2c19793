//! What the video source says of itself, for health and diagnosis.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A snapshot. Counters run from the daemon's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoStatus {
    /// What it is doing.
    pub state: VideoState,
    /// Why there are no pictures, or were none last time.
    pub last_error: Option<String>,
    /// Encoded pictures received.
    pub packets: u64,
    /// Encoded pictures the recorder had no room for.
    pub packets_dropped: u64,
    /// Encoded pictures not decoded because decoding was behind or not begun.
    pub packets_skipped: u64,
    /// Pictures decoded.
    pub pictures: u64,
    /// Pictures picked for analysis.
    pub frames: u64,
    /// Frames the analysis had no time for.
    pub frames_overwritten: u64,
    /// Connections given up and made anew.
    pub reconnects: u64,
    /// Pipelines that would not end and were left behind.
    pub abandoned: u32,
    /// "H.264" or "H.265".
    pub codec: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// The GStreamer element that decodes.
    pub decoder: Option<String>,
}

/// What the video source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VideoState {
    /// Asking the camera.
    #[default]
    Connecting,
    /// Pictures come.
    Playing,
    /// Pausing before the next attempt.
    Waiting,
    /// Ended for good.
    Stopped,
}

/// Where the snapshot is kept; clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct StatusBoard(Arc<Mutex<VideoStatus>>);

impl StatusBoard {
    /// The present snapshot.
    #[must_use]
    pub fn read(&self) -> VideoStatus {
        self.lock().clone()
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut VideoStatus)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, VideoStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
