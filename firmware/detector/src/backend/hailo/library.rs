//! libhailort, loaded: its functions, found one by one, and its version.
//!
//! Promises: no function is called before the version is known to be of the branch whose shapes
//! [`super::abi`] has; a missing function is an error that names it; a simulation is taken only when
//! asked for. Refuses: unloading the library, which has threads and exit functions of its own.
#![allow(unsafe_code, reason = "a shared library's symbols have the types we say they have")]

use std::ffi::{CStr, c_char, c_void};
use std::path::Path;

use super::abi::{
    ConfigureParams, Handle, Identity, NamedStreamParams, SUCCESS, Status, StreamInfo,
    Temperatures, Version,
};
use super::status;
use crate::backend::library::{found, opened};
use crate::backend::npu::{NpuError, Simulated};

/// The loaded library.
#[derive(Clone, Debug)]
pub(super) struct Library {
    pub(super) functions: Functions,
    pub(super) version: String,
}

/// What a simulation exports beside the vendor's functions, whose version has only numbers: a
/// function that gives the version as text, ending in `-sim`.
const SIMULATED_VERSION: &str = "polewatch_simulated_version";

/// First version whose shapes are those of [`super::abi`]; the next major one drops Hailo-8.
const OLDEST: Version = Version { major: 4, minor: 20, revision: 0 };

/// Declares the table of the vendor's functions, each returning a status, and its search.
macro_rules! functions {
    ($($name:ident($($argument:ty),*);)*) => {
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Functions {
            $(pub(super) $name: unsafe extern "C" fn($($argument),*) -> Status,)*
        }

        impl Functions {
            fn find(library: &libloading::Library) -> Result<Self, String> {
                // SAFETY: the types are those of the vendor's header of the checked version.
                Ok(Self { $($name: unsafe { find(library, stringify!($name)) }?,)* })
            }
        }
    };
}

functions! {
    hailo_create_vdevice(*const c_void, *mut Handle);
    hailo_release_vdevice(Handle);
    hailo_get_physical_devices(Handle, *mut Handle, *mut usize);
    hailo_identify(Handle, *mut Identity);
    hailo_get_chip_temperature(Handle, *mut Temperatures);
    hailo_create_hef_buffer(*mut Handle, *const c_void, usize);
    hailo_release_hef(Handle);
    hailo_hef_get_all_vstream_infos(Handle, *const c_char, *mut StreamInfo, *mut usize);
    hailo_init_configure_params_by_vdevice(Handle, Handle, *mut ConfigureParams);
    hailo_configure_vdevice(Handle, Handle, *mut ConfigureParams, *mut Handle, *mut usize);
    hailo_make_input_vstream_params(Handle, bool, i32, *mut NamedStreamParams, *mut usize);
    hailo_make_output_vstream_params(Handle, bool, i32, *mut NamedStreamParams, *mut usize);
    hailo_create_input_vstreams(Handle, *const NamedStreamParams, usize, *mut Handle);
    hailo_create_output_vstreams(Handle, *const NamedStreamParams, usize, *mut Handle);
    hailo_get_input_vstream_frame_size(Handle, *mut usize);
    hailo_get_output_vstream_frame_size(Handle, *mut usize);
    hailo_vstream_write_raw_buffer(Handle, *const c_void, usize);
    hailo_vstream_read_raw_buffer(Handle, *mut c_void, usize);
    hailo_release_input_vstreams(*const Handle, usize);
    hailo_release_output_vstreams(*const Handle, usize);
}

impl Library {
    /// Loads the library at `path` for the rest of the process's life.
    pub(super) fn open(path: &Path, simulated: Simulated) -> Result<Self, NpuError> {
        let refused = |reason: String| NpuError::library(path, reason);
        let file = found(path).map_err(|unfit| refused(unfit.to_string()))?;
        let library = opened(&file).map_err(refused)?;
        let version = number(&library).map_err(&refused)?;
        let version = match simulated_version(&library) {
            Some(said) if simulated == Simulated::Refuse => {
                return Err(NpuError::Simulated { path: path.to_owned(), version: said });
            }
            Some(said) => gate(version).map(|_| said),
            None => gate(version),
        }?;
        let functions = Functions::find(&library).map_err(refused)?;
        Ok(Self { functions, version })
    }

    /// What `call` answered, as a result.
    pub(super) fn check(&self, call: &'static str, status: Status) -> Result<(), NpuError> {
        if status == SUCCESS {
            return Ok(());
        }
        Err(status::failure(call, status, &self.version))
    }
}

/// The library's version in numbers.
fn number(library: &libloading::Library) -> Result<Version, String> {
    const CALL: &str = "hailo_get_library_version";
    type Get = unsafe extern "C" fn(*mut Version) -> Status;
    let mut version = Version::default();
    // SAFETY: the function and its three numbers are the same in every version ever published.
    let status = unsafe { find::<Get>(library, CALL)?(&raw mut version) };
    if status == SUCCESS {
        return Ok(version);
    }
    Err(format!("{CALL} answered {status} ({})", status::word(status)))
}

/// The version as text when its shapes are known.
fn gate(version: Version) -> Result<String, NpuError> {
    let text = format!("{}.{}.{}", version.major, version.minor, version.revision);
    if version >= OLDEST && version.major == OLDEST.major {
        return Ok(text);
    }
    Err(NpuError::Unfit {
        what: "libhailort",
        got: text,
        expected: "4.20 or a later 4.x".to_owned(),
        remedy: "install the system image with HailoRT 4.x (branch hailo8), driver and firmware too",
    })
}

fn simulated_version(library: &libloading::Library) -> Option<String> {
    type Get = unsafe extern "C" fn() -> *const c_char;
    // SAFETY: only our own simulations export a function of this name.
    let said = unsafe { find::<Get>(library, SIMULATED_VERSION).ok()?() };
    // SAFETY: they give text that lives as long as they do.
    let said = (!said.is_null()).then(|| unsafe { CStr::from_ptr(said) });
    Some(said.unwrap_or_default().to_string_lossy().into_owned())
}

/// # Safety
/// `F` is the type of the function of that name.
unsafe fn find<F: Copy>(library: &libloading::Library, name: &str) -> Result<F, String> {
    // SAFETY: as the caller says.
    let found = unsafe { library.get::<F>(name) };
    found
        .map(|function| *function)
        .map_err(|_| format!("has no function {name}, expected libhailort 4.x"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_branch_whose_shapes_are_known_is_called() {
        for (major, minor, revision, fits) in [
            (4, 19, 9, false),
            (4, 20, 0, true),
            (4, 23, 0, true),
            (4, 99, 1, true),
            (5, 0, 0, false),
            (3, 30, 0, false),
        ] {
            let version = Version { major, minor, revision };
            assert_eq!(gate(version).is_ok(), fits, "{version:?}");
        }
        let error = gate(Version { major: 5, minor: 2, revision: 0 }).unwrap_err().to_string();
        assert!(error.starts_with("NPU model: libhailort is 5.2.0, expected 4.20"), "{error}");
    }

    #[test]
    fn a_file_that_is_no_libhailort_is_an_error_that_names_it() {
        for (path, expected) in [
            ("/nowhere/libhailort.so.4", "/nowhere/libhailort.so.4: cannot be read: No such file"),
            ("./Cargo.toml", "./Cargo.toml: is not a shared library"),
            ("libnobody-has-this.so", "libnobody-has-this.so: dlopen failed: libnobody"),
            ("libc.so.6", "has no function hailo_get_library_version"),
        ] {
            let error = Library::open(Path::new(path), Simulated::Accept).unwrap_err().to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
        }
    }
}
