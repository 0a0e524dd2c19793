//! The simulators and stories that drive the built binaries as processes.
//!
//! Promises: everything outside the box is simulated here and says so; nothing here ships. Refuses:
//! reaching into a daemon under test other than through its files, its network and its signals.

pub mod camera;
