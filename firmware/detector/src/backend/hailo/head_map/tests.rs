//! Head maps: which streams are taken, how their values come out, which output is which.

use super::*;
use crate::backend::hailo::abi::Format;

fn info(name: &str, shape: [u32; 3], order: i32, kind: i32) -> StreamInfo {
    let mut info = StreamInfo::zeroed();
    abi::set_text(&mut info.name, name);
    info.shape[..3].copy_from_slice(&shape);
    info.format = Format { kind, order, flags: 0 };
    info.quantization.zero_point = 3.0;
    info.quantization.scale = 0.5;
    info
}

fn map(name: &str, shape: [u32; 3]) -> HeadMap {
    HeadMap::new(&info(name, shape, abi::ORDER_NHWC, abi::TYPE_UINT8)).unwrap()
}

#[test]
fn channels_come_outermost_and_dequantized() {
    let map = map("out8", [1, 2, 3]);
    let frame = Frame::Bytes(vec![3, 4, 5, 13, 14, 255]);
    let mut values = [0.0; 6];
    map.unpack(&frame, &mut values);
    assert_eq!(values, [0.0, 5.0, 0.5, 5.5, 1.0, 126.0]);
    assert_eq!(map.dimensions(), [1, 3, 1, 2]);
}

#[test]
fn every_cell_finds_its_place_whatever_the_block() {
    for (rows, columns, channels) in [(1, 1, 1), (7, 9, 5), (8, 8, 112), (60, 80, 3), (13, 5, 64)] {
        let shape = [rows, columns, channels].map(|side| side as u32);
        let map = HeadMap::new(&info("map", shape, abi::ORDER_F8CR, abi::TYPE_FLOAT32)).unwrap();
        let packed: Vec<f32> = (0..rows * columns * channels).map(|at| at as f32).collect();
        let mut values = vec![-1.0; packed.len()];
        map.unpack(&Frame::Floats(packed), &mut values);
        let expected = (0..channels).flat_map(|channel| {
            (0..rows * columns).map(move |cell| (cell * channels + channel) as f32)
        });
        assert!(values.into_iter().eq(expected), "{rows}x{columns}x{channels}");
    }
}

#[test]
fn values_with_a_scale_for_each_channel_are_asked_for_as_floats() {
    let with = |zero_point, scale, kind| {
        let mut info = info("out8", [2, 2, 1], abi::ORDER_NHWC, kind);
        info.quantization = Quantization { zero_point, scale, ..Quantization::default() };
        HeadMap::new(&info).unwrap().kind()
    };
    for (zero_point, scale, kind, expected) in [
        (3.0, 0.5, abi::TYPE_UINT8, abi::TYPE_UINT8),
        (0.0, 0.0, abi::TYPE_UINT8, abi::TYPE_FLOAT32),
        (0.0, f32::NAN, abi::TYPE_UINT8, abi::TYPE_FLOAT32),
        (f32::INFINITY, 0.5, abi::TYPE_UINT8, abi::TYPE_FLOAT32),
        (3.0, 0.5, 2, abi::TYPE_FLOAT32),
        (3.0, 0.5, abi::TYPE_FLOAT32, abi::TYPE_FLOAT32),
    ] {
        assert_eq!(with(zero_point, scale, kind), expected, "{zero_point} {scale} {kind}");
    }
}

#[test]
fn a_stream_that_is_no_head_map_is_refused_by_name() {
    for (shape, order, expected) in [
        ([80, 100, 5], 22, "yolo/nms, boxes after suppression (order 22)"),
        ([80, 100, 5], 9, "boxes after suppression (order 9)"),
        ([60, 80, 112], 2, "yolo/nms, 60x80x112 in order 2"),
        ([60, 80, 2], abi::ORDER_NHW, "60x80x2 in order 5"),
        ([0, 80, 112], abi::ORDER_NHWC, "0x80x112 in order 1"),
        ([u32::MAX; 3], abi::ORDER_NHWC, "in order 1, expected a map"),
    ] {
        let error = HeadMap::new(&info("yolo/nms", shape, order, 1)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(HeadMap::new(&info("mask", [60, 80, 1], abi::ORDER_NHW, 1)).is_ok());
}

#[test]
fn outputs_are_found_by_name_or_else_by_size() {
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let large = || [80, 60, 9];
    let (medium, small) = ([40, 30, 9], [20, 15, 9]);
    for (streams, expected) in [
        (vec![("out16", medium), ("out8", large())], Some(vec![1, 0])),
        (vec![("net/out8", large()), ("net/out16", medium), ("net/aux", small)], Some(vec![0, 1])),
        (vec![("net/conv59", medium), ("net/conv47", large())], Some(vec![1, 0])),
        // One of two names is no agreement; nor are two maps of one size, nor one map too many.
        (vec![("net/conv59", medium), ("net/out8", large())], None),
        (vec![("net/conv59", medium), ("net/conv47", medium)], None),
        (vec![("a", large()), ("b", medium), ("c", small)], None),
        (vec![], None),
    ] {
        let maps: Vec<HeadMap> = streams.iter().map(|&(name, shape)| map(name, shape)).collect();
        let found = matched(&maps, &names(&["out8", "out16"]));
        assert_eq!(found.clone().ok(), expected, "{streams:?}: {found:?}");
    }
}
