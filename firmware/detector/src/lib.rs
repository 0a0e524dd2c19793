//! A picture becomes detections, and a place of it one person's joints.
//!
//! Promises: one [`Picture`] in, the detections of the manifest's classes out, the same for every
//! backend within the tolerance stated in `tests/conformance.rs`. Refuses: knowing where a picture
//! came from, following objects over time. All `unsafe` that ships lives under `backend/`.

pub mod agreement;
pub mod attention;
pub mod backend;
pub mod choice;
pub mod detector;
pub mod failover;
pub mod grey;
pub mod head;
pub mod letterbox;
pub mod manifest;
pub mod picture;
pub mod pose;
pub mod prepared;
mod presence;
pub mod saturation;

pub use backend::{BackendError, BackendKind};
pub use choice::{Choice, NpuOptions, Options};
pub use detector::{Detector, DetectorError};
pub use failover::Failover;
pub use manifest::{Precision, Thresholds};
pub use picture::{Picture, PictureError, PixelLayout, Plane};
pub use pose::PoseEstimator;
pub use prepared::ModelRoot;
