//! Recordings as the replay reads them.

use polewatchd::video::{FileFrames, VideoError};

use crate::footage::Footage;

fn times_us(path: &std::path::Path, fps: f64) -> Vec<u64> {
    let frames = FileFrames::open(path, fps).expect("a recording");
    frames.map(|frame| frame.expect("a frame").time().as_micros()).collect()
}

#[test]
fn every_picture_of_a_slow_recording_is_seen_and_the_rate_of_a_fast_one_is_kept() {
    let footage = Footage::new();
    let slow = footage.h264("slow.mp4", 20, "5/1");
    assert_eq!(times_us(&slow, 10.0), (0..20).map(|n| n * 200_000).collect::<Vec<_>>());
    let fast = footage.h264("fast.mp4", 90, "30/1");
    let times = times_us(&fast, 10.0);
    assert!((30..=31).contains(&times.len()), "{} of 3 seconds at 10 per second", times.len());
    assert_eq!(times, times_us(&fast, 10.0), "two runs see the same pictures");
}

#[test]
fn the_picture_is_the_size_of_the_recording_and_lies_as_it_was_decoded() {
    let footage = Footage::new();
    let path = footage.h264("ball.mp4", 3, "10/1");
    let frames = FileFrames::open(&path, 10.0).expect("a recording");
    assert_eq!(frames.size(), Some((320, 240)));
    for frame in frames {
        let frame = frame.expect("a frame");
        let picture = frame.picture();
        assert_eq!((picture.width(), picture.height()), (320, 240));
        let luma = picture.planes()[0];
        let row = &luma.data[120 * luma.stride..][..320];
        assert!(row.iter().any(|&y| y > 180) || row.iter().all(|&y| y < 40), "ball on black");
    }
}

#[test]
fn recordings_with_finer_colour_are_converted() {
    let footage = Footage::new();
    for (name, format) in [("422.avi", "Y42B"), ("444.avi", "Y444")] {
        let line = format!(
            "videotestsrc num-buffers=5 ! video/x-raw,format={format},width=64,height=48,\
             framerate=10/1 ! jpegenc ! avimux"
        );
        let path = footage.made(name, &line);
        assert_eq!(times_us(&path, 10.0).len(), 5, "{format}");
    }
}

#[test]
fn a_recording_with_sound_is_seen_without_it() {
    let footage = Footage::new();
    let line = "qtmux name=mux audiotestsrc num-buffers=50 ! alawenc ! mux. \
                videotestsrc num-buffers=10 ! video/x-raw,format=I420,width=64,height=48,\
                framerate=10/1 ! openh264enc ! h264parse ! mux. mux.";
    let path = footage.made("sound.mov", line);
    assert_eq!(times_us(&path, 10.0).len(), 10);
}

#[test]
fn what_is_not_a_video_is_named() {
    let footage = Footage::new();
    let sound = footage.made("tone.wav", "audiotestsrc num-buffers=10 ! wavenc");
    let text = footage.written("notes.mp4", b"camera 12 is above the door\n");
    let noise: Vec<u8> =
        (0..100_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise = footage.written("noise.mp4", &noise);
    let empty = footage.written("empty.mp4", b"");
    for (path, got) in [
        (&sound, "audio/"),
        (&text, "a file of no known format"),
        (&noise, "a file of no known format"),
        (&empty, "an empty file"),
    ] {
        let error = FileFrames::open(path, 10.0).map(|_| ()).expect_err("not a video");
        let line = error.to_string();
        assert!(matches!(error, VideoError::NotVideo { .. }), "{line}");
        assert!(line.contains(&path.display().to_string()) && line.contains(got), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    let missing = footage.path("missing.mp4");
    let error = FileFrames::open(&missing, 10.0).map(|_| ()).expect_err("no file");
    assert!(matches!(error, VideoError::Open { .. }), "{error}");
}

#[test]
fn a_recording_cut_in_the_middle_ends_without_hanging() {
    let footage = Footage::new();
    let line = "videotestsrc num-buffers=60 ! video/x-raw,format=I420,width=320,height=240,\
                framerate=10/1 ! openh264enc ! h264parse ! mpegtsmux";
    let whole = footage.made("whole.ts", line);
    let bytes = std::fs::read(&whole).expect("a recording");
    let cut = footage.written("cut.ts", &bytes[..bytes.len() / 2]);
    let frames = FileFrames::open(&cut, 10.0).expect("half a recording");
    let seen = frames.take_while(Result::is_ok).count();
    assert!((10..60).contains(&seen), "{seen} frames of half a recording");
}
