//! A frame: one decoded picture with its time, still in the decoder's own memory.
//!
//! Promises: the pixels are borrowed from GStreamer's buffer, never copied, and were checked against
//! the picture's size. Refuses: pixel formats other than I420 and NV12.

use std::time::Instant;

use analytics::time::FrameTime;
use detector::{Picture, PixelLayout, Plane};
use gstreamer as gst;
use gstreamer_video as gst_video;
use gstreamer_video::prelude::*;

/// What the numbers in a picture's planes mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colour {
    /// Which numbers are black and white.
    pub range: ColourRange,
    /// How luma was made of red, green and blue.
    pub matrix: ColourMatrix,
}

/// Which numbers are black and white.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourRange {
    /// Luma 16 to 235, chroma 16 to 240, as television and most cameras do.
    #[default]
    Limited,
    /// 0 to 255, as JPEG and some cameras do.
    Full,
}

/// How luma was made of red, green and blue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourMatrix {
    /// ITU-R BT.601, as JPEG and small pictures.
    #[default]
    Bt601,
    /// ITU-R BT.709, as high definition.
    Bt709,
}

/// One decoded picture.
pub struct Frame {
    pixels: gst_video::VideoFrame<gst_video::video_frame::Readable>,
    layout: PixelLayout,
    time: FrameTime,
    arrived: Option<Instant>,
}

impl Frame {
    /// A frame over a decoder's buffer, taken at `time`. `arrived` is when the decoder handed it
    /// out; a recording's frames arrive when they are asked for, which is no time worth knowing.
    ///
    /// # Errors
    /// One line that says what is wrong with the picture.
    pub fn new(
        sample: &gst::Sample,
        time: FrameTime,
        arrived: Option<Instant>,
    ) -> Result<Self, String> {
        let caps = sample.caps().ok_or("a picture without a format")?;
        let info = gst_video::VideoInfo::from_caps(caps)
            .map_err(|_| format!("a picture of unknown format {caps}"))?;
        let layout = match info.format() {
            gst_video::VideoFormat::I420 => PixelLayout::I420,
            gst_video::VideoFormat::Nv12 => PixelLayout::Nv12,
            other => return Err(format!("expected I420 or NV12 pictures, got {other}")),
        };
        let buffer = sample.buffer_owned().ok_or("a picture without pixels")?;
        let pixels = gst_video::VideoFrame::from_buffer_readable(buffer, &info)
            .map_err(|_| "a picture whose memory cannot be read".to_owned())?;
        borrow(&pixels, layout).map_err(|error| error.to_string())?;
        Ok(Self { pixels, layout, time, arrived })
    }

    /// The picture, borrowed.
    #[must_use]
    pub fn picture(&self) -> Picture<'_> {
        borrow(&self.pixels, self.layout).expect("checked when the frame was made")
    }

    /// The same picture on another axis.
    #[must_use]
    pub(crate) fn restamped(self, time: FrameTime) -> Self {
        Self { time, ..self }
    }

    /// When it was taken, on the stream's axis.
    #[must_use]
    pub const fn time(&self) -> FrameTime {
        self.time
    }

    /// When the decoder handed it out; `None` in a replay.
    #[must_use]
    pub const fn arrived(&self) -> Option<Instant> {
        self.arrived
    }

    /// What its numbers mean.
    #[must_use]
    pub fn colour(&self) -> Colour {
        let colorimetry = self.pixels.info().colorimetry();
        let range = match colorimetry.range() {
            gst_video::VideoColorRange::Range0_255 => ColourRange::Full,
            _ => ColourRange::Limited,
        };
        let matrix = match colorimetry.matrix() {
            gst_video::VideoColorMatrix::Bt709 => ColourMatrix::Bt709,
            _ => ColourMatrix::Bt601,
        };
        Colour { range, matrix }
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (width, height) = (self.pixels.width(), self.pixels.height());
        write!(f, "Frame({width}x{height} at {:.3} s)", self.time.as_secs_f64())
    }
}

fn borrow(
    pixels: &gst_video::VideoFrame<gst_video::video_frame::Readable>,
    layout: PixelLayout,
) -> Result<Picture<'_>, detector::PictureError> {
    let plane = |index: u32| Plane {
        data: pixels.plane_data(index).unwrap_or_default(),
        stride: pixels
            .plane_stride()
            .get(index as usize)
            .map_or(0, |&stride| usize::try_from(stride).unwrap_or(0)),
    };
    let third = match layout {
        PixelLayout::I420 => plane(2),
        PixelLayout::Nv12 => Plane { data: &[], stride: 0 },
    };
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    Picture::new(layout, width, height, [plane(0), plane(1), third])
}
