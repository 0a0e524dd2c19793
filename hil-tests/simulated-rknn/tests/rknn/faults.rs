//! Each trouble the simulated runtime knows, seen from a process that runs our backend.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::rig::{self, Rig};

/// Longer than anything but a hang takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a hang is watched.
const WATCHED: Duration = Duration::from_millis(1500);

#[test]
fn trouble_while_opening_is_named() {
    for (transfer, fault, expected) in [
        ("auto", "init magic", "NPU: rknn_init answered -6 (MODEL_INVALID)"),
        ("auto", "init version", "NPU: rknn_init answered -1 (FAIL)"),
        ("auto", "init platform", "NPU: rknn_init answered -13 (TARGET_PLATFORM_UNMATCH)"),
        ("auto", "init memory", "NPU: rknn_init answered -4 (MALLOC_FAIL)"),
        ("auto", "init -3", "NPU: rknn_init answered -3 (DEVICE_UNAVAILABLE)"),
        ("auto", "query size", "NPU: rknn_query answered -5 (PARAM_INVALID)"),
        ("auto", "query nonsense", "NPU model: list of outputs is"),
        ("auto", "library 1.4.0-sim", "library's version is 1.4.0-sim, expected 2.5.0 or newer"),
        ("auto", "driver 0.9.3", "rknpu driver's version is 0.9.3, expected 0.8 or newer"),
        ("auto", "set_core_mask -5", "NPU: rknn_set_core_mask answered -5 (PARAM_INVALID)"),
        ("zero-copy", "memory none", "NPU: rknn_create_mem answered -4 (MALLOC_FAIL)"),
        ("zero-copy", "memory nowhere", "NPU: rknn_create_mem answered -4 (MALLOC_FAIL)"),
        ("zero-copy", "set_io_mem -7", "NPU: rknn_set_io_mem answered -7 (CTX_INVALID)"),
    ] {
        let mut process = Process::start(transfer, fault);
        let said = process.said();
        assert!(text(&said, "error").contains(expected), "{fault}: {said}");
        assert!(process.ended_well(), "{fault}");
    }
}

#[test]
fn trouble_in_a_run_is_named_and_over_when_it_is_over() {
    for (transfer, fault, expected) in [
        ("auto", "run timeout", "NPU: rknn_run answered -2 (TIMEOUT)"),
        ("auto", "run gone", "NPU: rknn_run answered -3 (DEVICE_UNAVAILABLE)"),
        ("auto", "run -77", "NPU: rknn_run answered -77 (a code the vendor does not document)"),
        ("zero-copy", "mem_sync -1", "NPU: rknn_mem_sync answered -1 (FAIL)"),
        ("copied", "inputs_set -8", "NPU: rknn_inputs_set answered -8 (INPUT_INVALID)"),
        ("copied", "outputs_get -9", "NPU: rknn_outputs_get answered -9 (OUTPUT_INVALID)"),
        ("copied", "outputs_release -9", "NPU: rknn_outputs_release answered -9 (OUTPUT_INVALID)"),
    ] {
        let mut process = Process::start(transfer, "");
        assert_eq!(text(&process.said(), "library"), "2.5.0-sim");
        let healthy = process.run();
        process.trouble(fault);
        let said = process.run();
        assert_eq!(text(&said, "error"), expected, "{fault}");
        process.trouble("");
        assert_eq!(process.run()["sum"], healthy["sum"], "{fault}");
        assert!(process.ended_well(), "{fault}");
    }
}

#[test]
fn garbage_is_numbers_and_slowness_is_waited_for() {
    let mut process = Process::start("auto", "");
    process.said();
    let healthy = process.run();
    process.trouble("run garbage");
    let garbage = process.run();
    assert!(garbage["sum"].is_number() && garbage["sum"] != healthy["sum"], "{garbage}");
    process.trouble("run stale");
    assert_eq!(process.run()["sum"], garbage["sum"]);
    process.trouble("run blank");
    let blank = process.run();
    assert!(blank["sum"].is_number() && blank["sum"] != garbage["sum"], "{blank}");
    process.trouble("run slow 200ms");
    let slow = process.run();
    assert_eq!(slow["sum"], healthy["sum"]);
    assert!(slow["run_ms"].as_f64().unwrap() >= 200.0, "{slow}");
    assert!(process.ended_well());
}

#[test]
fn what_only_a_process_of_its_own_survives() {
    for fault in ["init crash", "run crash"] {
        let mut process = Process::start("auto", "");
        process.said();
        process.run();
        process.trouble(fault);
        if fault.starts_with("init") {
            process = Process::start("auto", fault);
        } else {
            process.ask();
        }
        assert!(!process.ended_well(), "{fault}");
    }
    let mut process = Process::start("auto", "");
    process.said();
    process.trouble("run hang");
    process.ask();
    assert!(process.lines.recv_timeout(WATCHED).is_err(), "it answered");
    process.child.kill().unwrap();
}

#[test]
fn where_nothing_can_be_lent_the_library_copies() {
    let mut process = Process::start("auto", "");
    process.said();
    let lent = process.run();
    for fault in ["memory none", "set_io_mem -5"] {
        let mut process = Process::start("auto", fault);
        process.said();
        assert_eq!(process.run()["sum"], lent["sum"], "{fault}");
        assert!(process.ended_well(), "{fault}");
    }
}

/// `simulated-rknn-run` on the test network, with a file of faults.
struct Process {
    child: Child,
    questions: Option<ChildStdin>,
    lines: Receiver<String>,
    folder: tempfile::TempDir,
}

impl Process {
    fn start(transfer: &str, fault: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (model, faults) = (folder.path().join("model"), folder.path().join("faults"));
        fs::write(&model, Rig::tiny(|_| ()).bytes()).unwrap();
        fs::write(&faults, fault).unwrap();
        let mut child = Command::new(Path::new(env!("CARGO_BIN_EXE_simulated-rknn-run")))
            .args(["--transfer", transfer, "--second-core", "--library"])
            .arg(rig::library())
            .arg("--model")
            .arg(model)
            .env("POLEWATCH_SIM_NPU_FAULT", faults)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (questions, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self { child, questions, lines, folder }
    }

    /// What the library does from now on.
    fn trouble(&self, fault: &str) {
        fs::write(self.folder.path().join("faults"), fault).unwrap();
    }

    fn ask(&mut self) {
        self.questions.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    fn said(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(PATIENCE).unwrap()).unwrap()
    }

    fn run(&mut self) -> Value {
        self.ask();
        self.said()
    }

    fn ended_well(&mut self) -> bool {
        drop(self.questions.take());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Where a test failed half way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text<'v>(said: &'v Value, key: &str) -> &'v str {
    said[key].as_str().unwrap_or_else(|| panic!("no {key} in {said}"))
}
