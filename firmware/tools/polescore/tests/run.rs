//! `polescore run` from end to end. The daemon is SIMULATED by a shell script that answers each
//! clip with prepared events: what is tested is how clips are run and scored, not the analysis.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// polewatchd replay CLIP --config C --events OUT [--detections SEEN]: copies CLIP.events to OUT and
/// SEEN, or fails as CLIP.fails says; polewatchd decide SEEN --config C --events OUT: copies SEEN to
/// OUT. The configuration must be there.
const SIMULATED: &str = r#"#!/bin/sh
set -e
[ "$3 $5" = "--config --events" ]
[ -s "$4" ] || { echo "no configuration" >&2; exit 3; }
if [ -e "$2.fails" ]; then echo "warming up" >&2; cat "$2.fails" >&2; exit 2; fi
case $1 in
    replay) for out in "$6" ${8:+"$8"}; do cp "$2.events" "$out"; done ;;
    decide) cp "$2" "$6" ;;
esac
"#;

struct Clips {
    dir: TempDir,
}

impl Clips {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let daemon = dir.path().join("polewatchd");
        fs::write(&daemon, SIMULATED).unwrap();
        fs::set_permissions(&daemon, fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).unwrap();
    }

    /// A 100 s clip with these true events, answered by alarms of (kind, onset).
    fn clip(&self, name: &str, events: &str, alarms: &[(&str, f64)]) {
        self.write(&format!("{name}.mp4"), "");
        let truth = format!(
            r#"{{"clip": "{name}.mp4", "duration_s": 100, "events": {events},
                "zones": {{"intrusion": [[0, 0], [1, 0], [0, 1]]}},
                "negatives_for": ["intrusion"]}}"#
        );
        self.write(&format!("{name}.json"), &truth);
        let lines = alarms.iter().map(|(kind, onset)| {
            format!(
                "{{\"event\":1,\"phase\":\"begin\",\"kind\":\"{kind}\",\"onset_s\":{onset},\
                 \"decided_s\":{onset}}}\n"
            )
        });
        self.write(&format!("{name}.mp4.events"), &lines.collect::<String>());
    }

    fn run(&self, more: &[&str]) -> Output {
        let dir = self.dir.path();
        let daemon = dir.join("polewatchd");
        Command::new(env!("CARGO_BIN_EXE_polescore"))
            .arg("run")
            .arg(dir)
            .arg("--polewatchd")
            .arg(daemon)
            .args(more)
            .output()
            .unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&fs::read_to_string(self.dir.path().join("out")).unwrap()).unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_folder_is_scored_as_a_table_and_as_json() {
    let clips = Clips::new();
    let one = r#"[{"type": "intrusion", "start_s": 50, "end_s": 60}]"#;
    clips.clip("found", one, &[("intrusion", 51.0)]);
    clips.clip("missed", one, &[("loitering", 20.0)]);
    clips.clip("quiet", "[]", &[("intrusion", 9.0)]);
    let out = clips.dir.path().join("out").display().to_string();
    let kept = clips.dir.path().join("kept").display().to_string();
    let output = clips.run(&["--json", &out, "--keep", &kept, "--model", "some/model"]);
    assert!(output.status.success(), "{}", text(&output.stderr));

    let tables = text(&output.stdout);
    for expected in [
        "found                           100.0 s  intrusion 51.0 (+1.0 s)",
        "missed                          100.0 s  loiter 20.0 not scored · intrusion 50.0 MISSED",
        "quiet                           100.0 s  intrusion 9.0 FALSE",
        "intrusion     1    1    1      0.500   0.500  0.500          1.0 s    1.0 s     12.0",
    ] {
        assert!(tables.contains(expected), "no line {expected:?} in:\n{tables}");
    }
    assert!(text(&output.stderr).contains("[3/3]"), "every clip's end is told");

    let intrusion = &clips.json()["events"]["intrusion"];
    assert_eq!(
        (&intrusion["tp"], &intrusion["fp"], &intrusion["fn"]),
        (&1.into(), &1.into(), &1.into())
    );
    assert_eq!(intrusion["f1"], 0.5);
    assert_eq!(clips.json()["clips"][1]["missed"][0]["type"], "intrusion");
    let config = fs::read_to_string(Path::new(&kept).join("found.toml")).unwrap();
    assert!(config.contains("/some/model\"\n"), "{config}");

    for clip in ["found", "missed", "quiet"] {
        fs::remove_file(clips.dir.path().join(format!("{clip}.mp4.events"))).unwrap();
    }
    let decided = clips.run(&["--decide", &kept]);
    assert_eq!(text(&decided.stdout), tables, "what was kept tells the same: {decided:?}");
}

#[test]
fn a_clip_that_cannot_be_run_is_named_and_the_others_are_scored() {
    let clips = Clips::new();
    clips.clip("a_good", "[]", &[("intrusion", 9.0)]);
    clips.clip("b_broken", "[]", &[]);
    clips.write("b_broken.mp4.fails", "b_broken.mp4: not a video\n");
    clips.write("c_no_truth.json", "[]");
    clips.clip("d_babble", "[]", &[]);
    clips.write("d_babble.mp4.events", "hello\n");
    let out = clips.dir.path().join("out").display().to_string();
    let output = clips.run(&["--json", &out, "--jobs", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let last = text(&output.stderr).lines().last().unwrap().to_owned();
    for expected in [
        "polescore: 3 of 4 clips could not be run: ",
        "b_broken: polewatchd: exit status: 2: b_broken.mp4: not a video",
        "c_no_truth.json: invalid length 0",
        "d_babble.events.jsonl: line 1: expected value",
    ] {
        assert!(last.contains(expected), "no {expected:?} in: {last}");
    }
    assert_eq!(clips.json()["events"]["intrusion"]["fp"], 1);
    assert_eq!(clips.json()["clips"].as_array().unwrap().len(), 4);
}

#[test]
fn what_is_missing_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let polescore = |args: &[&str]| {
        let output =
            Command::new(env!("CARGO_BIN_EXE_polescore")).arg("run").args(args).output().unwrap();
        assert!(!output.status.success());
        text(&output.stderr)
    };
    let dir = empty.path().display().to_string();
    assert_eq!(polescore(&[&dir]), format!("polescore: {dir} has no truth file (*.json)\n"));
    fs::write(empty.path().join("a.json"), "").unwrap();
    let error = polescore(&[&dir, "--polewatchd", "nowhere/polewatchd"]);
    let expected =
        "polescore: there is no nowhere/polewatchd; build it or give --polewatchd PATH\n";
    assert_eq!(error, expected);
}
