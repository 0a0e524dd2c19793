//! Once it runs, it allocates nothing: the box must not fragment its memory frame by frame.
//!
//! A test program of its own, with one test: what is counted is what any of its threads allocates.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "what a machine lacks is said, not passed over")]

use std::alloc::System;

use detector::backend::rknn::Transfer;
use simulated_rknn::model_file::{Layout, Native};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[path = "rknn/rig.rs"]
#[allow(dead_code, reason = "footage and faults are the other tests'")]
mod rig;

use rig::Rig;

/// The library has an allocator of its own: what it allocates is not counted.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[test]
fn a_run_and_its_reading_allocate_nothing() {
    for layout in [Layout::Nc1hwc2, Layout::Nhwc, Layout::Nchw] {
        let rig = Rig::tiny(|simulation| simulation.native = Native { layout, padding: 0 });
        for transfer in [Transfer::ZeroCopy, Transfer::Copied] {
            let mut model = rig.open(transfer);
            let mut values = rig::outputs(model.as_mut(), &rig::blocks());
            let counted = Region::new(ALLOCATOR);
            for _ in 0..5 {
                model.pixels().fill(30);
                model.run().unwrap();
                for (index, values) in values.iter_mut().enumerate() {
                    model.read(index, values).unwrap();
                }
            }
            let change = counted.change();
            let count = (change.allocations, change.reallocations);
            assert_eq!(count, (0, 0), "{layout:?}, {transfer:?}: {change:?}");
        }
    }
    let counted = Region::new(ALLOCATOR);
    drop(std::hint::black_box(vec![1_u8; 100]));
    assert_eq!(counted.change().allocations, 1, "it does count");
}
