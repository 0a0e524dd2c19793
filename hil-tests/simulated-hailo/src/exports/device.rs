//! Library and device: version, identity, temperature.
//!
//! # Safety
//! As in [`super`].
#![allow(unsafe_code, reason = "a library with the vendor's C interface")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, said in `exports`")]
#![allow(missing_docs, reason = "the vendor documents its functions; the names are theirs")]

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detector::backend::hailo::abi::{self, Handle, Identity, Status, Temperatures, Version};

use super::handle::{close, open, put, put_all, seen};
use crate::chip::{self, Chip, status};
use crate::fault::{self, Fault};

/// A virtual device; the network it is configured with is its own.
#[derive(Default)]
pub(super) struct Device(Mutex<Option<Arc<Chip>>>);

/// What the library and the firmware say of themselves, unless told otherwise.
const VERSION: Version = Version { major: 4, minor: 23, revision: 0 };

/// `hailo_device_architecture_t`.
const HAILO8L: i32 = 2;
const BOARD: &str = "Hailo-8L simulated";

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_get_library_version(version: *mut Version) -> Status {
    let wrong = fault::stands(Fault::Version);
    let said = if wrong { Version { major: 5, minor: 2, revision: 0 } } else { VERSION };
    // SAFETY: the contract at the head of this file.
    status(unsafe { put(version, said) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_create_vdevice(params: *const c_void, to: *mut Handle) -> Status {
    for fault in fault::standing() {
        match fault {
            Fault::Driver(status) => return status,
            Fault::OpenHang => fault::stay(fault),
            Fault::OpenCrash => std::process::abort(),
            _ => {}
        }
    }
    if !params.is_null() {
        return chip::NOT_SUPPORTED;
    }
    // SAFETY: the contract at the head of this file.
    status(unsafe { open(to, Device::default()) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_release_vdevice(device: Handle) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<Device>(device) }.and_then(|seen| {
        if seen.chip().as_ref().is_some_and(|chip| Arc::strong_count(chip) > 1) {
            eprintln!("simulated libhailort: a device is released before its streams");
            std::process::abort();
        }
        // SAFETY: as above.
        unsafe { close::<Device>(device) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_get_physical_devices(
    device: Handle,
    devices: *mut Handle,
    count: *mut usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { put_all(&[device], devices, count) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_identify(_device: Handle, identity: *mut Identity) -> Status {
    let mut said = Identity::zeroed();
    said.firmware = VERSION;
    said.architecture = HAILO8L;
    abi::set_text(&mut said.board_name, BOARD);
    said.board_name_length = BOARD.len() as u8;
    // SAFETY: the contract at the head of this file.
    status(unsafe { put(identity, said) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_get_chip_temperature(
    _device: Handle,
    temperatures: *mut Temperatures,
) -> Status {
    let hot = |fault| match fault {
        Fault::Temperature(celsius) => Some(celsius),
        _ => None,
    };
    let celsius = fault::standing().into_iter().find_map(hot).unwrap_or(45.0);
    let said = Temperatures { sensors: [celsius - 1.0, celsius], sample_count: 1 };
    // SAFETY: the contract at the head of this file.
    status(unsafe { put(temperatures, said) })
}

impl Device {
    pub(super) fn chip(&self) -> MutexGuard<'_, Option<Arc<Chip>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
