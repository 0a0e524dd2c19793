//! The part of Rockchip's RKNN C interface that is used here, in declarations of our own.
//!
//! Promises: every size and offset is compared with a C compiler's, on LP64, while this compiles;
//! what a library may set to any number is an integer, never a Rust enum. Refuses: calling
//! anything.

use std::ffi::{c_int, c_void};
use std::mem::{align_of, offset_of, size_of};

/// `rknn_context`.
pub type Context = u64;

/// `rknn_input_output_num`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Input tensors.
    pub inputs: u32,
    /// Output tensors.
    pub outputs: u32,
}

/// `rknn_tensor_attr`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TensorAttr {
    /// Which input or output, set by whoever asks.
    pub index: u32,
    /// How many of `dims` count.
    pub n_dims: u32,
    /// Outermost first.
    pub dims: [u32; 16],
    /// Ends with a zero byte.
    pub name: [u8; 256],
    /// Values without padding.
    pub n_elems: u32,
    /// Bytes without padding.
    pub size: u32,
    /// One of [`format`].
    pub fmt: u32,
    /// One of [`element`].
    pub element: u32,
    /// One of [`quantization`].
    pub qnt_type: u32,
    /// Fractional length, for `DFP`.
    pub fl: i8,
    /// Zero point, for `AFFINE_ASYMMETRIC`.
    pub zp: i32,
    /// Scale, for `AFFINE_ASYMMETRIC`.
    pub scale: f32,
    /// Pixels from one row to the next; 0 is the width.
    pub w_stride: u32,
    /// Bytes with padding.
    pub size_with_stride: u32,
    /// Whether an input's bytes are taken as they are, neither normalized nor quantized.
    pub pass_through: u8,
    /// Rows from one picture to the next; 0 is the height.
    pub h_stride: u32,
}

/// `rknn_tensor_mem`: memory that the library and the NPU share with us.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TensorMem {
    /// Where we see it.
    pub virt_addr: *mut c_void,
    /// Where the NPU sees it.
    pub phys_addr: u64,
    /// Its dmabuf.
    pub fd: i32,
    /// Where in the dmabuf it begins.
    pub offset: i32,
    /// Bytes.
    pub size: u32,
    /// The library's.
    pub flags: u32,
    /// The library's.
    pub priv_data: *mut c_void,
}

/// `rknn_input`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Which input.
    pub index: u32,
    /// Its values.
    pub buf: *mut c_void,
    /// Bytes of `buf`.
    pub size: u32,
    /// As [`TensorAttr::pass_through`].
    pub pass_through: u8,
    /// One of [`element`].
    pub element: u32,
    /// One of [`format`].
    pub fmt: u32,
}

/// `rknn_output`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// 1: dequantized to f32.
    pub want_float: u8,
    /// 1: `buf` is ours.
    pub is_prealloc: u8,
    /// Which output.
    pub index: u32,
    /// Its values.
    pub buf: *mut c_void,
    /// Bytes of `buf`.
    pub size: u32,
}

/// `rknn_sdk_version`: two texts that end with a zero byte.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SdkVersion {
    /// The library's: `2.3.2 (429f97ae6b@2025-04-09T09:09:27)`.
    pub api: [u8; 256],
    /// The kernel driver's: `0.9.8`.
    pub driver: [u8; 256],
}

/// What is asked with `rknn_query`.
pub mod query {
    /// [`Counts`](super::Counts).
    pub const COUNTS: u32 = 0;
    /// [`TensorAttr`](super::TensorAttr) as the copying functions take an input.
    pub const INPUT: u32 = 1;
    /// As the copying functions give an output.
    pub const OUTPUT: u32 = 2;
    /// [`SdkVersion`](super::SdkVersion).
    pub const SDK_VERSION: u32 = 5;
    /// As the NPU itself reads an input.
    pub const NATIVE_INPUT: u32 = 8;
    /// As the NPU itself writes an output.
    pub const NATIVE_OUTPUT: u32 = 9;
    /// An input with its channels innermost.
    pub const NATIVE_NHWC_INPUT: u32 = 10;
    /// An output with its channels innermost.
    pub const NATIVE_NHWC_OUTPUT: u32 = 11;
}

/// The order of a tensor's dimensions.
pub mod format {
    /// Channels, rows, columns.
    pub const NCHW: u32 = 0;
    /// Rows, columns, channels.
    pub const NHWC: u32 = 1;
    /// Blocks of channels, rows, columns, channels of a block.
    pub const NC1HWC2: u32 = 2;
}

/// What a value is stored as.
pub mod element {
    /// 32-bit float.
    pub const F32: u32 = 0;
    /// 16-bit float.
    pub const F16: u32 = 1;
    /// Signed byte.
    pub const I8: u32 = 2;
    /// Unsigned byte.
    pub const U8: u32 = 3;
}

/// How an integer stands for a value.
pub mod quantization {
    /// It is the value.
    pub const NONE: u32 = 0;
    /// `(q - zp) * scale`.
    pub const AFFINE_ASYMMETRIC: u32 = 2;
}

/// For `rknn_mem_sync`.
pub mod sync {
    /// What we wrote is for the NPU to read.
    pub const TO_DEVICE: u32 = 1;
    /// What the NPU wrote is for us to read.
    pub const FROM_DEVICE: u32 = 2;
}

/// What the library's functions answer.
pub mod code {
    /// Done.
    pub const SUCCESS: i32 = 0;
    /// The vendor's catch-all.
    pub const FAIL: i32 = -1;
    /// The NPU did not answer in time.
    pub const TIMEOUT: i32 = -2;
    /// There is no NPU, or no longer.
    pub const DEVICE_UNAVAILABLE: i32 = -3;
    /// No memory.
    pub const MALLOC_FAIL: i32 = -4;
    /// A parameter is wrong.
    pub const PARAM_INVALID: i32 = -5;
    /// The model file is damaged or of another version.
    pub const MODEL_INVALID: i32 = -6;
    /// The context is not one.
    pub const CTX_INVALID: i32 = -7;
    /// An input is wrong.
    pub const INPUT_INVALID: i32 = -8;
    /// An output is wrong.
    pub const OUTPUT_INVALID: i32 = -9;
    /// The chip is not the model's.
    pub const DEVICE_UNMATCH: i32 = -10;
    /// The model was compiled for another library.
    pub const INCOMPATIBLE_PRE_COMPILE_MODEL: i32 = -11;
    /// The model was optimized for another library.
    pub const INCOMPATIBLE_OPTIMIZATION_LEVEL: i32 = -12;
    /// The platform is not the model's.
    pub const TARGET_PLATFORM_UNMATCH: i32 = -13;

    /// The vendor's name of an answer.
    #[must_use]
    pub const fn word(code: i32) -> &'static str {
        match code {
            SUCCESS => "SUCC",
            FAIL => "FAIL",
            TIMEOUT => "TIMEOUT",
            DEVICE_UNAVAILABLE => "DEVICE_UNAVAILABLE",
            MALLOC_FAIL => "MALLOC_FAIL",
            PARAM_INVALID => "PARAM_INVALID",
            MODEL_INVALID => "MODEL_INVALID",
            CTX_INVALID => "CTX_INVALID",
            INPUT_INVALID => "INPUT_INVALID",
            OUTPUT_INVALID => "OUTPUT_INVALID",
            DEVICE_UNMATCH => "DEVICE_UNMATCH",
            INCOMPATIBLE_PRE_COMPILE_MODEL => "INCOMPATIBLE_PRE_COMPILE_MODEL",
            INCOMPATIBLE_OPTIMIZATION_LEVEL => "INCOMPATIBLE_OPTIMIZATION_LEVEL_VERSION",
            TARGET_PLATFORM_UNMATCH => "TARGET_PLATFORM_UNMATCH",
            _ => "a code the vendor does not document",
        }
    }
}

/// `rknn_init`.
pub type Init = unsafe extern "C" fn(*mut Context, *mut c_void, u32, u32, *mut c_void) -> c_int;
/// `rknn_destroy`.
pub type Destroy = unsafe extern "C" fn(Context) -> c_int;
/// `rknn_query`.
pub type Query = unsafe extern "C" fn(Context, u32, *mut c_void, u32) -> c_int;
/// `rknn_run`.
pub type Run = unsafe extern "C" fn(Context, *mut c_void) -> c_int;
/// `rknn_set_core_mask`.
pub type SetCoreMask = unsafe extern "C" fn(Context, u32) -> c_int;
/// `rknn_create_mem`.
pub type CreateMem = unsafe extern "C" fn(Context, u32) -> *mut TensorMem;
/// `rknn_destroy_mem`.
pub type DestroyMem = unsafe extern "C" fn(Context, *mut TensorMem) -> c_int;
/// `rknn_set_io_mem`.
pub type SetIoMem = unsafe extern "C" fn(Context, *mut TensorMem, *mut TensorAttr) -> c_int;
/// `rknn_mem_sync`.
pub type MemSync = unsafe extern "C" fn(Context, *mut TensorMem, u32) -> c_int;
/// `rknn_inputs_set`.
pub type InputsSet = unsafe extern "C" fn(Context, u32, *mut Input) -> c_int;
/// `rknn_outputs_get`.
pub type OutputsGet = unsafe extern "C" fn(Context, u32, *mut Output, *mut c_void) -> c_int;
/// `rknn_outputs_release`.
pub type OutputsRelease = unsafe extern "C" fn(Context, u32, *mut Output) -> c_int;

const _: () = {
    assert!(size_of::<Context>() == 8);
    assert!(size_of::<Counts>() == 8 && align_of::<Counts>() == 4);
    assert!(offset_of!(Counts, inputs) == 0 && offset_of!(Counts, outputs) == 4);

    assert!(size_of::<TensorAttr>() == 376 && align_of::<TensorAttr>() == 4);
    assert!(offset_of!(TensorAttr, index) == 0);
    assert!(offset_of!(TensorAttr, n_dims) == 4);
    assert!(offset_of!(TensorAttr, dims) == 8);
    assert!(offset_of!(TensorAttr, name) == 72);
    assert!(offset_of!(TensorAttr, n_elems) == 328);
    assert!(offset_of!(TensorAttr, size) == 332);
    assert!(offset_of!(TensorAttr, fmt) == 336);
    assert!(offset_of!(TensorAttr, element) == 340);
    assert!(offset_of!(TensorAttr, qnt_type) == 344);
    assert!(offset_of!(TensorAttr, fl) == 348);
    assert!(offset_of!(TensorAttr, zp) == 352);
    assert!(offset_of!(TensorAttr, scale) == 356);
    assert!(offset_of!(TensorAttr, w_stride) == 360);
    assert!(offset_of!(TensorAttr, size_with_stride) == 364);
    assert!(offset_of!(TensorAttr, pass_through) == 368);
    assert!(offset_of!(TensorAttr, h_stride) == 372);

    assert!(size_of::<TensorMem>() == 40 && align_of::<TensorMem>() == 8);
    assert!(offset_of!(TensorMem, virt_addr) == 0);
    assert!(offset_of!(TensorMem, phys_addr) == 8);
    assert!(offset_of!(TensorMem, fd) == 16);
    assert!(offset_of!(TensorMem, offset) == 20);
    assert!(offset_of!(TensorMem, size) == 24);
    assert!(offset_of!(TensorMem, flags) == 28);
    assert!(offset_of!(TensorMem, priv_data) == 32);

    assert!(size_of::<Input>() == 32 && align_of::<Input>() == 8);
    assert!(offset_of!(Input, index) == 0 && offset_of!(Input, buf) == 8);
    assert!(offset_of!(Input, size) == 16 && offset_of!(Input, pass_through) == 20);
    assert!(offset_of!(Input, element) == 24 && offset_of!(Input, fmt) == 28);

    assert!(size_of::<Output>() == 24 && align_of::<Output>() == 8);
    assert!(offset_of!(Output, want_float) == 0 && offset_of!(Output, is_prealloc) == 1);
    assert!(offset_of!(Output, index) == 4 && offset_of!(Output, buf) == 8);
    assert!(offset_of!(Output, size) == 16);

    assert!(size_of::<SdkVersion>() == 512 && align_of::<SdkVersion>() == 1);
    assert!(offset_of!(SdkVersion, api) == 0 && offset_of!(SdkVersion, driver) == 256);
};

impl TensorAttr {
    /// What is asked about tensor `index`.
    #[must_use]
    pub const fn asking(index: u32) -> Self {
        Self {
            index,
            n_dims: 0,
            dims: [0; 16],
            name: [0; 256],
            n_elems: 0,
            size: 0,
            fmt: 0,
            element: 0,
            qnt_type: 0,
            fl: 0,
            zp: 0,
            scale: 0.0,
            w_stride: 0,
            size_with_stride: 0,
            pass_through: 0,
            h_stride: 0,
        }
    }
}

/// A text that ends with a zero byte, or with its field.
#[must_use]
pub fn text(field: &[u8]) -> String {
    let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}
