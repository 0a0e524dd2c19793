//! The plain way: the library copies the pixels from our memory and the outputs into it.
//!
//! Promises: our memory is taken once; the library's own copies are let go in every run.
#![allow(unsafe_code, reason = "gives the library addresses of our memory")]

use std::rc::Rc;

use super::abi::{self, element, format, query};
use super::dequantize::dequantize;
use super::library::Copying;
use super::session::Session;
use super::tensor::{self, OutputForm};
use super::{Outputs, absent};
use crate::backend::npu::{NpuError, PixelForm};

/// The tensors of a session, copied.
pub(super) struct CopiedTensors {
    form: PixelForm,
    pixels: Vec<u8>,
    outputs: Vec<Kept>,
    /// What the library is given in a run; the addresses are set anew each time.
    asked: Vec<abi::Output>,
    copying: Copying,
    session: Rc<Session>,
}

/// Where one output is copied to.
struct Kept {
    index: u32,
    form: OutputForm,
    bytes: Vec<u8>,
}

impl CopiedTensors {
    /// Takes memory for the input, of `size` pixels, and for `outputs`.
    pub(super) fn plan(
        session: Rc<Session>,
        outputs: &Outputs,
        size: (usize, usize),
    ) -> Result<Self, NpuError> {
        let copying = session.copying().ok_or_else(|| absent("rknn_inputs_set"))?;
        let form = tensor::copied_input(&session.attr(query::INPUT, 0)?, size)?;
        let mut kept = Vec::with_capacity(outputs.len());
        for attr in outputs {
            let form = tensor::copied_output(attr)?;
            kept.push(Kept { index: attr.index, form, bytes: vec![0; form.bytes] });
        }
        // The library wants them in its own order.
        let asked = Vec::with_capacity(kept.len());
        Ok(Self { pixels: vec![0; form.bytes()], form, outputs: kept, asked, copying, session })
    }

    pub(super) const fn form(&self) -> PixelForm {
        self.form
    }

    pub(super) fn pixels(&mut self) -> &mut [u8] {
        &mut self.pixels
    }

    pub(super) fn forms(&self) -> impl Iterator<Item = &OutputForm> {
        self.outputs.iter().map(|kept| &kept.form)
    }

    pub(super) fn run(&mut self) -> Result<(), NpuError> {
        let mut input = [abi::Input {
            index: 0,
            buf: self.pixels.as_mut_ptr().cast(),
            size: self.pixels.len() as u32,
            pass_through: 0,
            element: element::U8,
            fmt: format::NHWC,
        }];
        // SAFETY: the input's address and size are those of `pixels`.
        unsafe { self.session.set_inputs(self.copying, &mut input) }?;
        self.session.run()?;
        self.asked.clear();
        self.asked.extend(self.outputs.iter_mut().map(|kept| abi::Output {
            want_float: 0,
            is_prealloc: 1,
            index: kept.index,
            buf: kept.bytes.as_mut_ptr().cast(),
            size: kept.bytes.len() as u32,
        }));
        self.asked.sort_unstable_by_key(|output| output.index);
        // SAFETY: each address and size is that of a vector which is not touched meanwhile.
        unsafe { self.session.copy_outputs(self.copying, &mut self.asked) }
    }

    pub(super) fn read(&mut self, index: usize, values: &mut [f32]) -> Result<(), NpuError> {
        let Kept { form, bytes, .. } = &self.outputs[index];
        dequantize(form, bytes, values);
        Ok(())
    }
}
