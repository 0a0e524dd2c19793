//! A head's map as the chip gives it: rows, columns, then channels, often still quantized.
//!
//! Promises: the model's own words (shape, order, quantization) decide how a stream is read, and
//! words that make no sense are an error; values come out dequantized, channels outermost, as the
//! ONNX network has them. Refuses: streams of boxes after non-maximum suppression: thresholds,
//! classes and suppression are the manifest's, not the HEF's.

use super::abi::{self, Quantization, StreamInfo};
use crate::backend::npu::NpuError;

/// One output stream: what it is called and how its frames lie.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct HeadMap {
    pub(super) name: String,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) channels: usize,
    values: Values,
}

/// In which form the library is asked for the values.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Values {
    /// As the chip computes them, all with one scale: a quarter of the memory.
    Bytes { zero_point: f32, scale: f32 },
    /// Dequantized by the library, which knows scales per channel and values of 16 bits.
    Floats,
}

/// The memory of one frame of a stream.
#[derive(Debug)]
pub(super) enum Frame {
    Bytes(Vec<u8>),
    Floats(Vec<f32>),
}

/// No head of any network comes near; a number beyond is no shape but garbage.
const MAX_VALUES: usize = 1 << 26;

/// Columns times rows that are transposed at a time: with a hundred channels they stay in the
/// processor's first cache.
const BLOCK: usize = 64;

impl HeadMap {
    /// Reads what the HEF says of one output stream.
    pub(super) fn new(info: &StreamInfo) -> Result<Self, NpuError> {
        let name = abi::text(&info.name);
        let order = info.format.order;
        if abi::ORDERS_NMS.contains(&order) {
            return Err(NpuError::Unfit {
                what: "the HEF's output",
                got: format!("{name}, boxes after suppression (order {order})"),
                expected: "head maps before it".to_owned(),
                remedy: "compile the HEF without nms_postprocess, ending at the network's heads",
            });
        }
        let [rows, columns, channels] = [0, 1, 2].map(|at| info.shape[at] as usize);
        let by_rows = match order {
            abi::ORDER_NHWC | abi::ORDER_FCR | abi::ORDER_F8CR => true,
            abi::ORDER_NHW => channels == 1,
            _ => false,
        };
        let values = rows.checked_mul(columns).and_then(|cells| cells.checked_mul(channels));
        if !by_rows || !values.is_some_and(|values| (1..=MAX_VALUES).contains(&values)) {
            return Err(NpuError::Unfit {
                what: "the HEF's output",
                got: format!("{name}, {rows}x{columns}x{channels} in order {order}"),
                expected: "a map of rows, columns, channels (order 1, 3, 4 or 5)".to_owned(),
                remedy: "compile the HEF so that it ends at the network's heads",
            });
        }
        let values = Values::of(info.format.kind, info.quantization);
        Ok(Self { name, rows, columns, channels, values })
    }

    /// The type to ask the library for.
    pub(super) const fn kind(&self) -> i32 {
        match self.values {
            Values::Bytes { .. } => abi::TYPE_UINT8,
            Values::Floats => abi::TYPE_FLOAT32,
        }
    }

    /// Memory for one frame.
    pub(super) fn frame(&self) -> Frame {
        let values = self.rows * self.columns * self.channels;
        match self.values {
            Values::Bytes { .. } => Frame::Bytes(vec![0; values]),
            Values::Floats => Frame::Floats(vec![0.0; values]),
        }
    }

    /// The dimensions in the ONNX network.
    pub(super) fn dimensions(&self) -> Vec<usize> {
        vec![1, self.channels, self.rows, self.columns]
    }

    /// Writes the frame's values as the ONNX network has them.
    ///
    /// # Panics
    /// When `values` or the frame is of another length than the map.
    pub(super) fn unpack(&self, frame: &Frame, values: &mut [f32]) {
        match (frame, self.values) {
            (Frame::Bytes(packed), Values::Bytes { zero_point, scale }) => {
                self.transpose(packed, values, |q| (f32::from(q) - zero_point) * scale);
            }
            (Frame::Floats(packed), _) => self.transpose(packed, values, |value| value),
            (Frame::Bytes(_), Values::Floats) => unreachable!("frames are made by their map"),
        }
    }

    fn transpose<Q: Copy>(&self, packed: &[Q], values: &mut [f32], value: impl Fn(Q) -> f32) {
        let (channels, cells) = (self.channels, self.rows * self.columns);
        assert_eq!((packed.len(), values.len()), (channels * cells, channels * cells));
        for (block, pixels) in packed.chunks(BLOCK * channels).enumerate() {
            for channel in 0..channels {
                let start = channel * cells + block * BLOCK;
                let row = &mut values[start..start + pixels.len() / channels];
                for (to, pixel) in row.iter_mut().zip(pixels.chunks_exact(channels)) {
                    *to = value(pixel[channel]);
                }
            }
        }
    }
}

impl Values {
    fn of(kind: i32, quantization: Quantization) -> Self {
        let Quantization { zero_point, scale, .. } = quantization;
        // A scale of 0 stands for "one per channel".
        if kind == abi::TYPE_UINT8 && zero_point.is_finite() && scale.is_normal() && scale > 0.0 {
            return Self::Bytes { zero_point, scale };
        }
        Self::Floats
    }
}

impl Frame {
    /// Where the library writes, and how many bytes.
    pub(super) fn memory(&mut self) -> (*mut std::ffi::c_void, usize) {
        match self {
            Self::Bytes(values) => (values.as_mut_ptr().cast(), values.len()),
            Self::Floats(values) => (values.as_mut_ptr().cast(), size_of_val(values.as_slice())),
        }
    }
}

/// Which of `maps` is each of `outputs`: by name, with or without the HEF's network name before it;
/// where the compiler renamed them all, by size, since heads are listed finest first.
pub(super) fn matched(maps: &[HeadMap], outputs: &[String]) -> Result<Vec<usize>, NpuError> {
    let named = |output: &String| {
        maps.iter().position(|map| {
            map.name == *output || map.name.rsplit_once('/').is_some_and(|(_, last)| last == output)
        })
    };
    let by_name: Vec<usize> = outputs.iter().filter_map(named).collect();
    if by_name.len() == outputs.len() {
        return Ok(by_name);
    }
    let cells = |&at: &usize| maps[at].rows * maps[at].columns;
    let mut by_size: Vec<usize> = (0..maps.len()).collect();
    by_size.sort_by_key(|at| std::cmp::Reverse(cells(at)));
    let distinct = by_size.windows(2).all(|pair| cells(&pair[0]) > cells(&pair[1]));
    if by_name.is_empty() && distinct && maps.len() == outputs.len() {
        return Ok(by_size);
    }
    let have = maps
        .iter()
        .map(|map| format!("{} {}x{}x{}", map.name, map.channels, map.rows, map.columns));
    Err(NpuError::Unfit {
        what: "the HEF's list of outputs",
        got: have.collect::<Vec<_>>().join(", "),
        expected: outputs.join(", "),
        remedy: "compile the HEF from the ONNX network of this manifest, ending at its outputs",
    })
}

#[cfg(test)]
#[path = "head_map/tests.rs"]
mod tests;
