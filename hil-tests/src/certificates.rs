//! The certificates of a tested chain, made by `scripts/test-ca` as the documentation says.
//!
//! Promises: an authority of this test's own, a broker that answers to localhost, the tested box, a
//! control room. Refuses: knowing how certificates are made.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{BOX, SITE};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/test-ca");

/// A folder of certificates and keys.
pub struct Certificates {
    folder: PathBuf,
}

impl Certificates {
    /// Makes them in `folder`.
    ///
    /// # Errors
    /// When the script fails.
    pub fn make(folder: &Path) -> Result<Self> {
        let pole = format!("{SITE}/{BOX}");
        let holders = [
            "--broker",
            "localhost",
            "--broker",
            "127.0.0.1",
            "--box",
            &pole,
            "--room",
            "poleroom",
        ];
        let output = Command::new(SCRIPT).arg(folder).args(holders).output();
        let output = output.context("scripts/test-ca cannot be started")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "scripts/test-ca failed: {said}");
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where they lie, and where the broker finds its own.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The lines of the box's configuration that name its files.
    #[must_use]
    pub fn box_lines(&self) -> String {
        let [ca, certificate, key] = self.files(&format!("{SITE}_{BOX}"));
        format!("ca = {ca:?}\ncertificate = {certificate:?}\nkey = {key:?}\n")
    }

    /// What the control room is started with.
    #[must_use]
    pub fn room_arguments(&self) -> Vec<String> {
        let files = self.files("poleroom").map(|path| path.display().to_string());
        let names = ["--ca", "--certificate", "--key"].map(str::to_owned);
        names.into_iter().zip(files).flat_map(|(name, file)| [name, file]).collect()
    }

    fn files(&self, holder: &str) -> [PathBuf; 3] {
        ["ca.crt".to_owned(), format!("{holder}.crt"), format!("{holder}.key")]
            .map(|name| self.folder.join(name))
    }
}
