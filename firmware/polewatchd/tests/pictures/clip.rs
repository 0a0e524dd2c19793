//! Clips as the recorder makes them from a camera's packets.

use std::path::Path;
use std::time::Duration;

use analytics::event::{EventId, Phase};
use analytics::time::FrameTime;
use crossbeam_channel::{Receiver, Sender, bounded};
use gstreamer as gst;
use gstreamer::prelude::*;
use polewatchd::clip::{Clip, ClipReport, Cue, Lengths, Recorder, Settings};
use polewatchd::video::{FileFrames, Packet};

use crate::footage::{Footage, probe};

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn at_ms(ms: u64) -> FrameTime {
    FrameTime::from_micros(ms * 1000)
}

/// The packets of a recording, stamped from 0 in the order they are shown.
fn packets(path: &Path, codec: &str) -> Vec<Packet> {
    let line = format!(
        "filesrc location={} ! qtdemux ! {codec}parse config-interval=-1 ! \
         video/x-{codec},stream-format=byte-stream,alignment=au ! appsink name=end sync=false",
        path.display()
    );
    let pipeline = gst::parse::launch(&line).expect("a pipeline").downcast::<gst::Pipeline>();
    let pipeline = pipeline.expect("a pipeline");
    let end = pipeline.by_name("end").expect("an end").downcast::<gstreamer_app::AppSink>();
    let end = end.expect("an appsink");
    pipeline.set_state(gst::State::Playing).expect("a pipeline that plays");
    let mut packets = Vec::new();
    while let Ok(sample) = end.pull_sample() {
        let data = sample.buffer_owned().expect("a picture");
        let key = !data.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let time = FrameTime::from_micros(data.pts().expect("a stamp").useconds());
        packets.push(Packet { data, caps: sample.caps_owned().expect("caps"), time, key });
    }
    pipeline.set_state(gst::State::Null).expect("a pipeline that ends");
    let zero = packets.iter().map(|packet| packet.time).min().expect("packets");
    for packet in &mut packets {
        packet.time = FrameTime::default().plus(packet.time.since(zero));
    }
    packets
}

/// A recorder at work: what is sent has been received, one after the other.
struct Bench {
    packets: Option<Sender<Packet>>,
    cues: Sender<Cue>,
    reports: Receiver<ClipReport>,
}

impl Bench {
    fn start(footage: &Footage, at_once: usize) -> Self {
        let (packets, packets_in) = bounded(0);
        let (cues, cues_in) = bounded(0);
        let (reports_out, reports) = bounded(8);
        let settings = Settings {
            lengths: Lengths { pre_roll: s(2), post_roll: s(1), longest: s(6) },
            reach: s(4),
            max_bytes: 8 << 20,
            at_once,
            folder: footage.path("clips"),
        };
        let recorder = Recorder::new(settings, packets_in, cues_in, reports_out);
        std::thread::spawn(move || recorder.run());
        Self { packets: Some(packets), cues, reports }
    }

    fn play(&self, packets: impl IntoIterator<Item = Packet>) {
        let sender = self.packets.as_ref().expect("an open channel");
        packets.into_iter().for_each(|packet| sender.send(packet).expect("a recorder"));
    }

    fn cue(&self, event: u64, phase: Phase, onset_ms: u64, decided_ms: u64) {
        let (onset, decided) = (at_ms(onset_ms), at_ms(decided_ms));
        self.cues.send(Cue { event: EventId(event), phase, onset, decided }).expect("a recorder");
    }

    fn report(&self) -> ClipReport {
        self.reports.recv_timeout(s(30)).expect("a report")
    }

    fn ready(&self) -> Clip {
        match self.report() {
            ClipReport::Ready(clip) => clip,
            ClipReport::Lost { reason, .. } => panic!("{reason}"),
        }
    }
}

/// Plays a recording with one event from 5.5 s (decided at 6 s) to 6.5 s, and checks its clip.
fn check(footage: &Footage, recording: &Path, codec: &str, probed: &str) {
    let bench = Bench::start(footage, 2);
    let (before, after): (Vec<_>, Vec<_>) =
        packets(recording, codec).into_iter().partition(|packet| packet.time <= at_ms(6000));
    bench.play(before);
    bench.cue(7, Phase::Begin, 5500, 6000);
    bench.cue(7, Phase::End, 5500, 6500);
    bench.play(after);
    let clip = bench.ready();
    assert_eq!((clip.event, clip.start), (EventId(7), at_ms(3000)), "from the key picture");
    assert_eq!(clip.pre_roll, Duration::from_millis(2500));
    assert_eq!(clip.bytes, std::fs::metadata(&clip.path).expect("a file").len());
    assert_eq!(probe(&clip.path, "stream=codec_name,codec_type,width").trim(), probed);
    let file = std::fs::read(&clip.path).expect("a file");
    let atom = |name: &[u8]| file.windows(4).position(|bytes| bytes == name);
    assert!(atom(b"moov") < atom(b"mdat"), "a browser plays while it loads");
    let listed = probe(&clip.path, "packet=pts_time,dts_time,flags");
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].contains('K'), "begins with a key picture: {}", lines[0]);
    // 3.0 s to 7.5 s at 10 a second; two less where the next would be shown after two unsent ones.
    assert!((43..=45).contains(&lines.len()), "{} packets", lines.len());
    assert_eq!(clip.duration, Duration::from_millis(100) * lines.len() as u32);
    let dts = |line: &str| line.split(',').nth(1).and_then(|dts| dts.parse::<f64>().ok());
    let dts: Vec<f64> = lines.iter().filter_map(|line| dts(line)).collect();
    assert!(dts.len() == lines.len() && dts.is_sorted(), "decoding times rise: {dts:?}");
    let frames = FileFrames::open(&clip.path, 30.0).expect("a clip");
    let times: Vec<_> = frames.map(|frame| frame.expect("a frame").time().as_micros()).collect();
    assert_eq!(times.len(), lines.len(), "every picture is there");
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] == 100_000), "{times:?}");
}

#[test]
fn a_clip_shows_the_event_untouched_from_a_key_picture_before_the_pre_roll() {
    let footage = Footage::new();
    let recording = footage.h264("ball.mp4", 120, "10/1");
    check(&footage, &recording, "h264", "h264,video,320");
}

#[test]
fn pictures_sent_in_another_order_than_shown_play_in_the_order_shown() {
    let footage = Footage::new();
    let encoder = ["-c:v", "libx264", "-bf", "2"];
    let recording = footage.by_ffmpeg("b-frames.mp4", 12, &encoder);
    check(&footage, &recording, "h264", "h264,video,320");
}

#[test]
fn a_clip_of_h265_is_h265() {
    let footage = Footage::new();
    let encoder = ["-c:v", "libx265", "-x265-params", "log-level=none:bframes=0"];
    let recording = footage.by_ffmpeg("h265.mp4", 12, &encoder);
    check(&footage, &recording, "h265", "hevc,video,320");
}

#[test]
fn overlapping_events_have_their_own_clips_and_one_too_many_is_reported_lost() {
    let footage = Footage::new();
    let bench = Bench::start(&footage, 2);
    let (before, after): (Vec<_>, Vec<_>) = packets(&footage.h264("b.mp4", 120, "10/1"), "h264")
        .into_iter()
        .partition(|packet| packet.time <= at_ms(4000));
    bench.play(before);
    (1..=3).for_each(|event| bench.cue(event, Phase::Begin, 4000, 4000));
    let lost = bench.report();
    let reason = "2 clips are being recorded".to_owned();
    assert_eq!(lost, ClipReport::Lost { event: EventId(3), reason });
    bench.cue(2, Phase::End, 4000, 4000);
    bench.play(after);
    let (second, first) = (bench.ready(), bench.ready());
    assert_eq!((second.event, first.event), (EventId(2), EventId(1)));
    assert!(second.duration < s(4) && first.duration > s(5), "{second:?} {first:?}");
}

#[test]
fn when_the_camera_ends_open_clips_are_finished_with_what_there_is() {
    let footage = Footage::new();
    let mut bench = Bench::start(&footage, 2);
    bench.play(packets(&footage.h264("ball.mp4", 30, "10/1"), "h264"));
    bench.cue(1, Phase::Begin, 2500, 2900);
    bench.packets = None;
    let clip = bench.ready();
    assert_eq!((clip.start, clip.duration), (FrameTime::default(), s(3)));
}

#[test]
fn without_any_picture_the_clip_is_lost() {
    let footage = Footage::new();
    let mut bench = Bench::start(&footage, 2);
    bench.cue(1, Phase::Begin, 2500, 2900);
    bench.packets = None;
    let reason = "no picture came from the camera".to_owned();
    assert_eq!(bench.report(), ClipReport::Lost { event: EventId(1), reason });
}
