//! `rtsp-camera`: a simulated RTSP camera for the demo and the tests.
//!
//! Prints `listening rtsp://127.0.0.1:PORT/cam` once it can be opened, then obeys lines on its
//! standard input: `stall`, `freeze`, `resume`, `swap`, `drop`, `quit`. The end of the input changes
//! nothing, so it may run in the background.
#![allow(clippy::print_stdout, reason = "its first line is its interface")]

use std::io::BufRead;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hil_tests::camera::footage::{Codec, Footage};
use hil_tests::camera::{Camera, Ending, Order, Sound, Terms, Transport};

/// A simulated RTSP camera on 127.0.0.1: plays a file or a test pattern in a loop at real time.
///
/// While it runs it reads orders from its standard input, one a line:
/// `stall` (keep connections open, send nothing), `freeze` (send one picture over and over), `resume`,
/// `swap` (go on with the film of --other, or back), `drop` (close every client), `quit`.
#[derive(Parser)]
struct Options {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// A file with H.264, H.265 or JPEG video, sent as it is; without it, a test pattern.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Another film of the same codec, for `swap`.
    #[arg(long, requires = "file")]
    other: Option<PathBuf>,
    /// The test pattern's codec; with --file, the codec the file must have.
    #[arg(long)]
    codec: Option<Codec>,
    /// Send a tone beside the picture.
    #[arg(long)]
    audio: bool,
    /// Send a tone and no picture.
    #[arg(long, conflicts_with = "audio")]
    audio_only: bool,
    /// Ask every client for this user and --password (digest).
    #[arg(long, requires = "password")]
    user: Option<String>,
    /// The password of --user.
    #[arg(long, requires = "user")]
    password: Option<String>,
    /// Refuse TCP with 461.
    #[arg(long)]
    udp_only: bool,
    /// End at the footage's end instead of starting over.
    #[arg(long)]
    once: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    gstreamer::init().context("GStreamer cannot start")?;
    let footage = footage(&options)?;
    let other = options.other.as_deref().map(Footage::from_file).transpose()?;
    let camera = Camera::listen(footage, &Terms { other, ..terms(options) })?;
    println!("listening {}", camera.url());
    println!("this is a simulated camera; orders: stall, freeze, resume, swap, drop, quit");
    let send = camera.orders();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            match Order::parse(&line) {
                Some(order) => {
                    send(order);
                    println!("{}", line.trim());
                }
                None => eprintln!("{line:?}: expected stall, freeze, resume, swap, drop or quit"),
            }
        }
    });
    camera.run();
    Ok(())
}

fn footage(options: &Options) -> Result<Footage> {
    let Some(file) = &options.file else {
        return Footage::test_pattern(options.codec.unwrap_or(Codec::H264), 20);
    };
    let footage = Footage::from_file(file)?;
    let got = footage.codec();
    let expected = options.codec.unwrap_or(got);
    ensure!(got == expected, "{}: expected {expected:?}, got {got:?}", file.display());
    Ok(footage)
}

fn terms(options: Options) -> Terms {
    Terms {
        port: options.port,
        sound: match (options.audio_only, options.audio) {
            (true, _) => Sound::Only,
            (false, true) => Sound::Beside,
            (false, false) => Sound::None,
        },
        account: options.user.zip(options.password),
        transport: if options.udp_only { Transport::Udp } else { Transport::Any },
        ending: if options.once { Ending::Once } else { Ending::Loop },
        other: None,
    }
}
