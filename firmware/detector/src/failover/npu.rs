//! The NPU's side of a failover: its detector while it works, its trouble while it does not.

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;

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
    /// Opens what `options` ask for, for pictures of `size`; what keeps it from opening is trouble.
    pub(super) fn open(options: Options, size: (usize, usize)) -> Self {
        let now = FrameTime::default();
        let recovery = Recovery::working(now);
        let mut npu = Self { options, detector: None, recovery, trouble: None, trying: None };
        match Detector::open(&npu.options, size.0, size.1) {
            Ok(detector) => npu.detector = Some(detector),
            Err(error) => npu.note(now, &error),
        }
        npu
    }

    /// Tries again when it is time, and takes the outcome of a try.
    pub(super) fn attend(&mut self, now: FrameTime, size: (usize, usize)) {
        let outcome = self.trying.as_ref().map(Receiver::try_recv);
        match outcome {
            Some(Err(TryRecvError::Empty)) => {}
            Some(Ok(Ok(detector))) => {
                self.trying = None;
                self.recovery.worked(now);
                tracing::info!("detector: {} again", detector.choice());
                self.trouble = None;
                self.detector = Some(detector);
            }
            Some(Ok(Err(error))) => {
                self.trying = None;
                self.note(now, &error);
            }
            Some(Err(TryRecvError::Disconnected)) => {
                // A panic ends the daemon; elsewhere the try counts as failed.
                self.trying = None;
                self.recovery.failed(now);
            }
            None if self.recovery.is_due(now) => self.try_again(now, size),
            None => {}
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

    fn note(&mut self, now: FrameTime, error: &DetectorError) {
        self.recovery.failed(now);
        let failures = self.recovery.failures();
        tracing::warn!("the CPU stands in for the NPU: {error} (failure {failures} in a row)");
        self.trouble = Some(error.to_string());
    }

    /// In a thread: loading may take seconds, or hang.
    fn try_again(&mut self, now: FrameTime, (width, height): (usize, usize)) {
        let (sender, receiver) = mpsc::sync_channel(1);
        let options = self.options.clone();
        let thread = thread::Builder::new().name("npu-open".to_owned()).spawn(move || {
            // Nobody waits any more when the daemon ends.
            let _ = sender.send(Detector::open(&options, width, height));
        });
        match thread {
            Ok(_) => self.trying = Some(receiver),
            Err(error) => {
                tracing::warn!("no thread can be started to try the NPU again: {error}");
                self.recovery.failed(now);
            }
        }
    }
}
