//! What an installer gets wrong, and what a network may throw at the box: each is one line that names
//! it, and none ends a daemon that runs.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use hil_tests::broker::Broker;
use hil_tests::chain::Chain;
use hil_tests::daemon::{BOX, Daemon, SITE, lawn_config, run_once};
use hil_tests::heckler::shout;
use hil_tests::lawn;
use hil_tests::simulated_camera::SimulatedCamera;

const SOON: Duration = Duration::from_secs(30);

/// A configuration that is whole, but for an edit.
fn config(edit: impl Fn(String) -> String) -> String {
    edit(lawn_config("rtsp://127.0.0.1:1/cam", "mqtt://127.0.0.1:1"))
}

/// Runs a daemon with a bad `config` and gives the one line it ends with.
fn refusal(folder: &Path, config: &str) -> String {
    let file = folder.join("polewatch.toml");
    fs::write(&file, config).unwrap();
    let output = run_once(&["run", "--config", file.to_str().unwrap()]).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    let complaints: Vec<&str> =
        said.lines().filter(|line| line.starts_with("polewatchd: ")).collect();
    assert_eq!(complaints.len(), 1, "{said}");
    complaints[0].to_owned()
}

#[test]
fn a_bad_configuration_is_refused_by_one_line_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let model = |name: &str| {
        let path = folder.path().join(name);
        move |text: String| format!("{text}[detector]\nmodel = \"{}\"\n", path.display())
    };
    fs::create_dir(folder.path().join("corrupt")).unwrap();
    fs::write(folder.path().join("corrupt/model.toml"), "name = \"corrupt\"\n").unwrap();
    let table: [(&str, String, &[&str]); 5] = [
        (
            "an unknown key",
            config(|text| text.replace("stall =", "stal =")),
            &["polewatch.toml:", "stal"],
        ),
        (
            "a polygon outside the picture",
            config(|text| text.replace("[1.0, 0.91]", "[1.5, 0.91]")),
            &["polewatch.toml: ", "zone[0].polygon[5]", "1.5", "0 to 1"],
        ),
        ("a missing model", config(model("missing")), &["missing"]),
        ("a corrupt model", config(model("corrupt")), &["corrupt"]),
        (
            "a simulated board in a file",
            config(|text| text.replace("sim:board", "sim:polewatch.toml/board")),
            &["polewatch.toml/board"],
        ),
    ];
    for (name, config, parts) in table {
        let line = refusal(folder.path(), &config);
        for part in parts {
            assert!(line.contains(part), "{name}: expected {part:?} in {line:?}");
        }
    }
}

/// The line of a running daemon's log that names what is wrong with `source`, while it goes on.
fn complaint(source: &str, expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(folder.path()).unwrap();
    let mut daemon = Daemon::start(&lawn_config(source, &broker.url()), folder.path()).unwrap();
    let line = daemon.wait_for_line(expected, SOON).unwrap();
    assert!(daemon.process().is_running().unwrap(), "{line}");
}

#[test]
fn a_camera_that_refuses_is_named_and_tried_again() {
    let film = lawn::film_from(Duration::from_secs(44)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let account = ["--user", "admin", "--password", "right"];
    let camera = SimulatedCamera::start(&film, &account, folder.path()).unwrap();
    let port = camera.port();
    complaint(&format!("rtsp://admin:wrong@127.0.0.1:{port}/cam"), "401");
    complaint(&format!("rtsp://admin:right@127.0.0.1:{port}/nowhere"), "404");
}

#[test]
fn a_source_without_a_picture_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("letter.mp4");
    fs::write(&text, "Dear camera,\n".repeat(1000)).unwrap();
    complaint(&format!("file:{}", text.display()), "letter.mp4");

    let film = lawn::film_from(Duration::from_secs(44)).unwrap();
    let camera = SimulatedCamera::start(&film, &["--audio-only"], folder.path()).unwrap();
    complaint(&camera.url(), "expected a video stream");
}

/// Payloads no box and no control room would send.
fn garbage() -> Vec<Vec<u8>> {
    let mut payloads = vec![Vec::new(), vec![0], vec![1], vec![255; 3], b"{\"hello\":1}".to_vec()];
    for tag in 0..=5 {
        payloads.push([vec![1, tag], vec![0xff; 64]].concat());
        payloads.push(vec![1, tag]);
        payloads.push([vec![9, tag], vec![0; 40]].concat());
    }
    payloads.push(vec![1; 60 * 1024]);
    payloads
}

#[test]
fn garbage_on_every_topic_is_named_and_the_alarm_arrives_all_the_same() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_fact("health", Chain::LIMIT, |_| Some(())).unwrap();
    let topics = ["alarm", "media", "health", "ack", "unheard-of"]
        .map(|leaf| format!("polewatch/{SITE}/{BOX}/{leaf}"));
    shout(&chain.broker, &topics, &garbage()).unwrap();
    shout(&chain.broker, &["polewatch/x/y/alarm".to_owned()], &garbage()).unwrap();

    chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    assert!(chain.room.is_running().unwrap());
    assert!(chain.daemon.as_mut().unwrap().process().is_running().unwrap());
    let named = chain.room.facts("garbage");
    assert!(named.iter().any(|fact| fact["topic"] == topics[0].as_str()), "{named:?}");
}
