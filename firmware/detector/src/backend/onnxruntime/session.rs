//! One session of onnxruntime with its tensors.
//!
//! The input and every output are allocated once and bound, so a run allocates nothing but what
//! onnxruntime's own planner takes from its arena.

use ort::environment::Environment;
use ort::memory::Allocator;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{IoBinding, Session};
use ort::value::Tensor;

use crate::backend::{BackendError, BackendKind, Network, NetworkPlan};

const LOADING: &str = "loading the graph";

/// A session bound to tensors of one shape.
pub(in crate::backend) struct OrtNetwork {
    session: Session,
    binding: IoBinding,
    input_name: String,
    input: Tensor<f32>,
    outputs: Vec<Tensor<f32>>,
    shapes: Vec<Vec<usize>>,
}

impl OrtNetwork {
    pub(super) fn load(
        environment: &Environment,
        plan: &NetworkPlan<'_>,
    ) -> Result<Self, BackendError> {
        let mut session = session(environment, plan).map_err(failed(LOADING))?;
        check_names("input", [plan.input], session.inputs())?;
        check_names("output", plan.outputs, session.outputs())?;
        let (width, height) = plan.size;
        let mut input = zeros(&[1, 3, height, width]).map_err(failed(LOADING))?;
        let shapes = output_shapes(&mut session, plan, &mut input)?;
        let outputs = shapes.iter().map(|shape| zeros(shape)).collect::<ort::Result<Vec<_>>>();
        let outputs = outputs.map_err(failed(LOADING))?;
        let binding = session.create_binding().map_err(failed(LOADING))?;
        let input_name = plan.input.to_owned();
        let mut network = Self { session, binding, input_name, input, outputs, shapes };
        network.bind_outputs(plan.outputs).map_err(failed(LOADING))?;
        network.run()?;
        Ok(network)
    }

    fn bind_outputs(&mut self, names: &[String]) -> ort::Result<()> {
        for (name, output) in names.iter().zip(&mut self.outputs) {
            self.binding.bind_output(name.as_str(), output)?;
        }
        Ok(())
    }

    fn compute(&mut self) -> ort::Result<()> {
        // The binding promises to see the input only as it was when bound. On a CPU nothing is
        // copied, so binding again each time costs no more than the name.
        self.binding.bind_input(self.input_name.as_str(), &self.input)?;
        self.session.run_binding(&self.binding)?;
        Ok(())
    }
}

impl Network for OrtNetwork {
    fn input(&mut self) -> &mut [f32] {
        self.input.extract_tensor_mut().1
    }

    fn run(&mut self) -> Result<(), BackendError> {
        self.compute().map_err(failed("running"))
    }

    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        let output = self.outputs[index].try_extract_tensor();
        Ok(output.map_err(failed("reading an output"))?.1)
    }
}

fn session(environment: &Environment, plan: &NetworkPlan<'_>) -> ort::Result<Session> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(plan.threads)?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .commit_from_memory(plan.onnx)
}

/// Runs once on zeros and notes the outputs' dimensions.
fn output_shapes(
    session: &mut Session,
    plan: &NetworkPlan<'_>,
    input: &mut Tensor<f32>,
) -> Result<Vec<Vec<usize>>, BackendError> {
    let found = session.run(ort::inputs![plan.input => &*input]).map_err(failed(LOADING))?;
    let mut shapes = Vec::with_capacity(plan.outputs.len());
    for name in plan.outputs {
        let output =
            found.get(name).ok_or_else(|| failed(LOADING)(ort::Error::new("no such output")))?;
        let (shape, _) = output.try_extract_tensor::<f32>().map_err(failed(LOADING))?;
        shapes.push(shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect());
    }
    Ok(shapes)
}

fn zeros(shape: &[usize]) -> ort::Result<Tensor<f32>> {
    let mut tensor = Tensor::<f32>::new(&Allocator::default(), shape)?;
    // Fresh tensors hold whatever was in memory.
    tensor.try_extract_tensor_mut::<f32>()?.1.fill(0.0);
    Ok(tensor)
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
