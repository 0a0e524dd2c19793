//! The helper process, from its own side.
//!
//! Promises: loads one model, runs it when told, ends when its owner does. Refuses: to know what a
//! deadline is: a runtime that hangs hangs here, and the owner kills it.

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::Signal;

use super::channel::Channel;
use super::memory::SharedMemory;
use super::message::{Answer, DONE, Loaded, Order, RUN, Tensors, Trouble};
use crate::backend::hailo::Patience;
use crate::backend::npu::{NpuError, NpuModel, NpuPlan};
use crate::backend::rknn::RknnOptions;
use crate::backend::{BackendKind, hailo, rknn};

/// How long releasing a runtime in order may take once the owner is gone.
const RELEASE: Duration = Duration::from_secs(2);

/// Why a helper process ended before its owner did.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Started by somebody else.
    #[error(
        "the standard input is not the socket polewatchd gives: polewatchd starts this program"
    )]
    NoOwner,
    /// The owner said what cannot be understood.
    #[error("from the owner: {0}")]
    Channel(#[from] std::io::Error),
    /// A message lacks its memory, or has one that does not fit.
    #[error("from the owner: {0}")]
    Order(&'static str),
}

/// Serves the process at the other end of `socket` until it closes it.
///
/// # Errors
/// Only for what the owner does; trouble with the runtime is told to the owner.
pub fn serve(socket: OwnedFd) -> Result<(), ServeError> {
    let owner = socket.try_clone()?;
    let mut channel = Channel::new(socket).map_err(|_| ServeError::NoOwner)?;
    thread::Builder::new().name("owner-watch".to_owned()).spawn(move || outlive(&owner))?;
    let (order, memory) = channel.receive::<Order>()?;
    let memory = memory.ok_or(ServeError::Order("no model came with the order"))?;
    let mut model = match open(&order, memory.bytes()) {
        Ok(model) => model,
        Err(reason) => return Ok(channel.send(&Answer::Refused { reason }, None)?),
    };
    let loaded = Loaded {
        form: model.input(),
        shapes: model.shapes().to_vec(),
        report: model.report().clone(),
    };
    channel.send(&Answer::Loaded(loaded), None)?;
    let (tensors, memory) = channel.receive::<Tensors>()?;
    let memory = memory.ok_or(ServeError::Order("no memory came with the tensors"))?;
    let mut desk = Desk::new(model.as_mut(), memory, &tensors)?;
    loop {
        match channel.signalled() {
            Ok(RUN) => {}
            Ok(_) => return Err(ServeError::Order("a signal that is no run")),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        match desk.run() {
            Ok(()) => channel.signal(DONE)?,
            Err(reason) => channel.send(&Trouble { reason }, None)?,
        }
    }
}

/// Ends this process when its owner is gone, which a runtime that hangs does not see. (Linux's own signal
/// for that comes when the thread ends that started the process, and the daemon starts some in threads
/// that end.)
fn outlive(owner: &OwnedFd) {
    wait_until_gone(owner);
    thread::sleep(RELEASE);
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
}

/// Waits until the other end is closed, and for nothing else: of two that wait for a packet the kernel wakes
/// one, and whoever serves would sleep on.
fn wait_until_gone(owner: &OwnedFd) {
    let mut gone = [PollFd::new(owner, PollFlags::RDHUP)];
    // It fails only for want of memory in the kernel; the owner is then not waited for either.
    let _ = retry_on_intr(|| poll(&mut gone, None));
}

fn open(order: &Order, model: &[u8]) -> Result<Box<dyn NpuModel>, String> {
    let plan = NpuPlan {
        library: &order.library,
        model,
        outputs: &order.outputs,
        size: order.size,
        simulated: order.simulated,
    };
    let opened = match order.kind {
        BackendKind::Rknn => rknn::open(&plan, &rknn_options(order)),
        BackendKind::Hailo => hailo::open(&plan, Patience::within(order.deadlines)),
        other => return Err(format!("{other} is no NPU")),
    };
    opened.map_err(|error| sentence(&error))
}

/// What `error` says, and first what to do about it: where health tells it there is room for 160 bytes,
/// and what is cut is the end. The daemon's log has the whole.
pub(super) fn sentence(error: &NpuError) -> String {
    match error {
        NpuError::Unfit { what, got, expected, remedy } => {
            format!("{remedy}: {what} is {got}, expected {expected}")
        }
        NpuError::Simulated { version, .. } => {
            format!(
                "version {version} is a simulation, expected a real runtime \
                 (detector.npu_simulated = \"accept\" takes it)"
            )
        }
        other => other.to_string(),
    }
}

fn rknn_options(order: &Order) -> RknnOptions {
    RknnOptions { cores: order.cores, transfer: order.transfer, ..RknnOptions::default() }
}

/// A model and the memory its owner reads.
struct Desk<'m> {
    model: &'m mut dyn NpuModel,
    memory: SharedMemory,
    outputs: Vec<std::ops::Range<usize>>,
}

impl<'m> Desk<'m> {
    fn new(
        model: &'m mut dyn NpuModel,
        memory: SharedMemory,
        tensors: &Tensors,
    ) -> Result<Self, ServeError> {
        let beyond = ServeError::Order("the tensors do not fit into their memory");
        let mut outputs = Vec::with_capacity(tensors.offsets.len());
        for (shape, &start) in model.shapes().iter().zip(&tensors.offsets) {
            let bytes = shape.iter().product::<usize>() * size_of::<f32>();
            let end = start.checked_add(bytes).filter(|&end| end <= memory.bytes().len());
            match end {
                Some(end) if start.is_multiple_of(align_of::<f32>()) => outputs.push(start..end),
                _ => return Err(beyond),
            }
        }
        let fits = model.input().bytes() <= memory.bytes().len();
        if outputs.len() != model.shapes().len() || !fits {
            return Err(beyond);
        }
        Ok(Self { model, memory, outputs })
    }

    fn run(&mut self) -> Result<(), String> {
        let bytes = self.model.input().bytes();
        self.model.pixels()[..bytes].copy_from_slice(&self.memory.bytes()[..bytes]);
        self.model.run().map_err(|error| error.to_string())?;
        for (index, range) in self.outputs.iter().enumerate() {
            let values = self.memory.values_mut(range);
            self.model.read(index, values).map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_watched_without_taking_a_packet_or_the_wake_up_that_comes_with_it() {
        let (mut owner, ours) = Channel::pair().unwrap();
        let watched = ours.try_clone().unwrap();
        let watching = thread::spawn(move || wait_until_gone(&watched));
        let serving = thread::spawn(move || {
            let mut serving = Channel::new(ours).unwrap();
            while let Ok(signal) = serving.signalled() {
                serving.signal(signal).unwrap();
            }
        });
        owner.wait_at_most(Duration::from_secs(10)).unwrap();
        for _ in 0..100 {
            owner.signal(RUN).unwrap();
            assert_eq!(owner.signalled().unwrap(), RUN);
        }
        assert!(!watching.is_finished(), "it is still there");
        drop(owner);
        watching.join().unwrap();
        serving.join().unwrap();
    }
}
