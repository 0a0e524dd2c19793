//! The still: the deciding frame as a JPEG.
//!
//! Promises: the colours a viewer expects (JPEG is full-range BT.601, video seldom is), at most
//! [`MAX_BYTES`], full size. Refuses: pictures larger than JPEG's own limit.

use detector::{Picture, PixelLayout};
use jpeg_encoder::{Encoder, EncodingError, ImageBuffer, JpegColorType, SamplingFactor};

use crate::video::{Colour, ColourMatrix, ColourRange};

/// The most a still may weigh: what an uplink of 1 Mbit/s carries in eight seconds.
pub const MAX_BYTES: usize = 1 << 20;

/// Tried in turn until the picture fits; the first nearly always does.
const QUALITIES: [u8; 5] = [85, 70, 50, 30, 10];

/// Why there is no still.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// The encoder refuses the picture.
    #[error("a still of {width}x{height} pixels cannot be encoded: {source}")]
    Encode {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// The encoder's words.
        source: EncodingError,
    },
    /// Not even the lowest quality is small enough.
    #[error(
        "a still of {width}x{height} pixels has {got} bytes, expected at most {expected}",
        expected = MAX_BYTES
    )]
    TooLarge {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
        /// Bytes at the lowest quality.
        got: usize,
    },
}

/// `picture` as a JPEG file of at most [`MAX_BYTES`].
///
/// # Errors
/// [`StillError`] names the picture's size and what was wrong with it.
pub fn encode(picture: &Picture<'_>, colour: Colour) -> Result<Vec<u8>, StillError> {
    let (width, height) = (picture.width(), picture.height());
    let mut got = 0;
    for quality in QUALITIES {
        let file = encode_at(picture, colour, quality).map_err(|source| StillError::Encode {
            width,
            height,
            source,
        })?;
        if file.len() <= MAX_BYTES {
            return Ok(file);
        }
        got = file.len();
    }
    Err(StillError::TooLarge { width, height, got })
}

fn encode_at(picture: &Picture<'_>, colour: Colour, quality: u8) -> Result<Vec<u8>, EncodingError> {
    let mut file = Vec::with_capacity(picture.width() * picture.height() / 4);
    let mut encoder = Encoder::new(&mut file, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode_image(Rows { picture, tint: Tint::new(colour) })?;
    Ok(file)
}

/// A picture's rows as the encoder asks for them.
struct Rows<'a> {
    picture: &'a Picture<'a>,
    tint: Tint,
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        // Picture::MAX_SIDE is far below; the encoder refuses what it cannot hold.
        u16::try_from(self.picture.width()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.picture.height()).unwrap_or(u16::MAX)
    }

    fn fill_buffers(&self, row: u16, buffers: &mut [Vec<u8>; 4]) {
        let [luma, first, second] = *self.picture.planes();
        let (row, width) = (usize::from(row), self.picture.width());
        let luma = &luma.data[row * luma.stride..][..width];
        // Chroma stands at half size and is given at full size: the encoder halves it again.
        let (step, blue, red) = match self.picture.layout() {
            PixelLayout::I420 => {
                let line = |plane: detector::Plane<'_>| row / 2 * plane.stride;
                (1, &first.data[line(first)..], &second.data[line(second)..])
            }
            PixelLayout::Nv12 => {
                let line = &first.data[row / 2 * first.stride..];
                (2, line, &line[1..])
            }
        };
        for (x, &y) in luma.iter().enumerate() {
            let at = x / 2 * step;
            let [y, blue, red] = self.tint.apply([y, blue[at], red[at]]);
            buffers[0].push(y);
            buffers[1].push(blue);
            buffers[2].push(red);
        }
    }
}

/// From a video's numbers to JPEG's: `out = luma + by_blue + by_red`, each by table, in 1/64.
struct Tint {
    luma: [i16; 256],
    /// What a value of Cb adds to Y, Cb and Cr.
    by_blue: [[i16; 3]; 256],
    /// What a value of Cr adds to Y, Cb and Cr.
    by_red: [[i16; 3]; 256],
}

impl Tint {
    fn new(colour: Colour) -> Self {
        // Swing and zero of luma and chroma, ITU-R BT.601 section 2.5.
        let (luma_zero, luma_scale, chroma_scale) = match colour.range {
            ColourRange::Limited => (16.0, 255.0 / 219.0, 255.0 / 224.0),
            ColourRange::Full => (0.0, 1.0, 1.0),
        };
        let (blue, red) = chroma_columns(colour.matrix);
        let column = |weights: [f32; 3]| {
            std::array::from_fn(|value| {
                let chroma = (value as f32 - 128.0) * chroma_scale;
                weights.map(|weight| sixty_fourths(weight * chroma))
            })
        };
        Self {
            luma: std::array::from_fn(|value| {
                sixty_fourths((value as f32 - luma_zero) * luma_scale)
            }),
            by_blue: column(blue),
            by_red: column(red),
        }
    }

    fn apply(&self, [y, blue, red]: [u8; 3]) -> [u8; 3] {
        let (by_blue, by_red) = (self.by_blue[usize::from(blue)], self.by_red[usize::from(red)]);
        let zeros = [self.luma[usize::from(y)], 128 * 64, 128 * 64];
        std::array::from_fn(|n| {
            let sum = i32::from(zeros[n]) + i32::from(by_blue[n]) + i32::from(by_red[n]) + 32;
            (sum >> 6).clamp(0, 255) as u8
        })
    }
}

fn sixty_fourths(value: f32) -> i16 {
    (value * 64.0).round() as i16
}

/// What one unit of Cb and one of Cr add to Y, Cb and Cr when a picture made with `matrix` is
/// written with BT.601: through R'G'B', with the luma weights of ITU-R BT.601 and BT.709.
fn chroma_columns(matrix: ColourMatrix) -> ([f32; 3], [f32; 3]) {
    const BT601: (f32, f32) = (0.299, 0.114);
    const BT709: (f32, f32) = (0.2126, 0.0722);
    let (from_red, from_blue) = match matrix {
        ColourMatrix::Bt601 => BT601,
        ColourMatrix::Bt709 => BT709,
    };
    let from_green = 1.0 - from_red - from_blue;
    let (to_red, to_blue) = BT601;
    let column = |blue: f32, red: f32| {
        let r = 2.0 * (1.0 - from_red) * red;
        let b = 2.0 * (1.0 - from_blue) * blue;
        let g = -(from_red * r + from_blue * b) / from_green;
        let y = to_red * r + (1.0 - to_red - to_blue) * g + to_blue * b;
        [y, (b - y) / (2.0 * (1.0 - to_blue)), (r - y) / (2.0 * (1.0 - to_red))]
    };
    (column(1.0, 0.0), column(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use detector::Plane;

    const LIMITED: Colour = Colour { range: ColourRange::Limited, matrix: ColourMatrix::Bt601 };
    const FULL: Colour = Colour { range: ColourRange::Full, matrix: ColourMatrix::Bt601 };
    const HD: Colour = Colour { range: ColourRange::Limited, matrix: ColourMatrix::Bt709 };

    /// The decoded JPEG of a picture of one colour: its size and its middle pixel.
    fn through_jpeg(
        layout: PixelLayout,
        [y, blue, red]: [u8; 3],
        colour: Colour,
    ) -> (usize, [u8; 3]) {
        let (width, height) = (70, 37);
        let luma = vec![y; 80 * height];
        let (first, second) = match layout {
            PixelLayout::I420 => (vec![blue; 40 * 19], vec![red; 40 * 19]),
            PixelLayout::Nv12 => ([blue, red].repeat(40 * 19), Vec::new()),
        };
        let stride = if layout == PixelLayout::I420 { 40 } else { 80 };
        let planes = [
            Plane { data: &luma, stride: 80 },
            Plane { data: &first, stride },
            Plane { data: &second, stride },
        ];
        let picture = Picture::new(layout, width, height, planes).expect("a picture");
        let file = encode(&picture, colour).expect("a still");
        let mut decoder =
            zune_jpeg::JpegDecoder::new(zune_jpeg::zune_core::bytestream::ZCursor::new(&file));
        let pixels = decoder.decode().expect("a JPEG");
        assert_eq!(decoder.dimensions(), Some((width, height)));
        let middle = 3 * (height / 2 * width + width / 2);
        (file.len(), [pixels[middle], pixels[middle + 1], pixels[middle + 2]])
    }

    #[test]
    fn colours_come_out_as_the_standards_say() {
        // 100 % colour bars, from ITU-R BT.601 and BT.709.
        for (name, numbers, colour, expected) in [
            ("white", [235, 128, 128], LIMITED, [255, 255, 255]),
            ("black", [16, 128, 128], LIMITED, [0, 0, 0]),
            ("grey", [126, 128, 128], LIMITED, [128, 128, 128]),
            ("full white", [255, 128, 128], FULL, [255, 255, 255]),
            ("full black", [0, 128, 128], FULL, [0, 0, 0]),
            ("red", [81, 90, 240], LIMITED, [255, 0, 0]),
            ("green", [145, 54, 34], LIMITED, [0, 255, 0]),
            ("HD red", [63, 102, 240], HD, [255, 0, 0]),
            ("HD green", [173, 42, 26], HD, [0, 255, 0]),
            ("HD blue", [32, 240, 118], HD, [0, 0, 255]),
            ("below black", [0, 128, 128], LIMITED, [0, 0, 0]),
        ] {
            for layout in [PixelLayout::I420, PixelLayout::Nv12] {
                let (_, got) = through_jpeg(layout, numbers, colour);
                let near = got.iter().zip(expected).all(|(&got, want)| got.abs_diff(want) <= 4);
                assert!(near, "{name}, {layout:?}: {got:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn a_picture_that_cannot_be_compressed_is_made_to_fit() {
        let (width, height) = (1920, 1080);
        let mut state = 1_u32;
        let mut noise = || {
            // Marsaglia's xorshift: no two neighbours are alike.
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        };
        let noise: Vec<u8> = (0..width * height * 3 / 2).map(|_| noise()).collect();
        let (luma, chroma) = noise.split_at(width * height);
        let (blue, red) = chroma.split_at(chroma.len() / 2);
        let plane = |data, stride| Plane { data, stride };
        let planes = [plane(luma, width), plane(blue, width / 2), plane(red, width / 2)];
        let picture = Picture::new(PixelLayout::I420, width, height, planes).expect("a picture");
        let whole = encode_at(&picture, LIMITED, QUALITIES[0]).expect("a JPEG");
        assert!(whole.len() > MAX_BYTES, "{} bytes", whole.len());
        let fitting = encode(&picture, LIMITED);
        assert!(fitting.is_ok_and(|file| file.len() <= MAX_BYTES));
    }
}
