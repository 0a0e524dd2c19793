//! The codecs a live source may have: those a clip can keep without transcoding.

use gstreamer as gst;

/// How a live source's pictures are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// H.264 (AVC).
    H264,
    /// H.265 (HEVC).
    H265,
}

impl Codec {
    /// From an RTP payload's encoding name (RFC 6184, RFC 7798).
    #[must_use]
    pub fn from_rtp(encoding_name: &str) -> Option<Self> {
        match encoding_name {
            "H264" => Some(Self::H264),
            "H265" => Some(Self::H265),
            _ => None,
        }
    }

    /// From GStreamer's media type.
    #[must_use]
    pub fn from_caps(caps: &gst::CapsRef) -> Option<Self> {
        match caps.structure(0)?.name().as_str() {
            "video/x-h264" => Some(Self::H264),
            "video/x-h265" => Some(Self::H265),
            _ => None,
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::H264 => "H.264",
            Self::H265 => "H.265",
        }
    }

    pub(crate) const fn depayloader(self) -> &'static str {
        match self {
            Self::H264 => "rtph264depay",
            Self::H265 => "rtph265depay",
        }
    }

    pub(crate) const fn parser(self) -> &'static str {
        match self {
            Self::H264 => "h264parse",
            Self::H265 => "h265parse",
        }
    }

    /// Whole pictures in byte-stream form: what every decoder takes and any key picture can open.
    pub(crate) fn caps(self) -> gst::Caps {
        let media_type = match self {
            Self::H264 => "video/x-h264",
            Self::H265 => "video/x-h265",
        };
        gst::Caps::builder(media_type)
            .field("stream-format", "byte-stream")
            .field("alignment", "au")
            .build()
    }
}
