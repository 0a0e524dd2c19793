//! The pose estimator on every engine: the same joints, and where a walker's are; what is wrong with
//! its folder is named. What a machine lacks is printed as skipped.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::fs;
use std::path::Path;

use analytics::detection::ObjectClass;
use analytics::geometry::NormBox;
use analytics::pose::Pose;
use detector::{BackendKind, Detector, ModelRoot, Options, PoseEstimator};

#[path = "conformance/scene.rs"]
#[allow(dead_code, reason = "drawn pictures are for the detector's own suite")]
mod scene;
use scene::Scene;

/// Largest difference of a joint's place, in picture widths, and of its score between two engines.
/// Both compute in f32; only the order of additions differs.
const SAME: f32 = 0.001;

/// The estimator on each engine this machine has; none where it is not prepared.
fn estimators() -> Vec<PoseEstimator> {
    let library = ModelRoot::from_environment().onnxruntime_library();
    let mut found = Vec::new();
    for backend in [BackendKind::Tract, BackendKind::OnnxRuntime] {
        if backend == BackendKind::OnnxRuntime && !library.is_file() {
            println!("skipped: {backend} (no libonnxruntime.so)");
            continue;
        }
        let options = Options { backend: Some(backend), ..Options::default() };
        match PoseEstimator::open(&options).unwrap() {
            Some(estimator) => found.push(estimator),
            None => println!("skipped: {} (not prepared)", PoseEstimator::MODEL),
        }
    }
    found
}

/// Walkers of the footage who are large enough to have joints, with the frame each is in.
fn walkers() -> Vec<(Scene, NormBox)> {
    if ModelRoot::from_environment().best_model().is_err() {
        println!("skipped: walkers (no detector is prepared)");
        return Vec::new();
    }
    let mut walkers = Vec::new();
    for scene in Scene::street() {
        let (width, height) = scene.size();
        let mut detector = Detector::open(&Options::default(), width, height).unwrap();
        let seen = detector.detect(&scene.i420()).unwrap().to_vec();
        let near = |bounds: &NormBox| {
            bounds.height() > 0.2 && bounds.left() > 0.02 && bounds.right() < 0.98
        };
        let sure = seen.iter().find(|seen| {
            seen.class == ObjectClass::Person && seen.confidence.get() > 0.6 && near(&seen.bounds)
        });
        if let Some(bounds) = sure.map(|seen| seen.bounds) {
            walkers.push((scene, bounds));
        }
    }
    walkers
}

/// A box with a quarter more around it.
fn around(bounds: &NormBox) -> NormBox {
    let (wide, tall) = (bounds.width() / 8.0, bounds.height() / 8.0);
    let (left, right) = (bounds.left() - wide, bounds.right() + wide);
    NormBox::new(left, bounds.top() - tall, right, bounds.bottom() + tall).unwrap()
}

#[test]
fn engines_agree_joint_by_joint() {
    let noise = (Scene::noise(320, 240), NormBox::new(0.2, 0.1, 0.6, 0.9).unwrap());
    let mut places = walkers();
    places.push(noise);
    for (scene, bounds) in &places {
        let seen: Vec<Pose> = estimators()
            .iter_mut()
            .map(|estimator| estimator.estimate(&scene.i420(), &around(bounds)).unwrap())
            .collect();
        let [one, other] = &seen[..] else { continue };
        for (one, other) in one.joints().iter().zip(other.joints()) {
            let off = (one.at.x - other.at.x).abs().max((one.at.y - other.at.y).abs());
            let score = (one.score.get() - other.score.get()).abs();
            assert!(off <= SAME && score <= SAME, "{one:?} and {other:?}");
        }
    }
}

#[test]
fn a_walker_has_the_head_above_the_hips_above_the_ankles_inside_the_box() {
    for mut estimator in estimators() {
        for (scene, bounds) in walkers() {
            let pose = estimator.estimate(&scene.i420(), &around(&bounds)).unwrap();
            let height = |joints: std::ops::Range<usize>| {
                let joints = &pose.joints()[joints];
                joints.iter().map(|joint| joint.at.y).sum::<f32>() / joints.len() as f32
            };
            let [head, hips, ankles] = [height(0..5), height(11..13), height(15..17)];
            assert!(bounds.top() < head && head < hips, "{bounds:?}: {pose:?}");
            assert!(hips < ankles && ankles < bounds.bottom(), "{bounds:?}: {pose:?}");
            assert!(pose.joints()[11].score.get() > 0.3, "{bounds:?}: {pose:?}");
        }
    }
}

#[test]
fn the_layout_of_the_picture_and_what_was_seen_before_change_nothing() {
    let scene = Scene::noise(640, 360);
    let area = NormBox::new(0.3, 0.2, 0.5, 0.9).unwrap();
    for mut estimator in estimators() {
        let first = estimator.estimate(&scene.i420(), &area).unwrap();
        let interleaved = scene.interleaved_chroma();
        let edge = NormBox::new(0.99, 0.99, 1.0, 1.0).unwrap();
        estimator.estimate(&scene.i420(), &edge).unwrap();
        assert_eq!(estimator.estimate(&scene.nv12(&interleaved), &area).unwrap(), first);
    }
}

#[test]
fn what_is_wrong_with_the_folder_is_named() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { root: ModelRoot::from(root.path().to_owned()), ..Options::default() };
    assert!(PoseEstimator::open(&options).unwrap().is_none(), "not prepared is no error");
    let folder = root.path().join(PoseEstimator::MODEL);
    fs::create_dir(&folder).unwrap();
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../models")
        .join(PoseEstimator::MODEL)
        .join("model.toml");
    fs::copy(manifest, folder.join("model.toml")).unwrap();
    let refusal = || PoseEstimator::open(&options).err().unwrap().to_string();
    assert!(refusal().contains("movenet-lightning/fp32.onnx: cannot be read"), "{}", refusal());
    fs::write(folder.join("fp32.onnx"), "cut").unwrap();
    assert!(refusal().contains("fp32.onnx: sha256 is "), "{}", refusal());
    fs::write(folder.join("model.toml"), "name = 3").unwrap();
    assert!(refusal().contains("model.toml:1: "), "{}", refusal());
}
