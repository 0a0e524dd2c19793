//! The vendor's functions, and two that only a simulation has.
//!
//! Promises: the subset of HailoRT 4.23's C interface that `detector`'s backend calls, with its
//! counts in and out, its sizes and its answers, and with a strictness the vendor's has not: a device
//! that is released before its streams ends the process. Refuses: more than one device and one network group.
//!
//! # Safety
//! Each function expects what the vendor's documentation of its name says: handles made here and not
//! yet released, and pointers to as much memory as the count or the type beside them says.
#![allow(unsafe_code, reason = "a library with the vendor's C interface")]

use std::ffi::c_char;

pub mod device;
mod handle;
pub mod model;
pub mod streams;

/// The version as text, ending in `-sim`: how the shipped code knows what it has loaded.
#[unsafe(no_mangle)]
pub extern "C" fn polewatch_simulated_version() -> *const c_char {
    c"4.23.0-sim".as_ptr()
}

/// How many devices, HEFs and streams are open.
#[unsafe(no_mangle)]
pub extern "C" fn polewatch_simulated_objects() -> usize {
    handle::open_objects()
}
