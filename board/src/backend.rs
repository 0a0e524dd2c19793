//! Where the lines of a board come from; the rest of the crate sees embedded-hal pins only.

mod rpi;
mod sim;

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};

use crate::error::BoardError;
use crate::kind::BoardKind;

/// A line we set.
pub(crate) struct OutputLine(Box<dyn OutputPin<Error = BoardError> + Send>);
/// A line we read.
pub(crate) struct InputLine(Box<dyn InputPin<Error = BoardError> + Send>);

/// The lines of one board; what it does not have is `None`.
pub(crate) struct Lines {
    /// Lit when high.
    pub(crate) lamp: Option<OutputLine>,
    /// Low while the door is shut.
    pub(crate) door: Option<InputLine>,
    /// What kind of board it is, for people.
    pub(crate) description: String,
}

/// The lines of a `kind` of board.
pub(crate) fn open(kind: &BoardKind) -> Result<Lines, BoardError> {
    match kind {
        BoardKind::None => Ok(Lines { lamp: None, door: None, description: "no board".to_owned() }),
        BoardKind::Rpi => rpi::open(),
        BoardKind::Sim(folder) => sim::open(folder),
    }
}

impl ErrorType for OutputLine {
    type Error = BoardError;
}

impl OutputPin for OutputLine {
    fn set_low(&mut self) -> Result<(), BoardError> {
        self.0.set_low()
    }

    fn set_high(&mut self) -> Result<(), BoardError> {
        self.0.set_high()
    }
}

impl ErrorType for InputLine {
    type Error = BoardError;
}

impl InputPin for InputLine {
    fn is_high(&mut self) -> Result<bool, BoardError> {
        self.0.is_high()
    }

    fn is_low(&mut self) -> Result<bool, BoardError> {
        self.0.is_low()
    }
}
