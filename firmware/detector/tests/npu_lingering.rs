//! A helper process that cannot be ended, as one that a driver holds in the kernel: nobody waits for it, and
//! no other is started until it has gone.
//!
//! A tracer stands in for the driver: a process that is traced is seen to have ended only once its tracer
//! lets go. That takes Python, for the system call.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use detector::{BackendKind, Detector, Options};

#[path = "npu_trouble/stage.rs"]
mod stage;

use stage::{options, prepared, program};

/// Closes its socket and ends with status 3, held by its tracer as long as the file `held` is there.
const HELD: &str = r#"#!/usr/bin/env python3
import ctypes, os, time
held = os.path.join(os.path.dirname(os.path.abspath(__file__)), "held")
system, ready = ctypes.CDLL(None), os.pipe()
system.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
PR_SET_PTRACER, ANYBODY, PTRACE_SEIZE = 0x59616D61, ctypes.c_ulong(-1), 0x4206
system.prctl(PR_SET_PTRACER, ANYBODY, 0, 0, 0)
me = os.getpid()
if os.fork() == 0:
    os.close(0)
    open(held, "w").close()
    refused = system.ptrace(PTRACE_SEIZE, me, None, None) != 0
    os.write(ready[1], b"no" if refused else b"yes")
    while os.path.exists(held):
        time.sleep(0.01)
    os._exit(0)
os._exit(3 if os.read(ready[0], 3) == b"yes" else 77)
"#;

/// Longer than any of this takes on a busy machine, shorter than the deadline of loading a model.
const PATIENCE: Duration = Duration::from_secs(10);

fn opened(model: &Path, process: PathBuf) -> String {
    let asked = Options { backend: Some(BackendKind::Rknn), ..options(model, process) };
    Detector::open(&asked, 320, 240).err().unwrap().to_string()
}

#[test]
fn a_helper_that_the_kernel_holds_is_not_waited_for_and_no_other_is_started_until_it_has_gone() {
    if !Command::new("python3").arg("--version").output().is_ok_and(|out| out.status.success()) {
        println!("skipped: no python3");
        return;
    }
    let model = prepared("rk3588");
    let helper = program(model.path(), HELD);
    let began = Instant::now();
    let said = opened(model.path(), helper);
    if said.contains("status 77") {
        println!("skipped: no process may be traced here");
        return;
    }
    let expected = "rknn: loading the model: the helper process has not ended, since the NPU's driver holds it";
    assert_eq!(said, expected);
    assert!(began.elapsed() < PATIENCE, "it was waited for: {:?}", began.elapsed());

    let other = program(model.path(), "#!/bin/sh\nexit 4\n");
    assert_eq!(
        opened(model.path(), other.clone()),
        format!("{expected}: restart the box if that lasts")
    );

    fs::remove_file(model.path().join("held")).unwrap();
    let freed = Instant::now();
    loop {
        let said = opened(model.path(), other.clone());
        if said.contains("status 4") {
            break;
        }
        assert!(freed.elapsed() < PATIENCE, "it has gone, and still: {said}");
    }
}
