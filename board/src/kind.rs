//! Which board the configuration asks for: `none`, `rpi` or `sim:DIR`.

use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;

/// A kind of board, as written in `[board] kind`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BoardKind {
    /// No lamp, no door switch.
    #[default]
    None,
    /// A Raspberry Pi with our wiring.
    Rpi,
    /// A folder of files that stand for the lines.
    Sim(PathBuf),
}

/// The word is not a kind of board.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{got:?} is not a kind of board, expected \"none\", \"rpi\" or \"sim:DIR\"")]
pub struct BoardKindError {
    /// What was written.
    pub got: String,
}

impl FromStr for BoardKind {
    type Err = BoardKindError;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match (word, word.strip_prefix("sim:")) {
            ("none", _) => Ok(Self::None),
            ("rpi", _) => Ok(Self::Rpi),
            (_, Some(folder)) if !folder.is_empty() => Ok(Self::Sim(PathBuf::from(folder))),
            _ => Err(BoardKindError { got: word.to_owned() }),
        }
    }
}

impl fmt::Display for BoardKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Rpi => f.write_str("rpi"),
            Self::Sim(folder) => write!(f, "sim:{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_back_as_written() {
        for word in ["none", "rpi", "sim:/run/polewatch/board", "sim:."] {
            let kind: BoardKind = word.parse().unwrap();
            assert_eq!(kind.to_string(), word);
        }
    }

    #[test]
    fn what_is_no_board_is_refused_by_its_own_word() {
        for word in ["", "RPI", "sim", "sim:", "simulated", "rpi:4"] {
            let error = word.parse::<BoardKind>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("{word:?} is not a kind of board")));
        }
    }
}
