//! The detector: one picture in, its detections out.
//!
//! Promises: the whole picture or, where the engine can, a part of it costs as much as its area;
//! a picture of another size makes a new plan and drops the old one. Refuses: knowing where pictures
//! come from and what follows them; which part is worth a look is [`crate::attention`]'s.

use analytics::detection::Detection;
use analytics::geometry::NormBox;

use crate::attention::Look;
use crate::backend::{BackendError, BackendKind, Engine, InputTensor, Network, NetworkPlan};
use crate::choice::{self, Choice, Options};
use crate::head::{HeadDecoder, ShapeError};
use crate::letterbox::{Fit, Letterbox, Window};
use crate::manifest::{Input, Thresholds, Weights};
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
    /// The letterbox of keen looks, where the picture has more to show than the input takes.
    keen: Option<Letterbox>,
    network: Box<dyn Network>,
    head: HeadDecoder,
    /// What the network was given last: a window of the picture as it was fitted.
    window: Window,
    fit: Fit,
    /// The input size the head is planned for.
    decoded: (usize, usize),
    /// What runs.
    weights: Weights,
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
        let mut choice = Choice {
            model: model.manifest().name.clone(),
            model_sha256: String::new(),
            backend: engine.kind(),
            backend_version: engine.version().to_owned(),
            precision,
            threads: engine.threads(options.threads),
            reason: format!("{why_engine}; {why_precision}"),
        };
        let input = &model.manifest().input;
        let plan = Plan::new(&model, &engine, &choice, input, (width, height))?;
        let thresholds = plan.noted_in(&mut choice);
        Ok(Self { thresholds, model, engine, choice, plan: Some(plan), closer: None })
    }

    /// Letterboxes, infers and decodes the whole of `picture`: its detections, surest first, each
    /// at least the lowest score of [`Thresholds::believed`].
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
            let plan = Plan::new(&self.model, &self.engine, &self.choice, input, size)?;
            self.thresholds = plan.noted_in(&mut self.choice);
            self.plan = Some(plan);
        }
        let takes_windows = self.engine.takes_windows();
        let plan = self.planned()?;
        let look = match look {
            Look::Part(region) | Look::Keen(region) if takes_windows => plan.aim(&region),
            _ => plan.aim_at_all(),
        };
        let letterbox = match (look, &mut plan.keen) {
            (Look::Keen(_), Some(keen)) => keen,
            _ => &mut plan.letterbox,
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
    /// How many times finer a keen look is than one at the whole: somebody 20 pixels tall in a
    /// picture of 1280 is 10 in the network's input, below what it can see, and 20 to a keen look.
    const KEENER: usize = 2;

    fn new(
        model: &PreparedModel,
        engine: &Engine,
        choice: &Choice,
        input: &Input,
        (width, height): (usize, usize),
    ) -> Result<Self, DetectorError> {
        let manifest = model.manifest();
        let unnormalized = input.unnormalized();
        let input = if engine.takes_pixels() { &unnormalized } else { input };
        let letterbox = Letterbox::new(width, height, input);
        let size = letterbox.fit().network();
        let weights = match engine {
            Engine::Npu(runtime) => &model.npu_weights(&runtime.platform, size)?.weights,
            Engine::Tract | Engine::OnnxRuntime(_) => model.weights(choice.precision)?,
        };
        let network = engine.load(&NetworkPlan {
            model: &model.bytes_of(weights)?,
            input: &input.tensor,
            outputs: &manifest.head.outputs,
            size,
            threads: choice.threads,
        })?;
        let head = HeadDecoder::new(manifest, weights.thresholds, size, network.shapes())
            .map_err(|error| DetectorError::Shape { model: manifest.name.clone(), error })?;
        let fit = *letterbox.fit();
        let finer = (input.long_side_px * Self::KEENER).min(width.max(height));
        let wanted = engine.takes_windows() && finer >= input.long_side_px * 3 / 2;
        let keen = wanted.then(|| {
            let input = Input { long_side_px: finer, ..input.clone() };
            Letterbox::new(width, height, &input)
        });
        let window = Window::whole(&fit);
        let weights = weights.clone();
        Ok(Self { letterbox, keen, network, head, window, fit, decoded: size, weights })
    }

    /// Notes in `choice` what only a plan knows; gives the thresholds that go with it.
    fn noted_in(&self, choice: &mut Choice) -> Thresholds {
        choice.model_sha256.clone_from(&self.weights.sha256);
        if let Some(version) = self.network.version() {
            version.clone_into(&mut choice.backend_version);
        }
        self.weights.thresholds
    }

    /// Aims at `region`: keenly where that costs no more than the whole.
    fn aim(&mut self, region: &NormBox) -> Look {
        if let Some(keen) = &self.keen {
            let window = Window::around(region, keen.fit());
            if window.share(self.letterbox.fit()) <= 1.0 {
                (self.window, self.fit) = (window, *keen.fit());
                return Look::Keen(*region);
            }
        }
        let fit = *self.letterbox.fit();
        (self.window, self.fit) = (Window::around(region, &fit), fit);
        if self.window == Window::whole(&fit) { Look::Whole } else { Look::Part(*region) }
    }

    fn aim_at_all(&mut self) -> Look {
        self.fit = *self.letterbox.fit();
        self.window = Window::whole(&self.fit);
        Look::Whole
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
