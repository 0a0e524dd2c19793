//! A simulated RTSP camera: a real RTSP server that plays footage in a loop at real time.
//!
//! Promises: what a client sees on the wire is what a camera of the asked kind would send (H.264,
//! H.265 or JPEG over RTP, sound beside it or not, digest authentication, TCP refused or not), with
//! time stamps that never go back when the footage starts over; and the misbehaviour asked for on
//! its [`Order`] channel. Refuses: re-encoding a file, standing in for a camera's picture quality.

pub mod feed;
pub mod footage;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer_rtsp as gst_rtsp;
use gstreamer_rtsp_server as gst_server;
use gstreamer_rtsp_server::prelude::*;

use feed::{Outlets, Plan, Tap};
use footage::Footage;

/// What the camera plays and how it treats its clients.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// Beside the picture, or instead of it.
    pub sound: Sound,
    /// User and password every client must know; `None` lets everybody in.
    pub account: Option<(String, String)>,
    /// Which transports SETUP accepts.
    pub transport: Transport,
    /// What happens at the footage's end.
    pub ending: Ending,
    /// What [`Order::Swap`] goes on with.
    pub other: Option<Footage>,
}

/// Which streams the camera offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sound {
    /// Picture only.
    #[default]
    None,
    /// A-law sound (a 440 Hz tone) beside the picture.
    Beside,
    /// Sound and no picture at all: a microphone.
    Only,
}

/// Which transports SETUP accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// TCP and UDP.
    #[default]
    Any,
    /// UDP alone; TCP is refused with 461.
    Udp,
}

/// What happens at the footage's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It starts over, without a gap in time.
    #[default]
    Loop,
    /// The stream ends.
    Once,
}

/// What a running camera can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Keep every connection open and send nothing.
    Stall,
    /// Send the same picture over and over.
    Freeze,
    /// Send again.
    Resume,
    /// Go on with the other footage, in the same stream.
    Swap,
    /// Close every client's connection.
    Drop,
    /// End.
    Quit,
}

impl Order {
    /// The order a line spells: `stall`, `freeze`, `resume`, `swap`, `drop`, `quit`.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        match line.trim() {
            "stall" => Some(Self::Stall),
            "freeze" => Some(Self::Freeze),
            "resume" => Some(Self::Resume),
            "swap" => Some(Self::Swap),
            "drop" => Some(Self::Drop),
            "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

/// A camera that listens.
pub struct Camera {
    server: gst_server::RTSPServer,
    main_loop: glib::MainLoop,
    tap: Tap,
    _source: glib::SourceId,
}

impl Camera {
    /// A camera that listens on 127.0.0.1 and will play `footage` to its clients.
    ///
    /// # Errors
    /// When the port is taken or a GStreamer element is missing.
    pub fn listen(footage: Footage, terms: &Terms) -> Result<Self> {
        let main_loop = glib::MainLoop::new(None, false);
        let tap = Tap::new();
        let factory = factory(footage, terms, &tap, &main_loop);
        let server = gst_server::RTSPServer::new();
        server.set_address("127.0.0.1");
        server.set_service(&terms.port.to_string());
        if let Some((user, password)) = &terms.account {
            guard(&server, &factory, user, password);
        }
        let mounts = server.mount_points().context("the RTSP server has no mount points")?;
        mounts.add_factory("/cam", factory);
        log_setups(&server);
        let _source =
            server.attach(None).with_context(|| format!("port {} cannot be opened", terms.port))?;
        Ok(Self { server, main_loop, tap, _source })
    }

    /// Where clients find the camera.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.server.bound_port())
    }

    /// Serves until [`Order::Quit`] or, with [`Ending::Once`], until the footage has been played.
    pub fn run(&self) {
        self.main_loop.run();
    }

    /// A sender of orders that any thread may own.
    pub fn orders(&self) -> impl Fn(Order) + Send + 'static {
        let (tap, main_loop, server) =
            (self.tap.clone(), self.main_loop.clone(), self.server.clone());
        move |order| match order {
            Order::Stall => tap.close(),
            Order::Freeze => tap.freeze(),
            Order::Resume => tap.open(),
            Order::Swap => tap.swap(),
            Order::Drop => {
                server.client_filter(Some(&mut |_, _| gst_server::RTSPFilterResult::Remove));
            }
            Order::Quit => main_loop.quit(),
        }
    }
}

/// Says on standard output which streams clients ask for: `setup /cam/stream=0`.
#[allow(clippy::print_stdout, reason = "the camera's log is its standard output")]
fn log_setups(server: &gst_server::RTSPServer) {
    server.connect_client_connected(|_, client| {
        client.connect_setup_request(|_, context| {
            if let Some(uri) = context.uri() {
                println!("setup {}", uri.request_uri());
            }
        });
    });
}

/// One shared stream for all clients: whoever comes later joins in the middle, as with a camera.
fn factory(
    footage: Footage,
    terms: &Terms,
    tap: &Tap,
    main_loop: &glib::MainLoop,
) -> gst_server::RTSPMediaFactory {
    let factory = gst_server::RTSPMediaFactory::new();
    factory.set_launch(&launch_line(&footage, terms.sound));
    factory.set_shared(true);
    if terms.transport == Transport::Udp {
        factory.set_protocols(gst_rtsp::RTSPLowerTrans::UDP);
    }
    let (tap, main_loop, ending) = (tap.clone(), main_loop.clone(), terms.ending);
    let (footage, other) = (Arc::new(footage), terms.other.clone().map(Arc::new));
    factory.connect_media_configure(move |_, media| {
        let Ok(bin) = media.element().downcast::<gst::Bin>() else { return };
        let source = |name| bin.by_name(name).and_then(|found| found.downcast().ok());
        let outlets = Outlets { picture: source("picture"), sound: source("sound") };
        let plan =
            Plan { footage: footage.clone(), other: other.clone(), tap: tap.clone(), ending };
        let (quit, ended_media) = (main_loop.clone(), media.downgrade());
        feed::start(outlets, plan, move || {
            // The last packets must reach the clients before their connections close; a client
            // that has not left by then will not.
            let patience = Instant::now() + Duration::from_secs(5);
            while ended_media.upgrade().is_some_and(|media| !ended(&media))
                && Instant::now() < patience
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            quit.quit();
        });
    });
    factory
}

fn ended(media: &gst_server::RTSPMedia) -> bool {
    matches!(
        media.status(),
        gst_server::RTSPMediaStatus::Unprepared | gst_server::RTSPMediaStatus::Unpreparing
    )
}

fn launch_line(footage: &Footage, sound: Sound) -> String {
    const TONE: &str = "appsrc name=sound is-live=true format=time max-bytes=0 ! rtppcmapay pt=8";
    let picture = format!(
        "appsrc name=picture is-live=true format=time max-bytes=0 ! {}",
        footage.codec().payloader()
    );
    match sound {
        Sound::None => format!("( {picture} name=pay0 pt=96 )"),
        Sound::Beside => format!("( {picture} name=pay0 pt=96 {TONE} name=pay1 )"),
        Sound::Only => format!("( {TONE} name=pay0 )"),
    }
}

/// Lets nobody in who does not know `user` and `password`; digest alone, as cameras do.
fn guard(
    server: &gst_server::RTSPServer,
    factory: &gst_server::RTSPMediaFactory,
    user: &str,
    password: &str,
) {
    let token = gst_server::RTSPToken::builder()
        .field(gst_server::RTSP_TOKEN_MEDIA_FACTORY_ROLE, "viewer")
        .build();
    let auth = gst_server::RTSPAuth::new();
    auth.set_supported_methods(gst_rtsp::RTSPAuthMethod::Digest);
    auth.add_digest(user, password, &token);
    factory.add_role_from_structure(
        &gst::Structure::builder("viewer")
            .field(gst_server::RTSP_PERM_MEDIA_FACTORY_ACCESS, true)
            .field(gst_server::RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, true)
            .build(),
    );
    server.set_auth(Some(&auth));
}
