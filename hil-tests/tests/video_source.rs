//! The video source against a real RTSP server that behaves as cameras do, well and badly.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use analytics::event::{EventId, Phase};
use crossbeam_channel::{Receiver, Sender, bounded};
use hil_tests::broker::free_port;
use hil_tests::deadline::wait_for;
use hil_tests::process::Process;
use polewatchd::clip::{ClipReport, Cue, Lengths, Recorder};
use polewatchd::config::{CameraAddress, Source, Transport};
use polewatchd::slot::{SlotReader, Taken, slot};
use polewatchd::video::{
    Frame, Outlets, Packet, Settings, StatusBoard, Video, VideoState, VideoStatus, packets,
};

const LIMIT: Duration = Duration::from_secs(60);
const STALL: Duration = Duration::from_secs(2);

/// A simulated camera on a port of its own.
struct Camera {
    process: Process,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Camera {
    fn start(arguments: &[&str]) -> Self {
        Self::start_at(free_port().expect("a port"), arguments)
    }

    fn start_at(port: u16, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Path::new(env!("CARGO_BIN_EXE_rtsp-camera"));
        let port_text = port.to_string();
        let arguments = ["--port", &port_text].into_iter().chain(arguments.iter().copied());
        let process = Process::start("camera", program, arguments, folder.path());
        let mut process = process.expect("a camera");
        process.wait_for_line("listening", LIMIT).expect("a camera that listens");
        Self { process, port, _folder: folder }
    }

    fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.port)
    }
}

/// A video source at work.
struct Watched {
    board: StatusBoard,
    frames: SlotReader<Frame>,
    packets: Receiver<Packet>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watched {
    fn start(url: &str, transport: Transport) -> Self {
        let settings = Settings {
            source: Source::Rtsp(CameraAddress::new(url)),
            transport,
            stall: STALL,
            latency: Duration::from_millis(100),
            fps: 10.0,
        };
        let (writer, frames) = slot();
        let (outlet, packets) = packets(256);
        let outlets = Outlets { frames: writer, packets: outlet };
        let video = Video::new(settings, outlets, Arc::new(Instant::now));
        let board = video.board();
        let (stop, stopped) = bounded(0);
        let thread = std::thread::spawn(move || video.run(&stopped).expect("no hanging pipeline"));
        Self { board, frames, packets, stop: Some(stop), thread: Some(thread) }
    }

    /// Waits until the status is as wanted.
    fn wait(&self, what: &str, wanted: impl Fn(&VideoStatus) -> bool) -> VideoStatus {
        let look = || {
            let status = self.board.read();
            Ok(wanted(&status).then_some(status))
        };
        wait_for(what, LIMIT, look)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.board.read()))
    }

    fn error(&self) -> String {
        self.wait("an error", |status| status.last_error.is_some()).last_error.unwrap_or_default()
    }

    fn frame(&self) -> Frame {
        match self.frames.take(LIMIT) {
            Taken::Item(frame) => frame,
            other => panic!("expected a frame, got {other:?}"),
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the source ends when told to");
        }
    }
}

#[test]
fn sound_is_never_asked_for_and_in_no_clip() {
    let camera = Camera::start(&["--audio"]);
    let source = Watched::start(&camera.url(), Transport::Auto);
    let (cues, cues_in) = bounded(4);
    let (reports_out, reports) = bounded(4);
    let folder = tempfile::tempdir().expect("a folder");
    let seconds = Duration::from_secs;
    let settings = polewatchd::clip::Settings {
        lengths: Lengths { pre_roll: seconds(1), post_roll: seconds(1), longest: seconds(8) },
        reach: seconds(3),
        max_bytes: 16 << 20,
        at_once: 2,
        folder: folder.path().to_owned(),
    };
    let recorder = Recorder::new(settings, source.packets.clone(), cues_in, reports_out);
    std::thread::spawn(move || recorder.run());
    source.wait("three seconds of packets", |status| status.packets >= 45);
    let onset = source.frame().time();
    for phase in [Phase::Begin, Phase::End] {
        cues.send(Cue { event: EventId(1), phase, onset, decided: onset }).expect("a recorder");
    }
    let report = reports.recv_timeout(LIMIT).expect("a report");
    let ClipReport::Ready(clip) = report else { panic!("{report:?}") };
    assert!(clip.pre_roll >= seconds(1) && clip.duration >= seconds(2), "{clip:?}");
    let probe = std::process::Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0"])
        .arg(&clip.path)
        .output()
        .expect("ffprobe runs");
    assert_eq!(String::from_utf8_lossy(&probe.stdout).trim(), "video");
    let asked: Vec<_> = camera
        .process
        .log()
        .lines()
        .filter(|l| l.starts_with("setup"))
        .map(str::to_owned)
        .collect();
    assert!(asked.len() == 1 && asked[0].ends_with("stream=0"), "{asked:?}");
}

#[test]
fn frames_come_at_the_analysis_rate_with_the_time_they_were_taken() {
    let camera = Camera::start(&[]);
    let source = Watched::start(&camera.url(), Transport::Tcp);
    let mut times: Vec<f64> = (0..20).map(|_| source.frame().time().as_secs_f64()).collect();
    // The first pictures come in a bunch, of which the slot keeps the last.
    times.drain(..5);
    let mean = (times[14] - times[0]) / 14.0;
    assert!((0.08..0.15).contains(&mean), "a frame every {mean:.3} s: {times:?}");
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    let frame = source.frame();
    assert_eq!((frame.picture().width(), frame.picture().height()), (640, 360));
    let status = source.board.read();
    assert_eq!(status.codec.as_deref(), Some("H.264"));
    assert_eq!(status.size, Some((640, 360)));
}

#[test]
fn h265_is_watched_too() {
    let camera = Camera::start(&["--codec", "h265"]);
    let source = Watched::start(&camera.url(), Transport::Auto);
    source.frame();
    assert_eq!(source.board.read().codec.as_deref(), Some("H.265"));
}

#[test]
fn a_camera_that_refuses_tcp_is_watched_over_udp() {
    let camera = Camera::start(&["--udp-only"]);
    let source = Watched::start(&camera.url(), Transport::Auto);
    source.frame();
    assert!(source.error().contains("461"), "{}", source.error());
    assert_eq!(source.board.read().reconnects, 1, "the first attempt was over TCP");
}

#[test]
fn a_stalled_camera_is_asked_again_and_time_goes_on() {
    let mut camera = Camera::start(&[]);
    let source = Watched::start(&camera.url(), Transport::Auto);
    let before = source.frame().time();
    source.wait("pictures", |status| status.state == VideoState::Playing);
    camera.process.tell("stall").expect("a camera");
    let status = source.wait("the stall", |status| status.reconnects >= 1);
    let error = status.last_error.unwrap_or_default();
    assert!(error.contains("connected, but no packet for 2."), "{error}");
    // What was in the slot when the camera fell silent.
    let _ = source.frames.take(Duration::from_millis(1));
    camera.process.tell("resume").expect("a camera");
    let after = source.frame().time();
    assert!(after.since(before) >= STALL, "{before:?} {after:?}");
}

#[test]
fn a_camera_that_was_killed_is_found_again_when_it_is_back() {
    let camera = Camera::start(&[]);
    let (url, port) = (camera.url(), camera.port);
    let source = Watched::start(&url, Transport::Auto);
    source.wait("pictures", |status| status.pictures > 10);
    camera.process.kill().expect("a running camera");
    source.wait("the refused connection", |status| {
        status.last_error.as_deref().is_some_and(|error| error.contains("Connection refused"))
    });
    let seen = source.board.read().pictures;
    let _camera = Camera::start_at(port, &[]);
    let status = source.wait("pictures again", |status| status.pictures > seen + 10);
    assert_eq!(status.abandoned, 0);
}

#[test]
fn a_camera_that_drops_its_clients_is_asked_again() {
    let mut camera = Camera::start(&[]);
    let source = Watched::start(&camera.url(), Transport::Auto);
    source.wait("pictures", |status| status.pictures > 5);
    camera.process.tell("drop").expect("a camera");
    source.wait("pictures again", |status| {
        status.reconnects >= 1 && status.state == VideoState::Playing
    });
}

#[test]
fn what_is_wrong_with_a_camera_is_said_in_one_line_without_its_password() {
    let nobody = free_port().expect("a port");
    for (arguments, address, expected) in [
        (
            vec!["--user", "a", "--password", "s3cret"],
            "rtsp://a:wrong@HOST/cam",
            "401 unauthorized",
        ),
        (vec!["--user", "a", "--password", "s3cret"], "rtsp://HOST/cam", "401 unauthorized"),
        (vec![], "rtsp://HOST/door", "404 not found"),
        (vec!["--audio-only"], "rtsp://HOST/cam", "expected a video stream, got audio PCMA"),
        (vec!["--codec", "mjpeg"], "rtsp://HOST/cam", "expected H.264 or H.265, got JPEG"),
        (vec![], "rtsp://x:s3cret@127.0.0.1:NOBODY/cam", "Connection refused"),
    ] {
        let camera = Camera::start(&arguments);
        let url = address
            .replace("HOST", &format!("127.0.0.1:{}", camera.port))
            .replace("NOBODY", &nobody.to_string());
        let error = Watched::start(&url, Transport::Auto).error();
        assert!(error.contains(expected), "{url}: {error}");
        assert!(error.starts_with("rtsp://127.0.0.1:") && !error.contains('@'), "{error}");
        assert!(!error.contains("s3cret") && !error.contains("wrong"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn the_right_password_is_accepted() {
    let camera = Camera::start(&["--user", "a", "--password", "s3cret"]);
    let url = camera.url().replace("rtsp://", "rtsp://a:s3cret@");
    Watched::start(&url, Transport::Auto).frame();
}
