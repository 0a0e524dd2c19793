//! A loaded model: its network, its tensors and what they were bound to.
#![allow(unsafe_code, reason = "reads and writes memory lent to a caller in C")]

use anyhow::{Result, ensure};
use detector::backend::rknn::abi::{TensorAttr, TensorMem, code, element, format, query};
use detector::backend::{Engine, InputTensor, Network, NetworkPlan};

use crate::fault;
use crate::lent::Lent;
use crate::model_file::{Layout, SimulatedModel, SimulatedOutput, Simulation, Stored, Work};
use crate::tensor::{self, Grid};

/// What a function of the library answers when it does not answer 0.
pub(crate) type Code = i32;

/// A loaded model.
pub(crate) struct Context {
    simulation: Simulation,
    network: Box<dyn Network>,
    grids: Vec<Grid>,
    /// What came out last, as bytes in the order of the network's values.
    stored: Vec<Vec<u8>>,
    /// The pixels of `rknn_inputs_set`.
    copied: Option<Vec<u8>>,
    lent: Vec<Lent>,
    bound_input: Option<*mut TensorMem>,
    bound_outputs: Vec<Option<*mut TensorMem>>,
    /// What `rknn_outputs_get` allocated for the caller.
    pub(crate) given: Vec<Box<[u8]>>,
}

// SAFETY: the addresses are of memory in `lent`; contexts are locked while they are used.
unsafe impl Send for Context {}

impl Context {
    /// Makes the network of `file` ready.
    pub(crate) fn load(file: &[u8]) -> Result<Self> {
        let SimulatedModel { onnx, description } = SimulatedModel::read(file)?;
        let simulation = description.simulated;
        let names: Vec<String> = simulation.outputs.iter().map(|o| o.name.clone()).collect();
        let network = Engine::Tract.load(&NetworkPlan {
            model: &onnx,
            input: &simulation.input,
            outputs: &names,
            size: (simulation.width, simulation.height),
            threads: 1,
        })?;
        let mut grids = Vec::new();
        for shape in network.shapes() {
            ensure!(shape.len() == 4 && shape[0] == 1, "an output of {shape:?} is no grid");
            grids.push(Grid { channels: shape[1], rows: shape[2], columns: shape[3] });
        }
        let bytes = |(grid, output): (&Grid, &SimulatedOutput)| {
            vec![0; grid.bytes(Layout::Nchw, output.stored)]
        };
        let stored = grids.iter().zip(&simulation.outputs).map(bytes).collect();
        let bound_outputs = vec![None; grids.len()];
        Ok(Self {
            simulation,
            network,
            grids,
            stored,
            copied: None,
            lent: Vec::new(),
            bound_input: None,
            bound_outputs,
            given: Vec::new(),
        })
    }

    pub(crate) const fn outputs(&self) -> usize {
        self.grids.len()
    }

    /// What `query` asks of tensor `index`.
    pub(crate) fn attr(&self, query: u32, index: u32) -> Result<TensorAttr, Code> {
        let native = self.simulation.native;
        let width = self.simulation.width;
        let layout = match query {
            query::INPUT if index == 0 => return Ok(tensor::input(&self.simulation, width)),
            query::NATIVE_INPUT | query::NATIVE_NHWC_INPUT if index == 0 => {
                return Ok(tensor::input(&self.simulation, width + native.padding));
            }
            query::OUTPUT => Layout::Nchw,
            query::NATIVE_OUTPUT => native.layout,
            query::NATIVE_NHWC_OUTPUT => Layout::Nhwc,
            _ => return Err(code::PARAM_INVALID),
        };
        let index = index as usize;
        let grid = *self.grids.get(index).ok_or(code::PARAM_INVALID)?;
        Ok(tensor::output(index, &self.simulation.outputs[index], grid, layout))
    }

    /// Lends `size` bytes.
    pub(crate) fn lend(&mut self, lent: Lent) -> *mut TensorMem {
        let header = lent.header();
        self.lent.push(lent);
        header
    }

    /// Takes `memory` back.
    pub(crate) fn take_back(&mut self, memory: *mut TensorMem) -> Result<(), Code> {
        let at = self.place(memory)?;
        self.lent.swap_remove(at);
        for bound in self.bound_outputs.iter_mut().chain([&mut self.bound_input]) {
            bound.take_if(|bound| *bound == memory);
        }
        Ok(())
    }

    pub(crate) const fn lent(&self) -> usize {
        self.lent.len()
    }

    /// Where `memory` is among what is lent.
    pub(crate) fn place(&self, memory: *mut TensorMem) -> Result<usize, Code> {
        let place = self.lent.iter().position(|lent| lent.header() == memory);
        place.ok_or(code::PARAM_INVALID)
    }

    /// Makes `memory` the tensor of `attr`'s name.
    pub(crate) fn bind(&mut self, memory: *mut TensorMem, attr: &TensorAttr) -> Result<(), Code> {
        let length = self.lent[self.place(memory)?].length();
        let input = self.attr(query::NATIVE_INPUT, 0)?;
        if attr.name == input.name {
            let normalized = attr.element == element::U8 && attr.fmt == format::NHWC;
            let fits = length >= input.size_with_stride as usize;
            if !normalized || attr.pass_through != 0 || !fits {
                return Err(code::PARAM_INVALID);
            }
            self.bound_input = Some(memory);
            return Ok(());
        }
        for index in 0..self.outputs() {
            let native = self.attr(query::NATIVE_OUTPUT, index as u32)?;
            if attr.name == native.name {
                let same = attr.fmt == native.fmt && attr.element == native.element;
                if !same || length < native.size_with_stride as usize {
                    return Err(code::PARAM_INVALID);
                }
                self.bound_outputs[index] = Some(memory);
                return Ok(());
            }
        }
        Err(code::PARAM_INVALID)
    }

    /// Takes the pixels of the next run.
    pub(crate) fn set_input(&mut self, pixels: &[u8]) -> Result<(), Code> {
        let Simulation { width, height, .. } = self.simulation;
        if pixels.len() != width * height * 3 {
            return Err(code::INPUT_INVALID);
        }
        let copied = self.copied.get_or_insert_default();
        copied.clear();
        copied.extend(pixels);
        Ok(())
    }

    /// The bytes of output `index`, in the order of the network's values, and what they are.
    pub(crate) fn stored(&self, index: usize) -> Option<(&[u8], Stored)> {
        let output = self.simulation.outputs.get(index)?;
        Some((&self.stored[index], output.stored))
    }

    /// Computes what came in.
    pub(crate) fn run(&mut self) -> Result<(), Code> {
        let bound = self.bound_input.is_some();
        if bound != self.bound_outputs.iter().any(Option::is_some) {
            return Err(code::PARAM_INVALID);
        }
        if !bound && self.copied.is_none() {
            return Err(code::INPUT_INVALID);
        }
        if self.simulation.work == Work::All {
            self.compute()?;
        }
        Ok(())
    }

    fn compute(&mut self) -> Result<(), Code> {
        let trouble = fault::word("run");
        if trouble.as_deref() == Some("stale") {
            return Ok(());
        }
        self.paint()?;
        self.network.run().map_err(|_| code::FAIL)?;
        for index in 0..self.outputs() {
            let values = self.network.output(index).map_err(|_| code::FAIL)?;
            let (stored, bytes) = (self.simulation.outputs[index].stored, &mut self.stored[index]);
            tensor::store(values, stored, bytes);
            match trouble.as_deref() {
                Some("garbage") => noise(bytes),
                Some("blank") => bytes.fill(0),
                _ => {}
            }
            if let Some(memory) = self.bound_outputs[index] {
                let layout = self.simulation.native.layout;
                let (grid, place) = (self.grids[index], self.place(memory)?);
                // SAFETY: whoever calls `rknn_run` waits for it before touching the tensors.
                let lent = unsafe { self.lent[place].bytes_mut() };
                let lent = &mut lent[..grid.bytes(layout, stored)];
                tensor::lay_out(&self.stored[index], grid, (layout, stored), lent);
            }
        }
        Ok(())
    }

    /// Normalizes the pixels into the network's input.
    fn paint(&mut self) -> Result<(), Code> {
        let place = self.bound_input.map(|memory| self.place(memory)).transpose()?;
        let Simulation { width, height, mean, std, native, .. } = &self.simulation;
        let (pixels, stride) = match (place, &self.copied) {
            // SAFETY: whoever calls `rknn_run` waits for it before touching the tensors.
            (Some(place), _) => (unsafe { self.lent[place].bytes() }, width + native.padding),
            (None, Some(copied)) => (copied.as_slice(), *width),
            (None, None) => return Err(code::INPUT_INVALID),
        };
        let InputTensor::Planes(planes) = self.network.input() else { return Err(code::FAIL) };
        for (channel, plane) in planes.chunks_exact_mut(width * height).enumerate() {
            for (y, row) in plane.chunks_exact_mut(*width).enumerate() {
                let from = pixels[y * stride * 3 + channel..].iter().step_by(3);
                for (to, &byte) in row.iter_mut().zip(from) {
                    *to = (f32::from(byte) - mean[channel]) / std[channel];
                }
            }
        }
        Ok(())
    }
}

/// Bytes that mean nothing, the same each time (a linear congruential generator).
fn noise(bytes: &mut [u8]) {
    let mut state = 1_u32;
    for byte in bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
}
