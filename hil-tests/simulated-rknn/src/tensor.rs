//! Tensors as the simulated NPU tells of them and writes them.

use detector::backend::rknn::abi::{TensorAttr, element, format, quantization};
use half::f16;

use crate::model_file::{Layout, SimulatedOutput, Simulation, Stored};

/// Bytes of the channels of one block at one place in NC1HWC2.
const BLOCK_BYTES: usize = 16;
/// What lies where no value does.
const FILLER: u8 = 0x55;

/// An output's channels, rows and columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub(crate) channels: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Grid {
    /// Bytes of the grid in `layout`.
    pub(crate) const fn bytes(self, layout: Layout, stored: Stored) -> usize {
        let lanes = BLOCK_BYTES / stored.bytes();
        let channels = match layout {
            Layout::Nchw | Layout::Nhwc => self.channels,
            Layout::Nc1hwc2 => self.channels.next_multiple_of(lanes),
        };
        channels * self.rows * self.columns * stored.bytes()
    }
}

/// The input with rows of `stride` pixels.
pub(crate) fn input(simulation: &Simulation, stride: usize) -> TensorAttr {
    let Simulation { width, height, .. } = *simulation;
    let mut attr = attr(&simulation.input, format::NHWC, &[1, height, width, 3]);
    // What the vendor's library tells of an input whose normalization is part of the network.
    (attr.zp, attr.scale) = (-128, 1.0);
    attr.w_stride = stride as u32;
    attr.size_with_stride = (stride * height * 3) as u32;
    attr
}

/// Output `index` of `grid`, in `layout`.
pub(crate) fn output(
    index: usize,
    output: &SimulatedOutput,
    grid: Grid,
    layout: Layout,
) -> TensorAttr {
    let Grid { channels, rows, columns } = grid;
    let lanes = BLOCK_BYTES / output.stored.bytes();
    let mut attr = match layout {
        Layout::Nchw => attr(&output.name, format::NCHW, &[1, channels, rows, columns]),
        Layout::Nhwc => attr(&output.name, format::NHWC, &[1, rows, columns, channels]),
        Layout::Nc1hwc2 => {
            let dims = [1, channels.div_ceil(lanes), rows, columns, lanes];
            attr(&output.name, format::NC1HWC2, &dims)
        }
    };
    attr.index = index as u32;
    match output.stored {
        Stored::Int8 { zp, scale } => (attr.zp, attr.scale) = (zp, scale),
        Stored::Half => {
            (attr.element, attr.qnt_type) = (element::F16, quantization::NONE);
            (attr.size, attr.size_with_stride) = (2 * attr.n_elems, 2 * attr.n_elems);
        }
    }
    attr
}

fn attr(name: &str, fmt: u32, dims: &[usize]) -> TensorAttr {
    let mut attr = TensorAttr::asking(0);
    let length = name.len().min(attr.name.len() - 1);
    attr.name[..length].copy_from_slice(&name.as_bytes()[..length]);
    attr.n_dims = dims.len() as u32;
    for (to, &from) in attr.dims.iter_mut().zip(dims) {
        *to = from as u32;
    }
    attr.n_elems = dims.iter().product::<usize>() as u32;
    (attr.size, attr.size_with_stride) = (attr.n_elems, attr.n_elems);
    (attr.fmt, attr.element) = (fmt, element::I8);
    attr.qnt_type = quantization::AFFINE_ASYMMETRIC;
    attr
}

/// What a broken library might tell.
pub(crate) fn nonsense(mut attr: TensorAttr) -> TensorAttr {
    attr.n_dims = 99;
    attr.dims = [u32::MAX; 16];
    attr.name = [0xff; 256];
    (attr.scale, attr.zp) = (f32::NAN, i32::MIN);
    (attr.w_stride, attr.h_stride) = (u32::MAX, u32::MAX);
    (attr.size, attr.size_with_stride) = (u32::MAX, u32::MAX);
    attr
}

/// Stores `values` in `bytes`.
pub(crate) fn store(values: &[f32], stored: Stored, bytes: &mut Vec<u8>) {
    bytes.clear();
    match stored {
        // `as` clamps, and takes what is no number for 0.
        Stored::Int8 { zp, scale } => {
            bytes.extend(values.iter().map(|v| (v / scale + zp as f32).round() as i8 as u8));
        }
        Stored::Half => bytes.extend(values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes())),
    }
}

/// The values stored in `bytes`.
pub(crate) fn restored(bytes: &[u8], stored: Stored) -> Vec<f32> {
    match stored {
        Stored::Int8 { zp, scale } => {
            bytes.iter().map(|&byte| (f32::from(byte as i8) - zp as f32) * scale).collect()
        }
        Stored::Half => {
            let (halves, _) = bytes.as_chunks();
            halves.iter().map(|&half| f16::from_le_bytes(half).to_f32()).collect()
        }
    }
}

/// Writes the stored channels of `grid` into `to` as `layout` has them.
pub(crate) fn lay_out(from: &[u8], grid: Grid, (layout, stored): (Layout, Stored), to: &mut [u8]) {
    let Grid { channels, rows, columns } = grid;
    let (size, lanes) = (stored.bytes(), BLOCK_BYTES / stored.bytes());
    to.fill(FILLER);
    for channel in 0..channels {
        for y in 0..rows {
            for x in 0..columns {
                let at = match layout {
                    Layout::Nchw => (channel * rows + y) * columns + x,
                    Layout::Nhwc => (y * columns + x) * channels + channel,
                    Layout::Nc1hwc2 => {
                        ((channel / lanes * rows + y) * columns + x) * lanes + channel % lanes
                    }
                };
                let value = (channel * rows + y) * columns + x;
                to[at * size..][..size].copy_from_slice(&from[value * size..][..size]);
            }
        }
    }
}
