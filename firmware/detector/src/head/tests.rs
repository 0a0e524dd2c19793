//! Decoding by hand-made outputs, and by anything at all.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const BINS: usize = 8;

/// Two strides, three classes of which two are looked at.
fn manifest(kind: &str, scores: &str, offset: f32) -> Manifest {
    let outputs = match kind {
        "nanodet" => r#"["s8", "s16", "d8", "d16"]"#,
        _ => r#"["o8", "o16"]"#,
    };
    let text = format!(
        r#"name = "net"
licence = "MIT"
input = {{ tensor = "data", multiple = 32, long_side_px = 64, channel_order = "bgr",
          mean = [0, 0, 0], std = [1, 1, 1], pad = 0 }}
head = {{ kind = "{kind}", strides = [8, 16], bins = {BINS}, classes = 3, scores = "{scores}",
         anchor_offset = {offset}, outputs = {outputs} }}
classes = {{ person = 0, suitcase = 2 }}
[precision.fp32]
file = "fp32.onnx"
sha256 = "{:064}"
start_confidence = 0.4
keep_confidence = 0.2
suppression_iou = 0.6
"#,
        0
    );
    Manifest::parse(Path::new("model.toml"), &text).unwrap()
}

/// Outputs that were made by hand instead of by an engine.
struct Handmade {
    shapes: Vec<Vec<usize>>,
    values: Vec<Vec<f32>>,
}

impl Handmade {
    fn new(shapes: &[&[usize]], value: f32) -> Self {
        let values = shapes.iter().map(|shape| vec![value; shape.iter().product()]).collect();
        Self { shapes: shapes.iter().map(|shape| shape.to_vec()).collect(), values }
    }
}

impl Outputs for Handmade {
    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn output(&self, index: usize) -> Result<&[f32], BackendError> {
        Ok(&self.values[index])
    }
}

fn decoder(manifest: &Manifest, network: &Handmade) -> HeadDecoder {
    let thresholds = manifest.weights(crate::Precision::Fp32).unwrap().thresholds;
    HeadDecoder::new(manifest, thresholds, (64, 64), &network.shapes).unwrap()
}

fn decode(manifest: &Manifest, network: &Handmade) -> Vec<Detection> {
    let fit = Fit::new(128, 96, &manifest.input);
    assert_eq!((fit.scaled(), fit.network()), ((64, 48), (64, 64)));
    decoder(manifest, network).decode(network, &Window::whole(&fit), &fit).unwrap().to_vec()
}

fn plus(value: f32) -> Handmade {
    Handmade::new(&[&[1, 3 + 4 * BINS, 8, 8], &[1, 3 + 4 * BINS, 4, 4]], value)
}

/// Peaks of the four distances, in bins, at an anchor of an 8x8 grid from channel `first`.
fn set_distances(values: &mut [f32], first: usize, anchor: usize, peaks: [usize; 4]) {
    for (side, peak) in peaks.into_iter().enumerate() {
        values[(first + side * BINS + peak) * 64 + anchor] = 30.0;
    }
}

fn assert_box(got: &Detection, expected: [f32; 4]) {
    let bounds = [got.bounds.left(), got.bounds.top(), got.bounds.right(), got.bounds.bottom()];
    for (got, expected) in bounds.into_iter().zip(expected) {
        assert!((got - expected).abs() < 1e-4, "{bounds:?}");
    }
}

#[test]
fn one_anchor_becomes_one_box() {
    let mut network = plus(-9.0);
    let anchor = 2 * 8 + 3; // at (24, 16)
    network.values[0][anchor] = 2.0;
    set_distances(&mut network.values[0], 3, anchor, [1, 2, 3, 4]);
    let found = decode(&manifest("nanodet-plus", "logit", 0.0), &network);
    let [person] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(person.class, ObjectClass::Person);
    assert!((person.confidence.get() - 0.880_797).abs() < 1e-5);
    assert_box(person, [16.0 / 64.0, 0.0, 48.0 / 64.0, 1.0]);
}

#[test]
fn half_an_offset_moves_the_anchor_half_a_stride() {
    let mut network = plus(-9.0);
    network.values[0][0] = 2.0;
    set_distances(&mut network.values[0], 3, 0, [0, 0, 1, 1]);
    let found = decode(&manifest("nanodet-plus", "logit", 0.5), &network);
    assert_box(&found[0], [4.0 / 64.0, 4.0 / 48.0, 12.0 / 64.0, 12.0 / 48.0]);
}

#[test]
fn separate_tensors_and_anchors_first_mean_the_same() {
    let manifest = manifest("nanodet", "probability", 0.0);
    let mut flat =
        Handmade::new(&[&[1, 64, 3], &[1, 16, 3], &[1, 64, 4 * BINS], &[1, 16, 4 * BINS]], 0.0);
    let anchor = 19;
    flat.values[0][anchor * 3 + 2] = 0.75;
    for (side, peak) in [1, 2, 3, 4].into_iter().enumerate() {
        flat.values[2][anchor * 4 * BINS + side * BINS + peak] = 30.0;
    }
    let mut planes =
        Handmade::new(&[&[1, 3, 8, 8], &[1, 3, 16], &[1, 4 * BINS, 8, 8], &[1, 4 * BINS, 16]], 0.0);
    planes.values[0][2 * 64 + anchor] = 0.75;
    set_distances(&mut planes.values[2], 0, anchor, [1, 2, 3, 4]);
    let found = decode(&manifest, &flat);
    assert_eq!(found, decode(&manifest, &planes));
    assert_eq!((found.len(), found[0].class), (1, ObjectClass::Suitcase));
    assert!((found[0].confidence.get() - 0.75).abs() < 1e-6);
}

#[test]
fn a_class_nobody_asked_for_is_not_seen_and_does_not_hide_one_that_is() {
    let mut network = plus(-9.0);
    network.values[0][64 + 9] = 5.0; // class 1 is not in the manifest
    set_distances(&mut network.values[0], 3, 9, [1, 1, 1, 1]);
    let manifest = manifest("nanodet-plus", "logit", 0.0);
    assert_eq!(decode(&manifest, &network), []);
    network.values[0][9] = -1.0; // 0.27, far less sure than class 1 at the same anchor
    assert_eq!(decode(&manifest, &network).len(), 1);
}

#[test]
fn the_threshold_stands_between_its_neighbours() {
    let manifest = manifest("nanodet-plus", "logit", 0.0);
    for (score, seen) in [(0.199_f32, 0), (0.201, 1)] {
        let mut network = plus(-9.0);
        network.values[0][9] = (score / (1.0 - score)).ln();
        set_distances(&mut network.values[0], 3, 9, [1, 1, 1, 1]);
        assert_eq!(decode(&manifest, &network).len(), seen, "{score}");
    }
}

#[test]
fn what_is_not_a_number_is_nowhere() {
    let manifest = manifest("nanodet-plus", "logit", 0.0);
    for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(decode(&manifest, &plus(poison)), [], "{poison} everywhere");
        let mut network = plus(-9.0);
        network.values[0][9] = 3.0;
        set_distances(&mut network.values[0], 3, 9, [1, 1, 1, 1]);
        network.values[0][10] = 3.0;
        network.values[0][(3 + 5) * 64 + 10] = poison;
        let found = decode(&manifest, &network);
        assert!(!found.is_empty(), "{poison} at one anchor must not hide another");
    }
}

#[test]
fn a_flood_is_cut_to_the_best() {
    let manifest = manifest("nanodet-plus", "logit", 0.0);
    let shape: &[usize] = &[1, 3 + 4 * BINS, 100, 100];
    let mut network = Handmade::new(&[shape, &[1, 3 + 4 * BINS, 50, 50]], 1.0);
    // Among the last looked at: the second class of the manifest, at (24, 24).
    network.values[0][2 * 10_000 + 303] = 4.0;
    let thresholds = manifest.weights(crate::Precision::Fp32).unwrap().thresholds;
    let head = HeadDecoder::new(&manifest, thresholds, (800, 800), &network.shapes);
    let (mut head, fit) = (head.unwrap(), Fit::new(800, 800, &manifest.input));
    let found = head.decode(&network, &Window::whole(&fit), &fit).unwrap();
    assert!((1..=HeadDecoder::CANDIDATES).contains(&found.len()));
    assert!((found[0].confidence.get() - 0.982).abs() < 1e-3, "the best one was lost");
}

#[test]
fn an_output_of_other_dimensions_is_refused_by_name() {
    let manifest = manifest("nanodet-plus", "logit", 0.0);
    let thresholds = manifest.weights(crate::Precision::Fp32).unwrap().thresholds;
    let shapes = [vec![1, 35, 8, 8], vec![1, 34, 4, 4]];
    let error = HeadDecoder::new(&manifest, thresholds, (64, 64), &shapes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "output \"o16\" has dimensions [1, 34, 4, 4], expected [1, 35, 4, 4], [1, 35, 16] or \
         [1, 16, 35]"
    );
}

/// Numbers of every kind, most of them plausible.
fn number() -> impl Strategy<Value = f32> {
    prop_oneof![8 => -8.0_f32..8.0, 1 => any::<f32>(), 1 => Just(f32::NAN)]
}

proptest! {
    #[test]
    fn whatever_comes_out_what_is_found_is_sound(
        first in prop::collection::vec(number(), 35 * 64),
        second in prop::collection::vec(number(), 35 * 16),
    ) {
        let mut network = plus(0.0);
        network.values = vec![first, second];
        let found = decode(&manifest("nanodet-plus", "logit", 0.0), &network);
        prop_assert!(found.len() <= HeadDecoder::CANDIDATES);
        prop_assert!(found.is_sorted_by(|a, b| a.confidence >= b.confidence));
        for (at, one) in found.iter().enumerate() {
            prop_assert!([ObjectClass::Person, ObjectClass::Suitcase].contains(&one.class));
            prop_assert!((0.2..=1.0).contains(&one.confidence.get()));
            prop_assert!(one.bounds.width() > 0.0 && one.bounds.height() > 0.0);
            for other in found[..at].iter().filter(|other| other.class == one.class) {
                prop_assert!(one.bounds.iou(&other.bounds) <= 0.6);
            }
        }
    }
}
