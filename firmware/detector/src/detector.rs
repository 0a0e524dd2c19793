//! The detector: one picture in, its detections out.
//!
//! Promises: the whole picture or, where the engine can, a part of it costs as much as its area;
//! a picture of another size makes a new plan and drops the old one. Refuses: knowing where pictures
//! come from and what follows them; which part is worth a look is [`crate::attention`]'s.

use analytics::detection::Detection;

use crate::attention::Look;
use crate::backend::{BackendError, Engine, Network, NetworkPlan};
use crate::choice::{self, Choice, Options};
use crate::head::{HeadDecoder, ShapeError};
use crate::letterbox::{Fit, Letterbox, Window};
use crate::manifest::{Input, Thresholds};
use crate::picture::{Picture, PictureError};
use crate::prepared::{PreparedError, PreparedModel};

mod closer;

use closer::Closer;

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

/// What depends on the picture's size.
struct Plan {
    letterbox: Letterbox,
    network: Box<dyn Network>,
    head: HeadDecoder,
    /// What of the input the network was given last.
    window: Window,
    /// The input size the head is planned for.
    decoded: (usize, usize),
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
}

impl Detector {
    /// Opens what `options` ask for and plans for pictures of `width` x `height` pixels.
    pub fn open(options: &Options, width: usize, height: usize) -> Result<Self, DetectorError> {
        if !(1..=Options::MAX_THREADS).contains(&options.threads) {
            return Err(DetectorError::Threads { got: options.threads });
        }
        let model = match &options.model {
            Some(folder) => PreparedModel::open(folder)?,
            None => options.root.best_model()?,
        };
        let (engine, why_engine) = choice::engine(options)?;
        let (precision, why_precision) =
            choice::precision(options.precision, engine.kind(), model.measured());
        let weights = model.weights(precision)?;
        let choice = Choice {
            model: model.manifest().name.clone(),
            model_sha256: weights.sha256.clone(),
            backend: engine.kind(),
            backend_version: engine.version().to_owned(),
            precision,
            threads: engine.threads(options.threads),
            reason: format!("{why_engine}; {why_precision}"),
        };
        let input = &model.manifest().input;
        let plan = Plan::new(&model, &engine, &choice, input, (width, height))?;
        let (plan, thresholds) = (Some(plan), weights.thresholds);
        Ok(Self { thresholds, model, engine, choice, plan, closer: None })
    }

    /// Letterboxes, infers and decodes the whole of `picture`: its detections, surest first, each
    /// at least [`Thresholds::keep`].
    pub fn detect(&mut self, picture: &Picture<'_>) -> Result<&[Detection], DetectorError> {
        self.letterbox(picture, Look::Whole)?;
        self.infer()?;
        self.decode()
    }

    /// The first step: what `look` asks of `picture` into the input tensor. A picture of another
    /// size than the last makes a new plan first, which takes as long as opening. Gives what will
    /// be looked at: the whole also where the engine cannot do less or less would not be cheaper.
    pub fn letterbox(&mut self, picture: &Picture<'_>, look: Look) -> Result<Look, DetectorError> {
        let size = (picture.width(), picture.height());
        if self.fit().map(Fit::picture) != Some(size) {
            // The old plan goes first: two networks at once would be the daemon's peak of memory.
            self.plan = None;
            self.closer = None;
            let input = &self.model.manifest().input;
            self.plan = Some(Plan::new(&self.model, &self.engine, &self.choice, input, size)?);
        }
        let takes_windows = self.engine.takes_windows();
        let Plan { letterbox, network, window, .. } = self.planned()?;
        let whole = Window::whole(letterbox.fit());
        *window = match look {
            Look::Part(region) if takes_windows => Window::around(&region, letterbox.fit()),
            _ => whole,
        };
        network.resize(window.size());
        letterbox.paint(picture, window, network.input());
        Ok(if *window == whole { Look::Whole } else { look })
    }

    /// The second step: the input tensor to the output tensors.
    pub fn infer(&mut self) -> Result<(), DetectorError> {
        Ok(self.planned()?.network.run()?)
    }

    /// The third step: the output tensors to detections.
    pub fn decode(&mut self) -> Result<&[Detection], DetectorError> {
        let model = &self.model.manifest().name;
        let plan = self.plan.as_mut().ok_or(DetectorError::NoPlan)?;
        let (window, fit) = (plan.window, *plan.letterbox.fit());
        plan.decode(&window, &fit, model)
    }

    /// The share of the network's whole input that was looked at last, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f32 {
        self.plan.as_ref().map_or(0.0, |plan| plan.window.share(plan.letterbox.fit()))
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
        self.plan.as_ref().map(|plan| plan.letterbox.fit())
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

impl Plan {
    fn new(
        model: &PreparedModel,
        engine: &Engine,
        choice: &Choice,
        input: &Input,
        (width, height): (usize, usize),
    ) -> Result<Self, DetectorError> {
        let manifest = model.manifest();
        let letterbox = Letterbox::new(width, height, input);
        let size = letterbox.fit().network();
        let network = engine.load(&NetworkPlan {
            onnx: &model.onnx(choice.precision)?,
            input: &input.tensor,
            outputs: &manifest.head.outputs,
            size,
            threads: choice.threads,
        })?;
        let thresholds = model.weights(choice.precision)?.thresholds;
        let head = HeadDecoder::new(manifest, thresholds, size, network.shapes())
            .map_err(|error| DetectorError::Shape { model: manifest.name.clone(), error })?;
        let window = Window::whole(letterbox.fit());
        Ok(Self { letterbox, network, head, window, decoded: size })
    }
    /// The detections in the network's last run, whose input was `window` of what `fit` describes.
    fn decode(
        &mut self,
        window: &Window,
        fit: &Fit,
        model: &str,
    ) -> Result<&[Detection], DetectorError> {
        if self.decoded != window.size() {
            self.head
                .plan(window.size(), self.network.shapes())
                .map_err(|error| DetectorError::Shape { model: model.to_owned(), error })?;
            self.decoded = window.size();
        }
        Ok(self.head.decode(self.network.as_ref(), window, fit)?)
    }
}
