//! Every trouble the simulated library can be told to have, and the backend's sentence about it.
//!
//! Each runs in a process of its own, this test started again, because the library's variable is a
//! process's and because some troubles end it. What hangs is waited for a little longer than the
//! backend's own time-out.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use detector::backend::npu::{NpuModel as _, Simulated};
use simulated_hailo::{SimulatedHef, loaded};
use tempfile::TempDir;

#[path = "rig/model.rs"]
#[allow(dead_code, reason = "heads are agreement's")]
mod model;

use model::{Computed, Rig, tiny};

/// Set for the process that is asked.
const PROBE: &str = "POLEWATCH_HAILO_PROBE";
/// Nothing takes so long on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// Longer than the backend's time-out of a frame.
const HUNG: Duration = Duration::from_secs(3);

#[test]
fn opening_says_what_does_not_go_together_and_leaves_nothing_open() {
    for (fault, expected) in [
        ("init version", "NPU model: libhailort is 5.2.0, expected 4.20 or a later 4.x: install"),
        (
            "driver 76",
            "NPU model: the Hailo driver is of another version (76 HAILO_INVALID_DRIVER_VERSION), \
             expected libhailort's, 4.23.0-sim: library and driver move together",
        ),
        ("driver 86", "of another version (86 HAILO_DRIVER_INVALID_IOCTL)"),
        ("driver 16", "the Hailo chip's firmware is of another version (16 HAILO_UNSUPPORTED_FW"),
        ("driver 64", "NPU: hailo_create_vdevice answered 64 (HAILO_DRIVER_NOT_INSTALLED)"),
        ("driver 74", "NPU: hailo_create_vdevice answered 74 (HAILO_OUT_OF_PHYSICAL_DEVICES)"),
        ("driver 999", "NPU: hailo_create_vdevice answered 999 (an unknown status)"),
        ("init magic", "NPU model: the HEF is not readable (26 HAILO_INVALID_HEF)"),
        ("init platform", "NPU model: the HEF is made for another chip (93 HAILO_HEF_NOT_COMP"),
        ("query size", "NPU model: the input's frame is 122880 bytes, expected 245760"),
    ] {
        let mut probe = Probe::start();
        probe.order(fault);
        let said = probe.ask("open");
        assert!(said.contains(expected), "{fault}: {said}");
        assert_eq!(probe.ask("objects"), "0", "{fault}");
        // Nothing of it stays: once it is healthy, it opens.
        probe.order("");
        assert_eq!(probe.ask("open"), "opened", "{fault}");
        assert_eq!(probe.ask("run"), "ran", "{fault}");
    }
}

#[test]
fn a_run_that_fails_says_so_and_none_is_tried_until_it_is_opened_again() {
    for (fault, expected) in [
        ("run timeout", "NPU: hailo_vstream_read_raw_buffer answered 4 (HAILO_TIMEOUT)"),
        (
            "run gone",
            "NPU: hailo_vstream_write_raw_buffer answered 62 (HAILO_COMMUNICATION_CLOSED)",
        ),
    ] {
        let mut probe = Probe::opened();
        assert_eq!(probe.ask("run"), "ran");
        probe.order(fault);
        assert_eq!(probe.ask("run"), expected);
        probe.order("");
        assert_eq!(probe.ask("run"), expected, "a late answer must not be taken for this one");
        assert_eq!(probe.ask("close"), "0", "{fault}: something is still open");
        assert_eq!(probe.ask("open"), "opened");
        assert_eq!(probe.ask("run"), "ran");
    }
}

#[test]
fn only_the_first_picture_may_take_longer_than_the_time_out_of_one() {
    let mut probe = Probe::opened();
    probe.order("run slow 900ms");
    assert_eq!(probe.ask("run"), "ran");
    assert!(probe.ask("run").ends_with("answered 4 (HAILO_TIMEOUT)"));
}

#[test]
fn noise_and_slowness_are_no_errors() {
    let mut probe = Probe::opened();
    for success in ["run garbage", "run stale", "run blank"] {
        probe.order(success);
        assert_eq!(probe.ask("run"), "ran", "{success}");
    }
    probe.order("run slow 100ms\ntemperature 95.5");
    let began = Instant::now();
    assert_eq!(probe.ask("run"), "ran");
    assert!(began.elapsed() >= Duration::from_millis(100));
    assert_eq!(probe.ask("temperature"), "95.5");
}

#[test]
fn what_hangs_or_crashes_takes_only_its_process() {
    for (fault, question) in [("run hang", "run"), ("init hang", "open")] {
        let mut probe = Probe::start();
        assert_eq!(probe.ask("open"), "opened");
        probe.order(fault);
        assert_eq!(probe.answer(question, HUNG), Err(RecvTimeoutError::Timeout), "{fault}");
    }
    for (fault, question) in [("run crash", "run"), ("init crash", "open")] {
        let mut probe = Probe::start();
        assert_eq!(probe.ask("open"), "opened");
        probe.order(fault);
        assert_eq!(probe.answer(question, DEADLINE), Err(RecvTimeoutError::Disconnected));
    }
}

/// The process that is asked; a test of its own, which has nothing to say unless it was started so.
#[test]
fn probe() {
    if std::env::var_os(PROBE).is_none() {
        return;
    }
    let rig = Rig::new(&tiny(), (320, 240));
    let hef = SimulatedHef::of_model(&tiny(), rig.fit.network()).unwrap().to_bytes();
    let objects = || loaded::open_objects(rig.library()).unwrap().to_string();
    let mut open = None;
    for question in std::io::stdin().lines() {
        let answer = match (question.unwrap().as_str(), &mut open) {
            ("open", _) => match rig.open_file(&hef, Simulated::Accept) {
                Ok(model) => {
                    open = Some(model);
                    "opened".to_owned()
                }
                Err(error) => error.to_string(),
            },
            ("run", Some(model)) => {
                let pixels = vec![128; model.input().bytes()];
                Computed::of(model, &pixels).map_or_else(|e| e.to_string(), |_| "ran".to_owned())
            }
            ("temperature", Some(model)) => model.temperature_celsius().unwrap().to_string(),
            ("close", _) => {
                open = None;
                objects()
            }
            ("objects", _) => objects(),
            (other, _) => panic!("{other}"),
        };
        println!("= {answer}");
    }
}

/// A process that talks to the library and is told to fail.
struct Probe {
    child: Child,
    questions: ChildStdin,
    answers: Receiver<String>,
    folder: TempDir,
}

impl Probe {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["probe", "--exact", "--nocapture", "--test-threads=1"])
            .env(PROBE, "1")
            .env("POLEWATCH_SIM_NPU_FAULT", folder.path().join("fault"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, answers) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, answer)) = line.split_once("= ") {
                    let _ = tell.send(answer.to_owned());
                }
            }
        });
        Self { child, questions, answers, folder }
    }

    fn opened() -> Self {
        let mut probe = Self::start();
        assert_eq!(probe.ask("open"), "opened");
        probe
    }

    fn order(&self, fault: &str) {
        std::fs::write(self.folder.path().join("fault"), fault).unwrap();
    }

    #[track_caller]
    fn ask(&mut self, question: &str) -> String {
        self.answer(question, DEADLINE).unwrap()
    }

    fn answer(&mut self, question: &str, within: Duration) -> Result<String, RecvTimeoutError> {
        writeln!(self.questions, "{question}").unwrap();
        self.answers.recv_timeout(within)
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
