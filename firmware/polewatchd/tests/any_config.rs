//! Whatever stands in the keys for hours, lines and scenes: a configuration or one line a problem.

#![allow(clippy::unwrap_used, reason = "test code: an unwrap here is an assertion")]

use polewatchd::calendar::{self, Calendar};
use polewatchd::config::Config;
use proptest::prelude::*;
use toml::{Table, Value};
use wire::alarm::{ClockQuality, WallTime};

/// Words that are nearly right, and any others.
fn word() -> impl Strategy<Value = String> {
    let near = [
        "22:00-06:00",
        "00:00-24:00, 12:00-13:00",
        "24:00-0:00",
        "mon",
        "sun",
        "street",
        "park",
        "both",
        "left_to_right",
        "fence",
        "lawn",
        "Asia/Seoul",
        "UTC",
        "dumping",
        "camera",
    ];
    prop_oneof![3 => prop::sample::select(near.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

fn words() -> impl Strategy<Value = Value> {
    prop::collection::vec(word().prop_map(Value::String), 0..4).prop_map(Value::Array)
}

fn points() -> impl Strategy<Value = Value> {
    let number = prop_oneof![4 => 0.0f64..1.0, 1 => any::<f64>()];
    let point = (number.clone(), number)
        .prop_map(|(x, y)| Value::Array(vec![Value::Float(x), Value::Float(y)]));
    prop::collection::vec(point, 0..10).prop_map(Value::Array)
}

fn table(keys: Vec<(&str, Option<Value>)>) -> Table {
    let written = keys.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    written.collect()
}

fn rule() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["intrusion", "loitering", "parking", "camera_fault"]);
    let text = || prop::option::of(word().prop_map(Value::String));
    (kind, word(), text(), text(), text(), text(), prop::option::of(words())).prop_map(
        |(kind, name, zone, line, direction, hours, days)| {
            let keys = vec![
                ("name", Some(Value::String(name))),
                ("kind", Some(Value::String(kind.to_owned()))),
                ("zone", zone),
                ("line", line),
                ("direction", direction),
                ("hours", hours),
                ("days", days),
            ];
            Value::Table(table(keys))
        },
    )
}

fn file() -> impl Strategy<Value = Table> {
    let line = (word(), points()).prop_map(|(name, points)| {
        Value::Table(table(vec![("name", Some(Value::String(name))), ("points", Some(points))]))
    });
    let text = || prop::option::of(word().prop_map(Value::String));
    let lines = prop::collection::vec(line, 0..3).prop_map(Value::Array);
    let rules = prop::collection::vec(rule(), 0..4).prop_map(Value::Array);
    (text(), text(), prop::option::of(words()), lines, rules).prop_map(
        |(time_zone, scene, without, lines, rules)| {
            table(vec![
                ("site", Some(Value::String("a".to_owned()))),
                ("box", Some(Value::String("b".to_owned()))),
                ("time_zone", time_zone),
                ("scene", scene),
                ("without", without),
                ("line", Some(lines)),
                ("rule", Some(rules)),
            ])
        },
    )
}

proptest! {
    #[test]
    fn any_file_is_a_configuration_or_refused_line_by_line(file in file()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("polewatch.toml");
        std::fs::write(&path, file.to_string()).unwrap();
        match Config::load(&path) {
            Ok(config) => {
                std::fs::write(&path, config.written_out().unwrap()).unwrap();
                let again = Config::load(&path).unwrap();
                prop_assert_eq!(&again, &Config { sha256: again.sha256, scene: None, ..config });
            }
            Err(error) => {
                let lines = error.to_string();
                let name = path.display().to_string();
                prop_assert!(lines.lines().all(|line| line.starts_with(&name)), "{}", lines);
            }
        }
    }

    #[test]
    fn any_moment_is_a_time_of_the_week_or_refused(text in any::<String>(), unix_ms in any::<i64>()) {
        if let Err(refusal) = calendar::moment(&text) {
            prop_assert!(refusal.starts_with("expected a time with its offset"));
        }
        let quality = ClockQuality::Synchronized;
        let local = Calendar::of("Asia/Seoul").unwrap().local(WallTime { unix_ms, quality });
        prop_assert!(local.is_none_or(|local| local.second() < 86_400));
    }
}
