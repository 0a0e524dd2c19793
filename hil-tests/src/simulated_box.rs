//! A box without a camera as a process: `box-without-camera`, its orders and what it takes of the
//! machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::deadline::wait_for;
use crate::process::Process;
use crate::programs;

/// How long an order may take.
const OBEYED_WITHIN: Duration = Duration::from_secs(600);

/// A running simulated box.
pub struct SimulatedBox {
    process: Process,
    answers: usize,
    folder: PathBuf,
    port: u16,
    more: &'static [&'static str],
}

/// What a process takes of the machine at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Resident memory in KiB.
    pub resident_kib: u64,
    /// Open files and sockets.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
}

impl SimulatedBox {
    /// A box whose spool is in `folder` and whose broker is at `port`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(folder: &Path, port: u16) -> Result<Self> {
        Self::start_with(folder, port, &[])
    }

    /// The same with more arguments of `box-without-camera`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(folder: &Path, port: u16, more: &'static [&'static str]) -> Result<Self> {
        let process = launch(folder, port, more)?;
        Ok(Self { process, answers: 0, folder: folder.to_owned(), port, more })
    }

    /// Ends it at once, as a power cut would, and starts another with its spool.
    ///
    /// # Errors
    /// When it had already ended, or the other cannot be started.
    pub fn kill_and_start_again(&mut self) -> Result<()> {
        self.process.kill_now()?;
        self.answers = whole_answers(&self.process.log()).count();
        self.process = launch(&self.folder, self.port, self.more)?;
        Ok(())
    }

    /// Gives it an order and waits for its answer.
    ///
    /// # Errors
    /// When it ends, or does not answer.
    pub fn ask(&mut self, order: &str) -> Result<Value> {
        self.process.tell(order)?;
        let (process, answers) = (&mut self.process, self.answers);
        let line = wait_for(&format!("an answer to {order:?}"), OBEYED_WITHIN, || {
            let log = process.log();
            let line = whole_answers(&log).nth(answers);
            ensure!(line.is_some() || process.is_running()?, "the simulated box ended: {log}");
            Ok(line.map(str::to_owned))
        })?;
        self.answers += 1;
        serde_json::from_str(&line).with_context(|| format!("{line:?} is no answer"))
    }

    /// A number of its status.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub fn status(&mut self, key: &str) -> Result<u64> {
        let status = self.ask("status")?;
        status[key].as_u64().with_context(|| format!("no {key} in {status}"))
    }

    /// Everything it and those before it have said.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// What it takes of the machine now.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn footprint(&self) -> Result<Footprint> {
        let of = format!("/proc/{}", self.process.id());
        let status = fs::read_to_string(format!("{of}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
        Ok(Footprint {
            resident_kib: kib.trim().parse()?,
            descriptors: fs::read_dir(format!("{of}/fd"))?.count(),
            threads: fs::read_dir(format!("{of}/task"))?.count(),
        })
    }
}

fn launch(folder: &Path, port: u16, more: &[&str]) -> Result<Process> {
    let spool = folder.join("spool");
    let spool = spool.to_str().context("the folder's path is not UTF-8")?;
    let program = programs::shipped("box-without-camera")?;
    let port = port.to_string();
    let arguments = ["--spool", spool, "--port", &port];
    Process::start("box-without-camera", &program, arguments.iter().chain(more), folder)
}

/// The answers in a log, without one that is still being written.
fn whole_answers(log: &str) -> impl Iterator<Item = &str> {
    let whole = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.filter(|line| line.starts_with('{'))
}
