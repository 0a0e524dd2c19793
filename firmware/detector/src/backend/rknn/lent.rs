//! Zero copy: pixels and outputs lie in memory the library lends.
//!
//! Promises: no byte is copied but by `read`, which dequantizes straight out of the NPU's own
//! layout. Refuses: layouts [`tensor`] does not know.

use std::rc::Rc;

use super::abi::{query, sync};
use super::dequantize::dequantize;
use super::session::{Lent, Session};
use super::tensor::{self, OutputForm};
use super::{Outputs, absent};
use crate::backend::npu::{NpuError, PixelForm};

/// The tensors of a session, lent.
pub(super) struct LentTensors {
    form: PixelForm,
    input: Lent,
    outputs: Vec<(OutputForm, Lent)>,
    session: Rc<Session>,
}

impl LentTensors {
    /// Borrows memory for the input, of `size` pixels, and for `outputs`.
    pub(super) fn borrow(
        session: Rc<Session>,
        outputs: &Outputs,
        size: (usize, usize),
    ) -> Result<Self, NpuError> {
        let lending = session.lending().ok_or_else(|| absent("rknn_create_mem"))?;
        let mut attr = session.attr(query::NATIVE_INPUT, 0)?;
        let (form, bytes) = tensor::lent_input(&mut attr, size)?;
        let input = Lent::borrow(&session, lending, bytes, &mut attr)?;
        let mut lent = Vec::with_capacity(outputs.len());
        for logical in outputs {
            let mut native = session.attr(query::NATIVE_OUTPUT, logical.index)?;
            let form = tensor::lent_output(logical, &native)?;
            lent.push((form, Lent::borrow(&session, lending, form.bytes, &mut native)?));
        }
        Ok(Self { form, input, outputs: lent, session })
    }

    pub(super) const fn form(&self) -> PixelForm {
        self.form
    }

    pub(super) fn pixels(&mut self) -> &mut [u8] {
        let bytes = self.form.bytes();
        &mut self.input.bytes_mut()[..bytes]
    }

    pub(super) fn forms(&self) -> impl Iterator<Item = &OutputForm> {
        self.outputs.iter().map(|(form, _)| form)
    }

    pub(super) fn run(&mut self) -> Result<(), NpuError> {
        self.input.sync(sync::TO_DEVICE)?;
        self.session.run()
    }

    pub(super) fn read(&mut self, index: usize, values: &mut [f32]) -> Result<(), NpuError> {
        let (form, memory) = &self.outputs[index];
        memory.sync(sync::FROM_DEVICE)?;
        dequantize(form, memory.bytes(), values);
        Ok(())
    }
}
