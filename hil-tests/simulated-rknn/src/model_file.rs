//! A model file for the simulated runtime: the vendor's head and tail around an ONNX network.
//!
//! Promises: what [`SimulatedModel::write`] writes passes for a vendor's file in everything a
//! preflight looks at, and [`SimulatedModel::read`] gives it back. Refuses: the vendor's own
//! files, in which there is no ONNX network.

use anyhow::{Context as _, Result, ensure};
use detector::manifest::{HeadKind, Manifest, Scores};
use serde::{Deserialize, Serialize};

const MAGIC: &[u8; 8] = b"RKNN\0\0\0\0";
const FORM: u64 = 6;
const HEAD_BYTES: usize = 64;

/// Logits lie well inside, in steps of an eighth.
const LOGITS: (f32, f32) = (-16.0, 16.0);
const PROBABILITIES: (f32, f32) = (0.0, 1.0);

/// A network and how the simulated NPU runs it.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedModel {
    /// The network, in f32 or QDQ.
    pub onnx: Vec<u8>,
    /// What stands in the file's tail.
    pub description: Description,
}

/// The tail of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// The chips it is for.
    pub target_platform: Vec<String>,
    /// The toolkit's version.
    pub version: String,
    /// What no vendor's file has.
    pub simulated: Simulation,
}

/// What tract and the quantization need to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    /// The input tensor's name.
    pub input: String,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Taken from each channel's bytes.
    pub mean: [f32; 3],
    /// Each channel is divided by this afterwards.
    pub std: [f32; 3],
    /// The outputs, in the network's order.
    pub outputs: Vec<SimulatedOutput>,
    /// How native tensors lie.
    pub native: Native,
    /// What `rknn_run` does.
    pub work: Work,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SimulatedOutput {
    /// The tensor's name.
    pub name: String,
    /// What its bytes stand for.
    pub stored: Stored,
}

/// What an output's bytes stand for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stored {
    /// Signed bytes, clamped: `(byte - zp) * scale`.
    Int8 {
        /// The byte that stands for 0.0.
        zp: i32,
        /// From one byte to the next.
        scale: f32,
    },
    /// 16-bit floats, as of a network whose last layers were left in floating point.
    Half,
}

/// How native tensors lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Native {
    /// The outputs' layout.
    pub layout: Layout,
    /// Pixels of a row that are not part of the input's picture.
    pub padding: usize,
}

/// The layouts a native output can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Channels, rows, columns.
    Nchw,
    /// Rows, columns, channels.
    Nhwc,
    /// Blocks of 16 bytes of channels, rows, columns, the channels of a block.
    Nc1hwc2,
}

/// What `rknn_run` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Computes the outputs.
    All,
    /// Nothing: outputs stay as they are, so that what remains is the caller's own cost.
    None,
}

impl SimulatedModel {
    /// The network `onnx` that `manifest` describes, for pictures of `size` pixels on `platform`.
    #[must_use]
    pub fn new(manifest: &Manifest, onnx: Vec<u8>, size: (usize, usize), platform: &str) -> Self {
        let outputs = manifest.head.outputs.iter().enumerate().map(|(index, name)| {
            let (low, high) = range(manifest, index);
            let scale = (high - low) / 255.0;
            let zp = (-128.0 - low / scale).round() as i32;
            SimulatedOutput { name: name.clone(), stored: Stored::Int8 { zp, scale } }
        });
        let simulated = Simulation {
            input: manifest.input.tensor.clone(),
            width: size.0,
            height: size.1,
            mean: manifest.input.mean,
            std: manifest.input.std,
            outputs: outputs.collect(),
            native: Native { layout: Layout::Nc1hwc2, padding: 0 },
            work: Work::All,
        };
        let target_platform = vec![platform.to_owned()];
        let description = Description { target_platform, version: "2.5.0".to_owned(), simulated };
        Self { onnx, description }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When a number of the description is none.
    pub fn write(&self) -> Result<Vec<u8>> {
        let tail = serde_json::to_vec(&self.description)?;
        let mut file = Vec::from(*MAGIC);
        file.extend(FORM.to_le_bytes());
        file.extend((self.onnx.len() as u64).to_le_bytes());
        file.resize(HEAD_BYTES, 0);
        file.extend(&self.onnx);
        file.extend((tail.len() as u64).to_le_bytes());
        file.extend(tail);
        Ok(file)
    }

    /// What `file` holds.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn read(file: &[u8]) -> Result<Self> {
        ensure!(file.starts_with(MAGIC) && file.len() > HEAD_BYTES, "no RKNN file");
        ensure!(number(file, 8)? == FORM, "not of form {FORM}");
        let length = usize::try_from(number(file, 16)?)?;
        let end = HEAD_BYTES.checked_add(length).context("an impossible length")?;
        let onnx = file.get(HEAD_BYTES..end).context("cut short")?.to_vec();
        let tail = file.get(end + 8..).context("without a tail")?;
        ensure!(number(file, end)? == tail.len() as u64, "a tail of another length");
        let description = serde_json::from_slice(tail)
            .context("compiled for silicon, or by nothing known here")?;
        Ok(Self { onnx, description })
    }
}

/// Lowest and highest value of output `index`.
fn range(manifest: &Manifest, index: usize) -> (f32, f32) {
    let head = &manifest.head;
    let scores = head.kind == HeadKind::NanodetPlus || index < head.strides.len();
    if scores && head.scores == Scores::Probability { PROBABILITIES } else { LOGITS }
}

fn number(file: &[u8], at: usize) -> Result<u64> {
    let bytes = file.get(at..).and_then(|rest| rest.first_chunk()).context("cut short")?;
    Ok(u64::from_le_bytes(*bytes))
}

impl Stored {
    /// Bytes of one value.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Int8 { .. } => 1,
            Self::Half => 2,
        }
    }
}
