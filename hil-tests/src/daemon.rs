//! The box under test as a process: `polewatchd` with a configuration of the test's.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::lawn;
use crate::process::Process;
use crate::programs;

/// The site every tested box stands at.
pub const SITE: &str = "gangnam";
/// The name of every tested box.
pub const BOX: &str = "pole-0412";

/// A whole configuration that watches the lawn for both rules. Its relative folders are in the folder
/// of the file it is written to.
#[must_use]
pub fn lawn_config(source: &str, broker: &str) -> String {
    format!(
        r#"site = "{SITE}"
box = "{BOX}"
[camera]
name = "역삼로 12"
source = "{source}"
stall = "2s"
[[zone]]
name = "lawn"
polygon = {polygon}
[[rule]]
name = "lawn-intrusion"
kind = "intrusion"
zone = "lawn"
hold = "500ms"
[[rule]]
name = "lawn-loitering"
kind = "loitering"
zone = "lawn"
dwell = "10s"
[clip]
pre_roll = "5s"
post_roll = "5s"
[spool]
dir = "spool"
[uplink]
broker = "{broker}"
health_interval = "1s"
[board]
kind = "sim:board"
"#,
        polygon = lawn::POLYGON
    )
}

/// A running daemon.
pub struct Daemon {
    process: Process,
}

impl Daemon {
    /// Starts the daemon with `config`, written to `polewatch.toml` in `folder`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(config: &str, folder: &Path) -> Result<Self> {
        Self::start_with(config, &[], folder)
    }

    /// The same, logging all there is to log.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_talkative(config: &str, folder: &Path) -> Result<Self> {
        Self::start_with(config, &["RUST_LOG=trace"], folder)
    }

    /// The same with `variables`, each `NAME=value`, in its environment.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with(config: &str, variables: &[&str], folder: &Path) -> Result<Self> {
        let file = folder.join("polewatch.toml");
        fs::write(&file, config)?;
        let program = programs::shipped("polewatchd")?;
        let words = [program.as_os_str(), "run".as_ref(), "--config".as_ref(), file.as_os_str()];
        let arguments = variables.iter().map(AsRef::as_ref).chain(words);
        let process = Process::start("polewatchd", Path::new("/usr/bin/env"), arguments, folder)?;
        Ok(Self { process })
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits for a line of its log.
    ///
    /// # Errors
    /// When it ends before, or `limit` is over.
    pub fn wait_for_line(&mut self, text: &str, limit: Duration) -> Result<String> {
        self.process.wait_for_line(text, limit)
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it had already ended.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }

    /// Asks it to end.
    ///
    /// # Errors
    /// When it does not within `limit`.
    pub fn stop(self, limit: Duration) -> Result<std::process::ExitStatus> {
        self.process.stop(limit)
    }
}

/// Runs the daemon's program once, for commands that end by themselves.
///
/// # Errors
/// When it cannot be started.
pub fn run_once(arguments: &[&str]) -> Result<Output> {
    let program = programs::shipped("polewatchd")?;
    Command::new(&program)
        .args(arguments)
        .output()
        .with_context(|| format!("{} cannot be started", program.display()))
}
