//! The vendor's functions.
#![allow(unsafe_code, reason = "functions for a caller in C, whose pointers nobody checks")]

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::mem::size_of;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use detector::backend::rknn::abi::{
    self, Counts, Input, Output, SdkVersion, TensorAttr, TensorMem, code, element, format, query,
};

use crate::context::{Code, Context};
use crate::fault;
use crate::lent::Lent;
use crate::tensor;

/// Where real libraries state their version too, for those who read files.
static STATED: &str = "librknnrt version: 2.5.0-sim\0";
const DRIVER: &str = "0.9.8-sim";
/// What `rknn_set_core_mask` takes.
const MASKS: [u32; 7] = [0, 1, 2, 3, 4, 7, 0xffff];

static CONTEXTS: Mutex<BTreeMap<abi::Context, Arc<Mutex<Context>>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0x5100);

/// Loads a model.
///
/// # Safety
/// `context` can be written; `model` holds `size` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_init(
    context: *mut abi::Context,
    model: *mut c_void,
    size: u32,
    _flags: u32,
    _extend: *mut c_void,
) -> c_int {
    done(|| {
        answered("init")?;
        if context.is_null() || model.is_null() {
            return Err(code::PARAM_INVALID);
        }
        // SAFETY: the caller's promise.
        let file = unsafe { slice::from_raw_parts(model.cast::<u8>(), size as usize) };
        let loaded = Context::load(file).map_err(|error| {
            eprintln!("simulated-rknn: {error:#}");
            code::MODEL_INVALID
        })?;
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        contexts().insert(id, Arc::new(Mutex::new(loaded)));
        // SAFETY: the caller's promise.
        unsafe { context.write(id) };
        Ok(())
    })
}

/// Lets a context go.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_destroy(context: abi::Context) -> c_int {
    done(|| {
        let gone = contexts().remove(&context).ok_or(code::CTX_INVALID)?;
        let lent = locked(&gone).lent();
        if lent > 0 {
            eprintln!("simulated-rknn: rknn_destroy while {lent} pieces of its memory are lent");
            std::process::abort();
        }
        Ok(())
    })
}

/// Tells of a model or the library.
///
/// # Safety
/// `info` holds `size` bytes, a tensor's index among them where a tensor is asked for.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_query(
    context: abi::Context,
    what: u32,
    info: *mut c_void,
    size: u32,
) -> c_int {
    with(context, |context| {
        answered("query")?;
        let sized = |bytes: usize| {
            let right = size as usize == bytes && !info.is_null();
            right.then_some(()).ok_or(code::PARAM_INVALID)
        };
        match what {
            query::COUNTS => {
                sized(size_of::<Counts>())?;
                let counts = Counts { inputs: 1, outputs: context.outputs() as u32 };
                // SAFETY: it holds so many bytes.
                unsafe { info.cast::<Counts>().write_unaligned(counts) };
            }
            query::SDK_VERSION => {
                sized(size_of::<SdkVersion>())?;
                // SAFETY: it holds so many bytes.
                unsafe { info.cast::<SdkVersion>().write(versions()) };
            }
            _ => {
                sized(size_of::<TensorAttr>())?;
                let info = info.cast::<TensorAttr>();
                // SAFETY: it holds so many bytes, the index among them.
                let index = unsafe { (&raw const (*info).index).read_unaligned() };
                let mut attr = context.attr(what, index)?;
                if fault::word("query").is_some() {
                    attr = tensor::nonsense(attr);
                }
                // SAFETY: it holds so many bytes.
                unsafe { info.write_unaligned(attr) };
            }
        }
        Ok(())
    })
}

/// Chooses cores.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_set_core_mask(context: abi::Context, mask: u32) -> c_int {
    with(context, |_| {
        answered("set_core_mask")?;
        MASKS.contains(&mask).then_some(()).ok_or(code::PARAM_INVALID)
    })
}

/// Chooses how many cores share a batch; there are no batches here.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_set_batch_core_num(context: abi::Context, _cores: c_int) -> c_int {
    with(context, |_| Ok(()))
}

/// Lends memory.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_create_mem(context: abi::Context, size: u32) -> *mut TensorMem {
    let mut memory = ptr::null_mut();
    with(context, |context| {
        memory = match fault::word("memory").as_deref() {
            Some("none") => return Err(code::MALLOC_FAIL),
            Some(_) => context.lend(Lent::nowhere(size)),
            None => context.lend(Lent::new(size)),
        };
        Ok(())
    });
    memory
}

/// Takes memory back.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_destroy_mem(context: abi::Context, memory: *mut TensorMem) -> c_int {
    with(context, |context| context.take_back(memory))
}

/// Makes lent memory a tensor.
///
/// # Safety
/// `attr` is one that `rknn_query` wrote.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_set_io_mem(
    context: abi::Context,
    memory: *mut TensorMem,
    attr: *mut TensorAttr,
) -> c_int {
    with(context, |context| {
        answered("set_io_mem")?;
        // SAFETY: the caller's promise.
        let attr = unsafe { attr.as_ref() }.ok_or(code::PARAM_INVALID)?;
        context.bind(memory, attr)
    })
}

/// Carries writes between processor and NPU, which are one here.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_mem_sync(
    context: abi::Context,
    memory: *mut TensorMem,
    direction: u32,
) -> c_int {
    with(context, |context| {
        answered("mem_sync")?;
        context.place(memory)?;
        (1..=3).contains(&direction).then_some(()).ok_or(code::PARAM_INVALID)
    })
}

/// Takes the pixels of the next run.
///
/// # Safety
/// `inputs` holds `count` inputs, whose `buf` hold their `size` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_inputs_set(
    context: abi::Context,
    count: u32,
    inputs: *mut Input,
) -> c_int {
    with(context, |context| {
        answered("inputs_set")?;
        if count != 1 || inputs.is_null() {
            return Err(code::INPUT_INVALID);
        }
        // SAFETY: the caller's promise.
        let input = unsafe { inputs.read() };
        let bytes = input.element == element::U8 && input.fmt == format::NHWC;
        if input.index != 0 || input.pass_through != 0 || !bytes || input.buf.is_null() {
            return Err(code::INPUT_INVALID);
        }
        // SAFETY: the caller's promise.
        context.set_input(unsafe {
            slice::from_raw_parts(input.buf.cast::<u8>(), input.size as usize)
        })
    })
}

/// Computes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_run(context: abi::Context, _extend: *mut c_void) -> c_int {
    with(context, |context| {
        answered("run")?;
        context.run()
    })
}

/// Waits for a run that was not waited for; every run is.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn rknn_wait(context: abi::Context, _extend: *mut c_void) -> c_int {
    with(context, |_| Ok(()))
}

/// Copies outputs.
///
/// # Safety
/// `outputs` holds `count` outputs; what is preallocated holds its `size` bytes.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_outputs_get(
    context: abi::Context,
    count: u32,
    outputs: *mut Output,
    _extend: *mut c_void,
) -> c_int {
    with(context, |context| {
        answered("outputs_get")?;
        if count as usize != context.outputs() || outputs.is_null() {
            return Err(code::OUTPUT_INVALID);
        }
        // SAFETY: the caller's promise.
        for output in unsafe { slice::from_raw_parts_mut(outputs, count as usize) } {
            // SAFETY: the caller's promise.
            unsafe { give(context, output) }?;
        }
        Ok(())
    })
}

/// Lets outputs go that were not preallocated.
///
/// # Safety
/// `outputs` holds `count` outputs that `rknn_outputs_get` filled.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rknn_outputs_release(
    context: abi::Context,
    count: u32,
    outputs: *mut Output,
) -> c_int {
    with(context, |context| {
        answered("outputs_release")?;
        if outputs.is_null() {
            return Err(code::OUTPUT_INVALID);
        }
        // SAFETY: the caller's promise.
        for output in unsafe { slice::from_raw_parts(outputs, count as usize) } {
            context.given.retain(|given| given.as_ptr().cast_mut().cast() != output.buf);
        }
        Ok(())
    })
}

/// Copies one output to where the caller wants it, or to memory of its own.
///
/// # Safety
/// A preallocated `buf` holds its `size` bytes.
unsafe fn give(context: &mut Context, output: &mut Output) -> Result<(), Code> {
    let (bytes, stored) = context.stored(output.index as usize).ok_or(code::OUTPUT_INVALID)?;
    let bytes: Box<[u8]> = match output.want_float {
        0 => bytes.into(),
        _ => tensor::restored(bytes, stored).into_iter().flat_map(f32::to_ne_bytes).collect(),
    };
    if output.is_prealloc == 0 {
        output.buf = bytes.as_ptr().cast_mut().cast();
        output.size = bytes.len() as u32;
        context.given.push(bytes);
        return Ok(());
    }
    if output.buf.is_null() || (output.size as usize) < bytes.len() {
        return Err(code::OUTPUT_INVALID);
    }
    // SAFETY: the caller's promise, and there is room.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), output.buf.cast(), bytes.len()) };
    Ok(())
}

fn versions() -> SdkVersion {
    let stated = STATED.trim_end_matches('\0').rsplit(' ').next().unwrap_or_default();
    let library = fault::word("library").unwrap_or_else(|| stated.to_owned());
    let driver = fault::word("driver").unwrap_or_else(|| DRIVER.to_owned());
    SdkVersion { api: field(&library), driver: field(&driver) }
}

fn field(text: &str) -> [u8; 256] {
    let mut field = [0; 256];
    field.iter_mut().zip(text.bytes().take(255)).for_each(|(to, from)| *to = from);
    field
}

/// What `work` on the context answers.
fn with(context: abi::Context, work: impl FnOnce(&mut Context) -> Result<(), Code>) -> c_int {
    done(|| {
        let context = contexts().get(&context).map(Arc::clone).ok_or(code::CTX_INVALID)?;
        work(&mut locked(&context))
    })
}

fn done(work: impl FnOnce() -> Result<(), Code>) -> c_int {
    work().err().unwrap_or(code::SUCCESS)
}

/// The answer that was ordered for `function`, if any.
fn answered(function: &str) -> Result<(), Code> {
    fault::answer(function).map_or(Ok(()), Err)
}

fn contexts() -> MutexGuard<'static, BTreeMap<abi::Context, Arc<Mutex<Context>>>> {
    locked(&CONTEXTS)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
