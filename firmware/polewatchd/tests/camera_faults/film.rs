//! A film: real frames held in memory, played to and fro for as long as a story needs.

use std::path::Path;

use detector::{Picture, PixelLayout, Plane};
use polewatchd::video::FileFrames;

/// Analysis frames a second.
pub(crate) const FPS: f64 = 5.0;
/// The most frames held: half a minute.
const MOST: usize = 150;

/// One picture, planes without padding, sides even.
#[derive(Clone)]
pub(crate) struct Still {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    /// U and V, each half as wide and high.
    pub(crate) chroma: [Vec<u8>; 2],
}

/// A clip's frames.
pub(crate) struct Film {
    pub(crate) name: String,
    stills: Vec<Still>,
}

impl Film {
    /// The first frames of a clip.
    pub(crate) fn open(path: &Path) -> Self {
        let frames = FileFrames::open(path, FPS).unwrap();
        let stills = frames.take(MOST).map(|frame| Still::of(&frame.unwrap().picture())).collect();
        Self { name: path.file_stem().unwrap().to_string_lossy().into_owned(), stills }
    }

    /// The frame of a moment; at its end the film runs backwards, which jumps less than a cut.
    pub(crate) fn at(&self, frame: usize) -> &Still {
        let last = self.stills.len() - 1;
        let phase = frame % (2 * last).max(1);
        &self.stills[phase.min(2 * last - phase)]
    }

    /// How many frames it has.
    pub(crate) fn len(&self) -> usize {
        self.stills.len()
    }
}

impl Still {
    fn of(picture: &Picture<'_>) -> Self {
        let (width, height) = (picture.width() & !1, picture.height() & !1);
        let planes = picture.planes();
        let rows = |plane: &Plane<'_>, width: usize, height: usize| -> Vec<u8> {
            let row = |y: usize| plane.data[y * plane.stride..][..width].iter().copied();
            (0..height).flat_map(row).collect()
        };
        let luma = rows(&planes[0], width, height);
        let chroma = match picture.layout() {
            PixelLayout::I420 => [1, 2].map(|index| rows(&planes[index], width / 2, height / 2)),
            PixelLayout::Nv12 => {
                let both = rows(&planes[1], width, height / 2);
                [0, 1].map(|first| both.iter().copied().skip(first).step_by(2).collect())
            }
        };
        Self { width, height, luma, chroma }
    }

    /// As a decoder would hand it out.
    pub(crate) fn picture(&self) -> Picture<'_> {
        let plane = |data, stride| Plane { data, stride };
        let planes = [
            plane(&self.luma[..], self.width),
            plane(&self.chroma[0][..], self.width / 2),
            plane(&self.chroma[1][..], self.width / 2),
        ];
        Picture::new(PixelLayout::I420, self.width, self.height, planes).unwrap()
    }
}
