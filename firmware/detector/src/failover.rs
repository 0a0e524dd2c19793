//! Failover: the NPU's detector, and the CPU's, which takes over while the NPU is in trouble.
//!
//! Promises: the CPU's stands ready from the start, so that it can look at the very picture on which
//! the NPU failed; the NPU is tried again with back-off, in a thread, while the CPU works; on a box
//! without an NPU all this is the CPU's detector alone. Refuses: to be asked for closer looks by an
//! NPU, whose model has one shape: those are the CPU's.

use std::time::Duration;

use analytics::detection::Detection;
use analytics::geometry::NormBox;
use analytics::time::FrameTime;

use crate::attention::Look;
use crate::choice::{self, Choice, Options};
use crate::detector::{Detector, DetectorError};
use crate::letterbox::Fit;
use crate::manifest::Thresholds;
use crate::picture::Picture;
use crate::prepared::PreparedModel;

mod npu;
mod recovery;

use npu::Npu;

/// One detector to the outside.
pub struct Failover {
    npu: Option<Npu>,
    cpu: Detector,
}

impl Failover {
    /// The least time between looks while the CPU stands in for an NPU: half the usual rate, at which
    /// all the labelled clips' alarms are still found, so that a box that was bought for its NPU can
    /// keep up.
    const STANDING_IN: Duration = Duration::from_millis(200);

    /// Opens what `options` ask for and plans for pictures of `width` x `height` pixels. An NPU that
    /// does not open is in trouble from the start.
    ///
    /// # Errors
    /// When the CPU's detector cannot be opened.
    pub fn open(options: &Options, width: usize, height: usize) -> Result<Self, DetectorError> {
        let model = match &options.model {
            Some(folder) => PreparedModel::open(folder)?,
            None => options.root.best_model()?,
        };
        let Some(kind) = choice::npu(options, &model) else {
            return Ok(Self { npu: None, cpu: Detector::open(options, width, height)? });
        };
        let cpu = Options { backend: None, ..options.clone() };
        let cpu = Detector::open(&cpu, width, height)?;
        let npu = Npu::open(Options { backend: Some(kind), ..options.clone() }, (width, height));
        Ok(Self { npu: Some(npu), cpu })
    }

    /// As [`Detector::letterbox`], at `now`, on whichever works.
    pub fn letterbox(
        &mut self,
        now: FrameTime,
        picture: &Picture<'_>,
        look: Look,
    ) -> Result<Look, DetectorError> {
        if let Some(npu) = &mut self.npu {
            npu.attend(now, (picture.width(), picture.height()));
        }
        self.working().letterbox(picture, look)
    }

    /// As [`Detector::infer`].
    pub fn infer(&mut self) -> Result<(), DetectorError> {
        self.working().infer()
    }

    /// As [`Detector::decode`].
    pub fn decode(&mut self) -> Result<&[Detection], DetectorError> {
        self.working().decode()
    }

    /// Says whether the CPU takes over after `error`: the same picture is worth another try then.
    pub fn takes_over(&mut self, now: FrameTime, error: &DetectorError) -> bool {
        self.npu.as_mut().is_some_and(|npu| npu.failed(now, error))
    }

    /// As [`Detector::look_closer`], on the CPU.
    pub fn look_closer(
        &mut self,
        picture: &Picture<'_>,
        area: &NormBox,
    ) -> Result<&[Detection], DetectorError> {
        self.cpu.look_closer(picture, area)
    }

    /// As [`Detector::share`].
    #[must_use]
    pub fn share(&self) -> f32 {
        self.works().share()
    }

    /// As [`Detector::thresholds`].
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        self.works().thresholds()
    }

    /// As [`Detector::choice`].
    #[must_use]
    pub fn choice(&self) -> &Choice {
        self.works().choice()
    }

    /// As [`Detector::fit`].
    #[must_use]
    pub fn fit(&self) -> Option<&Fit> {
        self.works().fit()
    }

    /// What is the matter with the NPU, while something is.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.npu.as_ref().and_then(Npu::trouble)
    }

    /// The least time there should be between two looks.
    #[must_use]
    pub fn least_interval(&self) -> Duration {
        if self.trouble().is_some() { Self::STANDING_IN } else { Duration::ZERO }
    }

    fn working(&mut self) -> &mut Detector {
        self.npu.as_mut().and_then(Npu::detector_mut).unwrap_or(&mut self.cpu)
    }

    fn works(&self) -> &Detector {
        self.npu.as_ref().and_then(Npu::detector).unwrap_or(&self.cpu)
    }
}
