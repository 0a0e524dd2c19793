//! The daemon beside the pole, as modules in the order data flows through them.
//!
//! Promises: one direction, camera to control room; ARCHITECTURE.md names the threads and queues.

pub mod calendar;
pub mod clock;
pub mod config;
pub mod durable;

pub mod video;

pub mod slot;

pub mod analysis;
pub mod kisa;
pub mod npu_check;
pub mod replay;
pub mod watch;

pub mod clip;
pub mod still;

pub mod dispatch;
pub mod spool;
pub mod uplink;

pub mod daemon;
pub mod doorway;
pub mod health;
pub mod heat;
pub mod watchdog;
