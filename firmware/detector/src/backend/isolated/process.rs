//! The helper process, from this side.
//!
//! Promises: when it does not answer in time it is killed, and when it ends by itself the signal or
//! status is named; it never outlives its owner. Refuses: to wait for a process that the kernel
//! cannot end because a driver holds it: that is left to a thread, and until then no other is started,
//! so that a driver that hangs for good does not gather processes.

use std::io::{self, ErrorKind};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::channel::Channel;
use super::memory::SharedMemory;
use super::message::{Answer, DONE, RUN, Trouble};

/// Killed processes that have not gone yet.
static LINGERING: AtomicUsize = AtomicUsize::new(0);

/// What keeps a new one from being started.
pub(super) const LINGERS: &str =
    "the helper process has not ended, since the NPU's driver holds it";

/// A running helper.
pub(super) struct HelperProcess {
    /// `None` once it was ended.
    child: Option<Child>,
    channel: Channel,
    deadline: Duration,
}

impl HelperProcess {
    /// How long a killed process is waited for here: one that no driver holds is gone at once.
    const GRACE_MS: u32 = 100;

    /// Starts `program`, whose standard input is the socket; what the vendor's library prints goes to
    /// this process's log.
    pub(super) fn start(program: &Path) -> Result<Self, String> {
        if LINGERING.load(Ordering::Acquire) > 0 {
            return Err(format!("{LINGERS}: restart the box if that lasts"));
        }
        let start = || -> io::Result<(Child, Channel)> {
            let (ours, theirs) = Channel::pair()?;
            let child =
                Command::new(program).stdin(Stdio::from(theirs)).stdout(io::stderr()).spawn()?;
            Ok((child, ours))
        };
        let (child, channel) =
            start().map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        Ok(Self { child: Some(child), channel, deadline: Duration::MAX })
    }

    /// How long it may take to answer from now on.
    pub(super) fn wait_at_most(&mut self, deadline: Duration) {
        // Setting a time limit above zero on an open socket cannot fail.
        let _ = self.channel.wait_at_most(deadline);
        self.deadline = deadline;
    }

    /// Sends `message` with `memory`.
    pub(super) fn send(
        &mut self,
        message: &impl Serialize,
        memory: &SharedMemory,
    ) -> Result<(), String> {
        let sent = self.channel.send(message, Some(memory));
        sent.map_err(|error| self.lost(&error))
    }

    /// Its answer to the order.
    pub(super) fn answer(&mut self) -> Result<Answer, String> {
        let received = self.channel.receive();
        received.map(|(answer, _)| answer).map_err(|error| self.lost(&error))
    }

    /// One run; the values are in the shared memory afterwards.
    pub(super) fn run(&mut self) -> Result<(), String> {
        if self.child.is_none() {
            return Err("the helper process was ended".to_owned());
        }
        let mut run = || {
            self.channel.signal(RUN)?;
            self.channel.signalled_or::<Trouble>(DONE)
        };
        match run() {
            Ok(None) => Ok(()),
            Ok(Some(trouble)) => Err(trouble.reason),
            Err(error) => Err(self.lost(&error)),
        }
    }

    /// Ends it, since nothing can be said to it any more; says what happened.
    fn lost(&mut self, error: &io::Error) -> String {
        let end = self.end();
        let what = match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                format!("no answer within {} ms: killed", self.deadline.as_millis())
            }
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                return match end {
                    End::Gone(status) => said_of(status),
                    End::Lingers => LINGERS.to_owned(),
                };
            }
            _ => format!("nonsense from the helper process: killed ({error})"),
        };
        match end {
            End::Gone(_) => what,
            End::Lingers => format!("{what}, but the driver holds it"),
        }
    }

    /// Kills it and waits, in a thread when that takes time.
    fn end(&mut self) -> End {
        let Some(mut child) = self.child.take() else { return End::Gone(None) };
        // An error means that it has ended by itself. One that crashed keeps its own status.
        let _ = child.kill();
        for _ in 0..Self::GRACE_MS {
            match child.try_wait() {
                Ok(Some(status)) => return End::Gone(Some(status)),
                Ok(None) => thread::sleep(Duration::from_millis(1)),
                // There is nothing to wait for.
                Err(_) => return End::Gone(None),
            }
        }
        LINGERING.fetch_add(1, Ordering::AcqRel);
        let reaper = thread::Builder::new().name("npu-reaper".to_owned()).spawn(move || {
            let _ = child.wait();
            LINGERING.fetch_sub(1, Ordering::AcqRel);
        });
        if reaper.is_err() {
            // It stays a zombie, and the count stays: no thread, no new process either.
            tracing::error!("no thread can be started to wait for the NPU's helper process");
        }
        End::Lingers
    }
}

/// What became of a process that was killed.
enum End {
    /// With its status, where that can still be had.
    Gone(Option<ExitStatus>),
    Lingers,
}

/// What is known of a process that closed its socket.
fn said_of(status: Option<ExitStatus>) -> String {
    match status.map(|status| (status.signal(), status.code())) {
        Some((Some(signal), _)) => format!("the helper process crashed (signal {signal})"),
        Some((_, Some(code))) => format!("the helper process ended by itself (status {code})"),
        _ => "the helper process is gone".to_owned(),
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        self.end();
    }
}
