//! Memory that two processes share.
//!
//! Promises: its size is sealed, so the other process cannot shrink it under a reader; it is unmapped
//! with its owner. Refuses: to keep the other process from writing: what is read after a run is what
//! stood there, and any bits are a number or found not to be one.

#![allow(unsafe_code, reason = "memory is mapped by its address")]

use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::mm::{MapFlags, ProtFlags};

/// A mapped file without a name.
pub(super) struct SharedMemory {
    start: NonNull<u8>,
    bytes: usize,
    file: OwnedFd,
}

// SAFETY: the mapping belongs to this value alone in this process, like a Box's memory.
unsafe impl Send for SharedMemory {}

impl SharedMemory {
    /// The most one may hold.
    const MOST: usize = 1 << 30;

    /// `bytes` zeros, at least one.
    pub(super) fn blank(bytes: usize) -> io::Result<Self> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("polewatch-npu", flags)?;
        rustix::fs::ftruncate(&file, bytes as u64)?;
        let sealed = SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&file, sealed)?;
        Self::of(file)
    }

    /// A copy of `content`.
    pub(super) fn holding(content: &[u8]) -> io::Result<Self> {
        let mut memory = Self::blank(content.len())?;
        memory.bytes_mut().copy_from_slice(content);
        Ok(memory)
    }

    /// What `file` holds, which the other process made.
    pub(super) fn of(file: OwnedFd) -> io::Result<Self> {
        let size = rustix::fs::fstat(&file)?.st_size;
        let bytes = usize::try_from(size).ok().filter(|bytes| (1..=Self::MOST).contains(bytes));
        let bytes = bytes.ok_or_else(|| {
            io::Error::other(format!("shared memory of {size} bytes, expected 1 to {}", Self::MOST))
        })?;
        let (access, shared) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED);
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing.
        let start =
            unsafe { rustix::mm::mmap(std::ptr::null_mut(), bytes, access, shared, &file, 0) }?;
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at null"))?;
        Ok(Self { start, bytes, file })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: mapped for as long as self lives, and sealed against shrinking.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.bytes) }
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above; this process has no other reference, since it is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes) }
    }

    /// The values in `range`, which is in bytes.
    ///
    /// # Panics
    /// When the range goes beyond the memory or does not hold whole, aligned values.
    pub(super) fn values(&self, range: &Range<usize>) -> &[f32] {
        let bytes = &self.bytes()[range.clone()];
        // SAFETY: every bit pattern is an f32.
        let (before, values, after) = unsafe { bytes.align_to() };
        assert!(before.is_empty() && after.is_empty(), "values at {range:?}");
        values
    }

    /// As [`values`](Self::values), to be written.
    pub(super) fn values_mut(&mut self, range: &Range<usize>) -> &mut [f32] {
        let bytes = &mut self.bytes_mut()[range.clone()];
        // SAFETY: every bit pattern is an f32, and every f32 is bytes.
        let (before, values, after) = unsafe { bytes.align_to_mut() };
        assert!(before.is_empty() && after.is_empty(), "values at {range:?}");
        values
    }
}

impl AsFd for SharedMemory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: mapped by `of` with this address and length, and nobody can borrow it any more.
        let unmapped = unsafe { rustix::mm::munmap(self.start.as_ptr().cast(), self.bytes) };
        debug_assert!(unmapped.is_ok(), "{unmapped:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_mapping_writes_the_other_reads() {
        let mut one = SharedMemory::blank(256).unwrap();
        one.values_mut(&(64..72)).copy_from_slice(&[1.5, -2.0]);
        let other = SharedMemory::of(one.as_fd().try_clone_to_owned().unwrap()).unwrap();
        assert_eq!(other.values(&(64..72)), [1.5, -2.0]);
        assert_eq!(SharedMemory::holding(b"model").unwrap().bytes(), b"model");
    }

    #[test]
    fn nobody_can_shrink_it_and_none_is_refused() {
        let memory = SharedMemory::blank(4096).unwrap();
        assert!(rustix::fs::ftruncate(&memory.file, 1).is_err());
        let error = SharedMemory::holding(b"").err().unwrap();
        assert!(error.to_string().contains("0 bytes"), "{error}");
    }
}
