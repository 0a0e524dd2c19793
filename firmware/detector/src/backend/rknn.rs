//! Rockchip's NPU (RK3588, RK3566, RK3568, RV1126B) through `librknnrt.so`, loaded at run time.
//!
//! Promises: model, library, driver and chip are compared before the NPU is trusted with a
//! picture, and what does not go together is one sentence; nothing the library answers is used
//! unchecked; a run allocates nothing. Refuses: a library that simulates, unless it was asked
//! for; deadlines and retries, which belong to whoever started this process.

use std::path::PathBuf;
use std::rc::Rc;

use super::library::found;
use super::npu::{NpuError, NpuModel, NpuPlan, NpuReport, PixelForm};

pub mod abi;
mod copied;
mod dequantize;
mod lent;
mod library;
mod preflight;
mod session;
mod tensor;
mod version;

use copied::CopiedTensors;
use lent::LentTensors;
use library::Functions;
use preflight::ModelFile;
use session::Session;
use tensor::CONVERT;

/// What only this vendor's NPU can be told.
#[derive(Clone, Debug)]
pub struct RknnOptions {
    /// Which cores run the model.
    pub cores: Cores,
    /// How tensors are handed over.
    pub transfer: Transfer,
    /// The kernel's description of the board, whose file `compatible` names the chip.
    pub device_tree: PathBuf,
}

/// Which of an RK3588's three cores run the model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub enum Cores {
    /// Whichever is idle; the only choice on chips with one core.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// The first.
    #[serde(rename = "0")]
    Zero,
    /// The second.
    #[serde(rename = "1")]
    One,
    /// The third.
    #[serde(rename = "2")]
    Two,
    /// The first two together.
    #[serde(rename = "0-1")]
    ZeroAndOne,
    /// All three together.
    #[serde(rename = "0-2")]
    ZeroToTwo,
}

/// How tensors are handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transfer {
    /// Zero copy, where the library can and lays tensors out in a way known here.
    #[default]
    Auto,
    /// In memory the library lends.
    ZeroCopy,
    /// Copied by the library.
    Copied,
}

/// Loads `plan` onto Rockchip's NPU.
pub fn open(plan: &NpuPlan<'_>, options: &RknnOptions) -> Result<Box<dyn NpuModel>, NpuError> {
    let file = ModelFile::read(plan.model)?;
    let chip = file.chip(&options.device_tree)?;
    let library = found(plan.library).map_err(|unfit| NpuError::library(plan.library, unfit))?;
    if let Some(version) = library::stated_version(&library) {
        preflight::reality(plan, &version)?;
        file.suits(&version)?;
    }
    let functions = Functions::load(&library)?;
    let load = || load(functions, plan, &file, options.cores);
    let (session, mut report) = load()?;
    report.chip = chip;
    let outputs = outputs(&session, plan.outputs)?;
    let tensors = match options.transfer {
        Transfer::Copied => copied(session, &outputs, plan)?,
        Transfer::ZeroCopy => lent(session, &outputs, plan)?,
        Transfer::Auto => match lent(session, &outputs, plan) {
            Ok(tensors) => tensors,
            Err(reason) => {
                tracing::warn!("{reason}; letting the library copy instead");
                // A session that has lent memory would take its tensors from there.
                copied(load()?.0, &outputs, plan)?
            }
        },
    };
    Ok(Box::new(RknnModel { shapes: tensors.shapes(), tensors, report }))
}

/// The outputs' attributes as the network has them, in the plan's order.
type Outputs = Vec<abi::TensorAttr>;

struct RknnModel {
    tensors: Tensors,
    shapes: Vec<Vec<usize>>,
    report: NpuReport,
}

impl NpuModel for RknnModel {
    fn input(&self) -> PixelForm {
        match &self.tensors {
            Tensors::Lent(tensors) => tensors.form(),
            Tensors::Copied(tensors) => tensors.form(),
        }
    }

    fn pixels(&mut self) -> &mut [u8] {
        match &mut self.tensors {
            Tensors::Lent(tensors) => tensors.pixels(),
            Tensors::Copied(tensors) => tensors.pixels(),
        }
    }

    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn run(&mut self) -> Result<(), NpuError> {
        match &mut self.tensors {
            Tensors::Lent(tensors) => tensors.run(),
            Tensors::Copied(tensors) => tensors.run(),
        }
    }

    fn read(&mut self, index: usize, values: &mut [f32]) -> Result<(), NpuError> {
        match &mut self.tensors {
            Tensors::Lent(tensors) => tensors.read(index, values),
            Tensors::Copied(tensors) => tensors.read(index, values),
        }
    }

    fn report(&self) -> &NpuReport {
        &self.report
    }
}

/// The two ways tensors are handed over.
enum Tensors {
    Lent(LentTensors),
    Copied(CopiedTensors),
}

impl Tensors {
    fn shapes(&self) -> Vec<Vec<usize>> {
        let shape = |form: &tensor::OutputForm| vec![1, form.channels, form.rows, form.columns];
        match self {
            Self::Lent(tensors) => tensors.forms().map(shape).collect(),
            Self::Copied(tensors) => tensors.forms().map(shape).collect(),
        }
    }
}

fn lent(session: Session, outputs: &Outputs, plan: &NpuPlan<'_>) -> Result<Tensors, NpuError> {
    LentTensors::borrow(Rc::new(session), outputs, plan.size).map(Tensors::Lent)
}

fn copied(session: Session, outputs: &Outputs, plan: &NpuPlan<'_>) -> Result<Tensors, NpuError> {
    CopiedTensors::plan(Rc::new(session), outputs, plan.size).map(Tensors::Copied)
}

/// A session whose library and driver suit the model, on the cores that were asked for.
fn load(
    functions: Functions,
    plan: &NpuPlan<'_>,
    file: &ModelFile,
    cores: Cores,
) -> Result<(Session, NpuReport), NpuError> {
    let session = Session::init(functions, plan.model)?;
    let (library, driver) = session.versions()?;
    preflight::reality(plan, &library)?;
    file.suits(&library)?;
    preflight::driver(&driver)?;
    if cores != Cores::Auto {
        session.set_cores(cores.mask()).ok_or_else(|| absent("rknn_set_core_mask"))??;
    }
    Ok((session, NpuReport { library, driver, chip: String::new() }))
}

/// The attributes of the outputs called `names`.
fn outputs(session: &Session, names: &[String]) -> Result<Outputs, NpuError> {
    let counts = session.counts()?;
    if counts.inputs != 1 || counts.outputs as usize != names.len() {
        let got = format!("{} inputs, {} outputs", counts.inputs, counts.outputs);
        let expected = format!("1 input, {} outputs", names.len());
        return Err(tensor::odd("number of tensors", got, &expected, CONVERT));
    }
    let attrs = (0..counts.outputs).map(|index| {
        // A library that answers about another tensor must not lead elsewhere.
        session.attr(abi::query::OUTPUT, index).map(|attr| abi::TensorAttr { index, ..attr })
    });
    let attrs: Outputs = attrs.collect::<Result<_, _>>()?;
    let called = |name: &String| {
        let attr = attrs.iter().find(|attr| abi::text(&attr.name) == *name);
        attr.copied().ok_or_else(|| {
            let have: Vec<_> = attrs.iter().map(|attr| abi::text(&attr.name)).collect();
            tensor::odd("list of outputs", format!("{have:?}"), &format!("one {name:?}"), CONVERT)
        })
    };
    names.iter().map(called).collect()
}

/// A function that was needed and is not in the library.
fn absent(function: &'static str) -> NpuError {
    let remedy = "leave detector.npu_cores and detector.npu_transfer at \"auto\": this chip's \
                  library has no such choice";
    tensor::odd("library", format!("one without {function}"), "one that has it", remedy)
}

impl Cores {
    /// As `rknn_set_core_mask` takes it.
    const fn mask(self) -> u32 {
        match self {
            Self::Auto => 0,
            Self::Zero => 1,
            Self::One => 2,
            Self::Two => 4,
            Self::ZeroAndOne => 3,
            Self::ZeroToTwo => 7,
        }
    }
}

impl Default for RknnOptions {
    fn default() -> Self {
        Self {
            cores: Cores::default(),
            transfer: Transfer::default(),
            device_tree: PathBuf::from("/proc/device-tree"),
        }
    }
}
