//! Detections become tracks, tracks become events.
//!
//! Promises: no I/O, clock, thread, log, randomness or `unsafe`; the same input gives the same
//! output to the bit; no input makes it fail or panic. Refuses: anything that knows how a frame was
//! made or where an event goes.

pub mod detection;
pub mod event;
pub mod geometry;
pub mod time;
