//! A picture becomes detections.
//!
//! Promises: one [`Picture`] in, the detections of the manifest's classes out, the same for every
//! backend within the tolerance stated in `tests/conformance.rs`. Refuses: knowing where a picture
//! came from, following objects over time. All `unsafe` of the project lives under `backend/`.

pub mod picture;

pub use picture::{Picture, PictureError, PixelLayout, Plane};
