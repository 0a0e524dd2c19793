//! What comes out is what the network gives, whatever way it went.

use analytics::detection::Detection;
use analytics::geometry::NormBox;
use detector::Precision;
use detector::backend::npu::{NpuError, Simulated};
use detector::backend::rknn::{RknnOptions, Transfer};
use detector::backend::{BackendError, Outputs};
use detector::head::HeadDecoder;
use detector::letterbox::{Fit, Window};
use simulated_rknn::model_file::{Layout, Native, Stored};

use crate::rig::{self, Rig};

/// Beside half a step: sums in another order.
const ROUNDING: f32 = 1e-3;
/// A score that no way may lose.
const SURE: f32 = 0.5;
/// Half a step of an eighth moves a score by no more (the sigmoid's slope is a quarter).
const SAME_SCORE: f32 = 0.02;
const SAME_BOX_IOU: f32 = 0.9;
/// The tiny network's boxes end at its cells.
const BLOCK_IOU: f32 = 0.75;

const NATIVES: [Native; 4] = [
    Native { layout: Layout::Nc1hwc2, padding: 0 },
    Native { layout: Layout::Nc1hwc2, padding: 16 },
    Native { layout: Layout::Nhwc, padding: 0 },
    Native { layout: Layout::Nchw, padding: 8 },
];

#[test]
fn every_way_through_the_library_gives_what_tract_gives() {
    let pixels = rig::blocks();
    let expected = Rig::tiny(|_| ()).tract(&pixels);
    for native in NATIVES {
        let bytes = Rig::tiny(|simulation| simulation.native = native);
        let halves = Rig::tiny(|simulation| {
            simulation.native = native;
            simulation.outputs.iter_mut().for_each(|output| output.stored = Stored::Half);
        });
        for (rig, transfer) in [
            (&bytes, Transfer::ZeroCopy),
            (&bytes, Transfer::Copied),
            (&bytes, Transfer::Auto),
            (&halves, Transfer::ZeroCopy),
            (&halves, Transfer::Copied),
        ] {
            let mut model = rig.open(transfer);
            let got = rig::outputs(model.as_mut(), &pixels);
            assert_within_half_a_step(rig, &expected, &got);
            let found = found(rig, got);
            for (class, [left, top, right, bottom]) in rig::BLOCKS {
                let block = NormBox::new(left, top, right, bottom).unwrap();
                let fits = |d: &&Detection| d.class == class && d.bounds.iou(&block) >= BLOCK_IOU;
                let sure = found.iter().find(fits).is_some_and(|d| d.confidence.get() >= SURE);
                assert!(sure, "{native:?}, {transfer:?}: no {class:?} in {found:?}");
            }
        }
    }
}

#[test]
fn walkers_in_a_street_are_the_same_as_tracts() {
    let Some(pixels) = rig::street() else { return };
    let native = Native { layout: Layout::Nc1hwc2, padding: 0 };
    let Some(rig) = Rig::nanodet(|simulation| simulation.native = native) else { return };
    let expected = rig.tract(&pixels);
    for transfer in [Transfer::ZeroCopy, Transfer::Copied] {
        let mut model = rig.open(transfer);
        let got = rig::outputs(model.as_mut(), &pixels);
        assert_within_half_a_step(&rig, &expected, &got);
        let (found, expected) = (found(&rig, got), self::found(&rig, expected.clone()));
        println!("{transfer:?}: {} found, {} expected", found.len(), expected.len());
        assert!(expected.len() >= 3, "{expected:?}");
        assert_same(&found, &expected);
    }
}

#[test]
fn a_second_picture_leaves_nothing_of_the_first() {
    let rig = Rig::tiny(|_| ());
    let dark = vec![16; rig::blocks().len()];
    for transfer in [Transfer::ZeroCopy, Transfer::Copied] {
        let mut model = rig.open(transfer);
        let first = rig::outputs(model.as_mut(), &dark);
        assert_ne!(rig::outputs(model.as_mut(), &rig::blocks()), first);
        assert_eq!(rig::outputs(model.as_mut(), &dark), first);
    }
}

#[test]
fn two_models_live_side_by_side() {
    let rig = Rig::tiny(|_| ());
    let (mut one, mut other) = (rig.open(Transfer::ZeroCopy), rig.open(Transfer::Copied));
    let pixels = rig::blocks();
    let first = rig::outputs(one.as_mut(), &pixels);
    assert_eq!(rig::outputs(other.as_mut(), &pixels), first);
    drop(one);
    assert_eq!(rig::outputs(other.as_mut(), &pixels), first);
}

#[test]
fn what_does_not_fit_the_plan_is_refused_in_a_sentence() {
    let options = RknnOptions::default();
    let accept = |rig: &Rig| rig.try_open(&rig.bytes(), &options, Simulated::Accept).err().unwrap();

    let rig = Rig::tiny(|_| ());
    let refused = rig.try_open(&rig.bytes(), &options, Simulated::Refuse).err().unwrap();
    assert!(matches!(refused, NpuError::Simulated { .. }), "{refused}");

    let renamed = Rig::tiny(|simulation| simulation.outputs.swap(0, 1));
    // The names decide, not the order: tract gives them as they are called.
    assert!(renamed.try_open(&renamed.bytes(), &options, Simulated::Accept).is_ok());

    let fewer = Rig::tiny(|simulation| drop(simulation.outputs.pop()));
    assert!(accept(&fewer).to_string().contains("number of tensors"), "{}", accept(&fewer));

    let mut smaller = Rig::tiny(|_| ());
    smaller.size = (320, 320);
    assert!(accept(&smaller).to_string().contains("input size is 320x256"));
}

fn assert_within_half_a_step(rig: &Rig, expected: &[Vec<f32>], got: &[Vec<f32>]) {
    for (output, (expected, got)) in rig.simulation().outputs.iter().zip(expected.iter().zip(got)) {
        assert_eq!(expected.len(), got.len(), "{}", output.name);
        let (lowest, highest, step) = match output.stored {
            Stored::Int8 { zp, scale } => {
                ((-128 - zp) as f32 * scale, (127 - zp) as f32 * scale, scale)
            }
            // Logits lie below 64, where halves are a 32nd apart.
            Stored::Half => (f32::MIN, f32::MAX, 1.0 / 32.0),
        };
        let off = expected.iter().zip(got).map(|(e, g)| (e.clamp(lowest, highest) - g).abs());
        let worst = off.fold(0.0, f32::max);
        assert!(worst <= step / 2.0 + ROUNDING, "{}: {worst}", output.name);
    }
}

fn found(rig: &Rig, values: Vec<Vec<f32>>) -> Vec<Detection> {
    let (width, height) = rig.size;
    let thresholds = rig.manifest.weights(Precision::Fp32).unwrap().thresholds;
    let fit = Fit::new(width, height, &rig.manifest.input);
    let model = rig.manifest.head.strides.iter().zip(&values).map(|(stride, values)| {
        let (rows, columns) = (height.div_ceil(*stride), width.div_ceil(*stride));
        vec![1, values.len() / (rows * columns), rows, columns]
    });
    let shapes: Vec<_> = model.collect();
    let mut decoder = HeadDecoder::new(&rig.manifest, thresholds, rig.size, &shapes).unwrap();
    let outputs = Computed { shapes, values };
    decoder.decode(&outputs, &Window::whole(&fit), &fit).unwrap().to_vec()
}

/// Every sure detection of one list is in the other.
fn assert_same(one: &[Detection], other: &[Detection]) {
    for (these, those) in [(one, other), (other, one)] {
        for sure in these.iter().filter(|d| d.confidence.get() >= SURE) {
            let same = |d: &&Detection| {
                let scores = (d.confidence.get() - sure.confidence.get()).abs();
                let boxes = d.bounds.iou(&sure.bounds);
                d.class == sure.class && boxes >= SAME_BOX_IOU && scores <= SAME_SCORE
            };
            assert!(those.iter().find(same).is_some(), "{sure:?} is not in {those:?}");
        }
    }
}

/// Outputs that are there already.
struct Computed {
    shapes: Vec<Vec<usize>>,
    values: Vec<Vec<f32>>,
}

impl Outputs for Computed {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        Ok(&self.values[index])
    }
}
