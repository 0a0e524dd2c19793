//! A model in the vendor's library: one context and the memory lent to it.
//!
//! Promises: a failed call is an error with the vendor's word; a context is destroyed once, after
//! all memory that was lent to it; no pointer and no size of the library is used unchecked.
//! Refuses: knowing what the tensors mean.
#![allow(unsafe_code, reason = "calls the vendor's functions")]

use std::ffi::c_void;
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::rc::Rc;

use super::abi::{self, code};
use super::library::{Copying, Functions, Lending};
use crate::backend::npu::NpuError;

/// A loaded model.
pub(super) struct Session {
    functions: Functions,
    context: abi::Context,
}

impl Session {
    /// Loads `model`.
    pub(super) fn init(functions: Functions, model: &[u8]) -> Result<Self, NpuError> {
        // The library may write into what it is given; it keeps nothing of it.
        let mut model = model.to_vec();
        let size =
            u32::try_from(model.len()).map_err(|_| failed("rknn_init", code::MALLOC_FAIL))?;
        let mut context = 0;
        let (data, none) = (model.as_mut_ptr().cast(), ptr::null_mut());
        // SAFETY: `data` holds `size` bytes while the call lasts; without flags they are copied.
        let answer = unsafe { (functions.init)(&raw mut context, data, size, 0, none) };
        checked("rknn_init", answer)?;
        Ok(Self { functions, context })
    }

    /// How many tensors go in and come out.
    pub(super) fn counts(&self) -> Result<abi::Counts, NpuError> {
        let mut counts = abi::Counts::default();
        // SAFETY: every field may hold any bits.
        unsafe { self.query(abi::query::COUNTS, &mut counts) }?;
        Ok(counts)
    }

    /// What `query` tells of tensor `index`.
    pub(super) fn attr(&self, query: u32, index: u32) -> Result<abi::TensorAttr, NpuError> {
        let mut attr = abi::TensorAttr::asking(index);
        // SAFETY: every field may hold any bits.
        unsafe { self.query(query, &mut attr) }?;
        Ok(attr)
    }

    /// The versions of library and driver.
    pub(super) fn versions(&self) -> Result<(String, String), NpuError> {
        let mut version = abi::SdkVersion { api: [0; 256], driver: [0; 256] };
        // SAFETY: every field may hold any bits.
        unsafe { self.query(abi::query::SDK_VERSION, &mut version) }?;
        Ok((abi::text(&version.api), abi::text(&version.driver)))
    }

    /// Runs on the cores of `mask` only; `None` where the library knows no masks.
    pub(super) fn set_cores(&self, mask: u32) -> Option<Result<(), NpuError>> {
        let set_core_mask = self.functions.set_core_mask?;
        // SAFETY: the context lives.
        let answer = unsafe { set_core_mask(self.context, mask) };
        Some(checked("rknn_set_core_mask", answer))
    }

    /// Computes the outputs from the inputs.
    pub(super) fn run(&self) -> Result<(), NpuError> {
        // SAFETY: the context lives; without an extension the call returns when it is done.
        checked("rknn_run", unsafe { (self.functions.run)(self.context, ptr::null_mut()) })
    }

    /// The functions that copy, where the library has them.
    pub(super) const fn copying(&self) -> Option<Copying> {
        self.functions.copying
    }

    /// The functions that lend, where the library has them.
    pub(super) const fn lending(&self) -> Option<Lending> {
        self.functions.lending
    }

    /// Gives the library its inputs to copy.
    ///
    /// # Safety
    /// Each input's `buf` holds its `size` bytes.
    pub(super) unsafe fn set_inputs(
        &self,
        copying: Copying,
        inputs: &mut [abi::Input],
    ) -> Result<(), NpuError> {
        // SAFETY: the caller's promise; the count is the slice's.
        let answer =
            unsafe { (copying.inputs_set)(self.context, inputs.len() as u32, inputs.as_mut_ptr()) };
        checked("rknn_inputs_set", answer)
    }

    /// Has the library copy its outputs and lets go of its own.
    ///
    /// # Safety
    /// Each output is preallocated and its `buf` holds its `size` bytes.
    pub(super) unsafe fn copy_outputs(
        &self,
        copying: Copying,
        outputs: &mut [abi::Output],
    ) -> Result<(), NpuError> {
        let (count, first) = (outputs.len() as u32, outputs.as_mut_ptr());
        // SAFETY: the caller's promise; the count is the slice's.
        let answer = unsafe { (copying.outputs_get)(self.context, count, first, ptr::null_mut()) };
        checked("rknn_outputs_get", answer)?;
        // SAFETY: they were got by the call before; what is preallocated stays ours.
        checked("rknn_outputs_release", unsafe {
            (copying.outputs_release)(self.context, count, first)
        })
    }

    /// # Safety
    /// Every bit pattern is a `T`.
    unsafe fn query<T>(&self, query: u32, into: &mut T) -> Result<(), NpuError> {
        let into: *mut c_void = ptr::from_mut(into).cast();
        // SAFETY: the size is that of `T`, which takes any bits.
        let answer =
            unsafe { (self.functions.query)(self.context, query, into, size_of::<T>() as u32) };
        checked("rknn_query", answer)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: the context lives, and nobody else has it: lent memory holds the session.
        let answer = unsafe { (self.functions.destroy)(self.context) };
        if let Err(error) = checked("rknn_destroy", answer) {
            tracing::warn!("{error}");
        }
    }
}

/// Memory that the library lends for one tensor.
pub(super) struct Lent {
    session: Rc<Session>,
    lending: Lending,
    memory: NonNull<abi::TensorMem>,
    bytes: NonNull<u8>,
    length: usize,
}

impl Lent {
    /// Borrows `length` bytes and makes them the tensor that `attr` describes.
    pub(super) fn borrow(
        session: &Rc<Session>,
        lending: Lending,
        length: usize,
        attr: &mut abi::TensorAttr,
    ) -> Result<Self, NpuError> {
        const CREATE: &str = "rknn_create_mem";
        let size = u32::try_from(length).map_err(|_| failed(CREATE, code::MALLOC_FAIL))?;
        // SAFETY: the context lives.
        let memory = unsafe { (lending.create)(session.context, size) };
        let memory = NonNull::new(memory).ok_or_else(|| failed(CREATE, code::MALLOC_FAIL))?;
        // SAFETY: the library gave it and keeps it until it is destroyed.
        let abi::TensorMem { virt_addr, size: given, .. } = unsafe { memory.read() };
        let lent = Self {
            session: Rc::clone(session),
            lending,
            memory,
            bytes: NonNull::new(virt_addr.cast()).unwrap_or(NonNull::dangling()),
            // Without an address nothing may be read or written.
            length: if virt_addr.is_null() { 0 } else { length },
        };
        if virt_addr.is_null() || given < size {
            return Err(failed(CREATE, code::MALLOC_FAIL));
        }
        // SAFETY: memory and attributes are whole; the library copies the attributes.
        let answer =
            unsafe { (lending.set_io)(session.context, memory.as_ptr(), ptr::from_mut(attr)) };
        checked("rknn_set_io_mem", answer)?;
        Ok(lent)
    }

    /// Its bytes; the NPU touches them only during a run.
    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: the library lent so many bytes until `drop`.
        unsafe { std::slice::from_raw_parts(self.bytes.as_ptr(), self.length) }
    }

    /// Its bytes, to be written.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the library lent so many bytes until `drop`, to nobody else.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_ptr(), self.length) }
    }

    /// Carries what one side wrote to the other, where that has to be asked for.
    pub(super) fn sync(&self, direction: u32) -> Result<(), NpuError> {
        let Some(sync) = self.lending.sync else { return Ok(()) };
        // SAFETY: context and memory live.
        let answer = unsafe { sync(self.session.context, self.memory.as_ptr(), direction) };
        checked("rknn_mem_sync", answer)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: context and memory live; nobody else has the memory.
        let answer = unsafe { (self.lending.destroy)(self.session.context, self.memory.as_ptr()) };
        if let Err(error) = checked("rknn_destroy_mem", answer) {
            tracing::warn!("{error}");
        }
    }
}

fn checked(call: &'static str, answer: i32) -> Result<(), NpuError> {
    if answer == code::SUCCESS { Ok(()) } else { Err(failed(call, answer)) }
}

const fn failed(call: &'static str, code: i32) -> NpuError {
    NpuError::Call { call, code, word: code::word(code) }
}
