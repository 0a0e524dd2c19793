//! Detections become tracks, tracks become events.
//!
//! Promises: no I/O, clock, thread, log, randomness or `unsafe`; the same input gives the same
//! output to the bit; no input makes it fail or panic; memory stays bounded. Refuses: anything that
//! knows how a frame was made or where an event goes.

pub mod candidate;
pub mod detection;
pub mod event;
pub mod geometry;
pub mod line;
pub mod luma;
pub mod polygon;
pub mod polyline;
pub mod pose;
pub mod question;
pub mod scene;
pub mod schedule;
pub mod settings;
pub mod time;
pub mod zone;

mod analyzer;
mod rule;
mod tracker;
mod vehicles;

pub use analyzer::Analyzer;
pub use tracker::{Path, Standing, Track};
