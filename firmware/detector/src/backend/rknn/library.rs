//! The vendor's shared library, found symbol by symbol.
//!
//! Promises: what every runtime must have is there; what small chips lack (core masks, one of the
//! two ways to hand tensors over) is `None`. Once loaded it stays until the process ends: the
//! vendor's threads may still be in it. Refuses: calling anything.
#![allow(unsafe_code, reason = "a shared library's symbols have the types we say they have")]

use std::ffi::CStr;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use super::abi;
use crate::backend::library::opened;
use crate::backend::npu::NpuError;

/// The functions of a loaded `librknnrt.so`.
#[derive(Clone, Copy)]
pub(super) struct Functions {
    pub(super) init: abi::Init,
    pub(super) destroy: abi::Destroy,
    pub(super) query: abi::Query,
    pub(super) run: abi::Run,
    pub(super) set_core_mask: Option<abi::SetCoreMask>,
    pub(super) lending: Option<Lending>,
    pub(super) copying: Option<Copying>,
}

/// The functions by which the library lends its own memory.
#[derive(Clone, Copy)]
pub(super) struct Lending {
    pub(super) create: abi::CreateMem,
    pub(super) destroy: abi::DestroyMem,
    pub(super) set_io: abi::SetIoMem,
    pub(super) sync: Option<abi::MemSync>,
}

/// The functions by which the library copies from and to our memory.
#[derive(Clone, Copy)]
pub(super) struct Copying {
    pub(super) inputs_set: abi::InputsSet,
    pub(super) outputs_get: abi::OutputsGet,
    pub(super) outputs_release: abi::OutputsRelease,
}

/// What the library's file says of its version, as runtimes do in their log's first line.
const STATED: &[u8] = b"librknnrt version: ";

impl Functions {
    /// Loads `path` for as long as the process lives.
    pub(super) fn load(path: &Path) -> Result<Self, NpuError> {
        let library = opened(path).map_err(|error| NpuError::library(path, error))?;
        let library = Symbols { path: path.to_owned(), library };
        // SAFETY: each type is the vendor's declaration of the function of that name.
        unsafe {
            Ok(Self {
                init: library.required(c"rknn_init")?,
                destroy: library.required(c"rknn_destroy")?,
                query: library.required(c"rknn_query")?,
                run: library.required(c"rknn_run")?,
                set_core_mask: library.optional(c"rknn_set_core_mask"),
                lending: library.lending(),
                copying: library.copying(),
            })
        }
    }
}

/// The version that the file at `path` states, before anything in it runs; runtimes tell by call
/// only once a model is loaded, which a too old one cannot do. `None` also where only the loader
/// knows the file.
pub(super) fn stated_version(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok()?;
    let at = bytes.windows(STATED.len()).position(|window| window == STATED)?;
    let version = bytes[at + STATED.len()..].split(|byte| !byte.is_ascii_graphic()).next()?;
    // What the vendor formats into it at run time is no version.
    let starts = version.first().is_some_and(u8::is_ascii_digit);
    starts.then(|| String::from_utf8_lossy(version).into_owned())
}

struct Symbols {
    path: PathBuf,
    library: ManuallyDrop<libloading::Library>,
}

impl Symbols {
    /// # Safety
    /// `T` is the type of the function `name`.
    unsafe fn optional<T: Copy>(&self, name: &CStr) -> Option<T> {
        // SAFETY: the caller's promise. The copy outlives the symbol: the library stays loaded.
        unsafe { self.library.get::<T>(name) }.ok().map(|symbol| *symbol)
    }

    /// # Safety
    /// `T` is the type of the function `name`.
    unsafe fn required<T: Copy>(&self, name: &CStr) -> Result<T, NpuError> {
        // SAFETY: the caller's promise.
        unsafe { self.optional(name) }.ok_or_else(|| {
            let name = name.to_string_lossy();
            NpuError::library(
                &self.path,
                format_args!("has no function {name}, expected a librknnrt.so"),
            )
        })
    }

    fn lending(&self) -> Option<Lending> {
        // SAFETY: each type is the vendor's declaration of the function of that name.
        unsafe {
            Some(Lending {
                create: self.optional(c"rknn_create_mem")?,
                destroy: self.optional(c"rknn_destroy_mem")?,
                set_io: self.optional(c"rknn_set_io_mem")?,
                sync: self.optional(c"rknn_mem_sync"),
            })
        }
    }

    fn copying(&self) -> Option<Copying> {
        // SAFETY: each type is the vendor's declaration of the function of that name.
        unsafe {
            Some(Copying {
                inputs_set: self.optional(c"rknn_inputs_set")?,
                outputs_get: self.optional(c"rknn_outputs_get")?,
                outputs_release: self.optional(c"rknn_outputs_release")?,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_library_is_refused_with_its_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = Functions::load(file.path()).err().unwrap();
        assert!(matches!(&error, NpuError::Library { path, .. } if path == file.path()), "{error}");
    }

    #[test]
    fn a_library_of_another_purpose_lacks_the_functions() {
        let error = Functions::load(Path::new("libc.so.6")).err().unwrap().to_string();
        assert!(error.ends_with("has no function rknn_init, expected a librknnrt.so"), "{error}");
    }

    #[test]
    fn the_stated_version_is_read_without_loading() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let stated = |bytes: &[u8]| {
            std::fs::write(file.path(), bytes).unwrap();
            stated_version(file.path())
        };
        let real = b"\x7fELF\0librknnrt version: 2.3.2 (429f97ae6b@2025-04-09T09:09:27)\0";
        assert_eq!(stated(real).as_deref(), Some("2.3.2"));
        assert_eq!(stated(b"librknnrt version: 2.5.0-sim\0").as_deref(), Some("2.5.0-sim"));
        assert_eq!(stated(b"RKNN librknnrt version: %s\0"), None);
        assert_eq!(stated(b"librknnrt version: "), None);
        assert_eq!(stated(b""), None);
    }
}
