//! A live pipeline: one connection to a camera, or one run through a file at its own speed.
//!
//! `rtspsrc ! depay ! parse ! (every encoded picture to the intake) ! decoder ! appsink`
//!
//! Promises: only the video stream is ever asked for, so sound does not leave the camera; encoded
//! pictures are shared, not copied. Refuses: scaling, conversion and rate elements, whose work the
//! analysis does better or not at all.

use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::codec::Codec;
use super::decoder;
use super::error::{VideoError, one_line};
use super::file;
use super::intake::Session;
use super::recording;
use super::rtsp;
use crate::config::Source;

/// What a live pipeline is built from.
pub(crate) struct Plan<'a> {
    pub(crate) source: &'a Source,
    pub(crate) wire: rtsp::Wire,
    pub(crate) latency: Duration,
    /// Decoders that failed before.
    pub(crate) avoid: &'a [String],
}

/// A running pipeline.
pub(crate) struct Live {
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    session: Session,
    camera: Option<rtsp::Offer>,
}

impl Live {
    /// Builds the pipeline and starts it; what goes wrong later is told by [`Self::trouble`].
    pub(crate) fn start(plan: &Plan<'_>, session: Session) -> Result<Self, VideoError> {
        let pipeline = gst::Pipeline::new();
        let camera = match plan.source {
            Source::Rtsp(address) => {
                let offer = rtsp::Offer::new(address, plan.wire);
                rtsp::attach(&pipeline, plan, &session, &offer)?;
                Some(offer)
            }
            Source::File(path) => {
                recording::attach(&pipeline, path, plan.avoid, &session)?;
                None
            }
        };
        let bus = pipeline.bus().ok_or_else(|| refused(&session, "pipeline", "no bus"))?;
        // A change that fails has said why on the bus.
        let _ = pipeline.set_state(gst::State::Playing);
        Ok(Self { pipeline, bus, session, camera })
    }

    /// Waits up to `patience` for a reason to give the pipeline up.
    pub(crate) fn trouble(&self, patience: Duration) -> Option<VideoError> {
        let ends = [gst::MessageType::Error, gst::MessageType::Eos];
        let patience = gst::ClockTime::try_from(patience).unwrap_or(gst::ClockTime::ZERO);
        let message = self.bus.timed_pop_filtered(patience, &ends);
        // What the pipeline's own parts found out says more than the message that follows from it.
        if let Some(error) = self.session.trouble() {
            return Some(error);
        }
        match message?.view() {
            gst::MessageView::Error(error) => Some(self.diagnose(error)),
            _ => Some(VideoError::Ended { peer: self.session.peer().to_owned() }),
        }
    }

    /// Ends the pipeline; may hang where a camera or a driver does.
    pub(crate) fn stop(self) {
        // There is nothing to do with a refusal: the pipeline is dropped next.
        let _ = self.pipeline.set_state(gst::State::Null);
    }

    fn diagnose(&self, error: &gst::message::Error) -> VideoError {
        let of_source = match &self.camera {
            Some(offer) => offer.diagnose(error),
            None => file::diagnose(&self.pipeline, self.session.peer(), error),
        };
        of_source.unwrap_or_else(|| VideoError::from_stream(self.session.peer(), error))
    }
}

/// `entry ! parse ! (intake) ! decoder ! appsink`, fed by `source`. `entry` unpacks RTP, or holds
/// a file's pictures to their time.
pub(crate) fn attach_tail(
    pipeline: &gst::Pipeline,
    source: &gst::Pad,
    (codec, entry): (Codec, gst::Element),
    avoid: &[String],
    session: &Session,
) -> Result<(), VideoError> {
    let parser = decoder::element(codec.parser())?;
    // Parameter sets before every key picture: each group of pictures can be opened alone.
    parser.set_property_from_str("config-interval", "-1");
    let filter = decoder::element("capsfilter")?;
    filter.set_property("caps", codec.caps());
    let decoder = decoder::open(session.peer(), &codec.caps(), avoid)?;
    session.decodes_with(&decoder::factory_name(&decoder));
    let sink = sink(session);
    let failed = |error: gst::glib::BoolError| refused(session, codec.name(), &error.message);
    let chain = [&entry, &parser, &filter, &decoder];
    pipeline.add_many(chain).map_err(failed)?;
    pipeline.add(&sink).map_err(failed)?;
    gst::Element::link_many(chain).map_err(failed)?;
    decoder::link(pipeline, &decoder, sink.upcast_ref()).map_err(failed)?;
    watch_encoded(&filter, session);
    // From the end backwards, so that no element is handed a picture before it runs.
    for element in [sink.upcast_ref(), &decoder, &filter, &parser, &entry] {
        element.sync_state_with_parent().map_err(failed)?;
    }
    let entry_pad = entry.static_pad("sink");
    let entry_pad = entry_pad.ok_or_else(|| refused(session, codec.name(), "no sink pad"))?;
    source.link(&entry_pad).map_err(|error| refused(session, codec.name(), &error.to_string()))?;
    Ok(())
}

/// Shows every encoded picture to the intake, which says whether it is to be decoded.
fn watch_encoded(filter: &gst::Element, session: &Session) {
    let Some(pad) = filter.static_pad("src") else { return };
    let session = session.clone();
    pad.add_probe(gst::PadProbeType::BUFFER, move |pad, info| {
        let Some(data) = info.buffer() else { return gst::PadProbeReturn::Ok };
        let running = pad.parent_element().and_then(|filter| filter.current_running_time());
        if session.encoded(data, pad.current_caps(), running) {
            gst::PadProbeReturn::Ok
        } else {
            gst::PadProbeReturn::Drop
        }
    });
}

/// Where decoded pictures leave GStreamer. It neither waits for their time nor keeps the last one.
fn sink(session: &Session) -> gst_app::AppSink {
    let session = session.clone();
    let callbacks = gst_app::AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            session.decoded(&sink.pull_sample().map_err(|_| gst::FlowError::Eos)?);
            Ok(gst::FlowSuccess::Ok)
        })
        .build();
    gst_app::AppSink::builder()
        .name("pictures")
        .sync(false)
        .async_(false)
        .qos(false)
        .max_buffers(1)
        .enable_last_sample(false)
        .caps(&decoder::offered())
        .callbacks(callbacks)
        .build()
}

/// An error that is nobody else's.
pub(crate) fn refused(session: &Session, element: &str, detail: &str) -> VideoError {
    let (peer, element) = (session.peer().to_owned(), element.to_owned());
    VideoError::Stream { peer, element, detail: one_line(detail) }
}
