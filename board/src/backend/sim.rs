//! A simulated board: a folder of files that stand for the lines.
//!
//! | file | meaning | who writes it |
//! |---|---|---|
//! | `lamp` | `on` or `off`, as the lamp is lit | the board |
//! | `door` | `closed` or `open`, as the door stands | whoever plays the installer; made as `closed` |
//! | `temperature` | degrees Celsius; no file is no sensor | whoever plays the weather |
//!
//! Promises: the same drivers and state machines run above it as above a real board. Refuses: a word
//! it does not know, by the file's name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use embedded_hal::digital::{ErrorType, InputPin, OutputPin};

use super::{InputLine, Lines, OutputLine};
use crate::error::BoardError;

/// The lines in `folder`, which is made when it is not there.
pub(super) fn open(folder: &Path) -> Result<Lines, BoardError> {
    fs::create_dir_all(folder).map_err(at(folder))?;
    let lamp = LampFile::open(folder.join("lamp"))?;
    let door = DoorFile::open(folder.join("door"))?;
    Ok(Lines {
        lamp: Some(OutputLine(Box::new(lamp))),
        door: Some(InputLine(Box::new(door))),
        description: format!("SIMULATED board in {}", folder.display()),
    })
}

/// The file the lamp is written to. It stays open, and both words have the same length, so a reader
/// never sees it empty or half written.
struct LampFile {
    path: PathBuf,
    file: File,
}

impl LampFile {
    fn open(path: PathBuf) -> Result<Self, BoardError> {
        let opened = OpenOptions::new().write(true).create(true).truncate(true).open(&path);
        let file = opened.map_err(at(&path))?;
        let mut lamp = Self { path, file };
        lamp.set_low()?;
        Ok(lamp)
    }

    fn write(&self, word: [u8; 4]) -> Result<(), BoardError> {
        self.file.write_all_at(&word, 0).map_err(at(&self.path))
    }
}

impl ErrorType for LampFile {
    type Error = BoardError;
}

impl OutputPin for LampFile {
    fn set_low(&mut self) -> Result<(), BoardError> {
        self.write(*b"off\n")
    }

    fn set_high(&mut self) -> Result<(), BoardError> {
        self.write(*b"on \n")
    }
}

/// The file the door's position is read from, anew each time: an editor replaces it.
struct DoorFile {
    path: PathBuf,
}

impl DoorFile {
    fn open(path: PathBuf) -> Result<Self, BoardError> {
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => file.write_all_at(b"closed\n", 0).map_err(at(&path))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(at(&path)(error)),
        }
        Ok(Self { path })
    }

    /// Whether the contact is closed, which pulls the line low. A missing file is a cut wire.
    fn is_contact_closed(&self) -> Result<bool, BoardError> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(at(&self.path))?,
        };
        let word = text.lines().next().unwrap_or_default().trim();
        match word {
            "closed" => Ok(true),
            "open" => Ok(false),
            _ => Err(BoardError::SimLevel {
                path: self.path.clone(),
                got: word.chars().take(40).collect(),
                expected: "\"closed\" or \"open\"",
            }),
        }
    }
}

impl ErrorType for DoorFile {
    type Error = BoardError;
}

impl InputPin for DoorFile {
    fn is_high(&mut self) -> Result<bool, BoardError> {
        self.is_contact_closed().map(|closed| !closed)
    }

    fn is_low(&mut self) -> Result<bool, BoardError> {
        self.is_contact_closed()
    }
}

/// Names the file an I/O error is about.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BoardError + '_ {
    move |source| BoardError::SimFile { path: path.to_owned(), source }
}
