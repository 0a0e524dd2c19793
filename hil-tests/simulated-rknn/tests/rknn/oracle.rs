//! `rknpu2`, a binding to the vendor's interface by others, drives the simulated library: what it
//! gets is what our backend gets.

use detector::backend::rknn::Transfer;
use rknpu2::RKNN;
use rknpu2::api::RknnInitFlags;
use rknpu2::io::buffer::{BufMutView, BufView};
use rknpu2::io::input::Input;
use rknpu2::io::output::{Output, OutputKind};
use rknpu2::query::in_out_num::InputOutputNum;
use rknpu2::query::{NativeOutputAttr, OutputAttr, SdkVersion, TensorAttrView};
use rknpu2::tensor::{TensorFormat, TensorFormatKind};

use simulated_rknn::model_file::Stored;

use crate::rig::{self, Rig};

#[test]
fn another_binding_gets_the_same_out_of_the_same_library() {
    let rig = Rig::tiny(|_| ());
    let mut model = rig.open(Transfer::ZeroCopy);
    let expected = rig::outputs(model.as_mut(), &rig::blocks());

    let mut file = rig.bytes();
    let flags = RknnInitFlags::empty();
    let theirs = RKNN::new_with_library(rig::library(), &mut file, flags).unwrap();
    let pixels = rig::blocks();
    let form = TensorFormatKind::NHWC(TensorFormat::NHWC);
    theirs.set_inputs(Input::new(0, BufView::U8(&pixels), false, form)).unwrap();
    theirs.run().unwrap();
    let mut got: Vec<Vec<f32>> = expected.iter().map(|values| vec![9.0; values.len()]).collect();
    let mut outputs: Vec<Output<'_>> = (0..)
        .zip(&mut got)
        .map(|(index, values)| {
            let buf = BufMutView::F32(values);
            Output { index, kind: OutputKind::Preallocated { buf, want_float: true } }
        })
        .collect();
    theirs.get_outputs(&mut outputs).unwrap();
    drop(outputs);
    assert_eq!(got, expected);
}

#[test]
fn another_binding_reads_the_same_attributes() {
    let rig = Rig::tiny(|_| ());
    let model = rig.open(Transfer::ZeroCopy);
    let mut file = rig.bytes();
    let flags = RknnInitFlags::empty();
    let theirs = RKNN::new_with_library(rig::library(), &mut file, flags).unwrap();

    let version: SdkVersion = theirs.query().unwrap();
    assert_eq!(version.api_version(), model.report().library);
    assert_eq!(version.driver_version(), model.report().driver);
    let counts: InputOutputNum = theirs.query().unwrap();
    assert_eq!((counts.input_num(), counts.output_num()), (1, 4));
    for (index, shape) in model.shapes().iter().enumerate() {
        let Stored::Int8 { zp, scale } = rig.simulation().outputs[index].stored else { panic!() };
        let attr: OutputAttr = theirs.query_with_input(index as u32).unwrap();
        let dims: Vec<usize> = attr.dims().iter().map(|&size| size as usize).collect();
        assert_eq!(&dims, shape);
        assert_eq!(attr.name(), rig.manifest.head.outputs[index]);
        assert_eq!((attr.scale(), attr.zero_point()), (scale, zp));
        assert_eq!(attr.size() as usize, shape.iter().product::<usize>());
        let native: NativeOutputAttr = theirs.query_with_input(index as u32).unwrap();
        assert_eq!(native.num_dims(), 5, "blocks of channels");
        assert_eq!(
            native.size_with_stride() as usize,
            shape[1].div_ceil(16) * 16 * shape[2] * shape[3]
        );
    }
}
