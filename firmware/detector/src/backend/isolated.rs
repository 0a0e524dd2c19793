//! An NPU's runtime in a process of its own, as an engine like the others.
//!
//! Promises: a runtime that hangs, crashes or answers what is no number is an error within the deadline,
//! one that answers the same whatever it sees within a few pictures, and costs this process nothing; pixels are painted into, and values read from, memory that both
//! processes share, so a run sends two bytes. Refuses: to try again, which is
//! [`crate::failover`]'s; to start a process while one that was ended has not gone.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::npu::{PixelForm, Simulated};
use super::rknn::{Cores, Transfer};
use super::{BackendError, BackendKind, InputTensor, Network, NetworkPlan, Outputs};

mod channel;
mod fingerprint;
mod memory;
mod message;
mod process;
mod server;
mod staleness;

use fingerprint::Fingerprint;
use memory::SharedMemory;
use message::{Answer, Loaded, Order, Tensors};
use process::HelperProcess;
pub use server::{ServeError, serve};
use staleness::Staleness;

/// How long a runtime may take to load a model; Hailo's configures the chip over PCIe meanwhile.
const LOAD_DEADLINE: Duration = Duration::from_secs(20);
/// How long the first run may take, which allocates and tunes inside the vendor's library.
const FIRST_RUN_DEADLINE: Duration = Duration::from_secs(3);
/// No input or output of a network of these families is larger.
const MAX_VALUES: usize = 1 << 26;
const ODD_VALUES: &str = "an output holds what is no number";
const STALE: &str = "it gives the same answer to pictures that differ";
/// Where parts of the shared memory begin: whole lines of any cache.
const ALIGNMENT: usize = 64;

/// An NPU's runtime, not yet started: every network starts a process of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpuRuntime {
    /// [`BackendKind::Rknn`] or [`BackendKind::Hailo`].
    pub kind: BackendKind,
    /// The chip, as [`NpuModels::PLATFORMS`](crate::manifest::NpuModels::PLATFORMS) names it.
    pub platform: String,
    /// The program of the helper process, `polewatch-npu`.
    pub process: PathBuf,
    /// The vendor's shared library.
    pub library: PathBuf,
    /// Whether a simulated runtime is taken.
    pub simulated: Simulated,
    /// Which cores of an RK3588 run the model.
    pub cores: Cores,
    /// How tensors are handed to Rockchip's runtime.
    pub transfer: Transfer,
    /// How long one run may take.
    pub deadline: Duration,
}

impl NpuRuntime {
    /// Starts the process, loads the model and runs it once on a blank picture.
    pub(super) fn load(&self, plan: &NetworkPlan<'_>) -> Result<IsolatedNetwork, BackendError> {
        let failed = |reason: String| self.kind.error("loading the model", reason);
        let mut process = HelperProcess::start(&self.process).map_err(failed)?;
        process.wait_at_most(LOAD_DEADLINE);
        let model = SharedMemory::holding(plan.model).map_err(|e| failed(e.to_string()))?;
        let order = Order {
            kind: self.kind,
            library: self.library.clone(),
            outputs: plan.outputs.to_vec(),
            size: plan.size,
            simulated: self.simulated,
            deadlines: (self.deadline, self.first_deadline()),
            cores: self.cores,
            transfer: self.transfer,
        };
        process.send(&order, &model).map_err(failed)?;
        let loaded = match process.answer().map_err(failed)? {
            Answer::Loaded(loaded) => loaded,
            Answer::Refused { reason } => return Err(failed(reason)),
        };
        let layout = Layout::of(&loaded, plan).map_err(failed)?;
        let memory = SharedMemory::blank(layout.bytes).map_err(|e| failed(e.to_string()))?;
        process.send(&Tensors { offsets: layout.offsets() }, &memory).map_err(failed)?;
        let kind = self.kind;
        let version = loaded.report.to_string();
        let (shapes, staleness) = (loaded.shapes, Staleness::default());
        let mut network =
            IsolatedNetwork { kind, process, memory, layout, shapes, version, staleness };
        network.process.wait_at_most(self.first_deadline());
        network.run()?;
        network.process.wait_at_most(self.deadline);
        Ok(network)
    }

    fn first_deadline(&self) -> Duration {
        FIRST_RUN_DEADLINE.max(self.deadline)
    }
}

/// A model in its helper process.
pub(super) struct IsolatedNetwork {
    kind: BackendKind,
    process: HelperProcess,
    memory: SharedMemory,
    layout: Layout,
    shapes: Vec<Vec<usize>>,
    version: String,
    staleness: Staleness,
}

impl Network for IsolatedNetwork {
    fn resize(&mut self, size: (usize, usize)) {
        let PixelForm { width, height, .. } = self.layout.form;
        assert_eq!(size, (width, height), "an NPU's model has one shape for good");
    }

    fn input(&mut self) -> InputTensor<'_> {
        let PixelForm { row_bytes, .. } = self.layout.form;
        let bytes = &mut self.memory.bytes_mut()[..self.layout.form.bytes()];
        InputTensor::Pixels { bytes, row_bytes }
    }

    fn run(&mut self) -> Result<(), BackendError> {
        self.process.run().map_err(|reason| self.kind.error("running", reason))?;
        let mut answer = Fingerprint::default();
        for range in &self.layout.outputs {
            if !answer.take(self.memory.values(range)) {
                return Err(self.kind.error("running", ODD_VALUES));
            }
        }
        let pixels = &self.memory.bytes()[..self.layout.form.bytes()];
        if self.staleness.judge(pixels, answer) {
            return Err(self.kind.error("running", STALE));
        }
        Ok(())
    }

    fn version(&self) -> Option<&str> {
        Some(&self.version)
    }
}

impl Outputs for IsolatedNetwork {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        let range = self.layout.outputs.get(index);
        range
            .map(|range| self.memory.values(range))
            .ok_or_else(|| self.kind.error("reading an output", "no such output"))
    }
}

/// Where the tensors lie in the shared memory.
struct Layout {
    form: PixelForm,
    /// In bytes.
    outputs: Vec<Range<usize>>,
    bytes: usize,
}

impl Layout {
    /// What a runtime says of itself is checked before memory is taken for it.
    fn of(loaded: &Loaded, plan: &NetworkPlan<'_>) -> Result<Self, String> {
        let form = loaded.form;
        let PixelForm { width, height, row_bytes } = form;
        if (width, height) != plan.size || row_bytes < 3 * width || row_bytes > MAX_VALUES {
            let (columns, rows) = plan.size;
            let got = format!("{width}x{height} in rows of {row_bytes} bytes");
            return Err(format!("the input is {got}, expected {columns}x{rows} of 3 bytes each"));
        }
        if loaded.shapes.len() != plan.outputs.len() {
            let (got, expected) = (loaded.shapes.len(), plan.outputs.len());
            return Err(format!("the model has {got} outputs, expected {expected}"));
        }
        let mut end = form.bytes().next_multiple_of(ALIGNMENT);
        let mut outputs = Vec::with_capacity(loaded.shapes.len());
        for shape in &loaded.shapes {
            let values = shape.iter().try_fold(1_usize, |all, &side| all.checked_mul(side));
            let values = values.filter(|values| (1..=MAX_VALUES).contains(values));
            let values = values.ok_or_else(|| format!("an output has the shape {shape:?}"))?;
            let bytes = values * size_of::<f32>();
            outputs.push(end..end + bytes);
            end = (end + bytes).next_multiple_of(ALIGNMENT);
        }
        Ok(Self { form, outputs, bytes: end })
    }

    fn offsets(&self) -> Vec<usize> {
        self.outputs.iter().map(|range| range.start).collect()
    }
}

#[cfg(test)]
mod tests;
