//! The daemon beside the pole, as modules in the order data flows through them.
//!
//! Promises: one direction, camera to control room; ARCHITECTURE.md names the threads and queues.

pub mod clip;
pub mod config;
pub mod slot;
pub mod still;
pub mod video;
