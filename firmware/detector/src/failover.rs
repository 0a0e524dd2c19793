//! Failover: the NPU's detector, and the CPU's, which takes over while the NPU is in trouble.
//!
//! Promises: the CPU's stands ready from the start and for the pictures that come, so that it can look
//! at the very picture on which the NPU failed; whatever loads the NPU's model is a thread, and the CPU
//! works meanwhile; an NPU that failed is tried again with back-off; on a box without an NPU all this
//! is the CPU's detector alone. Refuses: to be asked for closer looks by an NPU, whose model has one
//! shape: those are the CPU's.

use std::time::Duration;

use analytics::detection::Detection;
use analytics::geometry::NormBox;
use analytics::time::FrameTime;

use crate::attention::Look;
use crate::choice::{self, Choice, NpuUse, Options};
use crate::detector::{Detector, DetectorError};
use crate::letterbox::Fit;
use crate::manifest::Thresholds;
use crate::picture::Picture;

mod npu;
mod recovery;

use npu::Npu;

/// One detector to the outside.
pub struct Failover {
    npu: Option<Npu>,
    cpu: Detector,
    thresholds: Thresholds,
    /// Of the last picture, in pixels.
    size: (usize, usize),
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
        let size = (width, height);
        let model = choice::model(options)?;
        let npu_use = choice::npu_use(options, &model);
        let (engine, mut why) = choice::cpu_engine(options)?;
        if let NpuUse::Idle(idle) = &npu_use {
            why = format!("{idle}; {why}");
        }
        let cpu = Detector::on(model.clone(), engine, &why, options, size)?;
        if npu_use != NpuUse::Run {
            return Ok(Self { thresholds: cpu.thresholds(), npu: None, cpu, size });
        }
        let npu = Npu::open(options.clone(), size);
        let measured = npu.detector().map(Detector::thresholds);
        let measured = measured.or_else(|| choice::npu_thresholds(options, &model));
        let thresholds = measured.unwrap_or_else(|| cpu.thresholds());
        Ok(Self { thresholds, npu: Some(npu), cpu, size })
    }

    /// As [`Detector::letterbox`], at `now`, on whichever works.
    pub fn letterbox(
        &mut self,
        now: FrameTime,
        picture: &Picture<'_>,
        look: Look,
    ) -> Result<Look, DetectorError> {
        let size = (picture.width(), picture.height());
        if let Some(npu) = &mut self.npu {
            npu.attend(now, size);
        }
        if self.size != size {
            self.size = size;
            self.make_cpu_ready();
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

    /// The scores the rest of the product acts on: the NPU's where there is one, whether or not it
    /// works at the moment, so that what an alarm takes does not depend on when the NPU had trouble.
    #[must_use]
    pub const fn thresholds(&self) -> Thresholds {
        self.thresholds
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

    /// Plans the CPU's detector for the pictures that come now: it may be needed for the next one.
    fn make_cpu_ready(&mut self) {
        if let Err(error) = self.cpu.fit_to(self.size) {
            // It is tried again when the CPU has to look, and then fails that look.
            tracing::warn!("the CPU could not take over: {error}");
        }
    }

    fn working(&mut self) -> &mut Detector {
        self.npu.as_mut().and_then(Npu::detector_mut).unwrap_or(&mut self.cpu)
    }

    fn works(&self) -> &Detector {
        self.npu.as_ref().and_then(Npu::detector).unwrap_or(&self.cpu)
    }
}
