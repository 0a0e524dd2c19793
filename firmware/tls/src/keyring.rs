//! The keyring: the newest credentials that can be used, as their files change.
//!
//! Promises: files that changed are read again; while they cannot be used, because they are half
//! written, of somebody else or damaged, the credentials before stay and the reason is kept. Refuses:
//! deciding when to look, and giving up credentials for having ended: by whose clock is the broker's
//! business.

use std::fmt::Write;

use crate::files::{Credentials, FileError, Files, Stamp};
use crate::moment::Moment;

/// How long before its end a certificate is worth a word.
const NOTICE_DAYS: i64 = 30;

/// What a look at the files has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing has changed.
    Unchanged,
    /// There are new credentials.
    Renewed,
    /// The files have changed and cannot be used.
    Unusable,
}

/// Credentials that follow their files.
#[derive(Debug)]
pub struct Keyring {
    files: Files,
    /// Whom the certificate must name; anybody when `None`.
    holder: Option<String>,
    stamp: Option<Stamp>,
    newest: Option<Credentials>,
    trouble: Option<String>,
}

impl Keyring {
    /// A keyring that has not looked yet; `holder` is whom the certificate must name.
    #[must_use]
    pub const fn new(files: Files, holder: Option<String>) -> Self {
        Self { files, holder, stamp: None, newest: None, trouble: None }
    }

    /// Reads the files if they have changed since the last look.
    pub fn look(&mut self) -> Look {
        // Before the reading: a change in between is seen at the next look.
        let stamp = self.files.stamp();
        if self.stamp == Some(stamp) {
            return Look::Unchanged;
        }
        self.stamp = Some(stamp);
        match self.read() {
            Ok(credentials) => {
                self.newest = Some(credentials);
                self.trouble = None;
                Look::Renewed
            }
            Err(errors) => {
                self.trouble = Some(one_line(&errors));
                Look::Unusable
            }
        }
    }

    /// The newest that can be used.
    #[must_use]
    pub const fn credentials(&self) -> Option<&Credentials> {
        self.newest.as_ref()
    }

    /// Why the files as they are now cannot be used.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// What somebody should do before it is too late; nothing when all is well.
    #[must_use]
    pub fn notice(&self, now: Moment) -> Option<String> {
        if let Some(trouble) = &self.trouble {
            let kept = self.newest.is_some();
            let consequence = if kept { "; the certificate before is kept" } else { "" };
            return Some(format!("{trouble}{consequence}"));
        }
        let not_after = self.newest.as_ref()?.certificate().not_after;
        (now.after_days(NOTICE_DAYS) > not_after)
            .then(|| format!("renew the certificate: it ends {not_after}"))
    }

    fn read(&self) -> Result<Credentials, Vec<FileError>> {
        let credentials = self.files.read()?;
        if let Some(holder) = &self.holder {
            credentials.check_holder(holder).map_err(|error| vec![error])?;
        }
        Ok(credentials)
    }
}

fn one_line(errors: &[FileError]) -> String {
    let mut line = String::new();
    for error in errors {
        let separator = if line.is_empty() { "" } else { "; " };
        // Writing to a text cannot fail.
        let _ = write!(line, "{separator}{error}");
    }
    line
}
