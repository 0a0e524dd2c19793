//! A recording as a live source: a file played at its own speed in a camera's place.
//!
//! Promises: pictures leave at their times; at the file's end the connection ends, as a camera's
//! might, and the next attempt plays it again. Refuses: codecs no clip could keep; the replay reads
//! those.

use std::path::Path;

use gstreamer as gst;
use gstreamer::prelude::*;

use super::codec::Codec;
use super::decoder;
use super::error::VideoError;
use super::file;
use super::intake::Session;
use super::live::attach_tail;

/// Puts the file into `pipeline`; the rest follows when its video stream shows.
pub(crate) fn attach(
    pipeline: &gst::Pipeline,
    path: &Path,
    avoid: &[String],
    session: &Session,
) -> Result<(), VideoError> {
    let parse = file::attach_source(pipeline, path, session.peer())?;
    let (weak, avoid, picture) = (pipeline.downgrade(), avoid.to_vec(), session.clone());
    parse.connect_pad_added(move |parse, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let taken = parse.src_pads().iter().any(|pad| pad.is_linked());
        if taken || !file::is_video(&caps) {
            return;
        }
        let linked = paced(&caps, &picture)
            .and_then(|tail| attach_tail(&pipeline, pad, tail, &avoid, &picture));
        if let Err(error) = linked {
            picture.fail(error);
        }
    });
    let session = session.clone();
    parse.connect_no_more_pads(move |parse| {
        if !parse.src_pads().iter().any(|pad| file::is_video(&pad.query_caps(None))) {
            let (peer, got) = (session.peer().to_owned(), file::streams(parse));
            session.fail(VideoError::NotVideo { peer, got });
        }
    });
    Ok(())
}

fn paced(caps: &gst::Caps, session: &Session) -> Result<(Codec, gst::Element), VideoError> {
    let codec = Codec::from_caps(caps).ok_or_else(|| VideoError::Codec {
        peer: session.peer().to_owned(),
        got: decoder::codec_name(caps),
    })?;
    let pace = decoder::element("clocksync")?;
    Ok((codec, pace))
}
