//! A drawn picture with edges and gradients in every direction, the same on every box.

use detector::{Picture, PixelLayout, Plane};

/// The picture with its memory, I420.
pub(super) struct Pattern {
    width: usize,
    height: usize,
    planes: [Vec<u8>; 3],
}

impl Pattern {
    pub(super) fn new(width: usize, height: usize) -> Self {
        let plane = |component: usize, width: usize, height: usize| {
            let sample = move |at: usize| {
                let (x, y) = (at % width, at / width);
                let block = (x / 24 + 2 * (y / 40) + component) % 5 * 40;
                // 16 to 235, the range of video.
                (16 + (block + x * 20 / width + y * 30 / height) % 220) as u8
            };
            (0..width * height).map(sample).collect()
        };
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        let planes = [
            plane(0, width, height),
            plane(1, half_width, half_height),
            plane(2, half_width, half_height),
        ];
        Self { width, height, planes }
    }

    pub(super) fn picture(&self) -> Picture<'_> {
        let chroma = self.width.div_ceil(2);
        let [luma, blue, red] = self.planes.each_ref();
        let planes = [
            Plane { data: luma, stride: self.width },
            Plane { data: blue, stride: chroma },
            Plane { data: red, stride: chroma },
        ];
        Picture::new(PixelLayout::I420, self.width, self.height, planes)
            .expect("planes as long as their picture")
    }
}
