//! Handles: what the caller holds of what lives here, and how answers are written.
//!
//! Promises: no address that is null is followed; what is open is counted. Refuses: telling a handle
//! of one kind from another, as the vendor's library cannot either.
#![allow(unsafe_code, reason = "addresses from a C caller")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use detector::backend::hailo::abi::{Handle, Status};

use crate::chip::{self, Chip};

static OPEN: AtomicUsize = AtomicUsize::new(0);

pub(super) fn open_objects() -> usize {
    OPEN.load(Ordering::SeqCst)
}

/// Opens `object` and writes its handle.
///
/// # Safety
/// `to` is null or there is room for a handle.
pub(super) unsafe fn open<T>(to: *mut Handle, object: T) -> Result<(), Status> {
    let handle = Handle(Box::into_raw(Box::new(object)).cast());
    OPEN.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the caller's promise.
    unsafe { put(to, handle) }
}

/// # Safety
/// `handle` is null or what [`open`] wrote for a `T`, and not closed yet.
pub(super) unsafe fn close<T>(handle: Handle) -> Result<(), Status> {
    if handle.0.is_null() {
        return Err(chip::INVALID_ARGUMENT);
    }
    // SAFETY: the caller's promise.
    drop(unsafe { Box::from_raw(handle.0.cast::<T>()) });
    OPEN.fetch_sub(1, Ordering::SeqCst);
    Ok(())
}

/// # Safety
/// As for [`close`], of each of `count` handles.
pub(super) unsafe fn close_all<T>(handles: *const Handle, count: usize) -> Result<(), Status> {
    for at in 0..count {
        // SAFETY: the caller's promise.
        unsafe { close::<T>(*handles.add(at))? };
    }
    Ok(())
}

/// # Safety
/// `handle` is null or an open `T`, and stays open as long as the answer is used.
pub(super) unsafe fn seen<'o, T>(handle: Handle) -> Result<&'o T, Status> {
    // SAFETY: the caller's promise.
    unsafe { handle.0.cast::<T>().as_ref() }.ok_or(chip::INVALID_ARGUMENT)
}

/// # Safety
/// `group` is null or the network of an open device.
pub(super) unsafe fn shared(group: Handle) -> Result<Arc<Chip>, Status> {
    let chip = group.0.cast_const().cast::<Chip>();
    if chip.is_null() {
        return Err(chip::INVALID_ARGUMENT);
    }
    // SAFETY: the caller's promise: the device holds it in an `Arc`.
    unsafe {
        Arc::increment_strong_count(chip);
        Ok(Arc::from_raw(chip))
    }
}

/// # Safety
/// `to` is null or there is room for a `T`.
pub(super) unsafe fn put<T>(to: *mut T, value: T) -> Result<(), Status> {
    if to.is_null() {
        return Err(chip::INVALID_ARGUMENT);
    }
    // SAFETY: the caller's promise.
    unsafe { to.write(value) };
    Ok(())
}

/// Writes `values` where there is room for `count` and says how many they are.
///
/// # Safety
/// `to` is null or there is room for `count` of them, which is null or readable and writable.
pub(super) unsafe fn put_all<T: Copy>(
    values: &[T],
    to: *mut T,
    count: *mut usize,
) -> Result<(), Status> {
    if to.is_null() || count.is_null() {
        return Err(chip::INVALID_ARGUMENT);
    }
    // SAFETY: the caller's promise.
    let room = unsafe { count.replace(values.len()) };
    if room < values.len() {
        return Err(chip::INSUFFICIENT_BUFFER);
    }
    // SAFETY: as above.
    unsafe { to.copy_from_nonoverlapping(values.as_ptr(), values.len()) };
    Ok(())
}
