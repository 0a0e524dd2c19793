//! What the configuration refuses, and the one line it says of each.

#![allow(clippy::unwrap_used, reason = "test code: an unwrap here is an assertion")]

#[path = "../../tls/tests/files/authority.rs"]
mod authority;

use std::path::Path;
use std::time::Duration;

use analytics::line::Direction;
use analytics::schedule::{Day, Days, Hours, Schedule};
use analytics::settings::RuleKind;
use board::BoardKind;
use polewatchd::clock::Clock;
use polewatchd::config::{Config, ConfigError, Source};

use crate::authority::Authority;

const WHOLE: &str = r#"
site = "gangnam"
box = "pole-0412"
[camera]
name = "역삼로 12"
source = "rtsp://user:secret@127.0.0.1:8554/cam"
[[zone]]
name = "lawn"
polygon = [[0.0, 0.4], [1.0, 0.9], [0.0, 1.0]]
[[rule]]
name = "lawn-intrusion"
kind = "intrusion"
zone = "lawn"
[[rule]]
name = "anywhere-loitering"
kind = "loitering"
dwell = "20s"
[spool]
dir = "spool"
[uplink]
broker = "mqtt://127.0.0.1:1883"
[board]
kind = "sim:board"
"#;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("polewatch.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

/// The message without the temporary folder in front of the file's name.
fn refusal(text: &str) -> String {
    let message = load(text).unwrap_err().to_string();
    let lines: Vec<&str> = message
        .lines()
        .map(|line| line.split_once("polewatch.toml").map_or(line, |(_, rest)| rest))
        .collect();
    lines.join("\n")
}

#[test]
fn a_whole_file_is_understood() {
    let config = load(WHOLE).unwrap();
    assert_eq!(config.camera.name, "역삼로 12");
    assert!(matches!(config.camera.source, Some(Source::Rtsp(_))));
    assert_eq!(config.rules[0].kind, RuleKind::Intrusion { hold: Duration::from_millis(500) });
    assert_eq!(config.rules[0].zone.as_deref(), Some("lawn"));
    assert_eq!(config.rules[1].kind, RuleKind::Loitering { dwell: Duration::from_secs(20) });
    assert_eq!(config.rules[1].zone, None);
    assert!(config.spool.dir.ends_with("spool") && config.spool.dir.is_absolute());
    assert!(matches!(config.board, BoardKind::Sim(_)));
    assert!(config.for_run(Path::new("polewatch.toml")).is_ok());
}

#[test]
fn hours_and_days_make_a_schedule_and_neither_makes_none() {
    let minutes = |from, to| Hours::new(from, to).unwrap();
    let weekend = Days::from_iter([Day::Saturday, Day::Sunday]);
    for (written, days, hours) in [
        ("hours = \"22:00-06:00\"", Days::ALL, vec![minutes(1320, 360)]),
        ("days = [\"sun\", \"sat\"]", weekend, vec![Hours::WHOLE_DAY]),
        (
            "days = [\"sat\", \"sun\"]\nhours = \"00:00-02:30, 12:00-24:00\"",
            weekend,
            vec![minutes(0, 150), minutes(720, 1440)],
        ),
    ] {
        let config = load(&WHOLE.replace("dwell = \"20s\"", written)).unwrap();
        assert_eq!(config.rules[0].schedule, None);
        assert_eq!(config.rules[1].schedule, Some(Schedule::new(days, hours).unwrap()));
        assert_eq!(config.rules_with_hours(), 1);
    }
}

const FENCE: &str = r#"
[[line]]
name = "fence"
points = [[0.1, 0.5], [0.5, 0.6], [0.9, 0.5]]
[[rule]]
name = "over"
kind = "intrusion"
line = "fence"
direction = "left_to_right"
[spool]
"#;

#[test]
fn an_intrusion_with_a_line_is_going_over_it() {
    let whole = WHOLE.replace("[spool]", FENCE);
    let config = load(&whole).unwrap();
    assert_eq!(config.lines[0].way.points().len(), 3);
    let direction = Direction::LeftToRight;
    assert_eq!(config.rules[2].kind, RuleKind::Crossing { direction });
    assert_eq!(config.rules[2].zone.as_deref(), Some("fence"));
    let table = [
        (
            "left_to_right",
            "rightward",
            ": rule[2].direction = \"rightward\": expected \"both\" or \"left_to_right\" or \"right_to_left\"",
        ),
        (
            "direction = \"left_to_right\"",
            "hold = \"1s\"",
            ": rule[2].hold = \"1s\": expected no such key in a rule of kind \"intrusion\" with a line",
        ),
        (
            "line = \"fence\"",
            "line = \"fence\"\nzone = \"lawn\"",
            ": rule[2].line = \"fence\": expected none beside a zone",
        ),
        (
            "line = \"fence\"",
            "line = \"lawn\"",
            ": rule[2].line = \"lawn\": expected the name of a line: \"fence\"",
        ),
        (
            ", [0.5, 0.6], [0.9, 0.5]]",
            "]",
            ": line[0].points = a line that has 1 points, needs at least 2: expected 2 to 8 points, no two pieces crossing",
        ),
        (
            "[0.9, 0.5]",
            "[0.9, -0.5]",
            ": line[0].points[2] = [0.9, -0.5]: expected x and y inside the picture, 0 to 1",
        ),
    ];
    for (good, bad, expected) in table {
        assert_eq!(refusal(&whole.replacen(good, bad, 1)), expected);
    }
    let twice = whole
        .replace("name = \"fence\"", "name = \"lawn\"")
        .replace("line = \"fence\"", "line = \"lawn\"");
    assert_eq!(
        refusal(&twice),
        ": line[0].name = \"lawn\": expected a name no other line and no zone has"
    );
}

#[test]
fn each_bad_value_is_named_with_what_is_allowed() {
    let table = [
        (
            "site = \"gangnam\"",
            "site = \"Gang/nam\"",
            ": site = \"Gang/nam\": expected 1 to 32 characters of a-z, 0-9 and '-'",
        ),
        (
            "[1.0, 0.9]",
            "[1.2, 0.9]",
            ": zone[0].polygon[1] = [1.2, 0.9]: expected x and y inside the picture, 0 to 1",
        ),
        (
            "[1.0, 0.9]",
            "[nan, 0.9]",
            ": zone[0].polygon[1] = [NaN, 0.9]: expected x and y inside the picture, 0 to 1",
        ),
        (
            ", [0.0, 1.0]]",
            "]",
            ": zone[0].polygon = a polygon that has 2 corners, needs at least 3: expected 3 to 32 corners, no two sides crossing",
        ),
        (
            "zone = \"lawn\"",
            "zone = \"law\"",
            ": rule[0].zone = \"law\": expected the name of a zone: \"lawn\"",
        ),
        (
            "kind = \"intrusion\"",
            "kind = \"intruder\"",
            ": rule[0].kind = \"intruder\": expected \"intrusion\" or \"loitering\" or \"falldown\" or \"abandonment\" or \"parking\" or \"camera_fault\"",
        ),
        (
            "dwell = \"20s\"",
            "dwell = \"20\"",
            ": rule[1].dwell = \"20\": expected a duration from \"1s\" to \"1h\", such as \"10s\"",
        ),
        (
            "dwell = \"20s\"",
            "hold = \"2s\"",
            ": rule[1].hold = \"2s\": expected no such key in a rule of kind \"loitering\"",
        ),
        (
            "kind = \"loitering\"\ndwell = \"20s\"",
            "kind = \"camera_fault\"\nfaults = [\"dark\", \"dim\"]",
            ": rule[1].faults[1] = \"dim\": expected \"lost\" or \"dark\" or \"blinded\" or \"covered\" or \"moved\" or \"defocused\" or \"frozen\"",
        ),
        (
            "kind = \"loitering\"\ndwell = \"20s\"",
            "kind = \"camera_fault\"\nafter = \"1s\"",
            ": rule[1].after = \"1s\": expected a duration from \"2s\" to \"1h\", such as \"10s\"",
        ),
        (
            "kind = \"loitering\"\ndwell = \"20s\"",
            "kind = \"parking\"\nstay = \"4s\"",
            ": rule[1].stay = \"4s\": expected a duration from \"5s\" to \"1h\", such as \"5m\"",
        ),
        (
            "kind = \"loitering\"\ndwell = \"20s\"",
            "kind = \"parking\"\nalone = \"9s\"",
            ": rule[1].alone = \"9s\": expected no such key in a rule of kind \"parking\"",
        ),
        (
            "dwell = \"20s\"",
            "stay = \"5m\"",
            ": rule[1].stay = \"5m\": expected no such key in a rule of kind \"loitering\"",
        ),
        (
            "kind = \"loitering\"\ndwell = \"20s\"",
            "kind = \"camera_fault\"\nzone = \"lawn\"",
            ": rule[1].zone = \"lawn\": expected no such key in a rule of kind \"camera_fault\"",
        ),
        (
            "mqtt://127.0.0.1:1883",
            "mqtt://127.0.0.1:99999",
            ": uplink.broker = \"mqtt://127.0.0.1:99999\": expected \"mqtts://host[:port]\", or \"mqtt://\" and a broker on this machine",
        ),
        (
            "[uplink]",
            "[detector]\nnpu_deadline = \"2s\"\n[uplink]",
            ": detector.npu_deadline = \"2s\": expected a duration from \"20ms\" to \"1500ms\", such as \"500ms\"",
        ),
        (
            "[uplink]",
            "[uplink]\nmax_rate = \"2MB\"",
            ": uplink.max_rate = \"2MB\": expected a whole number of \"kbit/s\" or \"Mbit/s\" from \"64kbit/s\" to \"1000Mbit/s\"",
        ),
        ("sim:board", "sim:", ": board.kind = \"sim:\": expected \"none\", \"rpi\" or \"sim:DIR\""),
        (
            "[spool]",
            "[spool]\nmax_bytes = 5",
            ": spool.max_bytes = 5: expected a whole number from 16777216 to 1099511627776",
        ),
        (
            "[spool]",
            "[analysis]\nlook = \"away\"\n[spool]",
            ": analysis.look = \"away\": expected \"changes\" or \"whole\"",
        ),
        (
            "box = \"pole-0412\"",
            "box = \"pole-0412\"\ntime_zone = \"Seoul\"",
            ": time_zone = \"Seoul\": expected an IANA time zone, such as \"Asia/Seoul\"",
        ),
        (
            "zone = \"lawn\"",
            "line = \"fence\"",
            ": rule[0].line = \"fence\": expected no line at all, as none is defined",
        ),
        (
            "zone = \"lawn\"",
            "hold = \"1s\"",
            ": rule[0].zone is missing: expected the name of a zone: \"lawn\"; or `line`",
        ),
        (
            "dwell = \"20s\"",
            "direction = \"both\"",
            ": rule[1].direction = \"both\": expected no such key in a rule of kind \"loitering\"",
        ),
        (
            "dwell = \"20s\"",
            "hours = \"22:00-6:00\"",
            ": rule[1].hours = \"22:00-6:00\": expected up to 8 times such as \"22:00-06:00\" or \"07:00-09:00, 17:00-19:00\"",
        ),
        (
            "dwell = \"20s\"",
            "days = [\"mon\", \"Tuesday\"]",
            ": rule[1].days[1] = \"Tuesday\": expected \"mon\" or \"tue\" or \"wed\" or \"thu\" or \"fri\" or \"sat\" or \"sun\"",
        ),
        (
            "dwell = \"20s\"",
            "days = []",
            ": rule[1].days = []: expected at least one of \"mon\" or \"tue\" or \"wed\" or \"thu\" or \"fri\" or \"sat\" or \"sun\"",
        ),
        ("[spool]", "[analysis]\nfps = 0.0\n[spool]", ": analysis.fps = 0: expected 1 to 30"),
    ];
    for (good, bad, expected) in table {
        assert!(WHOLE.contains(good), "the table's {good:?} is not in the file");
        assert_eq!(refusal(&WHOLE.replacen(good, bad, 1)), expected);
    }
}

const SECURED: &str = "[uplink]\nbroker = \"mqtts://room.example\"\nca = \"ca.crt\"\n\
                       certificate = \"box.crt\"\nkey = \"box.key\"\n";

/// The whole file with another way to the control room.
fn with_uplink(section: &str) -> String {
    WHOLE.replace("[uplink]\nbroker = \"mqtt://127.0.0.1:1883\"\n", section)
}

#[test]
fn a_secured_broker_comes_with_three_files_beside_the_configuration() {
    let config = load(&with_uplink(SECURED)).unwrap();
    let broker = config.uplink.broker.unwrap();
    assert_eq!((broker.host.as_str(), broker.port), ("room.example", 8883));
    let files = broker.tls.unwrap();
    for (path, name) in
        [(files.ca, "ca.crt"), (files.certificate, "box.crt"), (files.key, "box.key")]
    {
        assert!(path.is_absolute() && path.ends_with(name), "{path:?}");
    }
}

#[test]
fn tls_is_whole_or_refused_and_elsewhere_there_is_nothing_but_tls() {
    let broker = "expected \"mqtts://host[:port]\", or \"mqtt://\" and a broker on this machine";
    let without = "expected no such key without a \"mqtts://\" broker";
    let table = [
        ("ca = \"ca.crt\"\n", "", "uplink.ca is missing: expected a PEM file (the broker's authority), as the broker is \"mqtts://\"".to_owned()),
        ("certificate = \"box.crt\"\n", "", "uplink.certificate is missing: expected a PEM file (this box), as the broker is \"mqtts://\"".to_owned()),
        ("key = \"box.key\"\n", "key = \"\"\n", "uplink.key is missing: expected a PEM file (its private key), as the broker is \"mqtts://\"".to_owned()),
        ("mqtts://room.example", "mqtts://room.example:0", format!("uplink.broker = \"mqtts://room.example:0\": {broker}")),
        ("mqtts://room.example", "mqtts://-", format!("uplink.broker = \"mqtts://-\": {broker}")),
        ("mqtts://room.example", "mqtts://kim:pw@room.example", format!("uplink.broker = \"mqtt://***@...\": {broker}")),
        (SECURED, "[uplink]\nbroker = \"mqtt://10.0.0.1\"\n", format!("uplink.broker = \"mqtt://10.0.0.1\": {broker}")),
        (SECURED, "[uplink]\nbroker = \"mqtt://room.example\"\n", format!("uplink.broker = \"mqtt://room.example\": {broker}")),
        (SECURED, "[uplink]\nbroker = \"mqtt://localhost\"\nkey = \"box.key\"\n", format!("uplink.key = \"box.key\": {without}")),
        (SECURED, "[uplink]\nca = \"ca.crt\"\n", format!("uplink.ca = \"ca.crt\": {without}")),
    ];
    for (good, bad, expected) in table {
        assert_eq!(refusal(&with_uplink(&SECURED.replacen(good, bad, 1))), format!(": {expected}"));
    }
    let long = "a".repeat(32);
    let named = with_uplink(SECURED).replace("gangnam", &long).replace("pole-0412", &long);
    let expected = "expected at most 63 characters together with `site`";
    assert!(refusal(&named).contains(expected), "{}", refusal(&named));
}

#[test]
fn the_files_of_a_secured_broker_are_checked_one_line_each() {
    let authority = Authority::of_a_chain();
    authority.issue(&["--box", "gangnam/pole-2", "--box", "gangnam/pole-3", "--expired"]);
    let now = Clock::system().wall();
    let check = |name: &str| {
        let files = authority.files(name);
        let section = format!(
            "[uplink]\nbroker = \"mqtts://room.example\"\nca = {:?}\ncertificate = {:?}\nkey = {:?}\n",
            files.ca, files.certificate, files.key
        );
        let config = load(&with_uplink(&section)).unwrap();
        config.check_files(Path::new("p.toml"), now).map_err(|error| error.to_string())
    };
    assert_eq!(check("gangnam_pole-0412"), Ok(()));
    for (name, count, expected) in [
        ("nobody", 2, "p.toml: uplink.certificate = "),
        (
            "nobody",
            2,
            "nobody.key\": expected a private key in PEM, without a password, found No such file",
        ),
        ("poleroom", 1, "expected the common name \"gangnam/pole-0412\", found \"poleroom\""),
        ("gangnam_pole-2", 2, "expected a certificate that holds now, "),
        ("gangnam_pole-2", 2, ", found one that ended "),
    ] {
        let lines = check(name).unwrap_err();
        assert_eq!(lines.lines().count(), count, "{lines}");
        assert!(lines.contains(expected), "{name}: expected {expected:?} in {lines}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let message = refusal(&WHOLE.replace("[spool]", "[spool]\nmax_byte = 5"));
    assert!(message.starts_with(":19: unknown field `max_byte`"), "{message}");
    assert_eq!(message.lines().count(), 1);
}

#[test]
fn every_problem_is_shown_at_once() {
    let broken = WHOLE.replace("gangnam", "").replace("[1.0, 0.9]", "[1.0, 9.0]");
    assert_eq!(refusal(&broken).lines().count(), 2);
}

#[test]
fn a_refused_address_does_not_show_its_password() {
    let message = refusal(&WHOLE.replace("rtsp://user", "http://user"));
    assert!(message.contains("camera.source") && !message.contains("secret"), "{message}");
}

#[test]
fn a_run_names_what_a_replay_could_do_without() {
    let config = load("site = \"a\"\nbox = \"b\"").unwrap();
    let message = config.for_run(Path::new("p.toml")).unwrap_err().to_string();
    assert_eq!(
        message,
        "p.toml: camera.source is missing: expected \"rtsp://host[:port]/path\" or \"file:PATH\"\n\
         p.toml: uplink.broker is missing: expected \"mqtts://host[:port]\", or \"mqtt://\" and a broker on this machine"
    );
}

const DOCUMENT: &str = include_str!("../../../docs/config.md");

/// The first TOML block of docs/config.md.
fn documented() -> &'static str {
    let (_, block) = DOCUMENT.split_once("```toml\n").unwrap();
    block.split_once("```").unwrap().0
}

#[test]
fn the_documented_file_loads_and_what_it_calls_a_default_is_one() {
    let is_default = |line: &&str| line.ends_with("# default");
    let short: Vec<&str> = documented().lines().filter(|line| !is_default(line)).collect();
    assert!(documented().lines().any(|line| is_default(&line)), "no line is marked as a default");
    let whole = load(documented()).unwrap();
    assert!(whole.for_run(Path::new("polewatch.toml")).is_ok());
    let without_defaults = load(&short.join("\n")).unwrap();
    assert_eq!(Config { sha256: whole.sha256, ..without_defaults }, whole);
}
