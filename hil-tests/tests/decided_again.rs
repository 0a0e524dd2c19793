//! What was seen in a recording decides again as the recording did, and a spoilt file is named.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::fs;
use std::path::Path;

use hil_tests::daemon::{lawn_config, run_once};
use hil_tests::lawn;

/// Runs the daemon in a way that has to end well.
fn run(arguments: &[&str]) {
    let output = run_once(arguments).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every kind of rule on the lawn and around it.
fn config() -> String {
    let lawn = lawn_config("rtsp://127.0.0.1:1/cam", "mqtt://127.0.0.1:1");
    let others = ["falldown", "abandonment", "parking", "camera_fault"]
        .map(|kind| format!("[[rule]]\nname = \"{kind}\"\nkind = \"{kind}\"\n"));
    let by_day = "[[rule]]\nname = \"by-day\"\nkind = \"loitering\"\nhours = \"06:00-22:00\"\n";
    lawn + &others.concat() + by_day
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).to_str().unwrap().to_owned()
}

#[test]
fn a_record_of_what_was_seen_decides_the_same_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| path(folder.path(), name);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    fs::write(folder.path().join("c.toml"), config()).unwrap();
    let (config, seen) = (file("c.toml"), file("seen.jsonl"));
    let outputs = [
        ["--events", &file("events"), "--explain", &file("explained")].map(str::to_owned),
        ["--events", &file("events.again"), "--explain", &file("explained.again")]
            .map(str::to_owned),
    ];
    let [first, again] = outputs.each_ref().map(|words| words.each_ref().map(String::as_str));
    let began = ["--began", "2026-11-23T21:59:30+09:00"];
    let replay = ["replay", lawn::FILM, "--config", &config, "--detections", &seen];
    run(&[&replay[..], &began, &first].concat());
    run(&[&["decide", &seen, "--config", &config][..], &again].concat());
    for rule in ["lawn-intrusion", "lawn-loitering", "by-day"] {
        assert!(read("events").contains(&format!("\"rule\":\"{rule}\"")), "{rule} tells nothing");
    }
    assert_eq!(read("events.again"), read("events"));
    assert_eq!(read("explained.again"), read("explained"));
}

#[test]
fn a_spoilt_record_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let believed = r#"{"start_confidence":0.4,"keep_confidence":0.2}"#;
    let lights = ["day", "dusk", "night_ir", "dark"].map(|light| format!("\"{light}\":{believed}"));
    let opening = format!("{{\"recording\":\"a.mp4\",\"believed\":{{{}}}}}", lights.join(","));
    let frame = |edit: (&str, &str)| {
        let whole = r#"{"at_s":0.1,"light":"day","view":{"black":0,"white":0,"changed":null,"flat":0,"likeness":null},"aspect":0,"detections":[{"class":"person","confidence":0.5,"box":[0.1,0.1,0.2,0.2]}]}"#;
        format!("{opening}\n{}\n", whole.replacen(edit.0, edit.1, 1))
    };
    let table = [
        (String::new(), "line 1: is not there"),
        ("{}".into(), "line 1: missing field `recording`"),
        (opening.replace("\"dark\"", "\"dawn\""), "line 1: light dark is missing"),
        (opening.replace("0.4", "1.4"), "line 1: confidence 1.4 does not lie between 0 and 1"),
        (frame(("day", "noon")), "line 2: light \"noon\" is not known"),
        (frame(("person", "ghost")), "line 2: class \"ghost\" is not known"),
        (frame(("0.2,0.2", "0.1,0.1")), "has no area inside the picture"),
        (frame(("0.1,", "-0.1,")), "line 2: -0.1 s is not a time in a recording"),
        (
            frame(("\"light\"", "\"local\":{\"day\":\"mon\",\"second\":86400},\"light\"")),
            "line 2: local time mon 86400 s is not known",
        ),
        (frame(("\"aspect\"", "\"aspects\"")), "line 2: unknown field `aspects`"),
        (frame(("}]}", "}],\"pose\":[[0,0,0]]}")), "line 2: invalid length 1, expected an array"),
        (frame(("}]}", "}")), "line 2: EOF while parsing"),
    ];
    fs::write(folder.path().join("c.toml"), config()).unwrap();
    let (config, seen) = (path(folder.path(), "c.toml"), path(folder.path(), "seen.jsonl"));
    let events = path(folder.path(), "events");
    for (text, expected) in table {
        fs::write(&seen, text).unwrap();
        let ended = run_once(&["decide", &seen, "--config", &config, "--events", &events]).unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert!(said.contains(&format!("polewatchd: {seen}: ")), "{said}");
        assert!(said.contains(expected), "{expected}: {said}");
    }
}
