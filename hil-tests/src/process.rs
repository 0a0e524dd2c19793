//! A program that runs beside a test: started, watched through its log, ended however the test ends.
//!
//! Promises: what it prints is kept in a file and shown when the test fails; it is gone when the
//! [`Process`] is dropped, and also when the test program itself is killed (`setpriv --pdeathsig`).
//! Refuses: knowing any particular program.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::deadline::wait_for;

/// How many of the log's last lines are shown when a test fails.
const SHOWN_LINES: usize = 60;

/// A running program.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `program`; what it prints goes to `NAME.log` in `folder`, after what an earlier
    /// process of that name printed.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start<A: AsRef<OsStr>>(
        name: &str,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
        folder: &Path,
    ) -> Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let output = File::options().create(true).append(true).open(&log);
        let output = output.with_context(|| format!("{} cannot be opened", log.display()))?;
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{} cannot be started", program.display()))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that processes of this name have printed in this folder.
    #[must_use]
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Writes a line to its standard input.
    ///
    /// # Errors
    /// When it no longer reads.
    pub fn tell(&mut self, line: &str) -> Result<()> {
        let input = self.child.stdin.as_mut().context("its input is closed")?;
        writeln!(input, "{line}").with_context(|| format!("{} does not read its input", self.name))
    }

    /// Waits for a line of the log that holds `text`, and gives the first.
    ///
    /// # Errors
    /// When the program ends before, or `limit` is over.
    pub fn wait_for_line(&mut self, text: &str, limit: Duration) -> Result<String> {
        let what = format!("{text:?} from {}", self.name);
        wait_for(&what, limit, || {
            let ended = self.child.try_wait()?;
            if let Some(line) = self.log().lines().find(|line| line.contains(text)) {
                return Ok(Some(line.to_owned()));
            }
            match ended {
                Some(status) => bail!("{} ended ({status}) before it said {text:?}", self.name),
                None => Ok(None),
            }
        })
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Waits until it has ended by itself.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_end(&mut self, limit: Duration) -> Result<ExitStatus> {
        let what = format!("the end of {}", self.name);
        wait_for(&what, limit, || Ok(self.child.try_wait()?))
    }

    /// Asks it to end (SIGTERM) and waits until it has; killed when `limit` is over.
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn stop(mut self, limit: Duration) -> Result<ExitStatus> {
        let id = self.id().to_string();
        Command::new("kill").args(["-TERM", &id]).status().context("kill cannot be run")?;
        self.wait_for_end(limit)
    }

    /// Ends it at once (SIGKILL), as a power cut or the kernel's memory killer would.
    ///
    /// # Errors
    /// When it had already ended by itself: then the test did not show what it wanted to.
    pub fn kill(mut self) -> Result<()> {
        self.kill_now()
    }

    /// The same where the value is still needed.
    ///
    /// # Errors
    /// As [`Self::kill`].
    pub fn kill_now(&mut self) -> Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        match status.signal() {
            Some(9) => Ok(()),
            _ => bail!("{} had already ended ({status})", self.name),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let skipped = log.lines().count().saturating_sub(SHOWN_LINES);
            eprintln!("--- {} ({skipped} lines not shown)", self.name);
            log.lines().skip(skipped).for_each(|line| eprintln!("{line}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(script: &str, folder: &Path) -> Process {
        Process::start("shell", Path::new("/bin/sh"), ["-c", script], folder).unwrap()
    }

    #[test]
    fn what_is_told_comes_back_through_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let mut process = shell("read word; echo got $word; exit 3", folder.path());
        process.tell("fish").unwrap();
        assert_eq!(process.wait_for_line("got", LIMIT).unwrap(), "got fish");
        assert_eq!(process.wait_for_end(LIMIT).unwrap().code(), Some(3));
    }

    #[test]
    fn a_program_that_ends_too_early_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = shell("exit 0", folder.path()).wait_for_line("hello", LIMIT).unwrap_err();
        assert!(error.to_string().starts_with("shell ended"), "{error}");
    }

    #[test]
    fn a_stopped_or_killed_program_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(shell("sleep 60", folder.path()).stop(LIMIT).unwrap().signal(), Some(15));
        let process = shell("sleep 60", folder.path());
        let folder_of_process = PathBuf::from(format!("/proc/{}", process.id()));
        process.kill().unwrap();
        assert!(!folder_of_process.exists());
    }
}
