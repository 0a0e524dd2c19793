//! What can be wrong with a camera or a file, one line each.
//!
//! Promises: a line names the peer, what was expected and what was got; no line holds a password.

use std::time::Duration;

use gstreamer::prelude::*;

use crate::config::masked;

/// Why there are no pictures. `peer` is a file's path or an address without its credentials.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum VideoError {
    /// GStreamer itself does not start.
    #[error("GStreamer does not start: {detail}")]
    Start {
        /// GStreamer's words.
        detail: String,
    },
    /// A plugin is not installed.
    #[error("GStreamer element {element} is missing: install the Debian package {package}")]
    MissingElement {
        /// The element's name.
        element: String,
        /// The package that has it.
        package: &'static str,
    },
    /// No decoder for the stream's codec is installed.
    #[error("{peer}: no decoder for {codec}: install the Debian package gstreamer1.0-libav")]
    NoDecoder {
        /// The source.
        peer: String,
        /// The stream's media type.
        codec: String,
    },
    /// The file cannot be read.
    #[error("{peer}: cannot be opened: {detail}")]
    Open {
        /// The file.
        peer: String,
        /// The system's words.
        detail: String,
    },
    /// Readable, but no video stream is in it.
    #[error("{peer}: expected a video stream, got {got}")]
    NotVideo {
        /// The source.
        peer: String,
        /// What is there instead.
        got: String,
    },
    /// A video stream of a codec that is not watched.
    #[error("{peer}: expected H.264 or H.265, got {got}")]
    Codec {
        /// The source.
        peer: String,
        /// The codec offered.
        got: String,
    },
    /// Nobody answers at the address.
    #[error("{peer}: no connection: {detail}")]
    Unreachable {
        /// The camera.
        peer: String,
        /// The system's words.
        detail: String,
    },
    /// 401: the camera does not accept the user and password, or asks for them.
    #[error("{peer}: 401 unauthorized: expected another user or password in camera.source")]
    Unauthorized {
        /// The camera.
        peer: String,
    },
    /// 404: the camera has no such stream.
    #[error("{peer}: 404 not found: expected another path in camera.source")]
    NotFound {
        /// The camera.
        peer: String,
    },
    /// 461: the camera does not send over this transport.
    #[error("{peer}: 461 unsupported transport: the camera refuses {transport}")]
    Transport {
        /// The camera.
        peer: String,
        /// What was asked for: "TCP" or "UDP".
        transport: &'static str,
    },
    /// The connection is open and nothing comes.
    #[error("{peer}: connected, but no {what} for {silent_for:.1?}")]
    Stalled {
        /// The source.
        peer: String,
        /// What did not come: "packet" or "decoded picture".
        what: &'static str,
        /// For how long.
        silent_for: Duration,
    },
    /// The source ended the stream.
    #[error("{peer}: the stream ended")]
    Ended {
        /// The source.
        peer: String,
    },
    /// Time stamps that do not go with the clock: the axis is started anew.
    #[error("{peer}: time stamps jumped by {jump_ms} ms")]
    TimeJump {
        /// The source.
        peer: String,
        /// How far from where they should be; negative is back.
        jump_ms: i64,
    },
    /// A decoded picture nobody can use.
    #[error("{peer}: {detail}")]
    Picture {
        /// The source.
        peer: String,
        /// What is wrong with it.
        detail: String,
    },
    /// Anything else GStreamer reports.
    #[error("{peer}: {element}: {detail}")]
    Stream {
        /// The source.
        peer: String,
        /// The element that failed.
        element: String,
        /// GStreamer's words.
        detail: String,
    },
}

impl VideoError {
    /// What GStreamer reports and nobody can name better.
    pub(crate) fn from_stream(peer: &str, error: &gstreamer::message::Error) -> Self {
        let element = error.src().map_or_else(String::new, |source| source.name().to_string());
        let detail = masked(&one_line(error.error().message()));
        Self::Stream { peer: peer.to_owned(), element, detail }
    }
}

/// `text` on one line.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
