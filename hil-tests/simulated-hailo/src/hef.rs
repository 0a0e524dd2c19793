//! A simulated HEF: an ONNX network in a file that begins as a HEF does.
//!
//! Promises: what is written is read back the same; anything else is an error. Refuses: being taken
//! for a real one by the real library, which wants more behind the magic.
//!
//! Layout: `01 48 45 46`, version 3 (u32, big-endian, as a HEF), the ONNX file's length (u64,
//! little-endian), the ONNX file, then JSON to the end. Pixels come in the manifest's channel
//! order, as the network takes them, so no order is in it.

use std::path::Path;

use detector::backend::{BackendError, Engine, InputTensor, Network, NetworkPlan};
use detector::manifest::{Head, HeadKind, Precision, Scores};
use detector::prepared::{PreparedError, PreparedModel};
use serde::{Deserialize, Serialize};

const MAGIC: [u8; 8] = *b"\x01HEF\0\0\0\x03";

/// A network and how it is quantized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedHef {
    /// Width and height of its pictures in pixels.
    pub size: (usize, usize),
    /// The input tensor's name.
    pub input: String,
    /// Taken from each channel's values (0 to 255).
    pub mean: [f32; 3],
    /// Each channel is divided by this afterwards.
    pub std: [f32; 3],
    /// The output streams.
    pub outputs: Vec<SimulatedOutput>,
    #[serde(skip)]
    onnx: Vec<u8>,
}

/// One output stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulatedOutput {
    /// The stream's name.
    pub name: String,
    /// The ONNX network's tensor.
    pub tensor: String,
    /// Rows, columns and channels.
    pub shape: [usize; 3],
    /// What stands for 0.
    pub zero_point: f32,
    /// What one step is worth.
    pub scale: f32,
    /// How it presents itself.
    pub form: StreamForm,
}

/// How an output stream presents itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamForm {
    /// Bytes with one scale.
    Bytes,
    /// Bytes with a scale for each channel, which the library alone can dequantize.
    Channels,
    /// Boxes after suppression, as most of the vendor's own HEFs end.
    Nms,
}

/// Why there is no simulated HEF.
#[derive(Debug, thiserror::Error)]
pub enum HefError {
    /// The prepared model cannot be used.
    #[error(transparent)]
    Prepared(#[from] PreparedError),
    /// tract refuses the network.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The bytes are none.
    #[error("simulated HEF: {0}")]
    Malformed(String),
}

impl SimulatedHef {
    /// The fp32 network of the prepared model in `folder`, for pictures of `size`.
    pub fn of_model(folder: &Path, size: (usize, usize)) -> Result<Self, HefError> {
        let model = PreparedModel::open(folder)?;
        let manifest = model.manifest();
        let output = |(index, tensor): (usize, &String)| {
            let (least, most) = range(&manifest.head, index);
            let mut output = SimulatedOutput {
                name: tensor.clone(),
                tensor: tensor.clone(),
                shape: [0; 3],
                zero_point: 0.0,
                scale: 1.0,
                form: StreamForm::Bytes,
            };
            output.fit(least, most);
            output
        };
        let mut hef = Self {
            size,
            input: manifest.input.tensor.clone(),
            mean: manifest.input.mean,
            std: manifest.input.std,
            outputs: manifest.head.outputs.iter().enumerate().map(output).collect(),
            onnx: model.onnx(Precision::Fp32)?,
        };
        let network = hef.network()?;
        for (output, shape) in hef.outputs.iter_mut().zip(network.shapes()) {
            // From batch, channels, rows, columns.
            output.shape = [2, 3, 1].map(|at| shape.get(at).copied().unwrap_or(1));
        }
        Ok(hef)
    }

    /// Fits each output's scale to the values it has for `pixels`, as a compiler's calibration does.
    pub fn calibrate(&mut self, pixels: &[u8]) -> Result<(), HefError> {
        let mut network = self.network()?;
        self.feed(pixels, &mut *network);
        network.run()?;
        for (index, output) in self.outputs.iter_mut().enumerate() {
            let values = network.output(index)?.iter().copied();
            let (least, most) =
                values.fold((0.0, 0.0), |(l, m): (f32, f32), v| (l.min(v), m.max(v)));
            output.fit(least, most);
        }
        Ok(())
    }

    /// As the file has it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.onnx.len() as u64).to_le_bytes());
        bytes.extend(&self.onnx);
        bytes.extend(serde_json::json!(self).to_string().into_bytes());
        bytes
    }

    /// Reads what [`SimulatedHef::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, HefError> {
        let cut = || HefError::Malformed("cut short, expected head, network and tail".to_owned());
        let bytes = bytes.strip_prefix(&MAGIC).ok_or_else(|| {
            HefError::Malformed("begins otherwise, expected one made by this crate".to_owned())
        })?;
        let (length, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| cut())?;
        let (onnx, tail) = rest.split_at_checked(length).ok_or_else(cut)?;
        let hef: Self = serde_json::from_slice(tail)
            .map_err(|error| HefError::Malformed(format!("its tail: {error}")))?;
        Ok(Self { onnx: onnx.to_vec(), ..hef })
    }

    /// The network, planned and run once.
    pub(crate) fn network(&self) -> Result<Box<dyn Network>, BackendError> {
        let tensors: Vec<String> = self.outputs.iter().map(|o| o.tensor.clone()).collect();
        Engine::Tract.load(&NetworkPlan {
            model: &self.onnx,
            input: &self.input,
            outputs: &tensors,
            size: self.size,
            threads: 1,
        })
    }

    /// Writes interleaved `pixels` into the network's input, normalized.
    pub(crate) fn feed(&self, pixels: &[u8], network: &mut dyn Network) {
        let cells = self.size.0 * self.size.1;
        let InputTensor::Planes(planes) = network.input() else {
            unreachable!("tract takes planes")
        };
        for (channel, plane) in planes.chunks_mut(cells).enumerate() {
            let (mean, std) = (self.mean[channel], self.std[channel]);
            let values = pixels.iter().skip(channel).step_by(3);
            for (to, &value) in plane.iter_mut().zip(values) {
                *to = (f32::from(value) - mean) / std;
            }
        }
    }
}

impl SimulatedOutput {
    /// Spreads the bytes over the values from `least` to `most`.
    fn fit(&mut self, least: f32, most: f32) {
        self.scale = ((most - least) / 255.0).max(1e-6);
        self.zero_point = (-least / self.scale).round();
    }

    /// A value as the chip has it.
    pub(crate) fn quantized(&self, value: f32) -> u8 {
        // `as` saturates, and gives 0 for what is not a number.
        (value / self.scale + self.zero_point).round() as u8
    }

    /// A byte of the chip's as a value.
    pub(crate) fn value(&self, quantized: u8) -> f32 {
        (f32::from(quantized) - self.zero_point) * self.scale
    }
}

/// The least and the largest value of output `index`: logits lie well inside, in steps of an eighth.
fn range(head: &Head, index: usize) -> (f32, f32) {
    let scores = head.kind == HeadKind::NanodetPlus || index < head.strides.len();
    if scores && head.scores == Scores::Probability { (0.0, 1.0) } else { (-16.0, 16.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hef() -> SimulatedHef {
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny");
        SimulatedHef::of_model(&tiny, (64, 32)).unwrap()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let hef = hef();
        let bytes = hef.to_bytes();
        assert!(bytes.starts_with(b"\x01HEF"));
        assert_eq!(SimulatedHef::from_bytes(&bytes).unwrap(), hef);
    }

    #[test]
    fn a_broken_file_is_an_error() {
        let bytes = hef().to_bytes();
        let mut endless = bytes.clone();
        endless[8..16].fill(0xff);
        for (broken, expected) in [
            (&b"RKNN\0\0\0\0"[..], "begins otherwise"),
            (&bytes[..12], "cut short"),
            (&bytes[..100], "cut short"),
            (&endless, "cut short"),
            (&bytes[..bytes.len() - 1], "its tail"),
        ] {
            let error = SimulatedHef::from_bytes(broken).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_value_comes_back_within_half_a_step_and_what_is_outside_at_the_end() {
        let output = &hef().outputs[0];
        let (least, most) = (output.value(0), output.value(255));
        for value in [least, 0.0, most, (least + most) / 3.0] {
            let back = output.value(output.quantized(value));
            assert!((back - value).abs() <= 0.51 * output.scale, "{value}: {back}");
        }
        assert_eq!([f32::NEG_INFINITY, 1e9, f32::NAN].map(|v| output.quantized(v)), [0, 255, 0]);
    }
}
