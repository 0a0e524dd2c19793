//! The muxer: encoded pictures into an MP4 file, untouched.
//!
//! Promises: times from 0, the index in front so that a browser plays while it loads, decoding
//! times worked out where pictures are shown in another order than sent; the file appears under its
//! name only when it is whole. Refuses: taking longer than [`DEADLINE`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use crate::video::{Codec, Packet, VideoError, element};

/// Muxing copies bytes; only a disk that hangs takes this long.
const DEADLINE: Duration = Duration::from_secs(20);

/// A written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) bytes: u64,
    pub(super) duration: Duration,
}

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(super) enum MuxError {
    #[error("a stream of {0}, expected H.264 or H.265")]
    Codec(String),
    #[error(transparent)]
    Element(#[from] VideoError),
    #[error("{}: {detail}", path.display())]
    Write { path: PathBuf, detail: String },
}

/// Writes `packets`, the first of which is a key picture, to `path`.
pub(super) fn write(packets: &[Packet], path: &Path) -> Result<File, MuxError> {
    let part = path.with_extension("part");
    let written = write_by_way_of(&part, packets, path);
    if written.is_err() {
        // On a full disk a part of a clip would take what room there is until the next start.
        for left in [part.with_extension("moov"), part] {
            let _ = std::fs::remove_file(left);
        }
    }
    written
}

fn write_by_way_of(part: &Path, packets: &[Packet], path: &Path) -> Result<File, MuxError> {
    let failed = |detail: String| MuxError::Write { path: path.to_owned(), detail };
    let [first, _, ..] = packets else {
        return Err(failed("expected two pictures at least".to_owned()));
    };
    let (pipeline, source) = pipeline(first, part)?;
    let muxed = push_all(&pipeline, &source, packets);
    // A file's elements do not hang; what a refusal means the file's length tells.
    let _ = pipeline.set_state(gst::State::Null);
    muxed.map_err(failed)?;
    let bytes = std::fs::metadata(part).map_err(|error| failed(error.to_string()))?.len();
    std::fs::rename(part, path).map_err(|error| failed(error.to_string()))?;
    let last = packets.iter().map(|packet| packet.time).max().unwrap_or_default();
    let span = last.since(first.time);
    let interval = span / u32::try_from(packets.len() - 1).unwrap_or(u32::MAX);
    Ok(File { bytes, duration: span + interval })
}

/// `appsrc ! parse ! mp4mux ! filesink`
fn pipeline(first: &Packet, part: &Path) -> Result<(gst::Pipeline, gst_app::AppSrc), MuxError> {
    let codec =
        Codec::from_caps(&first.caps).ok_or_else(|| MuxError::Codec(first.caps.to_string()))?;
    let source =
        gst_app::AppSrc::builder().caps(&first.caps).format(gst::Format::Time).max_bytes(0).build();
    let parser = element(codec.parser())?;
    let (muxer, sink) = (element("mp4mux")?, element("filesink")?);
    muxer.set_property("faststart", true);
    muxer.set_property("faststart-file", part.with_extension("moov").to_string_lossy().as_ref());
    sink.set_property("location", part);
    let pipeline = gst::Pipeline::new();
    let chain = [source.upcast_ref(), &parser, &muxer, &sink];
    pipeline.add_many(chain).and_then(|()| gst::Element::link_many(chain)).map_err(|error| {
        MuxError::Write { path: part.to_owned(), detail: error.message.into_owned() }
    })?;
    Ok((pipeline, source))
}

fn push_all(
    pipeline: &gst::Pipeline,
    source: &gst_app::AppSrc,
    packets: &[Packet],
) -> Result<(), String> {
    let bus = pipeline.bus().ok_or("no bus")?;
    // A change that fails has said why on the bus.
    let _ = pipeline.set_state(gst::State::Playing);
    for data in timed(packets) {
        // Refused only when the pipeline has failed, which the bus tells.
        let _ = source.push_buffer(data);
    }
    let _ = source.end_of_stream();
    let ends = [gst::MessageType::Error, gst::MessageType::Eos];
    let deadline = gst::ClockTime::try_from(DEADLINE).unwrap_or(gst::ClockTime::MAX);
    let Some(end) = bus.timed_pop_filtered(deadline, &ends) else {
        return Err(format!("not written within {DEADLINE:?}"));
    };
    match end.view() {
        gst::MessageView::Error(error) => Err(error.error().message().to_owned()),
        _ => Ok(()),
    }
}

/// The packets' bytes, shared, with times from 0.
///
/// A camera's RTP carries only the times pictures are shown. Where they are shown in another order
/// than sent, the times they are decoded are the same times in rising order, moved so far forward
/// that none is shown before it is decoded.
fn timed(packets: &[Packet]) -> Vec<gst::Buffer> {
    let shown: Vec<_> = packets.iter().map(|packet| packet.time).collect();
    let mut decoded = shown.clone();
    decoded.sort_unstable();
    let origin = decoded.first().copied().unwrap_or_default();
    let late = shown.iter().zip(&decoded).map(|(shown, decoded)| decoded.since(*shown)).max();
    let delay = late.unwrap_or_default();
    let time = |since: Duration| gst::ClockTime::try_from(since).ok();
    let pairs = packets.iter().zip(decoded);
    let timed = pairs.map(|(packet, decoded)| {
        let mut data = packet.data.copy();
        let fields = data.make_mut();
        fields.set_pts(time(packet.time.since(origin) + delay));
        fields.set_dts(time(decoded.since(origin)));
        fields.set_duration(None);
        data
    });
    timed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use analytics::time::FrameTime;

    #[test]
    fn pictures_are_decoded_in_rising_order_and_never_after_they_are_shown() {
        gst::init().expect("GStreamer starts");
        for (sent, decoded, shown) in [
            ([5, 6, 7, 8], [0, 1, 2, 3], [0, 1, 2, 3]),
            ([5, 8, 6, 7], [0, 1, 2, 3], [1, 4, 2, 3]),
            ([5, 7, 6, 9], [0, 1, 2, 4], [1, 3, 2, 5]),
        ] {
            let packets = sent.map(|ms| Packet {
                data: gst::Buffer::new(),
                caps: gst::Caps::new_empty(),
                time: FrameTime::from_micros(ms * 1000),
                key: ms == 5,
            });
            let times = timed(&packets);
            let ms = |time: Option<gst::ClockTime>| time.expect("a time").mseconds();
            assert_eq!(times.iter().map(|data| ms(data.dts())).collect::<Vec<_>>(), decoded);
            assert_eq!(times.iter().map(|data| ms(data.pts())).collect::<Vec<_>>(), shown);
        }
    }
}
