//! libhailort's shapes: what passes between its C functions and us, byte for byte.
//!
//! Promises: the sizes and offsets that a C compiler gives for the public headers of HailoRT 4.20.1
//! and 4.23.0 (LP64, the same on x86_64 and aarch64), asserted where they are declared. Refuses:
//! `hailo_nms_shape_t`, whose fields change their meaning between those versions.
#![allow(unsafe_code, reason = "shapes that a C library reads and writes")]

use std::ffi::{CStr, c_char, c_void};
use std::mem::{align_of, offset_of, size_of};

/// `hailo_status`: 0 is success, the rest stands in [`super::status`].
pub type Status = i32;
/// The one answer that is no failure.
pub const SUCCESS: Status = 0;
/// Of a frame that did not come in its stream's time; it may still come.
pub const TIMEOUT: Status = 4;

/// A virtual device, a HEF, a configured network group, a virtual stream or a device: each is a
/// pointer to something only the library knows.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Handle(pub *mut c_void);

// SAFETY: the library's objects belong to no thread; its own examples read and write the streams of
// one network from threads of their own.
unsafe impl Send for Handle {}

impl Handle {
    /// What an out-parameter holds before the call.
    pub const NONE: Self = Self(std::ptr::null_mut());
}

/// `hailo_format_type_t`: bytes, as the chip has them.
pub const TYPE_UINT8: i32 = 1;
/// `hailo_format_type_t`: dequantized by the library.
pub const TYPE_FLOAT32: i32 = 3;
/// `hailo_format_order_t`: rows, columns, channels.
pub const ORDER_NHWC: i32 = 1;
/// As NHWC on the host's side; only the chip's own layout differs.
pub const ORDER_FCR: i32 = 3;
/// As NHWC on the host's side too.
pub const ORDER_F8CR: i32 = 4;
/// Rows and columns of one channel.
pub const ORDER_NHW: i32 = 5;
/// The five orders of boxes after non-maximum suppression.
pub const ORDERS_NMS: [i32; 5] = [9, 20, 21, 22, 23];

/// `hailo_stream_direction_t` of inputs.
pub const HOST_TO_DEVICE: i32 = 0;

/// `hailo_device_architecture_t`, the words for the chips of this branch.
pub const ARCHITECTURES: [&str; 3] = ["HAILO8_A0", "HAILO8", "HAILO8L"];

const NAME: usize = 128;
const NETWORK_NAME: usize = 257;

/// `hailo_version_t`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Version {
    /// Another shape of everything.
    pub major: u32,
    /// More statuses and functions.
    pub minor: u32,
    /// Repairs.
    pub revision: u32,
}

/// `hailo_format_t`.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Format {
    /// `hailo_format_type_t`.
    pub kind: i32,
    /// `hailo_format_order_t`: how rows, columns and channels follow one another.
    pub order: i32,
    /// `hailo_format_flags_t`.
    pub flags: i32,
}

/// `hailo_quant_info_t`: value = (q - zero point) * scale.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Quantization {
    /// What stands for 0.
    pub zero_point: f32,
    /// What one step is worth; 0 when each channel has its own.
    pub scale: f32,
    /// The least value there can be.
    pub limit_min: f32,
    /// The largest.
    pub limit_max: f32,
}

/// `hailo_vstream_info_t`. Its union holds the shape of a picture (rows, columns, channels) or of
/// suppressed boxes, as `format.order` says.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct StreamInfo {
    /// The stream's, ended by a zero.
    pub name: [c_char; NAME],
    /// The network's, likewise.
    pub network_name: [c_char; NETWORK_NAME],
    /// [`HOST_TO_DEVICE`] or 1.
    pub direction: i32,
    /// How the host sees its values.
    pub format: Format,
    /// Rows, columns, channels and nothing.
    pub shape: [u32; 4],
    /// How they are quantized.
    pub quantization: Quantization,
}

/// `hailo_vstream_params_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct StreamParams {
    /// How the host sees its values.
    pub format: Format,
    /// How long a read or write may take.
    pub timeout_ms: u32,
    /// Frames under way.
    pub queue_size: u32,
    /// What to measure.
    pub stream_statistics: i32,
    /// What else to measure.
    pub element_statistics: i32,
}

/// `hailo_input_vstream_params_by_name_t` and `hailo_output_vstream_params_by_name_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct NamedStreamParams {
    /// The stream's, ended by a zero.
    pub name: [c_char; NAME],
    /// How it is to be opened.
    pub params: StreamParams,
}

/// `hailo_configure_params_t`, filled by the library and handed back to it unread.
#[repr(C)]
pub struct ConfigureParams([u64; 84_488 / 8]);

/// `hailo_device_identity_t`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Identity {
    /// Between driver and firmware.
    pub protocol_version: u32,
    /// The firmware's.
    pub firmware: Version,
    /// The firmware's logger's.
    pub logger_version: u32,
    /// How much of the next field counts.
    pub board_name_length: u8,
    /// The board.
    pub board_name: [c_char; 32],
    /// Two flags in 4.20, three later; nothing behind them moves.
    pub flags: [u8; 3],
    /// `hailo_device_architecture_t`.
    pub architecture: i32,
    /// How much of the next field counts.
    pub serial_number_length: u8,
    /// The chip's.
    pub serial_number: [c_char; 16],
    /// How much of the next field counts.
    pub part_number_length: u8,
    /// The module's.
    pub part_number: [c_char; 16],
    /// How much of the next field counts.
    pub product_name_length: u8,
    /// The module's in words.
    pub product_name: [c_char; 42],
}

/// `hailo_chip_temperature_info_t`: two sensors, degrees Celsius.
#[derive(Clone, Copy, Default)]
#[repr(C)]
pub struct Temperatures {
    /// One at each end of the chip.
    pub sensors: [f32; 2],
    /// Over how many samples each is a mean.
    pub sample_count: u16,
}

impl ConfigureParams {
    /// Zeros on the heap: too large for the stack of a thread.
    pub fn boxed() -> Box<Self> {
        // SAFETY: numbers, for which zero is a value.
        unsafe { Box::new_zeroed().assume_init() }
    }
}

/// Zeros, for the library to write over.
macro_rules! zeroed {
    ($($shape:ty),*) => { $(impl $shape {
        /// Nothing yet.
        pub fn zeroed() -> Self {
            // SAFETY: numbers and arrays of numbers, for which zero is a value.
            unsafe { std::mem::zeroed() }
        }
    })* };
}
zeroed!(StreamInfo, NamedStreamParams, Identity);

/// The text in a fixed field; all of it where the library forgot to end it.
pub fn text(field: &[c_char]) -> String {
    let bytes: Vec<u8> = field.iter().map(|&c| c as u8).chain([0]).collect();
    let text = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    text.to_string_lossy().trim().to_owned()
}

/// Writes `text` into a fixed field and ends it, cut where it does not fit.
pub fn set_text(field: &mut [c_char], text: &str) {
    let room = field.len().saturating_sub(1);
    field.fill(0);
    for (to, from) in field[..room].iter_mut().zip(text.bytes()) {
        *to = from as c_char;
    }
}

const _: () = {
    assert!(size_of::<Status>() == 4 && size_of::<Handle>() == 8);
    assert!(size_of::<Version>() == 12 && size_of::<Format>() == 12);
    assert!(offset_of!(Format, order) == 4 && offset_of!(Format, flags) == 8);
    assert!(size_of::<Quantization>() == 16 && offset_of!(Quantization, scale) == 4);
    assert!(size_of::<StreamInfo>() == 436 && align_of::<StreamInfo>() == 4);
    assert!(offset_of!(StreamInfo, network_name) == 128);
    assert!(offset_of!(StreamInfo, direction) == 388);
    assert!(offset_of!(StreamInfo, format) == 392);
    assert!(offset_of!(StreamInfo, shape) == 404);
    assert!(offset_of!(StreamInfo, quantization) == 420);
    assert!(size_of::<StreamParams>() == 28 && offset_of!(StreamParams, timeout_ms) == 12);
    assert!(size_of::<NamedStreamParams>() == 156 && offset_of!(NamedStreamParams, params) == 128);
    assert!(size_of::<ConfigureParams>() == 84_488 && align_of::<ConfigureParams>() == 8);
    assert!(size_of::<Identity>() == 140 && offset_of!(Identity, board_name) == 21);
    assert!(offset_of!(Identity, architecture) == 56 && offset_of!(Identity, product_name) == 95);
    assert!(size_of::<Temperatures>() == 12);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_ended_is_read_to_the_end_of_its_field() {
        let field = |bytes: &[u8]| bytes.iter().map(|&b| b as c_char).collect::<Vec<_>>();
        for (bytes, expected) in [
            (&b"out8\0rest"[..], "out8"),
            (b"whole", "whole"),
            (b"\0", ""),
            (b"a\xff\0", "a\u{fffd}"),
        ] {
            assert_eq!(text(&field(bytes)), expected);
        }
        let mut name = [1; 6];
        set_text(&mut name, "longer");
        assert_eq!(text(&name), "longe");
    }
}
