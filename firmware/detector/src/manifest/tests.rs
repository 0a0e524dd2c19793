//! What a manifest may say and how a refusal reads.

use std::path::Path;

use analytics::scene::light::Light;

use super::*;
use crate::pose::PoseEstimator;

const GOOD: &str = r#"
name = "net"
licence = "MIT"
description = "a net"

[input]
tensor = "data"
multiple = 32
long_side_px = 640
channel_order = "bgr"
mean = [103.53, 116.28, 123.675]
std = [57.375, 57.12, 58.395]
pad = 0

[head]
kind = "nanodet-plus"
strides = [8, 16]
bins = 8
classes = 3
scores = "logit"
anchor_offset = 0.0
outputs = ["a", "b"]

[classes]
person = 0
dog = 2

[precision.fp32]
file = "fp32.onnx"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
start_confidence = 0.40
keep_confidence = 0.20
suppression_iou = 0.6
measured = { person_recall = 0.9 }

[precision.fp32.light.night_ir]
start_confidence = 0.45
keep_confidence = 0.15
"#;

fn parse(text: &str) -> Result<Manifest, ManifestError> {
    Manifest::parse(Path::new("net/model.toml"), text)
}

/// The refusal of `GOOD` with `from` replaced by `to`.
fn refusal(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let error = parse(&GOOD.replacen(from, to, 1)).expect_err(to).to_string();
    assert!(!error.contains('\n'), "not one line: {error}");
    assert!(error.starts_with("net/model.toml"), "no file: {error}");
    error
}

#[test]
fn a_good_manifest_is_read_whole() {
    let manifest = parse(GOOD).unwrap();
    assert_eq!(manifest.classes, [(0, ObjectClass::Person), (2, ObjectClass::Animal)]);
    assert_eq!(manifest.input.mean, [103.53, 116.28, 123.675]);
    assert_eq!(manifest.head.strides, [8, 16]);
    let weights = manifest.weights(Precision::Fp32).unwrap();
    assert_eq!(weights.file, "fp32.onnx");
    let scores = Light::ALL.map(|light| {
        let believed = weights.thresholds.believed.in_light(light);
        (believed.start.get(), believed.keep.get())
    });
    assert_eq!(scores, [(0.4, 0.2), (0.4, 0.2), (0.45, 0.15), (0.4, 0.2)]);
    assert_eq!(manifest.weights(Precision::Int8), None);
}

#[test]
fn every_committed_manifest_is_good() {
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let mut seen = 0;
    for entry in std::fs::read_dir(models).unwrap() {
        let path = entry.unwrap().path().join("model.toml");
        if path.is_file() {
            let folder = path.parent().and_then(Path::file_name).unwrap();
            let named = if folder == PoseEstimator::MODEL {
                PoseManifest::read(&path).map(|manifest| manifest.name)
            } else {
                Manifest::read(&path).map(|manifest| {
                    assert!(!manifest.classes.is_empty());
                    manifest.name
                })
            };
            assert_eq!(folder, named.unwrap_or_else(|error| panic!("{error}")).as_str());
            seen += 1;
        }
    }
    assert!(seen >= 3, "found {seen} manifests");
}

#[test]
fn each_broken_value_is_named_with_what_is_allowed() {
    for (from, to, said) in [
        ("name = \"net\"", "name = \"Net\"", "name is \"Net\", expected 1 to 64 of a-z, 0-9 and -"),
        ("\"MIT\"", "\" \"", "licence is \" \", expected an SPDX expression"),
        ("multiple = 32", "multiple = 0", "input.multiple is 0, expected 1 to 256"),
        ("px = 640", "px = 9999", "input.long_side_px is 9999, expected 32 to 4096"),
        ("px = 640", "px = -640", "input.long_side_px is -640, expected 32 to 4096"),
        ("\"bgr\"", "\"brg\"", "input.channel_order is \"brg\", expected \"bgr\" or \"rgb\""),
        ("[57.375,", "[0.0,", "input.std is 0, expected 0.001 to 1000"),
        ("[57.375,", "[nan,", "input.std is NaN, expected 0.001 to 1000"),
        ("pad = 0", "pad = 256", "input.pad is 256, expected 0 to 255"),
        ("\"nanodet-plus\"", "\"yolo\"", "head.kind is \"yolo\", expected \"nanodet-plus\" or"),
        ("[8, 16]", "[16, 8]", "head.strides is [16, 8], expected 1 to 8 rising numbers"),
        ("bins = 8", "bins = 1", "head.bins is 1, expected 2 to 64"),
        ("\"logit\"", "\"sigmoid\"", "head.scores is \"sigmoid\", expected \"logit\" or"),
        ("offset = 0.0", "offset = 2", "head.anchor_offset is 2, expected 0 to 1"),
        ("[\"a\", \"b\"]", "[\"a\"]", "head.outputs is [\"a\"], expected 2 different tensor names"),
        ("[\"a\", \"b\"]", "[\"a\", \"a\"]", "expected 2 different tensor names"),
        ("dog = 2", "dog = 3", "classes.dog is 3, expected 0 to 2"),
        ("dog = 2", "dog = 0", "is 0, expected an index not yet used"),
        ("dog = 2", "hound = 2", "classes is \"hound\", expected one of person, bicycle"),
        ("\"fp32.onnx\"", "\"../x.onnx\"", "precision.fp32.file is \"../x.onnx\", expected a file"),
        ("\"0123", "\"Z123", "precision.fp32.sha256 is \"Z123"),
        ("start_confidence = 0.40", "start_confidence = 0.1", "expected 0.2"),
        ("keep_confidence = 0.20", "keep_confidence = 0", "keep_confidence is 0, expected 0.01"),
        ("night_ir]", "noon]", "precision.fp32.light is \"noon\", expected dusk, night_ir or dark"),
        ("night_ir]", "day]", "precision.fp32.light is \"day\", expected dusk, night_ir or dark"),
        ("= 0.45", "= 0.1", "precision.fp32.light.night_ir.start_confidence is 0.1, expected 0.15"),
        ("iou = 0.6", "iou = 1.5", "precision.fp32.suppression_iou is 1.5, expected 0.1 to 0.95"),
    ] {
        let error = refusal(from, to);
        assert!(error.contains(said), "{error}\n  lacks {said}");
    }
}

#[test]
fn unknown_missing_and_mistyped_keys_are_named_with_their_line() {
    for (from, to, said) in [
        ("pad = 0", "padding = 0", "model.toml:13: unknown field `padding`"),
        ("multiple = 32\n", "", "missing field `multiple`"),
        ("bins = 8", "bins = \"8\"", "invalid type: string \"8\", expected i64"),
        ("licence", "license", "unknown field `license`"),
        ("[classes]", "[classes", "model.toml:24:"),
    ] {
        let error = refusal(from, to);
        assert!(error.contains(said), "{error}\n  lacks {said}");
    }
}

#[test]
fn a_manifest_without_weights_is_refused() {
    let (before, _) = GOOD.split_once("[precision.fp32]").unwrap();
    let error = parse(&format!("{before}[precision]")).unwrap_err().to_string();
    assert!(error.contains("precision is empty, expected a table fp32 or int8"), "{error}");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Manifest::read(Path::new("nowhere/model.toml")).unwrap_err().to_string();
    assert!(error.starts_with("nowhere/model.toml: cannot be read: No such file"), "{error}");
}

#[test]
fn a_pose_manifest_is_refused_like_any_other() {
    let good = GOOD_POSE.replace("DIGEST", &"ab".repeat(32));
    let parse = |text: &str| PoseManifest::parse(Path::new("pose/model.toml"), text);
    assert_eq!(parse(&good).unwrap().outputs, ["a", "b", "c", "d"]);
    for (from, to, said) in [
        ("\"movenet\"", "\"posenet\"", "head.kind is \"posenet\", expected \"movenet\""),
        ("stride = 4", "stride = 0", "head.stride is 0, expected 1 to 32"),
        (", \"d\"", "", "head.outputs is [\"a\", \"b\", \"c\"], expected 4 different tensor names"),
        ("multiple = 192", "multiple = 32", "input.multiple is 32, expected input.long_side_px"),
        ("[precision.fp32]", "[precision.int8]", "unknown field `int8`"),
        (&"ab".repeat(32), "ab", "precision.fp32.sha256 is \"ab\", expected 64 lowercase hex"),
    ] {
        let error = parse(&good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with("pose/model.toml") && error.contains(said), "{error}");
    }
}

const GOOD_POSE: &str = r#"
name = "pose"
licence = "MIT"
input = { tensor = "data", multiple = 192, long_side_px = 192, channel_order = "rgb", mean = [127.5, 127.5, 127.5], std = [127.5, 127.5, 127.5], pad = 0 }
[head]
kind = "movenet"
stride = 4
outputs = ["a", "b", "c", "d"]
[precision.fp32]
file = "fp32.onnx"
sha256 = "DIGEST"
"#;
