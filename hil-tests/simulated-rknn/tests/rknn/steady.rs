//! Once it runs, it allocates nothing: the box must not fragment its memory frame by frame.

use detector::backend::rknn::Transfer;
use simulated_rknn::model_file::{Layout, Native};

use crate::rig::{self, Rig};

#[test]
fn a_run_and_its_reading_allocate_nothing() {
    for layout in [Layout::Nc1hwc2, Layout::Nhwc, Layout::Nchw] {
        let rig = Rig::tiny(|simulation| simulation.native = Native { layout, padding: 0 });
        for transfer in [Transfer::ZeroCopy, Transfer::Copied] {
            let mut model = rig.open(transfer);
            let mut values = rig::outputs(model.as_mut(), &rig::blocks());
            // What the library allocates is its own: it has an allocator of its own.
            let counted = allocation_counter::measure(|| {
                for _ in 0..5 {
                    model.pixels().fill(30);
                    model.run().unwrap();
                    for (index, values) in values.iter_mut().enumerate() {
                        model.read(index, values).unwrap();
                    }
                }
            });
            assert_eq!(counted.count_total, 0, "{layout:?}, {transfer:?}: {counted:?}");
        }
    }
    // It does count.
    assert!(allocation_counter::measure(|| drop(vec![1_u8; 100])).count_total > 0);
}
