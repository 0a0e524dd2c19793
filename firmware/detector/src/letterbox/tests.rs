//! The fused pass beside plain arithmetic in f64, and the way back.

use analytics::geometry::NormBox;
use proptest::prelude::*;

use super::*;
use crate::manifest::ChannelOrder;
use crate::picture::Plane;

fn input(multiple: usize, long_side_px: usize) -> Input {
    Input {
        tensor: "data".to_owned(),
        multiple,
        long_side_px,
        channel_order: ChannelOrder::Bgr,
        mean: [103.53, 116.28, 123.675],
        std: [57.375, 57.12, 58.395],
        pad: 114.0,
    }
}

/// A picture with its own memory; rows are longer than the picture, as decoders leave them.
struct Owned {
    width: usize,
    height: usize,
    luma: Vec<u8>,
    blue: Vec<u8>,
    red: Vec<u8>,
}

const ROW_PADDING: usize = 5;

impl Owned {
    fn new(width: usize, height: usize, sample: impl Fn(usize, usize, usize) -> u8) -> Self {
        let plane = |component: usize, columns: usize, rows: usize| {
            let stride = columns + ROW_PADDING;
            (0..stride * rows).map(|at| sample(component, at % stride, at / stride)).collect()
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        Self {
            luma: plane(0, width, height),
            blue: plane(1, half_width, half_height),
            red: plane(2, half_width, half_height),
            width,
            height,
        }
    }

    fn interleaved(&self) -> Vec<u8> {
        self.blue.iter().zip(&self.red).flat_map(|(&blue, &red)| [blue, red]).collect()
    }

    fn i420(&self) -> Picture<'_> {
        let chroma = self.width.div_ceil(2) + ROW_PADDING;
        let planes = [
            Plane { data: &self.luma, stride: self.width + ROW_PADDING },
            Plane { data: &self.blue, stride: chroma },
            Plane { data: &self.red, stride: chroma },
        ];
        Picture::new(PixelLayout::I420, self.width, self.height, planes).unwrap()
    }

    fn nv12<'p>(&'p self, interleaved: &'p [u8]) -> Picture<'p> {
        let luma = Plane { data: &self.luma, stride: self.width + ROW_PADDING };
        let chroma =
            Plane { data: interleaved, stride: 2 * (self.width.div_ceil(2) + ROW_PADDING) };
        Picture::new(PixelLayout::Nv12, self.width, self.height, [luma, chroma, chroma]).unwrap()
    }
}

/// Edges and gradients in every direction: hard for scaling.
fn hard(component: usize, x: usize, y: usize) -> u8 {
    let mixed = x * 37 + y * 91 + component * 53 + (x / 9) * (y / 7) * 29;
    if (x / 5 + y / 3).is_multiple_of(4) { 235 } else { (mixed % 256) as u8 }
}

fn painted(picture: &Picture<'_>, input: &Input) -> (Letterbox, Vec<f32>) {
    let mut letterbox = Letterbox::new(picture.width(), picture.height(), input);
    let (width, height) = letterbox.fit().network();
    let mut tensor = vec![f32::NAN; 3 * width * height];
    let whole = Window::whole(letterbox.fit());
    letterbox.paint(picture, &whole, &mut tensor);
    (letterbox, tensor)
}

/// The mean of `plane` over the area of one output sample, in f64.
fn scaled(
    plane: &Plane<'_>,
    picture: [usize; 2],
    out: [usize; 2],
    at: [usize; 2],
    sub: usize,
) -> f64 {
    let axis = |side: usize, outputs: usize, at: usize| -> Vec<(usize, f64)> {
        let samples = side.div_ceil(sub);
        let ratio = side as f64 / sub as f64 / outputs as f64;
        let (centre, half) =
            ((at as f64 + 0.5) * ratio, if ratio <= 2.0 { 0.5 } else { ratio / 2.0 });
        let (from, to) = (centre - half, centre + half);
        (from.floor() as i64..to.ceil() as i64)
            .map(|cell| {
                let share = (to.min(cell as f64 + 1.0) - from.max(cell as f64)) / (to - from);
                (cell.clamp(0, samples as i64 - 1) as usize, share)
            })
            .collect()
    };
    let columns = axis(picture[0], out[0], at[0]);
    let mut sum = 0.0;
    for (row, down) in axis(picture[1], out[1], at[1]) {
        for &(column, across) in &columns {
            sum += down * across * f64::from(plane.data[row * plane.stride + column]);
        }
    }
    sum
}

/// The largest difference, in 255ths before normalization, between the fused pass and f64.
fn error_of(owned: &Owned, input: &Input) -> f64 {
    let picture = owned.i420();
    let (letterbox, tensor) = painted(&picture, input);
    let (columns, rows) = letterbox.fit().scaled();
    let (stride, height) = letterbox.fit().network();
    let size = [owned.width, owned.height];
    let mut worst = 0.0_f64;
    for y in 0..rows {
        for x in 0..columns {
            let sample = |component: usize, sub| {
                scaled(&picture.planes()[component], size, [columns, rows], [x, y], sub)
            };
            let luma = 1.164_383_562 * (sample(0, 1) - 16.0);
            let (blue, red) = (sample(1, 2) - 128.0, sample(2, 2) - 128.0);
            let expected = [
                luma + 2.017_232_143 * blue,
                luma - 0.391_762_290 * blue - 0.812_967_647 * red,
                luma + 1.596_026_786 * red,
            ];
            for (plane, expected) in expected.into_iter().enumerate() {
                let got = f64::from(tensor[(plane * height + y) * stride + x]);
                let got = got * f64::from(input.std[plane]) + f64::from(input.mean[plane]);
                worst = worst.max((got - expected.clamp(0.0, 255.0)).abs());
            }
        }
    }
    worst
}

#[test]
fn every_way_of_scaling_stays_within_three_of_255() {
    for (width, height, long_side) in [
        (64, 48, 64),   // as it is
        (64, 48, 32),   // halved
        (96, 72, 80),   // 6 to 5, as 768x576 to 640
        (192, 108, 64), // a third
        (100, 60, 37),  // an area of odd size
        (33, 21, 64),   // enlarged, odd sides
        (17, 200, 96),  // a sliver
    ] {
        let worst = error_of(&Owned::new(width, height, hard), &input(32, long_side));
        println!("{width}x{height} to {long_side}: off by {worst:.2}");
        assert!(worst <= 3.0, "{width}x{height} to {long_side}: off by {worst}");
    }
}

#[test]
fn i420_and_nv12_give_the_same_tensor() {
    for (width, height) in [(96, 72), (33, 21), (200, 120)] {
        let owned = Owned::new(width, height, hard);
        let interleaved = owned.interleaved();
        let input = input(32, 64);
        assert_eq!(painted(&owned.i420(), &input).1, painted(&owned.nv12(&interleaved), &input).1);
    }
}

#[test]
fn padding_lies_right_and_below() {
    let input = input(32, 64);
    let owned = Owned::new(128, 72, |component, _, _| if component == 0 { 16 } else { 128 });
    let (letterbox, tensor) = painted(&owned.i420(), &input);
    assert_eq!((letterbox.fit().scaled(), letterbox.fit().network()), ((64, 36), (64, 64)));
    let black = colour::normalized([0.0; 3], &input);
    let grey = colour::normalized([114.0; 3], &input);
    for plane in 0..3 {
        for (at, &value) in tensor[plane * 64 * 64..][..64 * 64].iter().enumerate() {
            let expected = if at / 64 < 36 { black[plane] } else { grey[plane] };
            assert!((value - expected).abs() < 1e-5, "plane {plane} at {at}: {value}");
        }
    }
}

/// What a window shows is what the whole shows there, padding included.
#[test]
fn a_window_is_a_part_of_the_whole() {
    let input = input(32, 640);
    let owned = Owned::new(768, 432, hard);
    let (mut letterbox, whole) = painted(&owned.i420(), &input);
    let fit = *letterbox.fit();
    assert_eq!((fit.scaled(), fit.network()), ((640, 360), (640, 384)));
    for (sides, corner, size) in [
        ([0.3, 0.3, 0.4, 0.5], (128, 64), (192, 192)),
        ([0.0, 0.0, 0.1, 0.1], (0, 0), (128, 128)),
        ([0.9, 0.9, 1.0, 1.0], (512, 256), (128, 128)),
    ] {
        let [left, top, right, bottom] = sides;
        let region = NormBox::new(left, top, right, bottom).unwrap();
        let window = Window::around(&region, &fit);
        assert_eq!((window.corner(), window.size()), (corner, size), "{region:?}");
        let mut part = vec![f32::NAN; 3 * size.0 * size.1];
        letterbox.paint(&owned.i420(), &window, &mut part);
        for (at, &value) in part.iter().enumerate() {
            let (plane, row, column) = (at / (size.0 * size.1), at / size.0 % size.1, at % size.0);
            let expected = whole[(plane * 384 + corner.1 + row) * 640 + corner.0 + column];
            assert_eq!(value, expected, "plane {plane}, {column}, {row}");
        }
    }
}

#[test]
fn a_window_of_nearly_everything_is_the_whole() {
    let fit = Fit::new(1280, 720, &input(32, 640));
    let region = |bottom| NormBox::new(0.0, 0.0, 1.0, bottom).unwrap();
    assert_eq!(Window::around(&region(0.79), &fit), Window::whole(&fit));
    let half = Window::around(&region(0.5), &fit);
    assert_eq!((half.size(), half.share(&fit)), ((640, 256), 256.0 / 384.0));
}

#[test]
fn white_red_and_the_order_of_planes() {
    // 100 % white and 75 % red of the BT.601 colour bars, limited range.
    for (sample, expected) in [([235, 128, 128], [255.0; 3]), ([65, 100, 212], [191.0, 0.0, 0.0])] {
        let owned = Owned::new(32, 32, |component, _, _| sample[component]);
        for order in [ChannelOrder::Rgb, ChannelOrder::Bgr] {
            let input =
                Input { channel_order: order, mean: [0.0; 3], std: [1.0; 3], ..input(32, 32) };
            let (_, tensor) = painted(&owned.i420(), &input);
            let mut got = [tensor[0], tensor[32 * 32], tensor[2 * 32 * 32]];
            if order == ChannelOrder::Bgr {
                got.reverse();
            }
            for (got, expected) in got.into_iter().zip(expected) {
                assert!((got - expected).abs() < 1.5, "{order:?}: {got} for {expected}");
            }
        }
    }
}

#[test]
fn sizes_of_common_streams() {
    for (width, height, scaled, network) in [
        (768, 576, (640, 480), (640, 480)),
        (1280, 720, (640, 360), (640, 384)),
        (1920, 1080, (640, 360), (640, 384)),
        (704, 576, (640, 524), (640, 544)),
        (576, 768, (480, 640), (480, 640)),
        (352, 288, (640, 524), (640, 544)),
        (8192, 16, (640, 1), (640, 32)),
    ] {
        let fit = Fit::new(width, height, &input(32, 640));
        assert_eq!((fit.scaled(), fit.network()), (scaled, network), "{width}x{height}");
    }
}

proptest! {
    /// A point of the picture, carried into the tensor as the letterbox does, comes back.
    #[test]
    fn boxes_come_back_where_they_were(
        (width, height) in (16_usize..4000, 16_usize..4000),
        long_side in 32_usize..1000,
        (x, y) in (0.0_f32..0.9, 0.0_f32..0.9),
        (w, h) in (0.01_f32..1.0, 0.01_f32..1.0),
    ) {
        let fit = Fit::new(width, height, &input(32, long_side));
        let (columns, rows) = (fit.scaled().0 as f32, fit.scaled().1 as f32);
        let (right, bottom) = ((x + w).min(1.0), (y + h).min(1.0));
        let back = fit.to_picture([x * columns, y * rows, right * columns, bottom * rows]).unwrap();
        for (got, expected) in [
            (back.left(), x), (back.top(), y), (back.right(), right), (back.bottom(), bottom),
        ] {
            prop_assert!((got - expected).abs() < 1e-5, "{got} {expected}");
        }
    }

    /// A window holds its region and the margin, cut to the input, and begins on the grid.
    #[test]
    fn a_window_holds_its_region(
        (width, height) in (16_usize..4000, 16_usize..4000),
        (x, y) in (0.0_f32..0.99, 0.0_f32..0.99),
        (w, h) in (0.01_f32..1.0, 0.01_f32..1.0),
    ) {
        let fit = Fit::new(width, height, &input(32, 640));
        let region = NormBox::new(x, y, x + w, y + h).unwrap();
        let window = Window::around(&region, &fit);
        let ((left, top), (columns, rows)) = (window.corner(), window.size());
        for (first, side, from, to, scaled, padded) in [
            (left, columns, region.left(), region.right(), fit.scaled().0, fit.network().0),
            (top, rows, region.top(), region.bottom(), fit.scaled().1, fit.network().1),
        ] {
            prop_assert!(side > 0 && first + side <= padded && first % 64 == 0);
            let (from, to) = (from * scaled as f32, to * scaled as f32);
            prop_assert!(first as f32 <= (from - 32.0).max(0.0));
            prop_assert!((first + side) as f32 >= (to + 32.0).min(padded as f32));
        }
    }

    /// Whatever the numbers, what comes back lies inside the picture or is nothing.
    #[test]
    fn no_numbers_give_a_box_outside(sides in any::<[f32; 4]>()) {
        if let Some(bounds) = Fit::new(768, 576, &input(32, 640)).to_picture(sides) {
            prop_assert!(0.0 <= bounds.left() && bounds.left() < bounds.right());
            prop_assert!(bounds.right() <= 1.0 && bounds.bottom() <= 1.0);
            prop_assert!(0.0 <= bounds.top() && bounds.top() < bounds.bottom());
        }
    }

    /// The padded tensor holds the scaled picture, keeps to the multiple and wastes less than one.
    #[test]
    fn the_tensor_is_the_next_multiple(
        (width, height) in (16_usize..=8192, 16_usize..=8192),
        multiple in 1_usize..=128,
        long_side in 128_usize..=1280,
    ) {
        let fit = Fit::new(width, height, &input(multiple, long_side));
        prop_assert_eq!(fit.scaled().0.max(fit.scaled().1), long_side);
        for (scaled, network) in
            [(fit.scaled().0, fit.network().0), (fit.scaled().1, fit.network().1)]
        {
            prop_assert!(scaled >= 1 && network >= scaled);
            prop_assert!(network - scaled < multiple && network % multiple == 0);
        }
    }
}

#[test]
fn pixels_are_the_tensor_before_its_normalization() {
    for (width, height) in [(640, 480), (1279, 719), (50, 33)] {
        let owned = Owned::new(width, height, hard);
        let input = input(32, 640).unnormalized();
        let (mut letterbox, tensor) = painted(&owned.i420(), &input);
        let (width, height) = letterbox.fit().network();
        let row_bytes = 3 * width + 16;
        let mut bytes = vec![7; row_bytes * height];
        letterbox.paint_pixels(&owned.i420(), &mut bytes, row_bytes);
        for (at, &value) in tensor.iter().enumerate() {
            let (plane, row, column) = (at / (width * height), at / width % height, at % width);
            let pixel = bytes[row * row_bytes + 3 * column + plane];
            assert!((f32::from(pixel) - value).abs() <= 0.5, "plane {plane}, {column}, {row}");
        }
        assert!(bytes.chunks(row_bytes).all(|row| row[3 * width..].iter().all(|&b| b == 7)));
    }
}
