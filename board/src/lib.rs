//! The box around the processor, by purpose: the lamp people look at and the door they open.
//!
//! Promises: one loop drives every kind of box through [`Board::step`], the same state machines and
//! drivers run on a Raspberry Pi and on a simulated board, and a line that cannot be read or set is
//! an error that names it, never a panic. Refuses: knowing what a lamp pattern or an open door means
//! to the daemon, reading a clock, starting a thread.

mod backend;
pub mod blink;
pub mod door;
mod error;
mod kind;
mod lamp;
mod thermometer;

pub use blink::Status;
pub use door::{Door, DoorReport, Occasion};
pub use error::BoardError;
pub use kind::{BoardKind, BoardKindError};
pub use thermometer::Thermometer;

use core::time::Duration;

use backend::Lines;
use door::DoorSwitch;
use lamp::Lamp;

/// The box the daemon runs in.
pub struct Board {
    lamp: Option<Lamp<backend::OutputLine>>,
    door: Option<DoorSwitch<backend::InputLine>>,
    description: String,
}

impl Board {
    /// How often [`Board::step`] wants to be called: a third of the shortest flash of the lamp, and
    /// more than twice within the door's debounce time.
    pub const STEP: Duration = Duration::from_millis(20);

    /// Takes hold of the lines of a `kind` of board.
    ///
    /// # Errors
    /// When this machine is not such a board, or a line or its simulating file cannot be used.
    pub fn open(kind: &BoardKind) -> Result<Self, BoardError> {
        let Lines { lamp, door, description } = backend::open(kind)?;
        Ok(Self { lamp: lamp.map(Lamp::new), door: door.map(DoorSwitch::new), description })
    }

    /// What kind of board this is, for the log and the health report; a simulated one says so.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What the lamp tells people from the next step on.
    pub fn show(&mut self, status: Status) {
        if let Some(lamp) = &mut self.lamp {
            lamp.show(status);
        }
    }

    /// Sets the lamp and reads the door at `now`, a monotonic time from any fixed start. Gives a
    /// report once the door's level is first known, and whenever it has changed.
    ///
    /// # Errors
    /// When a line cannot be set or read. The next step tries again; the lamp never keeps the door
    /// from being read.
    pub fn step(&mut self, now: Duration) -> Result<Option<DoorReport>, BoardError> {
        let shown = self.lamp.as_mut().map_or(Ok(()), |lamp| lamp.step(now));
        let report = self.door.as_mut().map_or(Ok(None), |door| door.step(now))?;
        match report {
            // A lamp that cannot be set is told again at the next step; a door report is told once.
            Some(report) => Ok(Some(report)),
            None => shown.map(|()| None),
        }
    }
}
