//! Tensors as the simulated NPU tells of them and writes them.

use detector::backend::rknn::abi::{TensorAttr, element, format, quantization};

use crate::model_file::{Layout, QuantizedOutput, Simulation};

/// Channels of a block of NC1HWC2 in bytes.
pub(crate) const LANES: usize = 16;
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
    pub(crate) const fn values(self) -> usize {
        self.channels * self.rows * self.columns
    }

    /// Bytes of the grid in `layout`.
    pub(crate) const fn bytes(self, layout: Layout) -> usize {
        match layout {
            Layout::Nchw | Layout::Nhwc => self.values(),
            Layout::Nc1hwc2 => self.channels.div_ceil(LANES) * self.rows * self.columns * LANES,
        }
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
    output: &QuantizedOutput,
    grid: Grid,
    layout: Layout,
) -> TensorAttr {
    let Grid { channels, rows, columns } = grid;
    let mut attr = match layout {
        Layout::Nchw => attr(&output.name, format::NCHW, &[1, channels, rows, columns]),
        Layout::Nhwc => attr(&output.name, format::NHWC, &[1, rows, columns, channels]),
        Layout::Nc1hwc2 => {
            let dims = [1, channels.div_ceil(LANES), rows, columns, LANES];
            attr(&output.name, format::NC1HWC2, &dims)
        }
    };
    attr.index = index as u32;
    (attr.zp, attr.scale) = (output.zp, output.scale);
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

/// `values` as bytes, clamped.
pub(crate) fn quantize(values: &[f32], output: &QuantizedOutput, bytes: &mut Vec<i8>) {
    bytes.clear();
    bytes.extend(values.iter().map(|value| {
        // `as` clamps, and takes what is no number for 0.
        (value / output.scale + output.zp as f32).round() as i8
    }));
}

/// Writes the channels of `grid` into `to` as `layout` has them.
pub(crate) fn lay_out(from: &[i8], grid: Grid, layout: Layout, to: &mut [u8]) {
    let Grid { channels, rows, columns } = grid;
    to.fill(FILLER);
    for channel in 0..channels {
        for y in 0..rows {
            for x in 0..columns {
                let at = match layout {
                    Layout::Nchw => (channel * rows + y) * columns + x,
                    Layout::Nhwc => (y * columns + x) * channels + channel,
                    Layout::Nc1hwc2 => {
                        ((channel / LANES * rows + y) * columns + x) * LANES + channel % LANES
                    }
                };
                to[at] = from[(channel * rows + y) * columns + x] as u8;
            }
        }
    }
}
