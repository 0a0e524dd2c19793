//! YCbCr to the network's normalized planes.

use crate::manifest::{ChannelOrder, Input};

use super::plane::UNIT;

/// Three affine maps from scaled luma and chroma, with the range each may reach.
#[derive(Clone, Debug)]
pub(super) struct Matrix {
    planes: [Affine; 3],
}

/// One plane: `luma * y + blue * cb + red * cr + offset`, cut to `low..=high`.
#[derive(Clone, Copy, Debug)]
struct Affine {
    luma: f32,
    blue: f32,
    red: f32,
    offset: f32,
    low: f32,
    high: f32,
}

/// ITU-R BT.601, limited range: what a colour takes of (Y - 16), (Cb - 128) and (Cr - 128).
const RED: [f32; 3] = [1.164_383, 0.0, 1.596_027];
const GREEN: [f32; 3] = [1.164_383, -0.391_762, -0.812_968];
const BLUE: [f32; 3] = [1.164_383, 2.017_232, 0.0];

impl Matrix {
    /// Colours of BT.601 limited range, in the order and normalization of `input`; samples come
    /// as [`UNIT`]ths.
    pub(super) fn bt601_limited(input: &Input) -> Self {
        let colours = match input.channel_order {
            ChannelOrder::Bgr => [BLUE, GREEN, RED],
            ChannelOrder::Rgb => [RED, GREEN, BLUE],
        };
        let (low, high) = (normalized([0.0; 3], input), normalized([255.0; 3], input));
        let black = normalized(colours.map(|c| -16.0 * c[0] - 128.0 * (c[1] + c[2])), input);
        let plane = |at: usize| {
            let scale = 1.0 / (input.std[at] * UNIT as f32);
            Affine {
                luma: colours[at][0] * scale,
                blue: colours[at][1] * scale,
                red: colours[at][2] * scale,
                offset: black[at],
                low: low[at],
                high: high[at],
            }
        };
        Self { planes: [plane(0), plane(1), plane(2)] }
    }

    /// Converts one row: luma, blue-difference and red-difference into the three planes, all of
    /// one length.
    pub(super) fn apply(&self, [luma, blue, red]: [&[i32]; 3], planes: [&mut [f32]; 3]) {
        let [first, second, third] = planes;
        let length = luma.len();
        let (blue, red) = (&blue[..length], &red[..length]);
        let (first, second, third) =
            (&mut first[..length], &mut second[..length], &mut third[..length]);
        let [a, b, c] = self.planes;
        for at in 0..length {
            let sample = (luma[at] as f32, blue[at] as f32, red[at] as f32);
            first[at] = a.of(sample);
            second[at] = b.of(sample);
            third[at] = c.of(sample);
        }
    }
}

impl Affine {
    #[inline(always)]
    fn of(self, (luma, blue, red): (f32, f32, f32)) -> f32 {
        let value = self.luma * luma + self.blue * blue + self.red * red + self.offset;
        // Not `clamp`: it must carry a NaN through, which costs two more instructions a value.
        let value = if value > self.low { value } else { self.low };
        if value < self.high { value } else { self.high }
    }
}

/// Values of 0 to 255 as the network wants them.
pub(super) fn normalized(values: [f32; 3], input: &Input) -> [f32; 3] {
    let plane = |at: usize| (values[at] - input.mean[at]) / input.std[at];
    [plane(0), plane(1), plane(2)]
}
