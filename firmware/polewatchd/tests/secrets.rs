//! Whatever user and password a camera has, and under whichever key its address was written by mistake:
//! nothing that is said of the configuration holds them.

#![allow(clippy::unwrap_used, reason = "test code: an unwrap here is an assertion")]

use polewatchd::config::{CameraAddress, Config, Source, masked};
use proptest::prelude::*;
use toml::{Table, Value};
use wire::alarm::{ClockQuality, WallTime};

/// In every part of every secret here: what is said must not hold it.
const CANARY: &str = "canary";

/// Where somebody might put the camera's address; `+` in place of a dot is a list's first element.
const KEYS: [&str; 27] = [
    "camera.source",
    "camera.transport",
    "camera.stall",
    "camera.latency",
    "camera.uri",
    "site",
    "box",
    "time_zone",
    "scene",
    "without",
    "analysis.fps",
    "analysis.look",
    "detector.backend",
    "detector.precision",
    "detector.threads",
    "zone+polygon",
    "line+points",
    "rule+kind",
    "rule+zone",
    "rule+hours",
    "rule+hold",
    "clip.pre_roll",
    "spool.max_bytes",
    "uplink.broker",
    "uplink.health_interval",
    "uplink.key",
    "board.kind",
];

/// A user or password: the canary on both sides of what needs care in an address.
fn secret() -> impl Strategy<Value = String> {
    "[!-~]{0,6}".prop_map(|middle| format!("{CANARY}{middle}{CANARY}"))
}

/// Addresses with credentials, of schemes that are right and wrong.
fn address() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["rtsp", "rtsps", "http", "RTSP", "mqtt", "mqtts"]);
    let host = prop::sample::select(vec!["10.0.0.2", "cam:554/h264", "cam/a?b=1&c=2", "[::1]:1/"]);
    let user_info = (scheme.clone(), secret(), secret(), host)
        .prop_map(|(scheme, user, password, host)| format!("{scheme}://{user}:{password}@{host}"));
    let parameter = (scheme, prop::sample::select(vec!["password", "passwd", "pwd", "auth_token"]))
        .prop_map(|(scheme, name)| format!("{scheme}://cam/live?ch=1&{name}={CANARY}1&x=2"));
    prop_oneof![3 => user_info, 1 => parameter]
}

/// A configuration with `text` under `key`.
fn file(key: &str, text: &str) -> Table {
    let mut file: Table = toml::from_str(
        "site = \"a\"\nbox = \"b\"\n[camera]\nsource = \"rtsp://u:p@h/1\"\n[[zone]]\nname = \"z\"\n\
         polygon = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]\n[[line]]\nname = \"l\"\n\
         points = [[0.0, 0.0], [1.0, 0.0]]\n[[rule]]\nname = \"r\"\nkind = \"intrusion\"\n\
         zone = \"z\"\n[uplink]\nbroker = \"mqtt://127.0.0.1\"\n",
    )
    .unwrap();
    let text = Value::String(text.to_owned());
    if let Some((section, key)) = key.split_once('.') {
        let entry = file.entry(section).or_insert_with(|| Value::Table(Table::new()));
        entry.as_table_mut().unwrap().insert(key.to_owned(), text);
    } else if let Some((list, key)) = key.split_once('+') {
        let first = file[list].as_array_mut().unwrap()[0].as_table_mut().unwrap();
        first.insert(key.to_owned(), text);
    } else if key == "without" {
        file.insert(key.to_owned(), Value::Array(vec![text]));
    } else {
        file.insert(key.to_owned(), text);
    }
    file
}

/// Everything that is ever said of a configuration file, by any command.
fn said_of(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("polewatch.toml");
    std::fs::write(&path, text).unwrap();
    let now = WallTime { unix_ms: 1_795_000_000_000, quality: ClockQuality::Unknown };
    match Config::load(&path) {
        Err(error) => vec![error.to_string(), format!("{error:?}")],
        Ok(config) => {
            let mut said = vec![format!("{config:?}"), config.written_out().unwrap()];
            said.extend(config.for_run(&path).map(|ready| format!("{ready:?}")));
            said.extend(config.check_files(&path, now).map_err(|error| error.to_string()).err());
            said
        }
    }
}

proptest! {
    #[test]
    fn nothing_said_of_a_configuration_holds_a_cameras_password(
        address in address(),
        key in prop::sample::select(KEYS.to_vec()),
    ) {
        for said in said_of(&file(key, &address).to_string()) {
            prop_assert!(!said.contains(CANARY), "{key} = {address:?}: {said}");
        }
    }

    #[test]
    fn an_address_prints_without_its_credentials(address in address(), before in "[ -9;-~]{0,9}") {
        let camera = CameraAddress::new(address.clone());
        let source = Source::Rtsp(camera.clone());
        let quoted = masked(&format!("{before}{address:?}"));
        let said = [camera.to_string(), format!("{source:?}"), camera.masked(), source.file_name(), quoted];
        for said in said {
            prop_assert!(!said.contains(CANARY), "{address}: {said}");
        }
        prop_assert_eq!(camera.with_credentials(), address);
    }

    #[test]
    fn an_address_without_its_scheme_is_not_quoted_at_all(user in secret(), password in secret()) {
        let written = format!("{user}:{password}@10.0.0.2/h264");
        for said in said_of(&file("camera.source", &written).to_string()) {
            prop_assert!(!said.contains(CANARY), "{written}: {said}");
        }
    }
}

#[test]
fn a_file_that_is_no_toml_is_not_quoted_either() {
    for text in [
        "[camera]\nsource = \"rtsp://canary:canary@cam/1\n",
        "[camera]\nsource = rtsp://canary:canary@cam/1\n",
        "camera.source = \"rtsp://canary:canary@cam/1\"\ncamera.source = \"rtsp://canary:canary@h\"\n",
        "site = \"a\"\nbox = \"b\"\n\"rtsp://canary:canary@cam/1\" = 1\n",
    ] {
        for said in said_of(text) {
            assert!(!said.contains(CANARY), "{said}");
        }
    }
}
