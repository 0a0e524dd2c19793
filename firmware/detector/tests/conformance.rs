//! One suite over every backend and precision, on the committed `models/tiny` and on whichever
//! models are prepared on this machine: tract and onnxruntime with fp32 and INT8, Rockchip's and Hailo's
//! NPUs by their simulated runtimes, in the helper process the daemon uses.
//!
//! What must agree, and how closely:
//! - fp32 outputs of two engines: within [`FP32_LOGITS`]. Both compute in f32; only the order of
//!   additions differs.
//! - INT8, and an NPU, beside fp32: every sure person (`SURE`) is found again. Logits move, so
//!   they are not compared; how good INT8 is stands in `measured.toml`.
//! - INT8 on tract: the same, by persons. tract 0.23 computes the
//!   convolutions in float and rounds at other places; its logits differ by whole units.
//! - Detections of one network do not depend on the layout of the picture or on what was detected
//!   before.
//! - The vendor's own simulator, on a hundred real frames: as close as [`golden`] says for each subject.
//!
//! A case that had nothing to compare has failed, on whichever subject and model.
//! Who need not pass what, and why, stands in [`record`]. What a machine lacks (onnxruntime's library, a
//! prepared model, the simulated runtimes, the footage) is printed as ignored with the reason.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::path::{Path, PathBuf};

use analytics::detection::{Detection, ObjectClass};
use analytics::geometry::NormBox;
use detector::agreement::Agreement;
use detector::attention::Look;
use detector::{BackendKind, ModelRoot};
use serde_json::json;

#[path = "conformance/golden.rs"]
mod golden;
#[path = "conformance/record.rs"]
mod record;
#[path = "conformance/scene.rs"]
mod scene;
#[path = "conformance/subject.rs"]
mod subject;

use golden::{Golden, Tolerance};
use record::{Compared, each};
use scene::Scene;
use subject::{Case, Subject};

/// Largest difference of a logit between two engines' fp32. Measured: .0002 on nanodet-plus-m.
const FP32_LOGITS: f32 = 0.005;
/// A detection no engine or precision may lose.
const SURE: f32 = 0.6;
/// How well its box must fit.
const SAME_BOX_IOU: f32 = 0.75;

/// The share of a picture below which a part of it can be looked at keenly for less than the whole costs; the
/// tiny network's blocks have .029.
const SMALL: f32 = 0.03;

#[test]
fn tiny_finds_its_blocks() {
    let scene = Scene::blocks();
    each("tiny_finds_its_blocks", ("tiny", &tiny()), |case| {
        let mut detector = case.open(&scene);
        let found = detector.detect(&scene.i420()).unwrap().to_vec();
        let mut expected = Scene::blocks_expected().to_vec();
        expected.retain(|(class, bounds)| !has(&found, *class, bounds));
        assert!(expected.is_empty(), "{case}: lacks {expected:?} in {found:?}");
        // Coarser grids see blocks that fill half a cell, which is half a score. In bytes the highest
        // scores are one, and several grids' boxes of one block remain.
        let sure = found.iter().filter(|d| d.confidence.get() >= SURE);
        let on_a_block = |d: &&Detection| {
            let blocks = Scene::blocks_expected();
            blocks.iter().any(|(class, bounds)| *class == d.class && bounds.iou(&d.bounds) > 0.3)
        };
        let beside = sure.clone().filter(|d| !on_a_block(d)).count();
        assert_eq!(beside, 0, "{case}: {found:?}");
        let is_exact = !case.subject.backend.is_npu();
        assert!(sure.clone().count() == 2 || !is_exact, "{case}: {found:?}");
        Compared::objects(sure.count())
    });
}

#[test]
fn nv12_and_i420_of_one_picture_give_the_same() {
    let scene = Scene::blocks();
    each("nv12_and_i420_of_one_picture_give_the_same", ("tiny", &tiny()), |case| {
        let mut detector = case.open(&scene);
        let planar = detector.detect(&scene.i420()).unwrap().to_vec();
        let interleaved = scene.interleaved_chroma();
        assert_eq!(planar, detector.detect(&scene.nv12(&interleaved)).unwrap(), "{case}");
        Compared::objects(planar.len())
    });
}

#[test]
fn a_picture_of_another_size_makes_a_new_plan_and_back() {
    let (wide, tall) = (Scene::blocks(), Scene::noise(240, 320));
    each("a_picture_of_another_size_makes_a_new_plan_and_back", ("tiny", &tiny()), |case| {
        let mut detector = case.open(&wide);
        let first = detector.detect(&wide.i420()).unwrap().to_vec();
        let before = detector.fit().unwrap().network();
        detector.detect(&tall.i420()).unwrap();
        assert_ne!(detector.fit().unwrap().network(), before, "{case}");
        assert_eq!(detector.fit().unwrap().picture(), (240, 320), "{case}");
        assert_eq!(detector.detect(&wide.i420()).unwrap(), first, "{case}");
        Compared::objects(first.len())
    });
}

#[test]
fn a_part_of_the_picture_finds_what_the_whole_finds_there() {
    on_all_scenes("a_part_of_the_picture_finds_what_the_whole_finds_there", |case, scene| {
        let mut detector = case.open(scene);
        let whole = detector.detect(&scene.i420()).unwrap().to_vec();
        let mut parts = 0;
        for sure in whole.iter().filter(|d| d.confidence.get() >= SURE).take(3) {
            detector.letterbox(&scene.i420(), Look::Part(sure.bounds)).unwrap();
            detector.infer().unwrap();
            let part = detector.decode().unwrap();
            assert!(has(part, sure.class, &sure.bounds), "{case}: {sure:?} in {part:?}");
            parts += 1;
        }
        // And the whole again is the whole as before.
        assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
        parts
    });
}

#[test]
fn a_small_part_of_a_large_picture_is_looked_at_keenly() {
    on_all_scenes("a_small_part_of_a_large_picture_is_looked_at_keenly", |case, scene| {
        let scene = scene.doubled();
        let mut detector = case.open(&scene);
        let whole = detector.detect(&scene.i420()).unwrap().to_vec();
        let small = |d: &&Detection| d.confidence.get() >= SURE && d.bounds.area() < SMALL;
        let mut parts = 0;
        for sure in whole.iter().filter(small).take(3) {
            let looked = detector.letterbox(&scene.i420(), Look::Part(sure.bounds)).unwrap();
            let expected = match case.subject.backend {
                BackendKind::OnnxRuntime => Look::Keen(sure.bounds),
                // One shape for good.
                BackendKind::Tract | BackendKind::Rknn | BackendKind::Hailo => Look::Whole,
            };
            assert_eq!(looked, expected, "{case}");
            assert!(detector.share() <= 1.0, "{case}: costs more than the whole");
            detector.infer().unwrap();
            let part = detector.decode().unwrap();
            // Twice as large, the tiny network's blocks are no blocks of its size any more.
            let found = case.model == "tiny" || has(part, sure.class, &sure.bounds);
            assert!(found, "{case}: {sure:?} in {part:?}");
            parts += 1;
        }
        assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
        parts
    });
}

#[test]
fn a_closer_look_finds_who_is_there_and_leaves_the_whole_alone() {
    on_all_scenes("a_closer_look_finds_who_is_there_and_leaves_the_whole_alone", |case, scene| {
        let mut detector = case.open(scene);
        let whole = detector.detect(&scene.i420()).unwrap().to_vec();
        let mut looks = 0;
        for sure in whole.iter().filter(|d| d.confidence.get() >= SURE).take(2) {
            let area = three_times(&sure.bounds);
            let closer = detector.look_closer(&scene.i420(), &area).unwrap().to_vec();
            let again = detector.look_closer(&scene.i420(), &area).unwrap();
            assert_eq!(closer, again, "{case}");
            // Enlarged, the tiny network's blocks are no blocks of its size any more.
            let found = case.model == "tiny" || has(&closer, sure.class, &sure.bounds);
            assert!(found, "{case}: {sure:?} in {closer:?}");
            looks += 1;
        }
        assert_eq!(detector.detect(&scene.i420()).unwrap(), whole, "{case}");
        looks
    });
}

#[test]
fn nothing_found_is_below_the_threshold_and_every_class_is_the_manifests() {
    on_all_scenes(
        "nothing_found_is_below_the_threshold_and_every_class_is_the_manifests",
        |case, scene| {
            let manifest = case.manifest();
            let mut detector = case.open(scene);
            let keep = detector.thresholds().believed.lowest();
            let found = detector.detect(&scene.i420()).unwrap();
            for found in found {
                assert!(found.confidence >= keep, "{case}: {found:?}");
                assert!(manifest.classes.iter().any(|&(_, class)| class == found.class));
            }
            found.len()
        },
    );
}

#[test]
fn fp32_outputs_are_tracts_logit_by_logit() {
    for (name, model) in models() {
        let reference = Case::new(Subject::ALL[0], &name, &model);
        let scenes = scenes(&name);
        let expected: Vec<_> = scenes.iter().map(|scene| outputs(&reference, scene)).collect();
        each("fp32_outputs_are_tracts_logit_by_logit", (&name, &model), |case| {
            let differences = scenes.iter().zip(&expected).map(|(scene, expected)| {
                let worst = largest_difference(expected, &outputs(case, scene));
                assert!(worst <= FP32_LOGITS, "{case}, {scene}: {worst}");
                worst
            });
            let figures = json!({ "largest_difference": differences.fold(0.0, f32::max) });
            let count = expected.iter().flatten().map(Vec::len).sum();
            Compared { count, figures }
        });
    }
}

#[test]
fn int8_finds_the_sure_persons_of_fp32() {
    for (name, model) in models() {
        let reference = Case::new(Subject::ALL[0], &name, &model);
        let scenes = scenes(&name);
        let sure = |scene| persons(&detections(&reference, scene), SURE);
        let expected: Vec<Vec<NormBox>> = scenes.iter().map(sure).collect();
        each("int8_finds_the_sure_persons_of_fp32", (&name, &model), |case| {
            for (scene, expected) in scenes.iter().zip(&expected) {
                let found = detections(case, scene);
                let is_lost = |bounds: &&NormBox| !has(&found, ObjectClass::Person, bounds);
                let lost: Vec<_> = expected.iter().filter(is_lost).collect();
                assert!(lost.is_empty(), "{case}, {scene}: lost {lost:?}");
            }
            Compared::objects(expected.iter().map(Vec::len).sum())
        });
    }
}

#[test]
fn the_vendors_simulator_finds_the_same() {
    const CASE: &str = "the_vendors_simulator_finds_the_same";
    const MODEL: &str = "nanodet-plus-m";
    let Some((_, model)) = models().into_iter().find(|(name, _)| name == MODEL) else {
        return record::ignored(CASE, MODEL, "it is not prepared");
    };
    let golden = Golden::read();
    let indices: Vec<usize> = golden.frames.iter().map(|frame| frame.index).collect();
    let frames = Scene::street_frames(&indices);
    println!("golden: {}", golden.toolkit);
    each(CASE, (MODEL, &model), |case| {
        let mut detector = case.open(&frames[0]);
        let tolerance = Tolerance::of(case.subject);
        let mut agreement = Agreement::new(tolerance.partner_from);
        for (expected, frame) in golden.frames.iter().zip(&frames) {
            agreement.add(detector.detect(&frame.i420()).unwrap(), &expected.detections());
        }
        assert!(tolerance.holds(&agreement), "{case}: {agreement}");
        let figures = json!({
            "objects": agreement.expected, "recall": agreement.recall(),
            "precision": agreement.precision(), "mean_iou": agreement.mean_iou(),
            "tolerance": tolerance,
        });
        Compared { count: agreement.expected, figures }
    });
}

/// Every subject on every scene of every model; `run` gives how much there was to compare.
fn on_all_scenes(name: &str, run: impl Fn(&Case, &Scene) -> usize) {
    for (model, folder) in models() {
        let scenes = scenes(&model);
        each(name, (&model, &folder), |case| {
            Compared::objects(scenes.iter().map(|scene| run(case, scene)).sum())
        });
    }
}

fn detections(case: &Case, scene: &Scene) -> Vec<Detection> {
    case.open(scene).detect(&scene.i420()).unwrap().to_vec()
}

fn outputs(case: &Case, scene: &Scene) -> Vec<Vec<f32>> {
    let mut detector = case.open(scene);
    detector.detect(&scene.i420()).unwrap();
    (0..detector.outputs()).map(|at| detector.output(at).unwrap().to_vec()).collect()
}

/// The box with as much again around it on every side.
fn three_times(bounds: &NormBox) -> NormBox {
    let (wide, tall) = (bounds.width(), bounds.height());
    let (left, right) = (bounds.left() - wide, bounds.right() + wide);
    NormBox::new(left, bounds.top() - tall, right, bounds.bottom() + tall).unwrap()
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
