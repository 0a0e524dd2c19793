//! The simulators and stories that drive the built binaries as processes.
//!
//! Promises: everything outside the box is simulated here and says so; nothing here ships. Refuses:
//! reaching into a daemon under test other than through its files, its network and its signals.

pub mod broker;
pub mod camera;
pub mod campaign;
pub mod certificates;
pub mod chain;
pub mod daemon;
pub mod deadline;
pub mod drawn_picture;
pub mod health_watch;
pub mod heckler;
pub mod lawn;
pub mod media;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod room;
pub mod simulated_box;
pub mod simulated_camera;
pub mod simulated_npu;
pub mod small_disk;
