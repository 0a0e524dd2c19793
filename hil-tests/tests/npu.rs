//! An NPU in trouble, with the vendors' runtimes simulated: detection goes on, and the NPU comes back.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "the table of troubles is for docs/npu.md")]

use std::fs;
use std::path::Path;
use std::process::Command;

use hil_tests::programs;
use serde_json::Value;

/// A vendor's simulated runtime.
struct Runtime {
    platform: &'static str,
    library: &'static str,
    /// What it can be told to do wrong, and what is then said.
    troubles: &'static [(&'static str, &'static str)],
}

const RKNN: Runtime = Runtime {
    platform: "rk3588",
    library: "libsimulated_rknn.so",
    troubles: &[
        ("run timeout", "rknn_run answered -2"),
        ("run gone", "rknn_run answered -3"),
        ("run hang", "no answer within 500 ms: killed"),
        ("run crash", "crashed (signal 6)"),
        ("run garbage", "its answers cannot be right"),
        ("run slow 800ms", "no answer within 500 ms: killed"),
    ],
};

const HAILO: Runtime = Runtime {
    platform: "hailo8l",
    library: "libsimulated_hailo.so",
    troubles: &[
        ("run timeout", "HAILO_TIMEOUT"),
        ("run gone", "answered"),
        ("run hang", "no answer within 500 ms: killed"),
        ("run crash", "crashed (signal"),
        ("run garbage", "its answers cannot be right"),
        ("run slow 800ms", "HAILO_TIMEOUT"),
    ],
};

/// The longest a picture may go unanswered.
const LONGEST_GAP_MS: u64 = 2000;

/// The tiny model with a conversion for `runtime`.
fn prepared(runtime: &Runtime, folder: &Path) {
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/tiny");
    for file in ["model.toml", "fp32.onnx", "int8.onnx"] {
        fs::copy(tiny.join(file), folder.join(file)).unwrap();
    }
    let written = Command::new(programs::shipped("simulated-npu-model").unwrap())
        .arg("--model")
        .arg(&tiny)
        .arg("--out")
        .arg(folder.join("320x256.npu"))
        .args(["--width", "320", "--height", "256", "--platform", runtime.platform])
        .output()
        .unwrap();
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    fs::write(folder.join("npu.toml"), written.stdout).unwrap();
}

fn the_cpu_stands_in_and_the_npu_comes_back(runtime: &Runtime) {
    let folder = tempfile::tempdir().unwrap();
    prepared(runtime, folder.path());
    let output = Command::new(programs::shipped("npu-trouble").unwrap())
        .env("POLEWATCH_SIM_NPU_FAULT", folder.path().join("fault"))
        .arg("--model")
        .arg(folder.path())
        .arg("--library")
        .arg(programs::shipped(runtime.library).unwrap())
        .arg("--process")
        .arg(programs::shipped("polewatch-npu").unwrap())
        .args(["--platform", runtime.platform])
        .args(runtime.troubles.iter().map(|(trouble, _)| trouble))
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&errors));
    println!("| trouble | reported | longest gap | back after |\n|---|---|---|---|");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), runtime.troubles.len());
    for (line, (trouble, expected)) in lines.iter().zip(runtime.troubles) {
        let reported = line["reported"].as_str().unwrap();
        let (gap, back) = (&line["longest_gap_ms"], &line["back_after_ms"]);
        println!("| {trouble} | {reported} | {gap} ms | {back} ms |");
        assert!(reported.contains(expected), "{trouble}: {reported}");
        assert!(gap.as_u64().unwrap() <= LONGEST_GAP_MS, "{trouble}: {gap} ms without an answer");
    }
}

#[test]
fn the_cpu_stands_in_for_hailos_npu_and_it_comes_back() {
    the_cpu_stands_in_and_the_npu_comes_back(&HAILO);
}

#[test]
fn the_cpu_stands_in_for_rockchips_npu_and_it_comes_back() {
    the_cpu_stands_in_and_the_npu_comes_back(&RKNN);
}

#[test]
fn a_simulated_runtime_is_refused_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    prepared(&RKNN, folder.path());
    for (word, expected) in
        [("refuse", "version 2.5.0-sim is a simulation"), ("accept", "has no model for rk3588")]
    {
        let config = format!(
            "site = \"gangnam\"\nbox = \"pole-0412\"\n[camera]\nsource = \"file:none.mp4\"\n[detector]\n\
             model = \".\"\nbackend = \"rknn\"\nnpu_platform = \"rk3588\"\nnpu_library = {:?}\n\
             npu_simulated = {word:?}\n",
            programs::shipped(RKNN.library).unwrap()
        );
        let file = folder.path().join("box.toml");
        fs::write(&file, config).unwrap();
        let report = folder.path().join("report.json");
        let output = Command::new(programs::shipped("polewatchd").unwrap())
            .args(["npu-check", "--config"])
            .arg(&file)
            .arg("--report")
            .arg(&report)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{word}: {said}");
        // The tiny model has a conversion for no camera's size: a self-test of it cannot pass.
        assert!(!output.status.success(), "{word}: {said}");
        let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
        assert_eq!(
            (&report["passed"], report["trials"].as_array().unwrap().len()),
            (&false.into(), 2)
        );
    }
}
