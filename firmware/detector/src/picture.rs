//! A decoded picture as the decoder left it: planar YCbCr, borrowed, never copied.

/// How a picture's planes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelLayout {
    /// Three planes: Y, then U and V at half width and half height.
    I420,
    /// Two planes: Y, then U and V interleaved at half width and half height.
    Nv12,
}

/// One plane: rows of `stride` bytes.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The plane's bytes, at least `stride` times its rows less the last row's padding.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
}

/// A picture whose planes were checked against its size.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    layout: PixelLayout,
    width: usize,
    height: usize,
    planes: [Plane<'a>; 3],
}

/// Why planes do not make a picture.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PictureError {
    /// Zero or beyond what a camera sends.
    #[error("picture is {width}x{height} pixels, expected 16x16 to 8192x8192")]
    Size {
        /// Width in pixels.
        width: usize,
        /// Height in pixels.
        height: usize,
    },
    /// A plane's slice ends before its last row does.
    #[error(
        "plane {plane} of a {width}x{height} picture has {got} bytes, expected at least {expected}"
    )]
    ShortPlane {
        /// Which plane, from 0.
        plane: usize,
        /// Width of the picture in pixels.
        width: usize,
        /// Height of the picture in pixels.
        height: usize,
        /// Bytes the slice has.
        got: usize,
        /// Bytes it needs.
        expected: usize,
    },
}

impl<'a> Picture<'a> {
    /// Smallest side accepted, in pixels.
    pub const MIN_SIDE: usize = 16;
    /// Largest side accepted, in pixels.
    pub const MAX_SIDE: usize = 8192;

    /// A picture over `planes`; for [`PixelLayout::Nv12`] the third plane is not looked at.
    pub fn new(
        layout: PixelLayout,
        width: usize,
        height: usize,
        planes: [Plane<'a>; 3],
    ) -> Result<Self, PictureError> {
        let sides = Self::MIN_SIDE..=Self::MAX_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(PictureError::Size { width, height });
        }
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let chroma_row = match layout {
            PixelLayout::I420 => half_width,
            PixelLayout::Nv12 => 2 * half_width,
        };
        let needed: &[(usize, usize)] = match layout {
            PixelLayout::I420 => {
                &[(width, height), (chroma_row, half_height), (chroma_row, half_height)]
            }
            PixelLayout::Nv12 => &[(width, height), (chroma_row, half_height)],
        };
        for (plane, &(row, rows)) in needed.iter().enumerate() {
            let Plane { data, stride } = planes[plane];
            let expected = stride.max(row).saturating_mul(rows - 1).saturating_add(row);
            if stride < row || data.len() < expected {
                return Err(PictureError::ShortPlane {
                    plane,
                    width,
                    height,
                    got: data.len(),
                    expected,
                });
            }
        }
        Ok(Self { layout, width, height, planes })
    }

    /// A part of it as a picture of its own, over the same planes: `size` pixels from `corner`, whose
    /// numbers are even, so that it lies on whole chroma samples.
    pub fn part(
        &self,
        corner: (usize, usize),
        (width, height): (usize, usize),
    ) -> Result<Self, PictureError> {
        let (left, top) = (corner.0 / 2, corner.1 / 2);
        let chroma = match self.layout {
            PixelLayout::I420 => left,
            PixelLayout::Nv12 => 2 * left,
        };
        let corners = [corner, (chroma, top), (chroma, top)];
        let mut planes = self.planes;
        for (plane, (x, y)) in planes.iter_mut().zip(corners) {
            let start = (y * plane.stride + x).min(plane.data.len());
            *plane = Plane { data: &plane.data[start..], stride: plane.stride };
        }
        Self::new(self.layout, width, height, planes)
    }

    /// How the planes lie.
    #[must_use]
    pub const fn layout(&self) -> PixelLayout {
        self.layout
    }

    /// Width in pixels.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The planes, Y first.
    #[must_use]
    pub const fn planes(&self) -> &[Plane<'a>; 3] {
        &self.planes
    }
}
