//! Memory the simulated library lends: a header and bytes that the caller writes and reads.
#![allow(unsafe_code, reason = "memory shared with a caller in C")]

use std::ptr;

use detector::backend::rknn::abi::TensorMem;

/// One piece of lent memory.
pub(crate) struct Lent {
    header: *mut TensorMem,
    bytes: *mut [u8],
}

// SAFETY: nothing in it belongs to a thread; contexts are locked while they are used.
unsafe impl Send for Lent {}

impl Lent {
    pub(crate) fn new(size: u32) -> Self {
        let bytes = Box::into_raw(vec![0_u8; size as usize].into_boxed_slice());
        let header = TensorMem {
            virt_addr: bytes.cast(),
            phys_addr: 0,
            fd: -1,
            offset: 0,
            size,
            flags: 0,
            priv_data: ptr::null_mut(),
        };
        Self { header: Box::into_raw(Box::new(header)), bytes }
    }

    /// Memory that has no address, as after a mapping that failed.
    pub(crate) fn nowhere(size: u32) -> Self {
        let lent = Self::new(size);
        // SAFETY: the header was made above, and nobody else has it yet.
        unsafe { (*lent.header).virt_addr = ptr::null_mut() };
        lent
    }

    /// What the caller has of it.
    pub(crate) const fn header(&self) -> *mut TensorMem {
        self.header
    }

    pub(crate) const fn length(&self) -> usize {
        self.bytes.len()
    }

    /// # Safety
    /// The caller of the library does not write meanwhile.
    pub(crate) unsafe fn bytes(&self) -> &[u8] {
        // SAFETY: the bytes live as long as this; the caller's promise.
        unsafe { &*self.bytes }
    }

    /// # Safety
    /// The caller of the library neither reads nor writes meanwhile.
    pub(crate) unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: the bytes live as long as this; the caller's promise.
        unsafe { &mut *self.bytes }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // SAFETY: both were made of boxes and are let go once.
        unsafe {
            drop(Box::from_raw(self.header));
            drop(Box::from_raw(self.bytes));
        }
    }
}
