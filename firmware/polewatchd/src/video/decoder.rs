//! The decoder: which element decodes a stream, and how its pictures come out.
//!
//! Promises: a hardware decoder where GStreamer has one that opens, else one software thread;
//! pictures in the decoder's own memory wherever it can give I420 or NV12, converted only where it
//! cannot. Refuses: choosing by name alone: what does not open is passed over.

use gstreamer as gst;
use gstreamer::prelude::*;

use super::error::{VideoError, one_line};

/// What every decoder is called within its pipeline, so that errors can be told to be its own.
pub(crate) const NAME: &str = "decoder";

/// A GStreamer element by name.
///
/// # Errors
/// [`VideoError::MissingElement`] names the Debian package that has it.
pub(crate) fn element(name: &str) -> Result<gst::Element, VideoError> {
    gst::ElementFactory::make(name).build().map_err(|_| VideoError::MissingElement {
        element: name.to_owned(),
        package: package(name),
    })
}

/// The Debian 12 package of the elements this crate names.
fn package(element: &str) -> &'static str {
    match element {
        "h264parse" | "h265parse" => "gstreamer1.0-plugins-bad",
        "parsebin" | "appsink" | "appsrc" | "videoconvert" => "gstreamer1.0-plugins-base",
        "capsfilter" | "tee" | "queue" | "clocksync" | "filesrc" | "filesink" => {
            "libgstreamer1.0-0"
        }
        name if name.starts_with("avdec_") => "gstreamer1.0-libav",
        _ => "gstreamer1.0-plugins-good",
    }
}

/// An opened decoder for streams of `caps`, passing over the elements named in `avoid` because
/// they failed before.
///
/// # Errors
/// [`VideoError::NoDecoder`] when none opens.
pub(crate) fn open(
    peer: &str,
    caps: &gst::Caps,
    avoid: &[String],
) -> Result<gst::Element, VideoError> {
    let kind = gst::ElementFactoryType::DECODER
        | gst::ElementFactoryType::MEDIA_VIDEO
        | gst::ElementFactoryType::MEDIA_IMAGE;
    let mut factories: Vec<_> = gst::ElementFactory::factories_with_type(kind, gst::Rank::MARGINAL)
        .into_iter()
        .filter(|factory| factory.can_sink_any_caps(caps))
        .filter(|factory| !avoid.iter().any(|name| factory.name() == name.as_str()))
        .collect();
    factories.sort_by_key(|factory| (preference(factory), std::cmp::Reverse(factory.rank())));
    for factory in factories {
        let Ok(decoder) = factory.create().name(NAME).build() else { continue };
        // A driver that is there and a device that opens are two things.
        if decoder.set_state(gst::State::Ready).is_err() {
            let _ = decoder.set_state(gst::State::Null);
            continue;
        }
        settle(&decoder);
        return Ok(decoder);
    }
    Err(VideoError::NoDecoder { peer: peer.to_owned(), codec: codec_name(caps) })
}

/// Whether the decoder works in hardware, by GStreamer's own classification.
fn is_hardware(factory: &gst::ElementFactory) -> bool {
    let by_class = factory.metadata("klass").is_some_and(|klass| klass.contains("Hardware"));
    by_class || factory.name().starts_with("v4l2") || factory.name().starts_with("mpp")
}

/// The name of the factory that made `element`: "avdec_h264".
pub(crate) fn factory_name(element: &gst::Element) -> String {
    element.factory().map_or_else(String::new, |factory| factory.name().to_string())
}

/// Whether the factory of this name makes decoders that work in hardware.
pub(crate) fn is_hardware_name(factory: &str) -> bool {
    gst::ElementFactory::find(factory).is_some_and(|factory| is_hardware(&factory))
}

fn preference(factory: &gst::ElementFactory) -> u8 {
    match () {
        () if is_hardware(factory) => 0,
        () if factory.name().starts_with("avdec_") => 1,
        () => 2,
    }
}

/// One thread: frame threads would add a frame of delay each, and cost more in all.
fn settle(decoder: &gst::Element) {
    if decoder.find_property("max-threads").is_some() {
        decoder.set_property_from_str("max-threads", "1");
    }
}

/// The codec's name for people: "H.264", or the media type where there is no better one.
pub(crate) fn codec_name(caps: &gst::Caps) -> String {
    let Some(structure) = caps.structure(0) else { return "nothing".to_owned() };
    match structure.name().as_str() {
        "video/x-h264" => "H.264".to_owned(),
        "video/x-h265" => "H.265".to_owned(),
        "image/jpeg" => "JPEG".to_owned(),
        other => other.to_owned(),
    }
}

/// The formats an appsink offers a decoder: what is wanted first, then whatever it has.
pub(crate) fn offered() -> gst::Caps {
    let mut caps =
        gst::Caps::builder("video/x-raw").field("format", gst::List::new(["I420", "NV12"])).build();
    caps.merge(gst::Caps::new_empty_simple("video/x-raw"));
    caps
}

/// Links `decoder` to `sink`, and puts a converter between them when the decoder turns out to give
/// neither I420 nor NV12: 10 bits, 4:2:2, grey.
pub(crate) fn link(
    bin: &gst::Pipeline,
    decoder: &gst::Element,
    sink: &gst::Element,
) -> Result<(), gst::glib::BoolError> {
    decoder.link(sink)?;
    let Some(pad) = decoder.static_pad("src") else { return Ok(()) };
    let (bin, decoder, sink) = (bin.downgrade(), decoder.downgrade(), sink.downgrade());
    pad.add_probe(gst::PadProbeType::EVENT_DOWNSTREAM, move |_, info| {
        let Some(gst::EventView::Caps(event)) = info.event().map(|event| event.view()) else {
            return gst::PadProbeReturn::Ok;
        };
        let format = event.structure().and_then(|s| s.get::<String>("format").ok());
        if matches!(format.as_deref(), Some("I420" | "NV12")) {
            return gst::PadProbeReturn::Ok;
        }
        if let (Some(bin), Some(decoder), Some(sink)) =
            (bin.upgrade(), decoder.upgrade(), sink.upgrade())
            && let Err(error) = convert(&bin, &decoder, &sink)
        {
            gst::element_error!(decoder, gst::CoreError::Negotiation, ["{error}"]);
        }
        gst::PadProbeReturn::Remove
    });
    Ok(())
}

fn convert(
    bin: &gst::Pipeline,
    decoder: &gst::Element,
    sink: &gst::Element,
) -> Result<(), VideoError> {
    let failed = |error: gst::glib::BoolError| VideoError::Stream {
        peer: bin.name().to_string(),
        element: "videoconvert".to_owned(),
        detail: one_line(&error.message),
    };
    let (converter, filter) = (element("videoconvert")?, element("capsfilter")?);
    filter.set_property("caps", gst::Caps::builder("video/x-raw").field("format", "I420").build());
    bin.add_many([&converter, &filter]).map_err(failed)?;
    decoder.unlink(sink);
    gst::Element::link_many([decoder, &converter, &filter, sink]).map_err(failed)?;
    filter.sync_state_with_parent().map_err(failed)?;
    converter.sync_state_with_parent().map_err(failed)
}
