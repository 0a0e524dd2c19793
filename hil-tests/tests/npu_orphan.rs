//! The helper process of an NPU whose owner is killed, so that nobody tells it anything any more.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "how long it took is for people")]
#![allow(clippy::print_stderr, reason = "where the owner says how far it is")]

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _, stdin};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use detector::backend::npu::Simulated;
use detector::{BackendKind, Detector, NpuOptions, Options};
use hil_tests::drawn_picture::i420;
use hil_tests::programs;
use hil_tests::simulated_npu::{SimulatedNpu, TROUBLE_VARIABLE};

/// Names the model's folder to the process that plays the owner.
const OWNER: &str = "POLEWATCH_NPU_OWNER";
/// What the owner says once the NPU works.
const OPENED: &str = "opened";
/// Nothing here takes so long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// It gives the runtime two seconds to let go.
const LONGEST: Duration = Duration::from_secs(5);
/// Of the pictures.
const WIDTH: usize = 320;
const HEIGHT: usize = 240;

#[test]
fn a_helper_that_waits_for_work_ends_when_its_owner_is_killed() {
    let mut owner = Owner::start();
    owner.wait_for(OPENED);
    owner.leaves_nobody_when_killed("waiting");
}

#[test]
fn a_helper_in_the_midst_of_a_run_ends_when_its_owner_is_killed() {
    let mut owner = Owner::start();
    owner.wait_for(OPENED);
    fs::write(owner.folder.path().join("fault"), "run hang").unwrap();
    owner.questions.write_all(b"run\n").unwrap();
    owner.wait_for("run hangs");
    owner.leaves_nobody_when_killed("running");
}

/// The process that owns a helper; a test of its own, which has nothing to do unless it was started so.
#[test]
fn owner() {
    let Some(model) = env::var_os(OWNER).map(PathBuf::from) else { return };
    let mut detector = Detector::open(&options(&model), WIDTH, HEIGHT).unwrap();
    eprintln!("{OPENED}");
    for line in stdin().lines() {
        line.unwrap();
        let bytes = vec![100; WIDTH * HEIGHT * 3 / 2];
        detector.detect(&i420(&bytes, (WIDTH, HEIGHT)).unwrap()).unwrap();
    }
}

/// A process that owns a helper, and what both say: they share a pipe, which is at its end when the
/// last of them is.
struct Owner {
    child: Child,
    questions: ChildStdin,
    said: Receiver<String>,
    folder: tempfile::TempDir,
}

impl Owner {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        SimulatedNpu::RKNN.prepare_tiny(folder.path()).unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["owner", "--exact", "--nocapture"])
            .env(OWNER, folder.path())
            .env(TROUBLE_VARIABLE, folder.path().join("fault"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let questions = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (tell, said) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        Self { child, questions, said, folder }
    }

    fn wait_for(&self, what: &str) {
        while !self.said.recv_timeout(PATIENCE).unwrap().contains(what) {}
    }

    fn leaves_nobody_when_killed(&mut self, doing: &str) {
        self.child.kill().unwrap();
        let killed = Instant::now();
        loop {
            let left = LONGEST.saturating_sub(killed.elapsed());
            match self.said.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the helper outlives its owner"),
            }
        }
        println!("{doing}: gone {} ms after its owner", killed.elapsed().as_millis());
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Where a test failed half way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn options(model: &Path) -> Options {
    Options {
        model: Some(model.to_owned()),
        backend: Some(BackendKind::Rknn),
        npu: NpuOptions {
            platform: Some(SimulatedNpu::RKNN.platform.to_owned()),
            library: Some(SimulatedNpu::RKNN.library().unwrap()),
            process: Some(programs::shipped("polewatch-npu").unwrap()),
            simulated: Simulated::Accept,
            // The owner does not end it.
            deadline: Duration::from_secs(3600),
            ..NpuOptions::default()
        },
        ..Options::default()
    }
}
