//! A recording as frames: pulled one by one, as fast as they are asked for.
//!
//! Promises: every picture the analysis rate picks, in order, none dropped for being late, the same
//! at every run; any container and codec GStreamer decodes; one decoding thread that works ahead by
//! [`AHEAD`] pictures. Refuses: sound (its stream is never linked), files without video.

use std::path::Path;
use std::time::Duration;

use analytics::time::FrameTime;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::decoder;
use super::error::{VideoError, one_line};
use super::frame::Frame;
use super::rate::RateGate;

/// Pictures decoded before they are asked for; more would only hold memory.
const AHEAD: u32 = 2;

/// No file may hang a replay: GStreamer has to give a picture, an error or the end within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the element is called whose pads are the file's streams.
const PARSE: &str = "parse";

/// The frames of a recording at the analysis rate.
pub struct FileFrames {
    peer: String,
    pipeline: gst::Pipeline,
    sink: gst_app::AppSink,
    gate: RateGate,
    origin: Option<gst::ClockTime>,
    last: FrameTime,
    first: Option<Frame>,
    finished: bool,
}

impl FileFrames {
    /// Opens `path` and decodes its first picture; `fps` is the analysis rate.
    ///
    /// # Errors
    /// One line of [`VideoError`] when the file is missing, empty, not a video or not decodable.
    pub fn open(path: &Path, fps: f64) -> Result<Self, VideoError> {
        super::init()?;
        let peer = path.display().to_string();
        let (pipeline, sink) = pipeline(path, &peer)?;
        let mut frames = Self {
            peer,
            pipeline,
            sink,
            gate: RateGate::new(fps),
            origin: None,
            last: FrameTime::default(),
            first: None,
            finished: false,
        };
        // A change that fails has said why on the bus, where `pull` looks.
        let _ = frames.pipeline.set_state(gst::State::Playing);
        frames.first = frames.pull()?;
        if frames.first.is_none() {
            return Err(frames.not_video("a stream that ends before its first picture"));
        }
        Ok(frames)
    }

    /// Width and height of the first picture, in pixels.
    #[must_use]
    pub fn size(&self) -> Option<(usize, usize)> {
        self.first.as_ref().map(|frame| (frame.picture().width(), frame.picture().height()))
    }

    /// The next picture the rate picks; `None` at the end.
    fn pull(&mut self) -> Result<Option<Frame>, VideoError> {
        while let Some(sample) = self.next_sample()? {
            let Some(pts) = sample.buffer().and_then(|buffer| buffer.pts()) else { continue };
            let origin = *self.origin.get_or_insert(pts);
            let time = FrameTime::from_micros(pts.saturating_sub(origin).useconds());
            if (time < self.last) || !self.gate.pick(time) {
                continue;
            }
            self.last = time;
            let frame = Frame::new(&sample, time, None)
                .map_err(|detail| VideoError::Picture { peer: self.peer.clone(), detail })?;
            return Ok(Some(frame));
        }
        Ok(None)
    }

    fn next_sample(&self) -> Result<Option<gst::Sample>, VideoError> {
        let step = gst::ClockTime::from_mseconds(100);
        let steps = PATIENCE.as_millis() / u128::from(step.mseconds());
        for _ in 0..steps {
            if let Some(sample) = self.sink.try_pull_sample(step) {
                return Ok(Some(sample));
            }
            self.check_bus()?;
            if self.sink.is_eos() {
                return Ok(None);
            }
        }
        Err(VideoError::Stalled {
            peer: self.peer.clone(),
            what: "decoded picture",
            silent_for: PATIENCE,
        })
    }

    /// The first error on the bus, or that the file turned out to hold no video.
    fn check_bus(&self) -> Result<(), VideoError> {
        let Some(bus) = self.pipeline.bus() else { return Ok(()) };
        let wanted = [gst::MessageType::Error, gst::MessageType::Application];
        while let Some(message) = bus.pop_filtered(&wanted) {
            match message.view() {
                gst::MessageView::Error(error) => return Err(self.diagnose(error)),
                gst::MessageView::Application(note) => {
                    let got = note.structure().and_then(|told| told.get::<String>("got").ok());
                    return Err(self.not_video(&got.unwrap_or_default()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn diagnose(&self, error: &gst::message::Error) -> VideoError {
        diagnose(&self.pipeline, &self.peer, error)
            .unwrap_or_else(|| VideoError::from_stream(&self.peer, error))
    }

    fn not_video(&self, got: &str) -> VideoError {
        VideoError::NotVideo { peer: self.peer.clone(), got: got.to_owned() }
    }
}

impl Iterator for FileFrames {
    type Item = Result<Frame, VideoError>;

    /// The next frame; after an error or the end, `None` for ever.
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(frame) = self.first.take() {
            return Some(Ok(frame));
        }
        if self.finished {
            return None;
        }
        let next = self.pull().transpose();
        self.finished = !matches!(next, Some(Ok(_)));
        next
    }
}

impl Drop for FileFrames {
    fn drop(&mut self) {
        // A file's elements do not hang at this as a camera's may; nothing to do if they refuse.
        let _ = self.pipeline.set_state(gst::State::Null);
    }
}

/// What GStreamer would say late and unclearly is said here at once.
fn check_readable(path: &Path, peer: &str) -> Result<(), VideoError> {
    let open = |detail: String| VideoError::Open { peer: peer.to_owned(), detail };
    let file = std::fs::File::open(path).map_err(|error| open(error.to_string()))?;
    let about = file.metadata().map_err(|error| open(error.to_string()))?;
    if !about.is_file() {
        return Err(open("expected a file".to_owned()));
    }
    if about.len() == 0 {
        return Err(VideoError::NotVideo {
            peer: peer.to_owned(),
            got: "an empty file".to_owned(),
        });
    }
    Ok(())
}

/// `filesrc ! parsebin`, and once the first video stream shows, `! decoder ! appsink`.
fn pipeline(path: &Path, peer: &str) -> Result<(gst::Pipeline, gst_app::AppSink), VideoError> {
    let pipeline = gst::Pipeline::new();
    let parse = attach_source(&pipeline, path, peer)?;
    let sink = gst_app::AppSink::builder()
        .sync(false)
        .max_buffers(AHEAD)
        .enable_last_sample(false)
        .caps(&decoder::offered())
        .build();
    pipeline.add(&sink).map_err(|error| not_built(peer, &error))?;
    link_when_known(&pipeline, &parse, sink.upcast_ref(), peer);
    Ok((pipeline, sink))
}

/// `filesrc ! parsebin` in `pipeline`; the `parsebin`, whose pads are the file's streams.
pub(crate) fn attach_source(
    pipeline: &gst::Pipeline,
    path: &Path,
    peer: &str,
) -> Result<gst::Element, VideoError> {
    check_readable(path, peer)?;
    let (source, parse) = (decoder::element("filesrc")?, decoder::element("parsebin")?);
    source.set_property("location", path);
    parse.set_property("name", PARSE);
    refuse_all_but_video(&parse);
    pipeline.add_many([&source, &parse]).map_err(|error| not_built(peer, &error))?;
    source.link(&parse).map_err(|error| not_built(peer, &error))?;
    Ok(parse)
}

fn not_built(peer: &str, error: &gst::glib::BoolError) -> VideoError {
    VideoError::Stream {
        peer: peer.to_owned(),
        element: "pipeline".to_owned(),
        detail: one_line(&error.message),
    }
}

/// Sound and subtitles are not even parsed: their streams end, unlinked, at the demuxer.
fn refuse_all_but_video(parse: &gst::Element) {
    parse.connect("autoplug-continue", false, |values| {
        let caps = values.get(2)?.get::<gst::Caps>().ok()?;
        let stream = caps.structure(0).map_or("", |structure| structure.name().as_str());
        let other = ["audio/", "text/", "subpicture/", "application/x-subtitle"];
        Some((!other.iter().any(|kind| stream.starts_with(kind))).to_value())
    });
}

fn link_when_known(
    pipeline: &gst::Pipeline,
    parse: &gst::Element,
    sink: &gst::Element,
    peer: &str,
) {
    let (weak, sink, peer) = (pipeline.downgrade(), sink.downgrade(), peer.to_owned());
    parse.connect_pad_added(move |parse, pad| {
        let (Some(pipeline), Some(sink)) = (weak.upgrade(), sink.upgrade()) else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let taken = sink.static_pad("sink").is_some_and(|pad| pad.is_linked());
        if taken || !is_video(&caps) {
            return;
        }
        if let Err(error) = link_video(&pipeline, pad, &sink, &peer) {
            gst::element_error!(parse, gst::StreamError::Decode, ["{error}"]);
        }
    });
    let weak = pipeline.downgrade();
    parse.connect_no_more_pads(move |parse| {
        let Some(pipeline) = weak.upgrade() else { return };
        let linked = parse.src_pads().iter().any(|pad| pad.is_linked());
        if !linked {
            let note = gst::Structure::builder("no-video").field("got", streams(parse)).build();
            // Refused only when the bus is flushing: the pipeline is going away anyway.
            let _ = pipeline.post_message(gst::message::Application::new(note));
        }
    });
}

/// What an error means when the file itself is at fault.
pub(crate) fn diagnose(
    pipeline: &gst::Pipeline,
    peer: &str,
    error: &gst::message::Error,
) -> Option<VideoError> {
    let not_video = |got: String| Some(VideoError::NotVideo { peer: peer.to_owned(), got });
    let cause = error.error();
    if cause.matches(gst::StreamError::TypeNotFound) || cause.matches(gst::StreamError::WrongType) {
        return not_video("a file of no known format".to_owned());
    }
    // A demuxer that finds none of its streams taken fails before it says which it has.
    let parse = pipeline.by_name(PARSE)?;
    let taken = parse.src_pads().iter().any(|pad| pad.is_linked());
    if !taken && cause.matches(gst::StreamError::Failed) {
        return not_video(streams(&parse));
    }
    None
}

/// What a file holds instead of video: "audio/mpeg and text/x-raw".
pub(crate) fn streams(parse: &gst::Element) -> String {
    let name = |pad: &gst::Pad| {
        decoder::codec_name(&pad.current_caps().unwrap_or_else(|| pad.query_caps(None)))
    };
    let names: Vec<_> = parse.src_pads().iter().map(name).collect();
    if names.is_empty() { "no stream that can be decoded".to_owned() } else { names.join(" and ") }
}

pub(crate) fn is_video(caps: &gst::Caps) -> bool {
    let name = caps.structure(0).map_or("", |structure| structure.name().as_str());
    name.starts_with("video/") || name == "image/jpeg"
}

fn link_video(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    sink: &gst::Element,
    peer: &str,
) -> Result<(), VideoError> {
    let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
    let decoder = decoder::open(peer, &caps, &[])?;
    let failed = |detail: String| VideoError::Stream {
        peer: peer.to_owned(),
        element: decoder.name().to_string(),
        detail,
    };
    let refused = |error: gst::glib::BoolError| failed(one_line(&error.message));
    pipeline.add(&decoder).map_err(refused)?;
    decoder::link(pipeline, &decoder, sink).map_err(refused)?;
    decoder.sync_state_with_parent().map_err(refused)?;
    let entry = decoder.static_pad("sink").ok_or_else(|| failed("no sink pad".to_owned()))?;
    pad.link(&entry).map_err(|error| failed(error.to_string()))?;
    Ok(())
}
