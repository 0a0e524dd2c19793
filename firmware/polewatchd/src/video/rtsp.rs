//! The camera's side of a live pipeline: `rtspsrc`, and what its failures mean.
//!
//! Promises: of the streams a camera offers, the first H.264 or H.265 one is asked for and no other
//! (SETUP is never sent for sound); a failure is named by what the camera was found to offer.
//! Refuses: `rtspsrc`'s own order of transports, which begins with UDP and waits.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_rtsp as gst_rtsp;

use super::codec::Codec;
use super::decoder;
use super::error::{VideoError, one_line};
use super::intake::Session;
use super::live::{Plan, attach_tail};
use crate::config::CameraAddress;

/// A request that is not answered for this long has failed.
const ANSWER: Duration = Duration::from_secs(10);
/// How long a second connection may take that only asks why the first failed.
const SECOND_LOOK: Duration = Duration::from_secs(2);
const RTSP_PORT: u16 = 554;

/// How RTP travels in one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Within the RTSP connection.
    Tcp,
    /// In datagrams of its own.
    Udp,
}

impl Wire {
    const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }

    const fn protocols(self) -> gst_rtsp::RTSPLowerTrans {
        match self {
            Self::Tcp => gst_rtsp::RTSPLowerTrans::TCP,
            Self::Udp => gst_rtsp::RTSPLowerTrans::UDP,
        }
    }
}

/// What a camera has offered in this attempt.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    address: CameraAddress,
    wire: Wire,
    streams: Arc<Mutex<Vec<Stream>>>,
}

#[derive(Clone, Debug)]
struct Stream {
    media: String,
    encoding: String,
}

impl Stream {
    fn from_caps(caps: &gst::Caps) -> Self {
        let field =
            |name| caps.structure(0).and_then(|s| s.get::<String>(name).ok()).unwrap_or_default();
        Self { media: field("media"), encoding: field("encoding-name") }
    }

    fn codec(&self) -> Option<Codec> {
        (self.media == "video").then(|| Codec::from_rtp(&self.encoding)).flatten()
    }
}

impl Offer {
    pub(crate) fn new(address: &CameraAddress, wire: Wire) -> Self {
        Self { address: address.clone(), wire, streams: Arc::default() }
    }

    /// Takes note of a stream; whether it is the one to ask for.
    fn select(&self, stream: Stream) -> bool {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let selected = stream.codec().is_some() && !streams.iter().any(|s| s.codec().is_some());
        streams.push(stream);
        selected
    }

    /// What an error of this attempt means; `None` when it is not the camera's.
    pub(crate) fn diagnose(&self, error: &gst::message::Error) -> Option<VideoError> {
        let (cause, peer) = (error.error(), self.address.to_string());
        if cause.matches(gst::ResourceError::NotAuthorized) {
            return Some(VideoError::Unauthorized { peer });
        }
        if cause.matches(gst::ResourceError::NotFound) {
            return Some(VideoError::NotFound { peer });
        }
        let streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if streams.is_empty() {
            let detail = self.second_look();
            return Some(VideoError::Unreachable { peer, detail });
        }
        if !cause.matches(gst::StreamError::CodecNotFound) {
            return None;
        }
        Some(if streams.iter().any(|stream| stream.codec().is_some()) {
            VideoError::Transport { peer, transport: self.wire.name() }
        } else if let Some(video) = streams.iter().find(|stream| stream.media == "video") {
            VideoError::Codec { peer, got: video.encoding.clone() }
        } else {
            let names = streams.iter().map(|s| format!("{} {}", s.media, s.encoding));
            VideoError::NotVideo { peer, got: names.collect::<Vec<_>>().join(" and ") }
        })
    }

    /// Why there was no answer, in the system's words: `rtspsrc` only knows "generic error".
    fn second_look(&self) -> String {
        let Some((host, port)) = host_and_port(&self.address) else {
            return "expected rtsp://HOST[:PORT]/PATH".to_owned();
        };
        let addresses = match (host.as_str(), port).to_socket_addrs() {
            Ok(addresses) => addresses,
            Err(error) => {
                return format!("host {host} not found: {}", one_line(&error.to_string()));
            }
        };
        let mut last = "no address".to_owned();
        for address in addresses {
            match TcpStream::connect_timeout(&address, SECOND_LOOK) {
                Ok(_) => return format!("port {port} is open, but does not answer as RTSP"),
                Err(error) => last = format!("port {port}: {}", one_line(&error.to_string())),
            }
        }
        last
    }
}

/// The host and port of `rtsp://[user[:password]@]host[:port]/path`.
fn host_and_port(address: &CameraAddress) -> Option<(String, u16)> {
    let clean = address.to_string();
    let rest = clean.split_once("://")?.1;
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (authority, RTSP_PORT),
    };
    Some((host.trim_matches(['[', ']']).to_owned(), port))
}

/// Puts the camera into `pipeline`; the rest follows when its video stream shows.
pub(crate) fn attach(
    pipeline: &gst::Pipeline,
    plan: &Plan<'_>,
    session: &Session,
    offer: &Offer,
) -> Result<(), VideoError> {
    let source = decoder::element("rtspsrc")?;
    source.set_property("location", offer.address.with_credentials());
    source.set_property("protocols", offer.wire.protocols());
    source.set_property("latency", u32::try_from(plan.latency.as_millis()).unwrap_or(u32::MAX));
    source.set_property("tcp-timeout", u64::try_from(ANSWER.as_micros()).unwrap_or(u64::MAX));
    select_video(&source, offer);
    link_when_known(pipeline, &source, plan.avoid, session);
    pipeline.add(&source).map_err(|error| super::live::refused(session, "rtspsrc", &error.message))
}

fn select_video(source: &gst::Element, offer: &Offer) {
    let offer = offer.clone();
    source.connect("select-stream", false, move |values| {
        let caps = values.get(2).and_then(|value| value.get::<gst::Caps>().ok());
        let selected = caps.is_some_and(|caps| offer.select(Stream::from_caps(&caps)));
        Some(selected.to_value())
    });
}

fn link_when_known(
    pipeline: &gst::Pipeline,
    source: &gst::Element,
    avoid: &[String],
    session: &Session,
) {
    let (weak, avoid, session) = (pipeline.downgrade(), avoid.to_vec(), session.clone());
    source.connect_pad_added(move |_, pad| {
        let Some(pipeline) = weak.upgrade() else { return };
        let caps = pad.current_caps().unwrap_or_else(|| pad.query_caps(None));
        let Some(codec) = Stream::from_caps(&caps).codec() else { return };
        let linked = decoder::element(codec.depayloader())
            .and_then(|entry| attach_tail(&pipeline, pad, (codec, entry), &avoid, &session));
        if let Err(error) = linked {
            session.fail(error);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(media: &str, encoding: &str) -> Stream {
        Stream { media: media.to_owned(), encoding: encoding.to_owned() }
    }

    #[test]
    fn only_the_first_video_stream_is_asked_for() {
        let offer = Offer::new(&CameraAddress::new("rtsp://cam/1"), Wire::Tcp);
        let offered = [
            ("audio", "PCMA", false),
            ("video", "JPEG", false),
            ("application", "VND.ONVIF.METADATA", false),
            ("video", "H265", true),
            ("video", "H264", false),
            ("audio", "H264", false),
        ];
        for (media, encoding, selected) in offered {
            assert_eq!(offer.select(stream(media, encoding)), selected, "{media} {encoding}");
        }
    }

    #[test]
    fn the_second_look_goes_where_the_first_went() {
        for (address, expected) in [
            ("rtsp://cam/1", Some(("cam", 554))),
            ("rtsp://u:p@10.0.0.2:8554/a?b=1", Some(("10.0.0.2", 8554))),
            ("rtsp://[fe80::1]/1", Some(("fe80::1", 554))),
            ("rtsp://[fe80::1]:8554/1", Some(("fe80::1", 8554))),
        ] {
            let got = host_and_port(&CameraAddress::new(address));
            let got = got.as_ref().map(|(host, port)| (host.as_str(), *port));
            assert_eq!(got, expected, "{address}");
        }
    }
}
