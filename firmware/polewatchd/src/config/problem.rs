//! What is wrong with a configuration file, one line a problem.

use std::fmt;
use std::path::{Path, PathBuf};

use super::address::masked;

/// One key that cannot be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key's full path, such as `zone[0].polygon[2]`.
    pub key: String,
    /// The value as written; `None` when the key is missing.
    pub value: Option<String>,
    /// What would be accepted.
    pub allowed: String,
}

impl Problem {
    pub(super) fn new(
        key: impl Into<String>,
        value: impl fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        // What stands under the wrong key may be the camera's address.
        let (value, allowed) = (masked(&value.to_string()), masked(&allowed.into()));
        Self { key: key.into(), value: Some(value), allowed }
    }

    pub(super) fn missing(key: impl Into<String>, allowed: impl Into<String>) -> Self {
        Self { key: key.into(), value: None, allowed: allowed.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} = {value}: expected {}", self.key, self.allowed),
            None => write!(f, "{} is missing: expected {}", self.key, self.allowed),
        }
    }
}

/// Why a file is not a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not a configuration by its size.
    #[error("{}: {bytes} bytes, expected at most {limit}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// Not TOML, an unknown key, or a value of the wrong type.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong there, on one line.
        message: String,
    },
    /// Well-formed, but these values cannot be used.
    #[error("{}", one_line_each(path, problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Every problem.
        problems: Vec<Problem>,
    },
}

impl ConfigError {
    pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count();
        let message = masked(&error.message().lines().collect::<Vec<_>>().join("; "));
        Self::Syntax { path: path.to_owned(), line, message }
    }
}

fn one_line_each(path: &Path, problems: &[Problem]) -> String {
    let lines: Vec<String> =
        problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
    lines.join("\n")
}
