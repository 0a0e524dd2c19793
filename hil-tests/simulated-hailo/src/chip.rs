//! The chip: a network that takes a picture and gives it back as frames, one for each stream.
//!
//! Promises: each picture is answered once on every stream; a read waits for a picture, but not
//! longer than its stream's time-out. Refuses: queues; a picture that comes before the last was
//! read is an error, as no caller of ours may do that.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use detector::backend::hailo::abi::{SUCCESS, Status};
use detector::backend::{BackendError, Network};

use crate::fault::{self, Fault};
use crate::hef::SimulatedHef;

pub(crate) const INVALID_ARGUMENT: Status = 2;
pub(crate) const TIMEOUT: Status = 4;
pub(crate) const INSUFFICIENT_BUFFER: Status = 5;
pub(crate) const INVALID_OPERATION: Status = 6;
pub(crate) const INTERNAL_FAILURE: Status = 8;
pub(crate) const INVALID_HEF: Status = 26;
pub(crate) const COMMUNICATION_CLOSED: Status = 62;
pub(crate) const NOT_SUPPORTED: Status = 79;
pub(crate) const HEF_NOT_COMPATIBLE: Status = 93;

/// A configured network.
pub(crate) struct Chip {
    pub(crate) hef: SimulatedHef,
    state: Mutex<State>,
    computed: Condvar,
}

struct State {
    network: Box<dyn Network>,
    /// Which streams have a frame that was not read.
    unread: Vec<bool>,
    noise: u32,
}

impl Chip {
    /// The chip with `hef` loaded.
    pub(crate) fn load(hef: SimulatedHef) -> Result<Self, BackendError> {
        let network = hef.network()?;
        let state = State { network, unread: vec![false; hef.outputs.len()], noise: 1 };
        Ok(Self { hef, state: Mutex::new(state), computed: Condvar::new() })
    }

    /// Computes what is in `pixels`.
    pub(crate) fn take(&self, pixels: &[u8]) -> Result<(), Status> {
        let faults = fault::standing();
        if faults.contains(&Fault::Gone) {
            return Err(COMMUNICATION_CLOSED);
        }
        for fault in &faults {
            match fault {
                Fault::Crash => std::process::abort(),
                Fault::Slow(time) => std::thread::sleep(*time),
                _ => {}
            }
        }
        let mut state = self.state();
        if state.unread.contains(&true) {
            return Err(INVALID_OPERATION);
        }
        if !faults.iter().any(|fault| matches!(fault, Fault::Idle | Fault::Stale)) {
            self.hef.feed(pixels, &mut *state.network);
            state.network.run().map_err(|_| INTERNAL_FAILURE)?;
        }
        state.unread.fill(true);
        drop(state);
        self.computed.notify_all();
        Ok(())
    }

    /// Waits for a frame of stream `index` and lets `write` put its values, channels innermost.
    pub(crate) fn give(
        &self,
        index: usize,
        timeout: Duration,
        write: impl FnOnce(&mut dyn Iterator<Item = u8>),
    ) -> Result<(), Status> {
        let waiting = |state: &mut State| !state.unread[index];
        let state = self.computed.wait_timeout_while(self.state(), timeout, waiting);
        let (mut state, waited) = state.unwrap_or_else(PoisonError::into_inner);
        let faults = fault::standing();
        if faults.contains(&Fault::Gone) {
            return Err(COMMUNICATION_CLOSED);
        }
        if waited.timed_out() {
            return Err(TIMEOUT);
        }
        state.unread[index] = false;
        if faults.contains(&Fault::Timeout) {
            std::thread::sleep(timeout);
            return Err(TIMEOUT);
        }
        fault::stay(Fault::Hang);
        if faults.contains(&Fault::Garbage) {
            write(&mut std::iter::repeat_with(|| state.noisy_byte()));
        } else if faults.contains(&Fault::Blank) {
            write(&mut std::iter::repeat(0));
        } else if !faults.contains(&Fault::Idle) {
            self.put(index, &*state.network, write)?;
        }
        Ok(())
    }

    fn put(
        &self,
        index: usize,
        network: &dyn Network,
        write: impl FnOnce(&mut dyn Iterator<Item = u8>),
    ) -> Result<(), Status> {
        let output = &self.hef.outputs[index];
        let [rows, columns, channels] = output.shape;
        let values = network.output(index).map_err(|_| INTERNAL_FAILURE)?;
        let cells = rows * columns;
        if values.len() != cells * channels {
            return Err(INTERNAL_FAILURE);
        }
        write(&mut (0..cells).flat_map(|cell| {
            (0..channels).map(move |channel| output.quantized(values[channel * cells + cell]))
        }));
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A linear congruential generator.
    fn noisy_byte(&mut self) -> u8 {
        self.noise = self.noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.noise >> 24) as u8
    }
}

/// A result as the library's functions give it.
pub(crate) fn status(result: Result<(), Status>) -> Status {
    result.err().unwrap_or(SUCCESS)
}
