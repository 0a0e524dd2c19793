//! Footage: encoded pictures with their times, held in memory.
//!
//! Promises: pictures as they stand in the file, never re-encoded, with the parameter sets before
//! every key picture so that a client may join anywhere; a test pattern where there is no file.
//! Refuses: footage of more than [`MAX_BYTES`], files without one of the codecs of [`Codec`].

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

/// The most footage kept in memory.
pub const MAX_BYTES: usize = 512 << 20;

/// How the pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Codec {
    /// H.264 (AVC).
    H264,
    /// H.265 (HEVC).
    H265,
    /// JPEG pictures one by one, which a box cannot keep as a clip.
    Mjpeg,
}

impl Codec {
    /// The element that packs this codec into RTP.
    #[must_use]
    pub const fn payloader(self) -> &'static str {
        match self {
            Self::H264 => "rtph264pay config-interval=-1",
            Self::H265 => "rtph265pay config-interval=-1",
            Self::Mjpeg => "rtpjpegpay",
        }
    }

    /// What brings a stream of this codec into whole pictures with parameter sets in front.
    const fn framing(self) -> &'static str {
        match self {
            Self::H264 => {
                "h264parse config-interval=-1 ! video/x-h264,stream-format=byte-stream,alignment=au"
            }
            Self::H265 => {
                "h265parse config-interval=-1 ! video/x-h265,stream-format=byte-stream,alignment=au"
            }
            Self::Mjpeg => "jpegparse",
        }
    }

    const fn encoder(self) -> &'static str {
        match self {
            Self::H264 => "openh264enc gop-size=15 bitrate=500000",
            Self::H265 => "x265enc speed-preset=ultrafast key-int-max=15 bitrate=500",
            Self::Mjpeg => "jpegenc",
        }
    }
}

/// Encoded pictures in decoding order, times from 0.
#[derive(Clone, Debug)]
pub struct Footage {
    codec: Codec,
    caps: gst::Caps,
    pictures: Vec<gst::Buffer>,
    duration: Duration,
}

impl Footage {
    /// The first video stream of `file`, in any container GStreamer opens.
    ///
    /// # Errors
    /// When the file is missing, holds no video of a codec of [`Codec`] or is larger than
    /// [`MAX_BYTES`].
    pub fn from_file(file: &Path) -> Result<Self> {
        let text = file.to_str().with_context(|| format!("{} is not UTF-8", file.display()))?;
        ensure!(file.is_file(), "{text}: no such file");
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut tried = Vec::new();
        for codec in [Codec::H264, Codec::H265, Codec::Mjpeg] {
            let line = format!("filesrc location=\"{quoted}\" ! parsebin ! {}", codec.framing());
            match Self::collect(codec, &line) {
                Ok(footage) => return Ok(footage),
                Err(error) => tried.push(format!("{codec:?}: {error}")),
            }
        }
        bail!("{text}: expected a file with H.264, H.265 or JPEG video; {}", tried.join("; "))
    }

    /// A moving test pattern of `seconds` at 15 frames per second, 640 by 360.
    ///
    /// # Errors
    /// When the encoder's GStreamer element is missing.
    pub fn test_pattern(codec: Codec, seconds: u32) -> Result<Self> {
        let pictures = 15 * seconds;
        let line = format!(
            "videotestsrc pattern=ball animation-mode=frames num-buffers={pictures} ! \
             video/x-raw,format=I420,width=640,height=360,framerate=15/1 ! {} ! {}",
            codec.encoder(),
            codec.framing()
        );
        Self::collect(codec, &line)
    }

    /// How the pictures are encoded.
    #[must_use]
    pub const fn codec(&self) -> Codec {
        self.codec
    }

    /// The stream's format, for the payloader.
    #[must_use]
    pub const fn caps(&self) -> &gst::Caps {
        &self.caps
    }

    /// The pictures, in decoding order.
    #[must_use]
    pub fn pictures(&self) -> &[gst::Buffer] {
        &self.pictures
    }

    /// How long the footage plays, the last picture included.
    #[must_use]
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    fn collect(codec: Codec, line: &str) -> Result<Self> {
        let pipeline = gst::parse::launch(&format!("{line} ! appsink name=end sync=false"))?
            .downcast::<gst::Pipeline>()
            .map_err(|_| anyhow::anyhow!("{line} is not a pipeline"))?;
        let sink = pipeline.by_name("end").and_then(|end| end.downcast::<gst_app::AppSink>().ok());
        let collected = sink.context("no appsink").and_then(|sink| pull_all(&pipeline, &sink));
        pipeline.set_state(gst::State::Null)?;
        let (caps, pictures) = collected?;
        let duration = duration(&pictures)?;
        Ok(Self { codec, caps, pictures, duration })
    }
}

fn pull_all(
    pipeline: &gst::Pipeline,
    sink: &gst_app::AppSink,
) -> Result<(gst::Caps, Vec<gst::Buffer>)> {
    let bus = pipeline.bus().context("no bus")?;
    // A state change that fails has said why on the bus, which is asked below.
    let _ = pipeline.set_state(gst::State::Playing);
    let (mut caps, mut pictures, mut bytes) = (None, Vec::new(), 0);
    loop {
        if let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_mseconds(50)) {
            let picture = sample.buffer_owned().context("a sample without a picture")?;
            bytes += picture.size();
            ensure!(bytes <= MAX_BYTES, "more than {MAX_BYTES} bytes of video");
            caps = sample.caps_owned().or(caps);
            pictures.push(picture);
        } else if sink.is_eos() {
            break;
        }
        if let Some(message) = bus.pop_filtered(&[gst::MessageType::Error])
            && let gst::MessageView::Error(error) = message.view()
        {
            bail!("{}", error.error());
        }
    }
    ensure!(!pictures.is_empty(), "no picture");
    Ok((caps.context("no format")?, pictures))
}

/// The play time: from the first picture shown to the end of the last one shown.
fn duration(pictures: &[gst::Buffer]) -> Result<Duration> {
    let shown = || pictures.iter().filter_map(|picture| picture.pts());
    let (first, last) = (shown().min(), shown().max());
    let (first, last) = first.zip(last).context("pictures without time stamps")?;
    let span = last - first;
    let gaps = pictures.len().saturating_sub(1).max(1) as u64;
    // One mean picture interval more, so that the loop's seam is an interval like the others.
    let interval = if span.is_zero() { gst::ClockTime::from_mseconds(40) } else { span / gaps };
    Ok(Duration::from_nanos((span + interval).nseconds()))
}
