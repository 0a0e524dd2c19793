//! The helper process, from this side.
//!
//! Promises: when it does not answer in time it is killed, and when it ends by itself the signal or
//! status is named; it never outlives its owner. Refuses: to wait for a process that the kernel
//! cannot end because a driver holds it: that is left to a thread, and until then no other is started,
//! so that a driver that hangs for good does not gather processes.

use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use serde::Serialize;

use super::channel::Channel;
use super::memory::SharedMemory;
use super::message::{Answer, DONE, RUN, Trouble};

/// Killed processes that have not gone yet.
static LINGERING: AtomicUsize = AtomicUsize::new(0);

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
        let lingering = LINGERING.load(Ordering::Acquire);
        if lingering > 0 {
            return Err(format!(
                "{lingering} helper process that was killed has not ended: the NPU's driver holds it, \
                 and only a restart of the box frees it if that lasts"
            ));
        }
        let start = || -> io::Result<(Child, UnixStream)> {
            let (ours, theirs) = UnixStream::pair()?;
            let child = Command::new(program)
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stdout(io::stderr())
                .spawn()?;
            Ok((child, ours))
        };
        let (child, stream) = start()
            .map_err(|error| format!("{}: cannot be started: {error}", program.display()))?;
        let (child, channel, deadline) = (Some(child), Channel::new(stream), Duration::MAX);
        Ok(Self { child, channel, deadline })
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
            Ok(match self.channel.signalled()? {
                DONE => None,
                // Whatever else it says, the reason follows.
                _ => Some(self.channel.receive::<Trouble>()?.0.reason),
            })
        };
        match run() {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(reason),
            Err(error) => Err(self.lost(&error)),
        }
    }

    /// Ends it, since nothing can be said to it any more; says what happened.
    fn lost(&mut self, error: &io::Error) -> String {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                self.end();
                format!("no answer within {} ms: killed", self.deadline.as_millis())
            }
            ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                let status = self.child.take().and_then(|mut child| {
                    // One that crashed keeps its own status; one that only hung up ends now.
                    let _ = child.kill();
                    child.wait().ok()
                });
                match status.map(|status| (status.signal(), status.code())) {
                    Some((Some(signal), _)) => {
                        format!("the helper process crashed (signal {signal})")
                    }
                    Some((_, Some(code))) => {
                        format!("the helper process ended by itself (status {code})")
                    }
                    _ => "the helper process is gone".to_owned(),
                }
            }
            _ => {
                self.end();
                format!("nonsense from the helper process ({error}): killed")
            }
        }
    }

    /// Kills it and waits, in a thread when that takes time.
    fn end(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // An error means that it has ended by itself.
        let _ = child.kill();
        for _ in 0..Self::GRACE_MS {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(1));
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
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        self.end();
    }
}
