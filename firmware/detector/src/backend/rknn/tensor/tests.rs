//! Tables of what a library may tell of its tensors, sane and not.

use super::*;

fn attr(fmt: u32, dims: &[u32], size: u32) -> TensorAttr {
    let mut attr = TensorAttr::asking(0);
    attr.fmt = fmt;
    attr.n_dims = dims.len() as u32;
    attr.dims[..dims.len()].copy_from_slice(dims);
    attr.element = element::I8;
    attr.qnt_type = quantization::AFFINE_ASYMMETRIC;
    (attr.zp, attr.scale) = (-12, 0.125);
    (attr.size, attr.size_with_stride) = (size, size);
    attr
}

#[test]
fn native_outputs_are_known_in_three_layouts() {
    let logical = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    let i8 = Element::I8 { zero: -12.0, scale: 0.125 };
    let form = |layout, bytes| OutputForm {
        channels: 43,
        rows: 6,
        columns: 10,
        element: i8,
        layout,
        bytes,
    };
    let planar = Layout { lanes: 1, block: 60, row: 10, column: 1 };
    let interleaved = Layout { lanes: 43, block: 0, row: 430, column: 43 };
    let blocked = Layout { lanes: 16, block: 960, row: 160, column: 16 };
    for (native, expected) in [
        (attr(format::NCHW, &[1, 43, 6, 10], 43 * 60), form(planar, 43 * 60)),
        (attr(format::NHWC, &[1, 6, 10, 43], 43 * 60), form(interleaved, 43 * 60)),
        (attr(format::NC1HWC2, &[1, 3, 6, 10, 16], 48 * 60), form(blocked, 48 * 60)),
    ] {
        assert_eq!(lent_output(&logical, &native).unwrap(), expected);
    }
}

#[test]
fn native_outputs_that_do_not_add_up_are_refused() {
    let logical = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    let mut wide = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    wide.w_stride = 12;
    let mut unscaled = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    unscaled.scale = f32::NAN;
    let mut narrow = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    narrow.w_stride = 9;
    let mut huge = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    huge.w_stride = u32::MAX;
    let mut many = attr(format::NCHW, &[1, 43, 6, 10], 43 * 60);
    many.n_dims = 17;
    for native in [
        attr(format::NCHW, &[1, 43, 6, 10], 43 * 60 - 1),
        attr(format::NCHW, &[1, 43, 10, 6], 43 * 60),
        attr(format::NC1HWC2, &[1, 2, 6, 10, 16], 48 * 60),
        attr(format::NC1HWC2, &[1, 3, 6, 12, 16], 48 * 72),
        attr(format::NC1HWC2, &[1, 3, 6, 10, 0], 48 * 60),
        attr(format::NC1HWC2, &[1, 43, 6, 10], 43 * 60),
        attr(3, &[1, 43, 6, 10], 43 * 60),
        attr(format::NCHW, &[u32::MAX; 16], u32::MAX),
        wide,
        unscaled,
        narrow,
        huge,
        many,
    ] {
        assert!(lent_output(&logical, &native).is_err(), "{:?}", native.dims);
    }
}

#[test]
fn an_output_that_is_no_grid_is_refused() {
    for dims in [&[1_u32, 43, 60][..], &[2, 43, 6, 10], &[1, 43, 0, 10], &[]] {
        let error = copied_output(&attr(format::NCHW, dims, 43 * 60)).unwrap_err().to_string();
        assert!(error.contains("dimensions of an output"), "{error}");
    }
}

#[test]
fn an_input_is_rows_of_the_librarys_stride() {
    let form = |row_bytes| PixelForm { width: 320, height: 256, row_bytes };
    let mut tight = attr(format::NHWC, &[1, 256, 320, 3], 320 * 256 * 3);
    assert_eq!(lent_input(&mut tight, (320, 256)).unwrap(), (form(960), 320 * 256 * 3));
    assert_eq!((tight.element, tight.fmt), (element::U8, format::NHWC));

    let mut wide = attr(format::NHWC, &[1, 256, 320, 3], 320 * 256 * 3);
    (wide.w_stride, wide.size_with_stride) = (352, 352 * 256 * 3);
    assert_eq!(lent_input(&mut wide, (320, 256)).unwrap(), (form(1056), 352 * 256 * 3));
    assert_eq!(copied_input(&wide, (320, 256)).unwrap(), form(960));
}

#[test]
fn an_input_of_another_size_or_layout_is_refused() {
    let good = || attr(format::NHWC, &[1, 256, 320, 3], 320 * 256 * 3);
    let changed = |change: &dyn Fn(&mut TensorAttr)| {
        let mut attr = good();
        change(&mut attr);
        attr
    };
    for mut input in [
        changed(&|attr| attr.dims[1] = 384),
        changed(&|attr| attr.dims[3] = 4),
        changed(&|attr| attr.element = element::F16),
        changed(&|attr| attr.fmt = format::NC1HWC2),
        changed(&|attr| attr.w_stride = 319),
        changed(&|attr| attr.w_stride = 352),
        changed(&|attr| attr.h_stride = 255),
        changed(&|attr| attr.h_stride = u32::MAX),
        changed(&|attr| (attr.size, attr.size_with_stride) = (1, 1)),
        changed(&|attr| attr.n_dims = u32::MAX),
    ] {
        assert!(lent_input(&mut input, (320, 256)).is_err(), "{input:?}");
    }
    let error = copied_input(&good(), (640, 480)).unwrap_err().to_string();
    assert!(error.contains("input size is 320x256, expected 640x480"), "{error}");
}
