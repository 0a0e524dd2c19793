//! One session of onnxruntime with its tensors.
//!
//! Promises: the input's memory is taken once, for the planned size, and the outputs' is kept from
//! run to run. Refuses: an input larger than planned.

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use crate::backend::{BackendError, BackendKind, InputTensor, Network, NetworkPlan, Outputs};

const LOADING: &str = "loading the graph";
const RUNNING: &str = "running";

/// A session with the memory of its tensors.
pub(in crate::backend) struct OrtNetwork {
    session: Session,
    input_name: String,
    output_names: Vec<String>,
    /// Width and height of the next input.
    size: (usize, usize),
    /// As long as the planned input.
    input: Vec<f32>,
    outputs: Vec<Vec<f32>>,
    shapes: Vec<Vec<usize>>,
}

impl OrtNetwork {
    pub(super) fn load(
        environment: &Environment,
        plan: &NetworkPlan<'_>,
    ) -> Result<Self, BackendError> {
        let session = session(environment, plan).map_err(failed(LOADING))?;
        check_names("input", [plan.input], session.inputs())?;
        check_names("output", plan.outputs, session.outputs())?;
        let (width, height) = plan.size;
        let mut network = Self {
            session,
            input_name: plan.input.to_owned(),
            output_names: plan.outputs.to_vec(),
            size: plan.size,
            input: vec![0.0; 3 * width * height],
            outputs: vec![Vec::new(); plan.outputs.len()],
            shapes: vec![Vec::new(); plan.outputs.len()],
        };
        network.run()?;
        Ok(network)
    }

    fn values(&self) -> usize {
        3 * self.size.0 * self.size.1
    }

    fn compute(&mut self) -> ort::Result<()> {
        let (width, height) = self.size;
        let input =
            TensorRef::from_array_view(([1, 3, height, width], &self.input[..3 * width * height]))?;
        let found = self.session.run(ort::inputs![self.input_name.as_str() => input])?;
        let kept = self.outputs.iter_mut().zip(&mut self.shapes);
        for (name, (output, shape)) in self.output_names.iter().zip(kept) {
            let tensor = found.get(name).ok_or_else(no_such_output)?;
            let (sides, values) = tensor.try_extract_tensor::<f32>()?;
            shape.clear();
            shape.extend(sides.iter().map(|&side| usize::try_from(side).unwrap_or(0)));
            output.clear();
            output.extend_from_slice(values);
        }
        Ok(())
    }
}

impl Network for OrtNetwork {
    fn resize(&mut self, size: (usize, usize)) {
        assert!(3 * size.0 * size.1 <= self.input.len(), "size {size:?} is larger than planned");
        self.size = size;
    }

    fn input(&mut self) -> InputTensor<'_> {
        let values = self.values();
        InputTensor::Planes(&mut self.input[..values])
    }

    fn run(&mut self) -> Result<(), BackendError> {
        self.compute().map_err(failed(RUNNING))
    }
}

impl Outputs for OrtNetwork {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        let output = self.outputs.get(index);
        output.map(Vec::as_slice).ok_or_else(|| failed("reading an output")(no_such_output()))
    }
}

fn session(environment: &Environment, plan: &NetworkPlan<'_>) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(plan.threads)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        // A pattern is kept for each input shape, and windows come in dozens of shapes.
        .with_memory_pattern(false)?
        .commit_from_memory(plan.model)
}

fn no_such_output() -> ort::Error {
    ort::Error::new("no such output")
}

fn check_names(
    role: &'static str,
    names: impl IntoIterator<Item = impl AsRef<str>>,
    outlets: &[ort::value::Outlet],
) -> Result<(), BackendError> {
    for name in names {
        if !outlets.iter().any(|outlet| outlet.name() == name.as_ref()) {
            return Err(BackendError::NoSuchTensor {
                kind: BackendKind::OnnxRuntime,
                role,
                name: name.as_ref().to_owned(),
                have: outlets.iter().map(|outlet| outlet.name().to_owned()).collect(),
            });
        }
    }
    Ok(())
}

fn failed(during: &'static str) -> impl Fn(ort::Error) -> BackendError {
    move |error| BackendKind::OnnxRuntime.error(during, error)
}
