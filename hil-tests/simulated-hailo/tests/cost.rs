//! What a frame costs beside the library: no allocation, and at most a millisecond.
//!
//! The library is told to compute nothing (`run idle`), by a process of its own: this test, started
//! again, since the variable that tells it is a process's.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::alloc::System;
use std::process::Command;
use std::time::{Duration, Instant};

use detector::ModelRoot;
use detector::backend::npu::{NpuError, NpuModel};
use simulated_hailo::SimulatedHef;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "rig/model.rs"]
#[allow(dead_code, reason = "heads are agreement's")]
mod model;

use model::{Rig, tiny};

/// Counts what this program allocates on any thread; the library has an allocator of its own.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PROBE: &str = "POLEWATCH_HAILO_PROBE";
const FRAMES: usize = 200;
const AT_MOST: Duration = Duration::from_millis(1);

#[test]
fn a_frame_costs_at_most_a_millisecond_and_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let fault = folder.path().join("fault");
    std::fs::write(&fault, "run idle").unwrap();
    let probe = Command::new(std::env::current_exe().unwrap())
        .args(["probe", "--exact", "--nocapture"])
        .env(PROBE, "1")
        .env("POLEWATCH_SIM_NPU_FAULT", fault)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&probe.stdout);
    println!("{said}");
    assert!(probe.status.success(), "{said} {}", String::from_utf8_lossy(&probe.stderr));
}

/// The process that is measured; a test of its own, which has nothing to do unless it was started so.
#[test]
fn probe() {
    if std::env::var_os(PROBE).is_none() {
        return;
    }
    let nanodet = ModelRoot::from_environment().path().join("nanodet-plus-m");
    let folder = if nanodet.join("model.toml").is_file() { nanodet } else { tiny() };
    let rig = Rig::new(&folder, (768, 576));
    let hef = SimulatedHef::of_model(&folder, rig.fit.network()).unwrap();
    let mut model = rig.open(&hef).unwrap();
    let mut outputs: Vec<Vec<f32>> =
        model.shapes().iter().map(|shape| vec![0.0; shape.iter().product()]).collect();
    let pixels = vec![90; model.input().bytes()];
    let mut frame = || -> Result<(), NpuError> {
        model.pixels().copy_from_slice(&pixels);
        model.run()?;
        outputs.iter_mut().enumerate().try_for_each(|(at, values)| model.read(at, values))
    };
    for _ in 0..3 {
        frame().unwrap();
    }
    let mut times = Vec::with_capacity(FRAMES);
    let counted = Region::new(ALLOCATOR);
    for _ in 0..FRAMES {
        let began = Instant::now();
        frame().unwrap();
        times.push(began.elapsed());
    }
    let change = counted.change();
    times.sort_unstable();
    let (half, worst) = (times[FRAMES / 2], times[FRAMES - 1]);
    println!("{} of {:?}: {half:?} a frame, {worst:?} at most", rig.manifest.name, hef.size);
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
    // Half of the frames: another program may have the processor in between.
    assert!(half <= AT_MOST, "{half:?}");
}
