//! The camera's pictures: decoded ones at the analysis rate, encoded ones untouched.
//!
//! Promises: every picture is stamped once, on an axis that never goes back, even across
//! reconnections; a camera that stops, stalls or misbehaves is left and tried again for as long as
//! the daemon runs; sound is refused before it leaves the camera. Refuses: scaling, colour
//! conversion (unless a decoder gives nothing else), and holding anything downstream.

mod admission;
mod axis;
mod backoff;
mod codec;
mod decoder;
mod error;
mod file;
mod frame;
mod intake;
mod live;
mod packet;
mod rate;
mod recording;
mod rtsp;
mod silence;
mod status;
mod supervise;
mod teardown;

pub use codec::Codec;
pub(crate) use decoder::element;
pub use error::VideoError;
pub use file::FileFrames;
pub use frame::{Colour, ColourMatrix, ColourRange, Frame};
pub use intake::{Now, Outlets};
pub use packet::{Packet, PacketOutlet, packets};
pub use status::{StatusBoard, VideoState, VideoStatus};
pub use supervise::{Settings, Video};
pub use teardown::{Hung, MAX_ABANDONED};

/// Starts GStreamer; every entrance to this module calls it, and only the first call costs.
///
/// # Errors
/// [`VideoError::Start`] when GStreamer's libraries do not fit.
pub fn init() -> Result<(), VideoError> {
    gstreamer::init()
        .map_err(|error| VideoError::Start { detail: error::one_line(error.message()) })
}
