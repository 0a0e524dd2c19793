//! A plan: what a detector needs for pictures of one size.
//!
//! Promises: another picture size that leaves the network's input as large as it is costs two
//! letterboxes. Refuses: loading a network for an input it has already.

use analytics::detection::Detection;
use analytics::geometry::NormBox;

use super::DetectorError;
use crate::attention::Look;
use crate::backend::{Engine, Network, NetworkPlan};
use crate::choice::Choice;
use crate::head::HeadDecoder;
use crate::letterbox::{Fit, Letterbox, Window};
use crate::manifest::{Input, Thresholds, Weights};
use crate::prepared::PreparedModel;

/// A network and the way pictures take to it.
pub(super) struct Plan {
    pub(super) view: View,
    pub(super) network: Box<dyn Network>,
    pub(super) head: HeadDecoder,
    /// What the network was given last: a window of the picture as it was fitted.
    pub(super) window: Window,
    pub(super) fit: Fit,
    /// The input size the head is planned for.
    decoded: (usize, usize),
    /// What runs.
    weights: Weights,
}

/// How pictures of one size are fitted to the network's input.
pub(super) struct View {
    pub(super) letterbox: Letterbox,
    /// The letterbox of keen looks, where the picture has more to show than the input takes.
    pub(super) keen: Option<Letterbox>,
}

impl View {
    /// How many times finer a keen look is than one at the whole: somebody 20 pixels tall in a
    /// picture of 1280 is 10 in the network's input, below what it can see, and 20 to a keen look.
    const KEENER: usize = 2;

    pub(super) fn new(engine: &Engine, input: &Input, (width, height): (usize, usize)) -> Self {
        let unnormalized = input.unnormalized();
        let input = if engine.takes_pixels() { &unnormalized } else { input };
        let finer = (input.long_side_px * Self::KEENER).min(width.max(height));
        let wanted = engine.takes_windows() && finer >= input.long_side_px * 3 / 2;
        let keen = wanted.then(|| {
            let input = Input { long_side_px: finer, ..input.clone() };
            Letterbox::new(width, height, &input)
        });
        Self { letterbox: Letterbox::new(width, height, input), keen }
    }
}

impl Plan {
    pub(super) fn new(
        model: &PreparedModel,
        engine: &Engine,
        choice: &Choice,
        view: View,
    ) -> Result<Self, DetectorError> {
        let manifest = model.manifest();
        let fit = *view.letterbox.fit();
        let size = fit.network();
        let weights = match engine {
            Engine::Npu(runtime) => model.npu_weights(&runtime.platform, size)?,
            Engine::Tract | Engine::OnnxRuntime(_) => model.weights(choice.precision)?.clone(),
        };
        let network = engine.load(&NetworkPlan {
            model: &model.bytes_of(&weights)?,
            input: &manifest.input.tensor,
            outputs: &manifest.head.outputs,
            size,
            threads: choice.threads,
        })?;
        let head = HeadDecoder::new(manifest, weights.thresholds, size, network.shapes())
            .map_err(|error| DetectorError::Shape { model: manifest.name.clone(), error })?;
        let window = Window::whole(&fit);
        Ok(Self { view, network, head, window, fit, decoded: size, weights })
    }

    /// Goes on with pictures of another size, whose network input is as large.
    pub(super) fn look_through(&mut self, view: View) {
        self.view = view;
        self.aim_at_all();
    }

    /// Notes in `choice` what only a plan knows; gives the thresholds that go with it.
    pub(super) fn noted_in(&self, choice: &mut Choice) -> Thresholds {
        choice.model_sha256.clone_from(&self.weights.sha256);
        if let Some(version) = self.network.version() {
            version.clone_into(&mut choice.backend_version);
        }
        self.weights.thresholds
    }

    /// Aims at `region`: keenly where that costs no more than the whole.
    pub(super) fn aim(&mut self, region: &NormBox) -> Look {
        if let Some(keen) = &self.view.keen {
            let window = Window::around(region, keen.fit());
            if window.share(self.view.letterbox.fit()) <= 1.0 {
                (self.window, self.fit) = (window, *keen.fit());
                return Look::Keen(*region);
            }
        }
        let fit = *self.view.letterbox.fit();
        (self.window, self.fit) = (Window::around(region, &fit), fit);
        if self.window == Window::whole(&fit) { Look::Whole } else { Look::Part(*region) }
    }

    pub(super) fn aim_at_all(&mut self) -> Look {
        self.fit = *self.view.letterbox.fit();
        self.window = Window::whole(&self.fit);
        Look::Whole
    }

    /// The detections in the network's last run, whose input was `window` of what `fit` describes.
    pub(super) fn decode(
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
