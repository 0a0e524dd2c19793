//! tract: an engine in pure Rust, always there, one thread.
//!
//! Promises: fp32 networks within .0002 of onnxruntime. INT8 (QDQ) networks run too, but tract
//! 0.23 computes their convolutions in float, so they cost more than fp32 and round elsewhere than
//! onnxruntime does; `auto` never pairs the two (see [`crate::choice`]).

use tract_onnx::prelude::*;

use super::{BackendError, BackendKind, InputTensor, Network, NetworkPlan, Outputs};

/// The tract in this binary, as pinned by the workspace.
pub(super) const VERSION: &str = "0.23";

const LOADING: &str = "loading the graph";

/// A network optimized for one input shape.
pub(super) struct TractNetwork {
    runnable: Arc<TypedRunnableModel>,
    input: Arc<Tensor>,
    outputs: TVec<TValue>,
    shapes: Vec<Vec<usize>>,
}

impl TractNetwork {
    pub(super) fn load(plan: &NetworkPlan<'_>) -> Result<Self, BackendError> {
        let (width, height) = plan.size;
        let shape = [1, 3, height, width];
        let mut model =
            tract_onnx::onnx().model_for_read(&mut { plan.model }).map_err(failed(LOADING))?;
        select_input(&model, plan.input)?;
        select_outputs(&mut model, plan.outputs)?;
        model.set_input_fact(0, f32::fact(shape).into()).map_err(failed(LOADING))?;
        let runnable =
            model.into_optimized().and_then(|m| m.into_runnable()).map_err(failed(LOADING))?;
        let input = Tensor::zero::<f32>(&shape).map_err(failed(LOADING))?;
        let mut network =
            Self { runnable, input: Arc::new(input), outputs: tvec!(), shapes: Vec::new() };
        network.run()?;
        network.shapes = network.outputs.iter().map(|output| output.shape().to_vec()).collect();
        Ok(network)
    }
}

impl Network for TractNetwork {
    fn resize(&mut self, (width, height): (usize, usize)) {
        assert_eq!(self.input.shape(), [1, 3, height, width], "tract has one shape for good");
    }

    fn input(&mut self) -> InputTensor<'_> {
        // Shared only while `run` lasts; a copy would still be right, only slower.
        let planes = Arc::make_mut(&mut self.input)
            .to_plain_array_view_mut::<f32>()
            .ok()
            .and_then(|view| view.into_slice())
            .expect("the input was made as a plain f32 tensor");
        InputTensor::Planes(planes)
    }

    fn run(&mut self) -> Result<(), BackendError> {
        // The last outputs are let go first, so that their memory can be used again.
        self.outputs.clear();
        let input = tvec!(Arc::clone(&self.input).into_tvalue());
        self.outputs = self.runnable.run(input).map_err(failed("running"))?;
        Ok(())
    }
}

impl Outputs for TractNetwork {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        self.outputs
            .get(index)
            .ok_or_else(|| TractError::msg("the last run failed"))
            .and_then(|output| output.try_as_plain_ram()?.as_slice::<f32>())
            .map_err(failed("reading an output"))
    }
}

fn select_input(model: &InferenceModel, name: &str) -> Result<(), BackendError> {
    let have = model.inputs.iter().map(|outlet| model.node(outlet.node).name.clone());
    let have: Vec<String> = have.collect();
    if have == [name] {
        return Ok(());
    }
    Err(BackendError::NoSuchTensor {
        kind: BackendKind::Tract,
        role: "input",
        name: name.to_owned(),
        have,
    })
}

fn select_outputs(model: &mut InferenceModel, names: &[String]) -> Result<(), BackendError> {
    let have: Vec<(String, OutletId)> = model
        .outputs
        .iter()
        .map(|&outlet| (model.outlet_label(outlet).unwrap_or_default().to_owned(), outlet))
        .collect();
    let mut selected = Vec::with_capacity(names.len());
    for name in names {
        let Some(&(_, outlet)) = have.iter().find(|(label, _)| label == name) else {
            return Err(BackendError::NoSuchTensor {
                kind: BackendKind::Tract,
                role: "output",
                name: name.clone(),
                have: have.into_iter().map(|(label, _)| label).collect(),
            });
        };
        selected.push(outlet);
    }
    model.select_output_outlets(&selected).map_err(failed(LOADING))
}

fn failed(during: &'static str) -> impl Fn(TractError) -> BackendError {
    // The alternate form adds what tract was doing, outermost first.
    move |error| BackendKind::Tract.error(during, format!("{error:#}"))
}
