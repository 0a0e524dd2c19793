//! The camera's pictures: decoded ones at the analysis rate, encoded ones untouched.
//!
//! Promises: every picture is stamped once, on an axis that never goes back, even across
//! reconnections; a camera that stops, stalls or misbehaves is left and tried again for as long as
//! the daemon runs; sound is refused before it leaves the camera. Refuses: scaling, colour
//! conversion (unless a decoder gives nothing else), and holding anything downstream.

pub mod decoder;
pub mod error;
pub mod file;
pub mod frame;
pub mod rate;

pub use error::VideoError;
pub use file::FileFrames;
pub use frame::Frame;

/// Starts GStreamer; every entrance to this module calls it, and only the first call costs.
///
/// # Errors
/// [`VideoError::Start`] when GStreamer's libraries do not fit.
pub fn init() -> Result<(), VideoError> {
    gstreamer::init()
        .map_err(|error| VideoError::Start { detail: error::one_line(error.message()) })
}
