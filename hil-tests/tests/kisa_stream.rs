//! A clip sent over RTSP once, as KISA's test sends its clips, ends in a result file.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::fs;
use std::time::Duration;

use hil_tests::daemon::{lawn_config, run_once};
use hil_tests::lawn;
use hil_tests::simulated_camera::SimulatedCamera;

/// Where in the film the clip begins.
const FROM: Duration = Duration::from_secs(45);

/// The zone file of the lawn: KISA's pictures are 1280 pixels wide and 720 high.
fn zone_file() -> String {
    let corners: Vec<[f64; 2]> = serde_json::from_str(lawn::POLYGON).unwrap();
    let point = |[x, y]: &[f64; 2]| format!("<Point>{:.0},{:.0}</Point>", x * 1280.0, y * 720.0);
    let points: String = corners.iter().map(point).collect();
    format!(
        "<DA><DetectionAreas><Intrusion>{points}</Intrusion><Loitering>{points}</Loitering>\
         </DetectionAreas></DA>"
    )
}

/// The start of the first alarm of this description, in seconds of the clip.
fn start(results: &str, description: &str) -> Option<u64> {
    let alarms = results.split("<Alarm>").skip(1);
    let told = format!("<AlarmDescription>{description}</AlarmDescription>");
    let alarm = alarms.into_iter().find(|alarm| alarm.contains(&told))?;
    let time = alarm.split("<StartTime>").nth(1)?.split("</StartTime>").next()?;
    let parts = time.split(':').map(|part| part.parse::<u64>().unwrap());
    Some(parts.fold(0, |sum, part| sum * 60 + part))
}

#[test]
fn a_clip_sent_once_ends_in_a_result_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let film = lawn::film_from(FROM).unwrap();
    let camera = SimulatedCamera::start(&film, &["--once"], folder.path()).unwrap();
    fs::write(file("c.toml"), lawn_config("rtsp://127.0.0.1:1/cam", "mqtt://127.0.0.1:1")).unwrap();
    fs::write(file("lawn.map"), zone_file()).unwrap();
    let (url, config, events) = (camera.url(), file("c.toml"), file("events"));
    let (map, out) = (file("lawn.map"), file("out.xml"));
    let replay = ["replay", &url, "--config", &config, "--events", &events];
    let ended = run_once(&[&replay[..], &["--kisa-map", &map, "--kisa-out", &out]].concat());
    let said = ended.unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));

    let results = fs::read_to_string(file("out.xml")).unwrap();
    assert!(results.contains("<Filename>cam</Filename>"), "{results}");
    for (description, truth) in [("Intrusion", lawn::INTRUSION), ("Loitering", lawn::LOITERING)] {
        let told =
            start(&results, description).unwrap_or_else(|| panic!("no {description}: {results}"));
        let truth = (truth - FROM).as_secs();
        assert!((truth - 2..=truth + 10).contains(&told), "{description} {told}: {results}");
    }
}

#[test]
fn a_stream_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    fs::write(file("c.toml"), lawn_config("rtsp://127.0.0.1:1/cam", "mqtt://127.0.0.1:1")).unwrap();
    let (config, events) = (file("c.toml"), file("events"));
    let address = "rtsp://viewer:secret@127.0.0.1:1/clip";
    let ended = run_once(&["replay", address, "--config", &config, "--events", &events]).unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("polewatchd: rtsp://127.0.0.1:1/clip: no connection"), "{said}");
    assert!(!said.contains("secret"), "{said}");
}
