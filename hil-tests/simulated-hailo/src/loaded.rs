//! The library as somebody else loaded it: where it is, and what is open in it.
//!
//! Promises: the very copy that the code under test talks to, not the one linked into the test.
//! Refuses: calling what the vendor's library has.
#![allow(unsafe_code, reason = "a function of our own, called in a loaded library")]

use std::path::{Path, PathBuf};

/// Where cargo puts the library when it builds a test of this crate: beside the test.
#[must_use]
pub fn beside_this_test() -> Option<PathBuf> {
    let library = std::env::current_exe().ok()?.with_file_name("libsimulated_hailo.so");
    library.is_file().then_some(library)
}

/// How many devices, HEFs and streams are open in the copy of `library` in this process.
#[must_use]
pub fn open_objects(library: &Path) -> Option<usize> {
    type Count = unsafe extern "C" fn() -> usize;
    // SAFETY: our own library, which does nothing when it is loaded.
    let library = unsafe { libloading::Library::new(library) }.ok()?;
    // SAFETY: declared so in `exports`, and asks nothing of its caller.
    unsafe { Some(library.get::<Count>("polewatch_simulated_objects").ok()?()) }
}
