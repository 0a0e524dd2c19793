//! One suite over every backend and precision, on the committed `models/tiny` and on whichever
//! models are prepared on this machine.
//!
//! What must agree, and how closely:
//! - fp32 outputs of two engines: within [`FP32_LOGITS`]. Both compute in f32; only the order of
//!   additions differs.
//! - INT8 on onnxruntime beside fp32: every sure person (`SURE`) is found again. Logits move, so
//!   they are not compared; how good INT8 is stands in `measured.toml`.
//! - INT8 on tract beside INT8 on onnxruntime: the same, by persons. tract 0.23 computes the
//!   convolutions in float and rounds at other places; its logits differ by whole units.
//! - Detections of one network do not depend on the layout of the picture or on what was detected
//!   before.
//!
//! What a machine lacks (onnxruntime's library, a prepared model, the footage) is printed as
//! skipped; the engines and models it has are always tested.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::path::{Path, PathBuf};

use analytics::detection::{Detection, ObjectClass};
use analytics::geometry::NormBox;
use detector::attention::Look;
use detector::{BackendKind, Detector, ModelRoot, Options, Precision};

#[path = "conformance/scene.rs"]
mod scene;
use scene::Scene;

/// Largest difference of a logit between two engines' fp32. Measured: .0002 on nanodet-plus-m.
const FP32_LOGITS: f32 = 0.005;
/// A detection no engine or precision may lose.
const SURE: f32 = 0.6;
/// How well its box must fit.
const SAME_BOX_IOU: f32 = 0.75;

#[test]
fn tiny_finds_its_blocks_on_every_engine() {
    let scene = Scene::blocks();
    for case in cases(&tiny()) {
        let mut detector = case.open(&scene);
        let found = detector.detect(&scene.i420()).unwrap().to_vec();
        let mut expected = Scene::blocks_expected().to_vec();
        expected.retain(|(class, bounds)| !has(&found, *class, bounds));
        assert!(expected.is_empty(), "{case}: lacks {expected:?} in {found:?}");
        // Coarser grids see blocks that fill half a cell, which is half a score.
        let sure = found.iter().filter(|d| d.confidence.get() >= SURE).count();
        assert_eq!(sure, 2, "{case}: {found:?}");
    }
}

#[test]
fn nv12_and_i420_of_one_picture_give_the_same() {
    let scene = Scene::blocks();
    for case in cases(&tiny()) {
        let mut detector = case.open(&scene);
        let planar = detector.detect(&scene.i420()).unwrap().to_vec();
        let interleaved = scene.interleaved_chroma();
        assert_eq!(planar, detector.detect(&scene.nv12(&interleaved)).unwrap(), "{case}");
    }
}

#[test]
fn a_picture_of_another_size_makes_a_new_plan_and_back() {
    let (wide, tall) = (Scene::blocks(), Scene::noise(240, 320));
    for case in cases(&tiny()) {
        let mut detector = case.open(&wide);
        let first = detector.detect(&wide.i420()).unwrap().to_vec();
        let before = detector.fit().unwrap().network();
        detector.detect(&tall.i420()).unwrap();
        assert_ne!(detector.fit().unwrap().network(), before, "{case}");
        assert_eq!(detector.fit().unwrap().picture(), (240, 320), "{case}");
        assert_eq!(detector.detect(&wide.i420()).unwrap(), first, "{case}");
    }
}

#[test]
fn a_part_of_the_picture_finds_what_the_whole_finds_there() {
    for (name, model) in models() {
        for scene in scenes(&name) {
            for case in cases(&model) {
                let mut detector = case.open(&scene);
                let whole = detector.detect(&scene.i420()).unwrap().to_vec();
                for sure in whole.iter().filter(|d| d.confidence.get() >= SURE).take(3) {
                    detector.letterbox(&scene.i420(), Look::Part(sure.bounds)).unwrap();
                    detector.infer().unwrap();
                    let part = detector.decode().unwrap();
                    assert!(has(part, sure.class, &sure.bounds), "{case}: {sure:?} in {part:?}");
                }
                // And the whole again is the whole as before.
                assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
            }
        }
    }
}

#[test]
fn a_small_part_of_a_large_picture_is_looked_at_keenly() {
    for (name, model) in models() {
        for scene in scenes(&name).iter().map(Scene::doubled) {
            for case in cases(&model) {
                let mut detector = case.open(&scene);
                let whole = detector.detect(&scene.i420()).unwrap().to_vec();
                let small = |d: &&Detection| d.confidence.get() >= SURE && d.bounds.area() < 0.02;
                for sure in whole.iter().filter(small).take(3) {
                    let look = Look::Part(sure.bounds);
                    let looked = detector.letterbox(&scene.i420(), look).unwrap();
                    let expected = match case.backend {
                        BackendKind::OnnxRuntime => Look::Keen(sure.bounds),
                        _ => Look::Whole,
                    };
                    assert_eq!(looked, expected, "{case}");
                    assert!(detector.share() <= 1.0, "{case}: costs more than the whole");
                    detector.infer().unwrap();
                    let part = detector.decode().unwrap();
                    // Twice as large, the tiny network's blocks are no blocks of its size any more.
                    let found = name == "tiny" || has(part, sure.class, &sure.bounds);
                    assert!(found, "{case}: {sure:?} in {part:?}");
                }
                assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
            }
        }
    }
}

#[test]
fn a_closer_look_finds_who_is_there_and_leaves_the_whole_alone() {
    for (name, model) in models() {
        for scene in scenes(&name) {
            for case in cases(&model) {
                let mut detector = case.open(&scene);
                let whole = detector.detect(&scene.i420()).unwrap().to_vec();
                for sure in whole.iter().filter(|d| d.confidence.get() >= SURE).take(2) {
                    let area = three_times(&sure.bounds);
                    let closer = detector.look_closer(&scene.i420(), &area).unwrap().to_vec();
                    let again = detector.look_closer(&scene.i420(), &area).unwrap();
                    assert_eq!(closer, again, "{case}");
                    // Enlarged, the tiny network's blocks are no blocks of its size any more.
                    let found = name == "tiny" || has(&closer, sure.class, &sure.bounds);
                    assert!(found, "{case}: {sure:?} in {closer:?}");
                }
                assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
            }
        }
    }
}

/// The box with as much again around it on every side.
fn three_times(bounds: &NormBox) -> NormBox {
    let (wide, tall) = (bounds.width(), bounds.height());
    let (left, right) = (bounds.left() - wide, bounds.right() + wide);
    NormBox::new(left, bounds.top() - tall, right, bounds.bottom() + tall).unwrap()
}

#[test]
fn nothing_found_is_below_the_threshold_and_every_class_is_the_manifests() {
    for (name, model) in models() {
        let manifest = detector::manifest::Manifest::read(&model.join("model.toml")).unwrap();
        for scene in scenes(&name) {
            for case in cases(&model) {
                let mut detector = case.open(&scene);
                let keep = detector.thresholds().believed.lowest();
                for found in detector.detect(&scene.i420()).unwrap() {
                    assert!(found.confidence >= keep, "{case}: {found:?}");
                    assert!(manifest.classes.iter().any(|&(_, class)| class == found.class));
                }
            }
        }
    }
}

#[test]
fn engines_agree_on_fp32_logit_by_logit() {
    for (name, model) in models() {
        for scene in scenes(&name) {
            let [Some(one), Some(other)] =
                [BackendKind::Tract, BackendKind::OnnxRuntime].map(|backend| {
                    let case = Case { model: &model, backend, precision: Precision::Fp32 };
                    case.runs().then(|| case.outputs(&scene))
                })
            else {
                continue;
            };
            let worst = largest_difference(&one, &other);
            println!("{name} fp32, {scene}: tract and onnxruntime differ by {worst:.5} at most");
            assert!(worst <= FP32_LOGITS, "{name}, {scene}: {worst}");
        }
    }
}

#[test]
fn int8_finds_the_sure_persons_of_fp32_on_every_engine() {
    for (name, model) in models() {
        for scene in scenes(&name) {
            let fp32 =
                Case { model: &model, backend: BackendKind::Tract, precision: Precision::Fp32 };
            let sure = persons(&fp32.detections(&scene), SURE);
            for case in cases(&model) {
                let found = case.detections(&scene);
                let lost: Vec<_> = sure
                    .iter()
                    .filter(|bounds| !has(&found, ObjectClass::Person, bounds))
                    .collect();
                println!("{case}, {scene}: {} of {} sure", sure.len() - lost.len(), sure.len());
                assert!(lost.is_empty(), "{case}, {scene}: lost {lost:?}");
            }
        }
    }
}

/// One backend with one precision on one model.
#[derive(Clone, Copy)]
struct Case<'m> {
    model: &'m Path,
    backend: BackendKind,
    precision: Precision,
}

impl Case<'_> {
    fn runs(&self) -> bool {
        self.backend == BackendKind::Tract
            || ModelRoot::from_environment().onnxruntime_library().is_file()
    }

    fn open(&self, scene: &Scene) -> Detector {
        let options = Options {
            model: Some(self.model.to_owned()),
            backend: Some(self.backend),
            precision: Some(self.precision),
            ..Options::default()
        };
        let (width, height) = scene.size();
        Detector::open(&options, width, height).unwrap_or_else(|error| panic!("{self}: {error}"))
    }

    fn detections(&self, scene: &Scene) -> Vec<Detection> {
        self.open(scene).detect(&scene.i420()).unwrap().to_vec()
    }

    fn outputs(&self, scene: &Scene) -> Vec<Vec<f32>> {
        let mut detector = self.open(scene);
        detector.detect(&scene.i420()).unwrap();
        (0..detector.outputs()).map(|at| detector.output(at).unwrap().to_vec()).collect()
    }
}

impl std::fmt::Display for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.model.file_name().unwrap_or_default().display();
        write!(f, "{name} {} on {}", self.precision, self.backend)
    }
}

/// Every backend and precision this machine can run on `model`.
fn cases(model: &Path) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for backend in [BackendKind::Tract, BackendKind::OnnxRuntime] {
        for precision in Precision::ALL {
            let case = Case { model, backend, precision };
            if case.runs() {
                cases.push(case);
            } else {
                println!("skipped: {case} (no libonnxruntime.so)");
            }
        }
    }
    cases
}

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny")
}

/// The committed model and those prepared here.
fn models() -> Vec<(String, PathBuf)> {
    let mut models = vec![("tiny".to_owned(), tiny())];
    for name in ["nanodet-plus-m", "nanodet-g"] {
        let folder = ModelRoot::from_environment().path().join(name);
        if folder.join("model.toml").is_file() {
            models.push((name.to_owned(), folder));
        } else {
            println!("skipped: {name} (not prepared)");
        }
    }
    models
}

/// Pictures that mean something to the model.
fn scenes(model: &str) -> Vec<Scene> {
    if model == "tiny" {
        return vec![Scene::blocks(), Scene::noise(320, 240)];
    }
    let street = Scene::street();
    if street.is_empty() {
        println!("skipped: footage for {model} (no vtest.avi or no ffmpeg)");
    }
    std::iter::once(Scene::noise(768, 576)).chain(street).collect()
}

fn persons(found: &[Detection], at_least: f32) -> Vec<NormBox> {
    let sure = |d: &&Detection| d.class == ObjectClass::Person && d.confidence.get() >= at_least;
    found.iter().filter(sure).map(|d| d.bounds).collect()
}

fn has(found: &[Detection], class: ObjectClass, bounds: &NormBox) -> bool {
    found.iter().any(|d| d.class == class && d.bounds.iou(bounds) >= SAME_BOX_IOU)
}

fn largest_difference(one: &[Vec<f32>], other: &[Vec<f32>]) -> f32 {
    assert_eq!(
        one.iter().map(Vec::len).collect::<Vec<_>>(),
        other.iter().map(Vec::len).collect::<Vec<_>>()
    );
    let pairs = one.iter().flatten().zip(other.iter().flatten());
    pairs.map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}
