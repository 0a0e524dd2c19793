//! An NPU that cannot be had: whatever its helper process does, the CPU detects, and it is said why.
//!
//! The helper here is a shell script, so that what it does wrong is plain to see; runtimes that load
//! and then go wrong are simulated in hil-tests.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::time::FrameTime;
use detector::attention::Look;
use detector::{BackendKind, Detector, Failover, Options};

#[allow(dead_code, reason = "the conformance suite needs more scenes")]
#[path = "conformance/scene.rs"]
mod scene;
#[path = "npu_trouble/stage.rs"]
mod stage;

use scene::Scene;
use stage::{options, prepared, program};

#[test]
fn whatever_the_helper_does_instead_of_loading_is_named() {
    let model = prepared("rk3588");
    let scene = Scene::blocks();
    let (width, height) = scene.size();
    for (commands, expected) in [
        ("exit 3", "ended by itself (status 3)"),
        ("kill -SEGV $$", "crashed (signal 11)"),
        ("printf 'what do you want from me' >&0; sleep 5", "nonsense from the helper process"),
        ("exec 0<&-; sleep 60", "signal 9"),
    ] {
        let process = program(model.path(), &format!("#!/bin/sh\n{commands}\n"));
        let asked = Options { backend: Some(BackendKind::Rknn), ..options(model.path(), process) };
        let error = Detector::open(&asked, width, height).err().unwrap().to_string();
        let is_one_line = !error.contains('\n');
        assert!(error.contains(expected) && is_one_line, "{commands}: {error}");
        assert!(error.starts_with("rknn: "), "{error}");
    }
    let nowhere = options(model.path(), PathBuf::from("/nowhere/polewatch-npu"));
    let asked = Options { backend: Some(BackendKind::Rknn), ..nowhere };
    let error = Detector::open(&asked, width, height).err().unwrap().to_string();
    assert!(error.contains("cannot start /nowhere/polewatch-npu: No such file"), "{error}");
}

#[test]
fn the_real_helper_says_what_is_the_matter_with_library_and_model() {
    let model = prepared("rk3588");
    let scene = Scene::blocks();
    let (width, height) = scene.size();
    let process = PathBuf::from(env!("CARGO_BIN_EXE_polewatch-npu"));
    for kind in [BackendKind::Rknn, BackendKind::Hailo] {
        let platform = if kind == BackendKind::Rknn { "rk3588" } else { "hailo8" };
        let model = prepared(platform);
        let mut asked = options(model.path(), process.clone());
        asked.backend = Some(kind);
        asked.npu.platform = Some(platform.to_owned());
        let error = Detector::open(&asked, width, height).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{kind}: loading the model: ")), "{error}");
    }
    let mut asked = options(model.path(), process);
    asked.backend = Some(BackendKind::Rknn);
    let error = Detector::open(&asked, 320, 240 * 4).err().unwrap().to_string();
    assert!(error.contains("npu.toml has no model for rk3588"), "{error}");
}

#[test]
fn the_cpu_detects_while_the_npu_cannot_be_had_and_it_is_tried_again() {
    let model = prepared("rk3588");
    let scene = Scene::blocks();
    let (width, height) = scene.size();
    let tried = model.path().join("tried");
    let process =
        program(model.path(), &format!("#!/bin/sh\necho >> {}; exit 1\n", tried.display()));
    // Nobody asked for the NPU: the box is said to have one, and the model has a conversion for it.
    let mut failover = Failover::open(&options(model.path(), process), width, height).unwrap();
    assert!(failover.trouble().unwrap().contains("status 1"), "{:?}", failover.trouble());
    assert!(failover.least_interval() > Duration::ZERO);
    assert!(!failover.choice().backend.is_npu());
    let tries = || fs::read_to_string(&tried).unwrap_or_default().lines().count();
    let mut second = 0;
    while tries() < 3 {
        assert!(second < 100_000, "not tried again");
        second += 1;
        let now = FrameTime::from_micros(second * 1_000_000);
        failover.letterbox(now, &scene.i420(), Look::Whole).unwrap();
        failover.infer().unwrap();
        let found = failover.decode().unwrap().iter();
        assert_eq!(found.filter(|found| found.confidence.get() > 0.6).count(), 2);
    }
    assert!(second >= 2, "the first wait is a second, the next two");
}

#[test]
fn a_mistake_in_npu_toml_costs_the_npu_alone_and_is_over_when_mended() {
    let model = prepared("rk3588");
    let conversions = model.path().join("npu.toml");
    let written = fs::read_to_string(&conversions).unwrap();
    fs::write(&conversions, "[[model]]\nplatform = 3588\n").unwrap();
    let process = program(model.path(), "#!/bin/sh\nexit 3\n");
    let mut failover = Failover::open(&options(model.path(), process), 320, 240).unwrap();
    let trouble = failover.trouble().unwrap();
    assert!(trouble.contains("npu.toml:2: "), "{trouble}");
    assert!(!failover.choice().backend.is_npu());
    fs::write(&conversions, written).unwrap();
    let scene = Scene::blocks();
    let mut second = 0;
    while !failover.trouble().unwrap().contains("status 3") {
        assert!(second < 100_000, "the mended file was not read");
        second += 1;
        let now = FrameTime::from_micros(second * 1_000_000);
        failover.letterbox(now, &scene.i420(), Look::Whole).unwrap();
    }
}

#[test]
fn an_npu_without_a_conversion_is_left_idle_and_it_is_said_so() {
    let model = prepared("rk3588");
    let mut asked = options(model.path(), PathBuf::from("/nowhere/polewatch-npu"));
    asked.npu.platform = Some("rv1126b".to_owned());
    let failover = Failover::open(&asked, 320, 240).unwrap();
    assert_eq!((failover.trouble(), failover.least_interval()), (None, Duration::ZERO));
    let said = &failover.choice().reason;
    assert!(
        said.starts_with("the NPU here (rv1126b) is not used because npu.toml has no"),
        "{said}"
    );
}

#[test]
fn scores_are_the_npus_whether_or_not_it_works() {
    let model = prepared("rk3588");
    let conversions = model.path().join("npu.toml");
    let written = fs::read_to_string(&conversions).unwrap();
    fs::write(&conversions, written.replace("keep_confidence = 0.2", "keep_confidence = 0.27"))
        .unwrap();
    let process = PathBuf::from("/nowhere/polewatch-npu");
    let failover = Failover::open(&options(model.path(), process), 320, 240).unwrap();
    assert!(failover.trouble().is_some());
    assert_eq!(failover.thresholds().believed.lowest().get(), 0.27);
}

#[test]
fn a_box_without_an_npu_has_no_trouble_with_one() {
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny");
    let options = Options { model: Some(tiny), ..Options::default() };
    let failover = Failover::open(&options, 320, 240).unwrap();
    assert_eq!((failover.trouble(), failover.least_interval()), (None, Duration::ZERO));
    let mut asked = options;
    asked.backend = Some(BackendKind::Rknn);
    let error = Detector::open(&asked, 320, 240).err().unwrap().to_string();
    assert!(error.contains("expected its name in detector.npu_platform"), "{error}");
}
