//! What a frame costs beside the NPU, the whole way: letterboxed into the memory shared with the shipped
//! helper process, there and back, and looked through. The runtime is simulated and does nothing.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "the figures are for docs/performance.md")]

use std::alloc::System;
use std::time::{Duration, Instant};

use detector::attention::Look;
use detector::backend::npu::Simulated;
use detector::{BackendKind, Detector, NpuOptions, Options};
use hil_tests::drawn_picture::i420;
use hil_tests::programs;
use hil_tests::simulated_npu::SimulatedNpu;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

/// Counts what this program allocates on any thread.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const FRAMES: usize = 500;
const AT_MOST: Duration = Duration::from_millis(1);
/// Of the pictures: 4:3, larger than the network's input.
const WIDTH: usize = 768;
const HEIGHT: usize = 576;

#[test]
fn a_frame_costs_at_most_a_millisecond_beside_the_npu_and_allocates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let model = SimulatedNpu::prepare_idle(folder.path()).unwrap();
    let npu = NpuOptions {
        platform: Some(SimulatedNpu::RKNN.platform.to_owned()),
        library: Some(SimulatedNpu::RKNN.library().unwrap()),
        process: Some(programs::shipped("polewatch-npu").unwrap()),
        simulated: Simulated::Accept,
        ..NpuOptions::default()
    };
    let (folder, backend) = (Some(folder.path().to_owned()), Some(BackendKind::Rknn));
    let options = Options { model: folder, backend, npu, ..Options::default() };
    let mut detector = Detector::open(&options, WIDTH, HEIGHT).unwrap();
    // Nearly black, as what it was opened with: a runtime that does nothing has one answer to all, and would
    // be found out.
    let luma = (0..WIDTH * HEIGHT).map(|at| (16 + at % 16) as u8);
    let bytes: Vec<u8> = luma.chain(std::iter::repeat_n(128, WIDTH * HEIGHT / 2)).collect();
    let mut frame = || {
        let began = Instant::now();
        detector.letterbox(&i420(&bytes, (WIDTH, HEIGHT)).unwrap(), Look::Whole).unwrap();
        let letterboxed = Instant::now();
        detector.infer().unwrap();
        (letterboxed - began, letterboxed.elapsed())
    };
    for _ in 0..3 {
        frame();
    }
    let mut times = Vec::with_capacity(FRAMES);
    let counted = Region::new(ALLOCATOR);
    times.extend((0..FRAMES).map(|_| frame()));
    let change = counted.change();
    let (letterbox, infer) = (sorted(&times, |it| it.0), sorted(&times, |it| it.1));
    // Letterboxing is every engine's.
    for (name, steps) in [("letterbox", &letterbox), ("there, back and looked through", &infer)] {
        let [tenth, half] = [10, 2].map(|part| steps[FRAMES / part]);
        println!("{model}, {name}: {half:?} a frame, the quickest tenth {tenth:?} at most");
    }
    // The quickest: for the others one of the two programs waited until another let it run.
    assert!(infer[FRAMES / 10] <= AT_MOST, "{:?}", infer[FRAMES / 10]);
    assert_eq!((change.allocations, change.reallocations), (0, 0), "{change:?}");
}

fn sorted(
    times: &[(Duration, Duration)],
    of: fn(&(Duration, Duration)) -> Duration,
) -> Vec<Duration> {
    let mut times: Vec<_> = times.iter().map(of).collect();
    times.sort_unstable();
    times
}
