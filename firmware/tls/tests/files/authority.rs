//! An authority of the test's own, made by `scripts/test-ca`; gone with the value.

#![allow(dead_code, reason = "shared by tests that need different parts of it")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tls::files::Files;

/// A folder of certificates.
pub(crate) struct Authority(tempfile::TempDir);

impl Authority {
    /// One that vouches for nobody yet.
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// One that has vouched for a broker on this machine, `gangnam/pole-0412` and `poleroom`.
    pub(crate) fn of_a_chain() -> Self {
        let authority = Self::new();
        authority.issue(&["--broker", "localhost", "--broker", "127.0.0.1"]);
        authority.issue(&["--box", "gangnam/pole-0412", "--room", "poleroom"]);
        authority
    }

    /// Another folder of the same authority, with certificates of its own.
    pub(crate) fn branch(&self, arguments: &[&str]) -> Self {
        let branch = Self::new();
        for file in ["ca.crt", "ca.key"] {
            std::fs::copy(self.path(file), branch.path(file)).expect("the authority's files");
        }
        branch.issue(arguments);
        branch
    }

    /// Runs the script with more arguments.
    pub(crate) fn issue(&self, arguments: &[&str]) {
        // Of whichever crate uses this file.
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let script = above.map(|folder| folder.join("scripts/test-ca")).find(|it| it.exists());
        let script = script.expect("the repository has scripts/test-ca");
        let output = Command::new(script).arg(self.folder()).args(arguments).output();
        let output = output.expect("scripts/test-ca runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Where it keeps everything.
    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    /// A file of its folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// What whoever has `NAME.crt` needs.
    pub(crate) fn files(&self, name: &str) -> Files {
        Files {
            ca: self.path("ca.crt"),
            certificate: self.path(&format!("{name}.crt")),
            key: self.path(&format!("{name}.key")),
        }
    }
}
