//! What is said of trouble reaches the control room whole.

use std::path::PathBuf;

use super::*;
use crate::backend::npu::{NpuError, NpuReport};

/// The longest a sentence of the wire may be in bytes (`wire::text::Sentence`), and what the daemon's
/// health says first.
const SENTENCE: usize = 160;
const STANDS_IN: &str = "the CPU stands in: ";

/// What health says of `reason`, as much of it as fits.
fn told(reason: &str) -> String {
    // The longest name of an engine, while it does what takes the most words.
    let error = BackendKind::Hailo.error("loading the model", reason);
    format!("{STANDS_IN}{error}").chars().take(SENTENCE).collect()
}

#[test]
fn what_becomes_of_the_helper_process_is_told_whole() {
    let deadline = "no answer within 1500 ms: killed, but the driver holds it";
    let lingers = format!("{}: restart the box if that lasts", process::LINGERS);
    for reason in [deadline, &lingers, STALE, ODD_VALUES] {
        assert!(told(reason).ends_with(reason), "{}", told(reason));
    }
}

#[test]
fn what_to_do_about_a_runtime_is_told_however_long_the_rest_is() {
    let remedy: &str = Box::leak("r".repeat(NpuError::LONGEST_REMEDY).into_boxed_str());
    let (got, expected) = ("g".repeat(200), "e".repeat(200));
    let unfit = NpuError::Unfit { what: "the driver's version", got, expected, remedy };
    assert!(told(&server::sentence(&unfit)).contains(remedy));
    let (path, version) = (PathBuf::from("/usr/lib/".repeat(20)), "2.5.0-sim".to_owned());
    let simulated = server::sentence(&NpuError::Simulated { path, version });
    assert!(told(&simulated).ends_with(&simulated), "{simulated}");
}

#[test]
fn an_input_of_another_size_is_told_whole() {
    let outputs = ["out8".to_owned()];
    let plan =
        NetworkPlan { model: &[], input: "data", outputs: &outputs, size: (640, 480), threads: 1 };
    let form = PixelForm { width: 1920, height: 1088, row_bytes: 1920 };
    let shapes = vec![vec![1, 112, 60, 80]];
    let loaded = Loaded { form, shapes, report: NpuReport::default() };
    let reason = Layout::of(&loaded, &plan).err().unwrap();
    assert_eq!(
        reason,
        "the input is 1920x1088 in rows of 1920 bytes, expected 640x480 of 3 bytes each"
    );
    assert!(told(&reason).ends_with(&reason), "{}", told(&reason));
}
