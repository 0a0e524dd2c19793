//! The backend on the simulated library agrees with tract on the same network.
//!
//! - Each value: within half a step of the output's quantization, where it lies in the range.
//! - Each sure detection (score at least .6) of either is one of the other's: same class, boxes that
//!   overlap by .8, scores within .1. What differs is the quantization: a step of a logit is up to .17.
//!
//! On `models/tiny`, and on nanodet-plus-m where it is prepared.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::path::{Path, PathBuf};

use analytics::detection::Detection;
use detector::backend::npu::{NpuError, NpuModel, Simulated};
use detector::backend::{Engine, InputTensor, Network, NetworkPlan, Outputs};
use detector::prepared::PreparedModel;
use detector::{BackendKind, Detector, ModelRoot, Options, Precision};
use simulated_hailo::{SimulatedHef, StreamForm, loaded};

#[path = "rig/model.rs"]
mod model;
#[path = "../../../firmware/detector/tests/conformance/scene.rs"]
#[allow(dead_code, reason = "its other pictures are the detector's")]
mod scene;

use model::{Computed, Rig, tiny};
use scene::Scene;

const SURE: f32 = 0.6;
const SAME_BOX_IOU: f32 = 0.8;
const SCORES: f32 = 0.1;

#[test]
fn values_are_tracts_within_half_a_step_in_either_form() {
    for (folder, scenes) in models() {
        for scene in scenes {
            let mut rig = Rig::new(&folder, scene.size());
            let pixels = rig.pixels(&scene.i420());
            let expected = by_tract(&rig, &folder, &pixels);
            let mut hef = SimulatedHef::of_model(&folder, rig.fit.network()).unwrap();
            for form in [StreamForm::Bytes, StreamForm::Channels] {
                hef.outputs.iter_mut().for_each(|output| output.form = form);
                let mut model = rig.open(&hef).unwrap();
                let outputs = Computed::of(&mut model, &pixels).unwrap();
                let worst = worst_step(&hef, &outputs, &*expected);
                println!("{scene}, {form:?}: off by {worst:.3} steps at most");
                assert!(worst <= 0.51, "{scene}, {form:?}: {worst}");
            }
        }
    }
}

#[test]
fn what_is_sure_on_one_is_found_on_the_other() {
    for (folder, scenes) in models() {
        for scene in scenes {
            let mut rig = Rig::new(&folder, scene.size());
            let pixels = rig.pixels(&scene.i420());
            let mut hef = SimulatedHef::of_model(&folder, rig.fit.network()).unwrap();
            hef.calibrate(&pixels).unwrap();
            let mut model = rig.open(&hef).unwrap();
            let found = rig.decode(&Computed::of(&mut model, &pixels).unwrap());
            let expected = detected(&folder, &scene);
            let sure = lacking(&expected, &[]).len();
            println!("{scene}: {sure} sure on tract, {} on the NPU", lacking(&found, &[]).len());
            assert_eq!(lacking(&expected, &found), [], "{scene}: tract's that the NPU lacks");
            assert_eq!(lacking(&found, &expected), [], "{scene}: the NPU's that tract lacks");
        }
    }
}

#[test]
fn outputs_come_in_the_manifests_order_whatever_the_hef_calls_them() {
    let scene = Scene::blocks();
    let mut rig = Rig::new(&tiny(), scene.size());
    let pixels = rig.pixels(&scene.i420());
    let mut hef = SimulatedHef::of_model(&tiny(), rig.fit.network()).unwrap();
    let found = |hef: &SimulatedHef| {
        let outputs = Computed::of(&mut rig.open(hef).unwrap(), &pixels).unwrap();
        rig.decode(&outputs)
    };
    let expected = found(&hef);
    assert!(!expected.is_empty());
    hef.outputs.reverse();
    assert_eq!(found(&hef), expected, "in another order");
    hef.outputs.iter_mut().for_each(|output| output.name = format!("net/{}", output.tensor));
    assert_eq!(found(&hef), expected, "behind the network's name");
    hef.outputs.iter_mut().enumerate().for_each(|(at, output)| output.name = format!("conv{at}"));
    assert_eq!(found(&hef), expected, "by size");
}

#[test]
fn what_does_not_fit_is_refused() {
    let rig = Rig::new(&tiny(), (320, 240));
    let hef = SimulatedHef::of_model(&tiny(), rig.fit.network()).unwrap();
    let smaller = SimulatedHef::of_model(&tiny(), (320, 192)).unwrap();
    let mut boxes = hef.clone();
    boxes.outputs[0].form = StreamForm::Nms;
    let mut fewer = hef.clone();
    fewer.outputs.pop();
    let cut = &hef.to_bytes()[..1000];
    for (model, expected) in [
        (smaller.to_bytes(), "the HEF's input is 320x192x3 in order 1, expected 320x256x3"),
        (boxes.to_bytes(), "out8, boxes after suppression (order 22), expected head maps"),
        (fewer.to_bytes(), "the HEF's list of outputs is out8 34x32x40, "),
        (cut.to_vec(), "the HEF is not readable (26 HAILO_INVALID_HEF), expected one that"),
        (b"RKNN".to_vec(), "the model file's head is 524b4e4e"),
    ] {
        let error = rig.open_file(&model, Simulated::Accept).err().unwrap().to_string();
        assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
    }
    assert!(matches!(
        rig.open_file(&hef.to_bytes(), Simulated::Refuse),
        Err(NpuError::Simulated { version, .. }) if version == "4.23.0-sim"
    ));
}

#[test]
fn the_report_says_what_it_runs_on() {
    let rig = Rig::new(&tiny(), (320, 240));
    let hef = SimulatedHef::of_model(&tiny(), rig.fit.network()).unwrap();
    let model = rig.open(&hef).unwrap();
    let report = model.report();
    assert_eq!(report.library, "4.23.0-sim");
    assert_eq!(report.driver, "firmware 4.23.0");
    assert_eq!(report.chip, "HAILO8L Hailo-8L simulated");
    assert_eq!(model.temperature_celsius(), Ok(45.0));
    assert!(loaded::open_objects(rig.library()).is_some_and(|open| open > 0));
}

/// The committed model and nanodet-plus-m where it is prepared, with pictures that mean something
/// to them.
fn models() -> Vec<(PathBuf, Vec<Scene>)> {
    let mut models = vec![(tiny(), vec![Scene::blocks(), Scene::noise(320, 240)])];
    let nanodet = ModelRoot::from_environment().path().join("nanodet-plus-m");
    if nanodet.join("model.toml").is_file() {
        models.push((nanodet, Scene::street()));
    } else {
        println!("skipped: nanodet-plus-m (not prepared)");
    }
    models
}

fn by_tract(rig: &Rig, folder: &Path, pixels: &[u8]) -> Box<dyn Network> {
    let onnx = PreparedModel::open(folder).unwrap().onnx(Precision::Fp32).unwrap();
    let input = &rig.manifest.input;
    let size = rig.fit.network();
    let outputs = &rig.manifest.head.outputs;
    let plan = NetworkPlan { model: &onnx, input: &input.tensor, outputs, size, threads: 1 };
    let mut network = Engine::Tract.load(&plan).unwrap();
    let cells = size.0 * size.1;
    let InputTensor::Planes(planes) = network.input() else { unreachable!("tract takes planes") };
    for (at, to) in planes.iter_mut().enumerate() {
        let (channel, cell) = (at / cells, at % cells);
        let value = f32::from(pixels[3 * cell + channel]);
        *to = (value - input.mean[channel]) / input.std[channel];
    }
    network.run().unwrap();
    network
}

/// The largest difference in steps of quantization, values outside the range taken as its end.
fn worst_step(hef: &SimulatedHef, outputs: &Computed, expected: &dyn Network) -> f32 {
    let mut worst = 0.0_f32;
    for (index, output) in hef.outputs.iter().enumerate() {
        let (step, zero) = (output.scale, output.zero_point);
        let (least, most) = (-zero * step, (255.0 - zero) * step);
        let (ours, theirs) = (outputs.output(index).unwrap(), expected.output(index).unwrap());
        assert_eq!(
            (ours.len(), &outputs.shapes()[index]),
            (theirs.len(), &expected.shapes()[index])
        );
        for (&ours, theirs) in ours.iter().zip(theirs) {
            worst = worst.max((ours - theirs.clamp(least, most)).abs() / step);
        }
    }
    worst
}

fn detected(folder: &Path, scene: &Scene) -> Vec<Detection> {
    let options = Options {
        model: Some(folder.to_owned()),
        backend: Some(BackendKind::Tract),
        precision: Some(Precision::Fp32),
        ..Options::default()
    };
    let (width, height) = scene.size();
    let mut detector = Detector::open(&options, width, height).unwrap();
    detector.detect(&scene.i420()).unwrap().to_vec()
}

/// The sure ones of `some` that `others` have not.
fn lacking(some: &[Detection], others: &[Detection]) -> Vec<Detection> {
    let same = |one: &Detection, other: &Detection| {
        one.class == other.class
            && one.bounds.iou(&other.bounds) >= SAME_BOX_IOU
            && (one.confidence.get() - other.confidence.get()).abs() <= SCORES
    };
    let sure = some.iter().filter(|one| one.confidence.get() >= SURE);
    sure.filter(|one| !others.iter().any(|other| same(one, other))).copied().collect()
}
