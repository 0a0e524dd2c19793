//! What can be wrong with a board's lines.

use core::convert::Infallible;
use std::io;
use std::path::PathBuf;

use embedded_hal::digital;

/// A board that cannot be opened, or a line that cannot be read or set.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// `rpi` on something that is not a Raspberry Pi the GPIO library knows.
    #[error(
        "board kind \"rpi\": this machine is not a Raspberry Pi ({reason}); \
         use \"none\", or \"sim:DIR\" for a simulated board"
    )]
    NotAPi {
        /// The GPIO library's own words.
        reason: String,
    },
    /// The GPIO lines of this Pi cannot be used.
    #[error("board kind \"rpi\": GPIO cannot be used: {reason}")]
    Gpio {
        /// The GPIO library's own words: permission, a busy line, I/O.
        reason: String,
    },
    /// A file of a simulated board cannot be made, read or written.
    #[error("simulated board: {path}: {source}")]
    SimFile {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of a simulated board holds something else than a level.
    #[error("simulated board: {path} holds {got:?}, expected {expected}")]
    SimLevel {
        /// The file.
        path: PathBuf,
        /// Its first line.
        got: String,
        /// The words it may hold.
        expected: &'static str,
    },
}

impl digital::Error for BoardError {
    fn kind(&self) -> digital::ErrorKind {
        digital::ErrorKind::Other
    }
}

/// Memory-mapped lines cannot fail once they are held.
impl From<Infallible> for BoardError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
