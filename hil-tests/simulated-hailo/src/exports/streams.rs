//! Streams: pictures in, head maps out.
//!
//! # Safety
//! As in [`super`].
#![allow(unsafe_code, reason = "a library with the vendor's C interface")]
#![allow(clippy::missing_safety_doc, reason = "one contract for all, said in `exports`")]
#![allow(missing_docs, reason = "the vendor documents its functions; the names are theirs")]

use std::ffi::c_void;
use std::slice;
use std::sync::Arc;
use std::time::Duration;

use detector::backend::hailo::abi::{self, Format, Handle, NamedStreamParams, Status};

use super::handle::{close_all, open, put, put_all, seen, shared};
use crate::chip::{self, Chip, status};
use crate::fault::{self, Fault};
use crate::hef::SimulatedOutput;

struct InputStream(Arc<Chip>);

struct OutputStream {
    chip: Arc<Chip>,
    index: usize,
    /// Dequantized here instead of by the caller.
    floats: bool,
    timeout: Duration,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_make_input_vstream_params(
    group: Handle,
    _unused: bool,
    kind: i32,
    params: *mut NamedStreamParams,
    count: *mut usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<Chip>(group) }.and_then(|chip| {
        // SAFETY: as above.
        unsafe { put_all(&[named_params(&chip.hef.input, kind)], params, count) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_make_output_vstream_params(
    group: Handle,
    _unused: bool,
    kind: i32,
    params: *mut NamedStreamParams,
    count: *mut usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<Chip>(group) }.and_then(|chip| {
        let outputs = chip.hef.outputs.iter();
        let all: Vec<_> = outputs.map(|output| named_params(&output.name, kind)).collect();
        // SAFETY: as above.
        unsafe { put_all(&all, params, count) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_create_input_vstreams(
    group: Handle,
    params: *const NamedStreamParams,
    count: usize,
    streams: *mut Handle,
) -> Status {
    // A network has one input.
    if count != 1 {
        return chip::INVALID_ARGUMENT;
    }
    // SAFETY: the contract at the head of this file.
    status(unsafe { open_all(group, params, count, streams, InputStream::new) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_create_output_vstreams(
    group: Handle,
    params: *const NamedStreamParams,
    count: usize,
    streams: *mut Handle,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { open_all(group, params, count, streams, OutputStream::new) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_get_input_vstream_frame_size(
    stream: Handle,
    bytes: *mut usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<InputStream>(stream) }.and_then(|stream| {
        // SAFETY: as above.
        unsafe { put(bytes, stream.bytes() / if fault::stands(Fault::Size) { 2 } else { 1 }) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_get_output_vstream_frame_size(
    stream: Handle,
    bytes: *mut usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<OutputStream>(stream) }.and_then(|stream| {
        // SAFETY: as above.
        unsafe { put(bytes, stream.bytes()) }
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_vstream_write_raw_buffer(
    stream: Handle,
    pixels: *const c_void,
    bytes: usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<InputStream>(stream) }.and_then(|stream| {
        if bytes != stream.bytes() {
            return Err(chip::INVALID_ARGUMENT);
        }
        // SAFETY: as above.
        stream.0.take(unsafe { slice::from_raw_parts(pixels.cast(), bytes) })
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_vstream_read_raw_buffer(
    stream: Handle,
    values: *mut c_void,
    bytes: usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { seen::<OutputStream>(stream) }.and_then(|stream| {
        if bytes != stream.bytes() {
            return Err(chip::INVALID_ARGUMENT);
        }
        // SAFETY: as above.
        stream.read(unsafe { slice::from_raw_parts_mut(values.cast(), bytes) })
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_release_input_vstreams(
    streams: *const Handle,
    count: usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { close_all::<InputStream>(streams, count) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn hailo_release_output_vstreams(
    streams: *const Handle,
    count: usize,
) -> Status {
    // SAFETY: the contract at the head of this file.
    status(unsafe { close_all::<OutputStream>(streams, count) })
}

/// Opens a stream for each of `params`, all or none.
///
/// # Safety
/// As in [`super`]: there is room for `count` streams.
unsafe fn open_all<S>(
    group: Handle,
    params: *const NamedStreamParams,
    count: usize,
    streams: *mut Handle,
    make: fn(&Arc<Chip>, &NamedStreamParams) -> Result<S, Status>,
) -> Result<(), Status> {
    // SAFETY: the caller's promise.
    let (chip, params) = unsafe { (shared(group)?, slice::from_raw_parts(params, count)) };
    let all: Result<Vec<S>, _> = params.iter().map(|params| make(&chip, params)).collect();
    for (at, stream) in all?.into_iter().enumerate() {
        // SAFETY: as above.
        unsafe { open(streams.add(at), stream)? };
    }
    Ok(())
}

impl InputStream {
    fn new(chip: &Arc<Chip>, params: &NamedStreamParams) -> Result<Self, Status> {
        let is_bytes = params.params.format.kind == abi::TYPE_UINT8;
        let fits = is_bytes && abi::text(&params.name) == chip.hef.input;
        fits.then(|| Self(Arc::clone(chip))).ok_or(chip::INVALID_ARGUMENT)
    }

    fn bytes(&self) -> usize {
        let (width, height) = self.0.hef.size;
        3 * width * height
    }
}

impl OutputStream {
    fn new(chip: &Arc<Chip>, params: &NamedStreamParams) -> Result<Self, Status> {
        let name = abi::text(&params.name);
        let index = chip.hef.outputs.iter().position(|output| output.name == name);
        let floats = match params.params.format.kind {
            abi::TYPE_UINT8 => false,
            abi::TYPE_FLOAT32 => true,
            _ => return Err(chip::INVALID_ARGUMENT),
        };
        let timeout = Duration::from_millis(params.params.timeout_ms.into());
        let index = index.ok_or(chip::INVALID_ARGUMENT)?;
        Ok(Self { chip: Arc::clone(chip), index, floats, timeout })
    }

    fn output(&self) -> &SimulatedOutput {
        &self.chip.hef.outputs[self.index]
    }

    fn bytes(&self) -> usize {
        let values: usize = self.output().shape.iter().product();
        values * if self.floats { size_of::<f32>() } else { 1 }
    }

    fn read(&self, memory: &mut [u8]) -> Result<(), Status> {
        self.chip.give(self.index, self.timeout, |quantized| {
            if self.floats {
                for (to, q) in memory.chunks_exact_mut(size_of::<f32>()).zip(quantized) {
                    to.copy_from_slice(&self.output().value(q).to_ne_bytes());
                }
            } else {
                memory.iter_mut().zip(quantized).for_each(|(to, q)| *to = q);
            }
        })
    }
}

/// Parameters as HailoRT makes them: of the type that was asked for, 10 s, two frames.
fn named_params(name: &str, kind: i32) -> NamedStreamParams {
    let mut named = NamedStreamParams::zeroed();
    abi::set_text(&mut named.name, name);
    named.params.format = Format { kind, ..Format::default() };
    named.params.timeout_ms = 10_000;
    named.params.queue_size = 2;
    named
}
