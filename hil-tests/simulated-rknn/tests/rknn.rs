//! The detector's RKNN backend against the simulated runtime, whose shared library cargo builds
//! beside this test.
//!
//! What must agree:
//! - outputs through either transfer and any native layout: with tract's fp32, within half a step
//!   of the quantization;
//! - outputs through our backend and through `rknpu2`, a binding by others: bit for bit.
//!
//! What a machine lacks (a prepared model, the footage) is printed as skipped.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

#[path = "rknn/agreement.rs"]
mod agreement;
#[path = "rknn/faults.rs"]
mod faults;
#[path = "rknn/oracle.rs"]
mod oracle;
#[path = "rknn/rig.rs"]
mod rig;
