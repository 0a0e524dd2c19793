//! Models: HEFs and their networks.
//!
//! # Safety
//! As in [`super`].
#![allow(unsafe_code, reason = "a library with the vendor's C interface")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, said in `exports`")]
#![allow(missing_docs, reason = "the vendor documents its functions; the names are theirs")]

use std::ffi::{c_char, c_void};
use std::slice;
use std::sync::Arc;

use detector::backend::hailo::abi::{
    self, ConfigureParams, Format, Handle, Quantization, Status, StreamInfo,
};

use super::device::Device;
use super::handle::{close, open, put_all, seen};
use crate::chip::{self, Chip, status};
use crate::fault::{self, Fault};
use crate::hef::{SimulatedHef, SimulatedOutput, StreamForm};

/// `HAILO_FORMAT_ORDER_HAILO_NMS_BY_CLASS`.
const NMS_BY_CLASS: i32 = 22;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_create_hef_buffer(
    to: *mut Handle,
    bytes: *const c_void,
    length: usize,
) -> Status {
    if bytes.is_null() {
        return chip::INVALID_ARGUMENT;
    }
    // SAFETY: the contract at the head of this file.
    let bytes = unsafe { slice::from_raw_parts(bytes.cast(), length) };
    match SimulatedHef::from_bytes(bytes) {
        // SAFETY: as above.
        Ok(hef) if !fault::stands(Fault::Magic) => status(unsafe { open(to, hef) }),
        _ => chip::INVALID_HEF,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_release_hef(hef: Handle) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { close::<SimulatedHef>(hef) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_hef_get_all_vstream_infos(
    hef: Handle,
    name: *const c_char,
    infos: *mut StreamInfo,
    count: *mut usize,
) -> Status {
    if !name.is_null() {
        return chip::NOT_SUPPORTED;
    }
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<SimulatedHef>(hef) }.and_then(|hef| {
        let outputs = hef.outputs.iter().map(output_info);
        let all: Vec<StreamInfo> = std::iter::once(input_info(hef)).chain(outputs).collect();
        // SAFETY: as above.
        unsafe { put_all(&all, infos, count) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_init_configure_params_by_vdevice(
    hef: Handle,
    device: Handle,
    params: *mut ConfigureParams,
) -> Status {
    // SAFETY: the contract at the head of this file.
    let both = unsafe { seen::<SimulatedHef>(hef).and(seen::<Device>(device)) };
    status(both.map(|_| {
        // The whole of it, so that one declared too small is found here.
        // SAFETY: as above.
        unsafe { params.cast::<u8>().write_bytes(0xa5, size_of::<ConfigureParams>()) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_configure_vdevice(
    device: Handle,
    hef: Handle,
    _params: *mut ConfigureParams,
    groups: *mut Handle,
    count: *mut usize,
) -> Status {
    if fault::stands(Fault::Platform) {
        return chip::HEF_NOT_COMPATIBLE;
    }
    // SAFETY: the contract at the head of this file.
    let both = unsafe { seen::<Device>(device).and_then(|d| Ok((d, seen::<SimulatedHef>(hef)?))) };
    status(both.and_then(|(device, hef)| {
        let chip = Chip::load(hef.clone()).map_err(|_| chip::INVALID_HEF)?;
        let chip = Arc::new(chip);
        // The group is the device's: it has no release of its own.
        let group = Handle(Arc::as_ptr(&chip).cast_mut().cast());
        *device.chip() = Some(chip);
        // SAFETY: as above.
        unsafe { put_all(&[group], groups, count) }
    }))
}

fn input_info(hef: &SimulatedHef) -> StreamInfo {
    let mut info = StreamInfo::zeroed();
    abi::set_text(&mut info.name, &hef.input);
    info.direction = abi::HOST_TO_DEVICE;
    info.format = Format { kind: abi::TYPE_UINT8, order: abi::ORDER_NHWC, flags: 0 };
    info.shape = [hef.size.1 as u32, hef.size.0 as u32, 3, 0];
    info.quantization = Quantization { scale: 1.0, limit_max: 255.0, ..Quantization::default() };
    info
}

fn output_info(output: &SimulatedOutput) -> StreamInfo {
    let mut info = StreamInfo::zeroed();
    abi::set_text(&mut info.name, &output.name);
    info.direction = 1;
    let [rows, columns, channels] = output.shape.map(|side| side as u32);
    info.shape = [rows, columns, channels, 0];
    let (order, kind) = match output.form {
        StreamForm::Bytes | StreamForm::Channels => (abi::ORDER_NHWC, abi::TYPE_UINT8),
        StreamForm::Nms => (NMS_BY_CLASS, abi::TYPE_FLOAT32),
    };
    info.format = Format { kind, order, flags: 0 };
    // What has a scale for each channel tells none here.
    if output.form == StreamForm::Bytes {
        let (zero_point, scale) = (output.zero_point, output.scale);
        info.quantization = Quantization { zero_point, scale, ..Quantization::default() };
    }
    info
}
