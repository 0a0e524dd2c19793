//! The NPU's side of a failover: its detector while it works, its trouble while it does not.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use analytics::time::FrameTime;

use super::recovery::Recovery;
use crate::choice::Options;
use crate::detector::{Detector, DetectorError};

/// An NPU that works, rests after trouble, or is being tried again.
pub(super) struct Npu {
    options: Options,
    detector: Option<Detector>,
    recovery: Recovery,
    trouble: Option<String>,
    /// Where a try's outcome will come.
    trying: Option<Receiver<Result<Detector, DetectorError>>>,
}

impl Npu {
    /// How long the start waits for the NPU, so that what is seen first is seen by it; a runtime that
    /// takes longer must not keep the CPU from looking.
    const AWAITED: Duration = Duration::from_secs(10);

    /// Opens the NPU's detector for pictures of `size`; what keeps it from opening is trouble.
    pub(super) fn open(options: Options, size: (usize, usize)) -> Self {
        let now = FrameTime::default();
        let trouble = Some("the NPU is still loading its model".to_owned());
        let recovery = Recovery::trying();
        let mut npu = Self { options, detector: None, recovery, trouble, trying: None };
        npu.try_now(now, size);
        let outcome = npu.trying.as_ref().map(|trying| trying.recv_timeout(Self::AWAITED));
        match outcome {
            None | Some(Err(RecvTimeoutError::Timeout)) => {}
            Some(Ok(outcome)) => npu.take(now, Some(outcome)),
            Some(Err(RecvTimeoutError::Disconnected)) => npu.take(now, None),
        }
        npu
    }

    /// Takes the outcome of a try; tries when it is time to, or when the pictures have another size
    /// than the model can take.
    pub(super) fn attend(&mut self, now: FrameTime, size: (usize, usize)) {
        let outcome = self.trying.as_ref().map(Receiver::try_recv);
        match outcome {
            None | Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(outcome)) => self.take(now, Some(outcome)),
            Some(Err(TryRecvError::Disconnected)) => self.take(now, None),
        }
        if self.detector.as_ref().is_some_and(|detector| !detector.takes(size)) {
            // First the old one goes: not every chip has room for two.
            self.detector = None;
            let (width, height) = size;
            self.trouble =
                Some(format!("the NPU is loading its model for pictures of {width} x {height}"));
            self.recovery.tried();
            self.try_now(now, size);
        } else if self.trying.is_none() && self.recovery.is_due(now) {
            self.try_now(now, size);
        }
    }

    /// The detector failed with `error`; says whether it was at work, and now is not.
    pub(super) fn failed(&mut self, now: FrameTime, error: &DetectorError) -> bool {
        let was_working = self.detector.take().is_some();
        if was_working {
            self.note(now, error);
        }
        was_working
    }

    pub(super) const fn detector(&self) -> Option<&Detector> {
        self.detector.as_ref()
    }

    pub(super) const fn detector_mut(&mut self) -> Option<&mut Detector> {
        self.detector.as_mut()
    }

    /// What is the matter, in one sentence.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The outcome of a try; `None` when its thread panicked, which ends the daemon, but not a test.
    fn take(&mut self, now: FrameTime, outcome: Option<Result<Detector, DetectorError>>) {
        self.trying = None;
        match outcome {
            Some(Ok(detector)) => {
                self.recovery.worked(now);
                tracing::info!("detector: {}", detector.choice());
                self.trouble = None;
                self.detector = Some(detector);
            }
            Some(Err(error)) => self.note(now, &error),
            None => self.recovery.failed(now),
        }
    }

    fn note(&mut self, now: FrameTime, error: &DetectorError) {
        self.recovery.failed(now);
        let failures = self.recovery.failures();
        tracing::warn!("the CPU stands in for the NPU: {error} (failure {failures} in a row)");
        self.trouble = Some(error.to_string());
    }

    /// In a thread: loading may take seconds, or hang.
    fn try_now(&mut self, now: FrameTime, size: (usize, usize)) {
        let (sender, receiver) = mpsc::sync_channel(1);
        let options = self.options.clone();
        let thread = thread::Builder::new().name("npu-open".to_owned()).spawn(move || {
            // Nobody waits any more when the daemon ends.
            let _ = sender.send(Detector::on_npu(&options, size));
        });
        match thread {
            Ok(_) => self.trying = Some(receiver),
            Err(error) => {
                tracing::warn!("no thread can be started to try the NPU: {error}");
                self.recovery.failed(now);
            }
        }
    }
}
