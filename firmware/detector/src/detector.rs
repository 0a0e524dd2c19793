//! The detector: one picture in, its detections out.
//!
//! Promises: the whole picture or, where the engine can, a part of it costs as much as its area;
//! a picture of another size makes a new plan, and loads the network anew only where its input has
//! another size too. Refuses: knowing where pictures
//! come from and what follows them; which part is worth a look is [`crate::attention`]'s.

use analytics::detection::Detection;

use crate::attention::Look;
use crate::backend::{BackendError, BackendKind, Engine, InputTensor};
use crate::choice::{self, Choice, Options};
use crate::head::ShapeError;
use crate::letterbox::Fit;
use crate::manifest::Thresholds;
use crate::picture::{Picture, PictureError};
use crate::prepared::{PreparedError, PreparedModel};

mod closer;
mod plan;

use closer::Closer;
use plan::{Plan, View};

/// A prepared model on an engine, planned for one picture size.
pub struct Detector {
    model: PreparedModel,
    engine: Engine,
    choice: Choice,
    thresholds: Thresholds,
    /// `None` only after a plan for a new size failed: the next picture makes another.
    plan: Option<Plan>,
    /// Made at the first closer look.
    closer: Option<Closer>,
}

/// Why a detector cannot be opened or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum DetectorError {
    /// The prepared model cannot be used.
    #[error(transparent)]
    Prepared(#[from] PreparedError),
    /// The engine cannot be used or failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The graph does not give what its manifest says.
    #[error("model {model}: {error}")]
    Shape {
        /// The model's name.
        model: String,
        /// Which output, expected and got.
        error: ShapeError,
    },
    /// A number in [`Options`] outside its range.
    #[error("detector.threads is {got}, expected 1 to {}", Options::MAX_THREADS)]
    Threads {
        /// What stands there.
        got: usize,
    },
    /// A part of a picture that is none.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A step after a picture that no plan could be made for.
    #[error("nothing is letterboxed, expected a picture that can be planned for first")]
    NoPlan,
    /// An NPU's model has one shape for good.
    #[error("closer looks and poses need an engine of the CPU")]
    NeedsCpu,
    /// An NPU that answers nonsense.
    #[error(
        "{backend}: {crowdedness:.2} things at every place of the picture, expected {} at most: \
             its answers cannot be right",
        Detector::MOST_CROWDED
    )]
    Implausible {
        /// The engine.
        backend: BackendKind,
        /// Things found for each anchor.
        crowdedness: f32,
    },
}

impl Detector {
    /// No picture holds something at every second place; noise holds something at nearly each.
    const MOST_CROWDED: f32 = 0.5;

    /// Opens what `options` ask for, on the CPU unless an NPU is asked for by name, and plans for
    /// pictures of `width` x `height` pixels.
    pub fn open(options: &Options, width: usize, height: usize) -> Result<Self, DetectorError> {
        if options.backend.is_some_and(BackendKind::is_npu) {
            return Self::on_npu(options, (width, height));
        }
        let (engine, why) = choice::cpu_engine(options)?;
        Self::on(choice::model(options)?, engine, &why, options, (width, height))
    }

    /// As [`open`](Self::open), on the NPU that `options` ask for or that this box has.
    pub(crate) fn on_npu(options: &Options, size: (usize, usize)) -> Result<Self, DetectorError> {
        let model = choice::model(options)?;
        let (runtime, why) = choice::npu_engine(options, &model)?;
        Self::on(model, Engine::Npu(runtime), &why, options, size)
    }

    /// As [`open`](Self::open), with `model` on `engine`, which runs because of `why_engine`.
    pub(crate) fn on(
        model: PreparedModel,
        engine: Engine,
        why_engine: &str,
        options: &Options,
        size: (usize, usize),
    ) -> Result<Self, DetectorError> {
        if !(1..=Options::MAX_THREADS).contains(&options.threads) {
            return Err(DetectorError::Threads { got: options.threads });
        }
        let (precision, why_precision) =
            choice::precision(options.precision, engine.kind(), model.measured());
        let mut choice = Choice {
            model: model.manifest().name.clone(),
            model_sha256: String::new(),
            backend: engine.kind(),
            backend_version: engine.version().to_owned(),
            precision,
            threads: engine.threads(options.threads),
            reason: format!("{why_engine}; {why_precision}"),
        };
        let view = View::new(&engine, &model.manifest().input, size);
        let plan = Plan::new(&model, &engine, &choice, view)?;
        let thresholds = plan.noted_in(&mut choice);
        Ok(Self { thresholds, model, engine, choice, plan: Some(plan), closer: None })
    }

    /// Whether pictures of `size` can be looked at without loading the network anew.
    pub(crate) fn takes(&self, size: (usize, usize)) -> bool {
        let fit = Fit::new(size.0, size.1, &self.model.manifest().input);
        self.fit().is_some_and(|planned| planned.network() == fit.network())
    }

    /// Plans for pictures of `size`: at once where the network's input stays as large as it is, as
    /// long as [`open`](Self::open) where it does not.
    pub(crate) fn fit_to(&mut self, size: (usize, usize)) -> Result<(), DetectorError> {
        if self.fit().map(Fit::picture) == Some(size) {
            return Ok(());
        }
        let view = View::new(&self.engine, &self.model.manifest().input, size);
        if self.takes(size) {
            self.planned()?.look_through(view);
            return Ok(());
        }
        // The old plan goes first: two networks at once would be the daemon's peak of memory.
        self.plan = None;
        self.closer = None;
        let plan = Plan::new(&self.model, &self.engine, &self.choice, view)?;
        self.thresholds = plan.noted_in(&mut self.choice);
        self.plan = Some(plan);
        Ok(())
    }

    /// Letterboxes, infers and decodes the whole of `picture`: its detections, surest first, each
    /// at least the lowest score of [`Thresholds::believed`].
    pub fn detect(&mut self, picture: &Picture<'_>) -> Result<&[Detection], DetectorError> {
        self.letterbox(picture, Look::Whole)?;
        self.infer()?;
        self.decode()
    }

    /// The first step: what `look` asks of `picture` into the input tensor. A picture of another
    /// size than the last makes a new plan first, which may take as long as opening. Gives what will
    /// be looked at: the whole also where the engine cannot do less or less would not be cheaper.
    pub fn letterbox(&mut self, picture: &Picture<'_>, look: Look) -> Result<Look, DetectorError> {
        self.fit_to((picture.width(), picture.height()))?;
        let takes_windows = self.engine.takes_windows();
        let plan = self.planned()?;
        let look = match look {
            Look::Part(region) | Look::Keen(region) if takes_windows => plan.aim(&region),
            _ => plan.aim_at_all(),
        };
        let letterbox = match (look, &mut plan.view.keen) {
            (Look::Keen(_), Some(keen)) => keen,
            _ => &mut plan.view.letterbox,
        };
        plan.network.resize(plan.window.size());
        match plan.network.input() {
            InputTensor::Planes(planes) => letterbox.paint(picture, &plan.window, planes),
            InputTensor::Pixels { bytes, row_bytes } => {
                letterbox.paint_pixels(picture, bytes, row_bytes);
            }
        }
        Ok(look)
    }

    /// The second step: the input tensor to the output tensors.
    pub fn infer(&mut self) -> Result<(), DetectorError> {
        Ok(self.planned()?.network.run()?)
    }

    /// The third step: the output tensors to detections.
    pub fn decode(&mut self) -> Result<&[Detection], DetectorError> {
        let model = &self.model.manifest().name;
        let plan = self.plan.as_mut().ok_or(DetectorError::NoPlan)?;
        let (window, fit) = (plan.window, plan.fit);
        plan.decode(&window, &fit, model)?;
        let crowdedness = plan.head.crowdedness();
        if self.choice.backend.is_npu() && crowdedness > Self::MOST_CROWDED {
            return Err(DetectorError::Implausible { backend: self.choice.backend, crowdedness });
        }
        Ok(plan.head.found())
    }

    /// The share of the network's whole input that was looked at last, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f32 {
        self.plan.as_ref().map_or(0.0, |plan| plan.window.share(plan.view.letterbox.fit()))
    }

    /// The scores the rest of the product acts on, as measured for the weights that run.
    #[must_use]
    pub const fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// What runs and why.
    #[must_use]
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// Where the picture lies in the network's input; `None` when no plan could be made for it.
    #[must_use]
    pub fn fit(&self) -> Option<&Fit> {
        self.plan.as_ref().map(|plan| plan.view.letterbox.fit())
    }

    /// How many outputs the network has.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.plan.as_ref().map_or(0, |plan| plan.network.shapes().len())
    }

    /// The values of output `index` of the last run, for comparing engines.
    pub fn output(&self, index: usize) -> Result<&[f32], DetectorError> {
        let plan = self.plan.as_ref().ok_or(DetectorError::NoPlan)?;
        Ok(plan.network.output(index)?)
    }

    fn planned(&mut self) -> Result<&mut Plan, DetectorError> {
        self.plan.as_mut().ok_or(DetectorError::NoPlan)
    }
}
