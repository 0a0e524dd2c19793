//! What is not there, not whole or not what it should be is refused in one line that names it.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::fs;
use std::path::{Path, PathBuf};

use detector::{BackendKind, Detector, ModelRoot, Options, Precision};
use tempfile::TempDir;

/// A copy of `models/tiny` to damage, in a root of its own, with tract asked for.
struct Copy {
    root: TempDir,
}

impl Copy {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/tiny");
        let folder = root.path().join("tiny");
        fs::create_dir(&folder).unwrap();
        for file in ["model.toml", "fp32.onnx", "int8.onnx"] {
            fs::copy(tiny.join(file), folder.join(file)).unwrap();
        }
        Self { root }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join("tiny").join(file)
    }

    fn options(&self) -> Options {
        Options {
            model: Some(self.root.path().join("tiny")),
            backend: Some(BackendKind::Tract),
            precision: Some(Precision::Fp32),
            root: ModelRoot::from(self.root.path().to_owned()),
            ..Options::default()
        }
    }

    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("model.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.path("model.toml"), text.replacen(from, to, 1)).unwrap();
    }

    /// Makes the manifest agree with a changed fp32.onnx, so that the engine gets to see it.
    fn accept(&self, bytes: &[u8]) {
        use sha2::{Digest, Sha256};
        let text = fs::read_to_string(self.path("model.toml")).unwrap();
        let (before, after) = text.split_once("[precision.fp32]").unwrap();
        let (head, rest) = after.split_once("sha256 = \"").unwrap();
        let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("{before}[precision.fp32]{head}sha256 = \"{sum}{}", &rest[64..]);
        fs::write(self.path("model.toml"), text).unwrap();
        fs::write(self.path("fp32.onnx"), bytes).unwrap();
    }
}

fn refusal(options: &Options) -> String {
    let Err(error) = Detector::open(options, 320, 240) else { panic!("opened {options:?}") };
    let error = error.to_string();
    assert!(!error.contains('\n'), "not one line: {error}");
    error
}

#[track_caller]
fn check(options: &Options, parts: &[&str]) {
    let error = refusal(options);
    for part in parts {
        assert!(error.contains(part), "{error}\n  lacks {part}");
    }
}

#[test]
fn an_empty_root_says_what_to_prepare() {
    let root = tempfile::tempdir().unwrap();
    let options = Options { root: ModelRoot::from(root.path().to_owned()), ..Options::default() };
    let place = root.path().display().to_string();
    check(&options, &[&place, "nanodet-plus-m or nanodet-g", "scripts/prepare-models"]);
}

#[test]
fn a_folder_without_a_manifest_is_named() {
    let copy = Copy::new();
    fs::remove_file(copy.path("model.toml")).unwrap();
    check(&copy.options(), &["tiny/model.toml: cannot be read: No such file"]);
}

#[test]
fn missing_weights_are_named() {
    let copy = Copy::new();
    fs::remove_file(copy.path("fp32.onnx")).unwrap();
    check(&copy.options(), &["tiny/fp32.onnx: cannot be read: No such file", "prepare-models"]);
}

#[test]
fn altered_weights_are_refused_with_both_checksums() {
    let copy = Copy::new();
    let mut bytes = fs::read(copy.path("fp32.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(copy.path("fp32.onnx"), bytes).unwrap();
    check(&copy.options(), &["tiny/fp32.onnx: sha256 is ", "expected 5", "prepare-models"]);
}

#[test]
fn weights_the_manifest_does_not_have_are_named() {
    let copy = Copy::new();
    copy.edit("[precision.int8]", "[precision.fp32.measured]");
    let options = Options { precision: Some(Precision::Int8), ..copy.options() };
    check(&options, &["tiny/model.toml: has no [precision.int8]"]);
}

#[test]
fn a_broken_measurement_is_named() {
    let copy = Copy::new();
    fs::write(copy.path("measured.toml"), "auto_precision = \"int4\"\nreason = \"\"").unwrap();
    check(&copy.options(), &["tiny/measured.toml: ", "`int4`", "`fp32` or `int8`"]);
}

#[test]
fn tensors_the_graph_does_not_have_are_named_with_those_it_has() {
    let copy = Copy::new();
    copy.edit("tensor = \"data\"", "tensor = \"image\"");
    check(&copy.options(), &["the graph has no input \"image\"", "\"data\""]);
    let copy = Copy::new();
    copy.edit("\"out16\"", "\"out17\"");
    check(&copy.options(), &["the graph has no output \"out17\"", "\"out16\""]);
}

#[test]
fn outputs_of_other_dimensions_are_named() {
    let copy = Copy::new();
    copy.edit("bins = 8", "bins = 9");
    check(&copy.options(), &["model tiny: output \"out8\" has dimensions [1, 34, 32, 40]", "38"]);
}

#[test]
fn bytes_that_are_no_graph_are_refused_by_the_engine_in_one_line() {
    let copy = Copy::new();
    copy.accept(b"this is not a graph");
    check(&copy.options(), &["tract: loading the graph: "]);
}

#[test]
fn no_threads_and_too_many_are_refused() {
    let copy = Copy::new();
    for threads in [0, 65] {
        let options = Options { threads, ..copy.options() };
        check(&options, &[&format!("detector.threads is {threads}, expected 1 to 64")]);
    }
}

/// A library of our own making at the place where onnxruntime's is looked for.
fn with_library(copy: &Copy, bytes: &[u8]) -> Options {
    let library = copy.root.path().join("runtime/libonnxruntime.so");
    fs::create_dir_all(library.parent().unwrap()).unwrap();
    fs::write(&library, bytes).unwrap();
    Options { backend: Some(BackendKind::OnnxRuntime), ..copy.options() }
}

#[test]
fn no_library_is_named() {
    let copy = Copy::new();
    let options = Options { backend: Some(BackendKind::OnnxRuntime), ..copy.options() };
    check(&options, &["onnxruntime library ", "runtime/libonnxruntime.so: No such file"]);
}

#[test]
fn a_text_file_is_no_library() {
    let copy = Copy::new();
    let options = with_library(&copy, b"404: Not Found\n");
    check(&options, &["libonnxruntime.so: is not a shared library"]);
    let auto = Options { backend: None, precision: None, ..options };
    let detector = Detector::open(&auto, 320, 240).unwrap();
    assert_eq!(detector.choice().backend, BackendKind::Tract);
    assert!(detector.choice().reason.contains("is not a shared library"), "{}", detector.choice());
}

#[test]
fn a_library_of_something_else_is_refused() {
    let Some(bytes) = some_library() else {
        println!("skipped: no other shared library found on this machine");
        return;
    };
    let copy = Copy::new();
    check(&with_library(&copy, &bytes), &["libonnxruntime.so", "does not export `OrtGetApiBase`"]);
    let half = &bytes[..bytes.len() / 2];
    check(&with_library(&copy, half), &["libonnxruntime.so: is cut short: "]);
    let mut foreign = bytes;
    foreign[18] = 8; // MIPS
    check(&with_library(&copy, &foreign), &["is built for ELF machine 8"]);
}

/// A shared library every Debian has: the C mathematics.
fn some_library() -> Option<Vec<u8>> {
    ["x86_64-linux-gnu", "aarch64-linux-gnu"]
        .iter()
        .find_map(|triple| fs::read(format!("/lib/{triple}/libm.so.6")).ok())
}
