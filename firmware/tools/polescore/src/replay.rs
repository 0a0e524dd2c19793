//! One clip through `polewatchd replay`, or what was seen in it through `polewatchd decide`: its
//! configuration in, its alarms out.

use std::fs;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use serde::Deserialize;
use toml::{Table, Value};

use crate::score::Alarm;
use crate::truth::{EventType, Truth};

/// How every clip is replayed.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    /// The daemon's binary.
    pub(crate) polewatchd: PathBuf,
    /// Settings all clips share; their zones and rules come from the truth.
    pub(crate) base: Table,
    /// Where configurations and events are written.
    pub(crate) dir: PathBuf,
    /// Whether what was seen is written there too, for another run to decide on.
    pub(crate) keeps_detections: bool,
    /// Where an earlier run has kept what was seen; the clips are not looked at then.
    pub(crate) seen: Option<PathBuf>,
}

/// Settings that are paths, and the table they stand in; a relative one means the file's folder.
const PATHS: [(&str, &str); 2] = [("detector", "model"), ("detector", "onnxruntime_library")];

/// One line of the daemon's events; the keys not read here are not scored.
#[derive(Deserialize)]
struct EventLine {
    phase: String,
    kind: String,
    onset_s: f64,
    decided_s: f64,
}

/// Reads settings that all clips are to share. They are written again elsewhere for each clip, so
/// relative paths become absolute.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub(crate) fn read_base(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut base: Table = text.parse().with_context(|| path.display().to_string())?;
    for (table, key) in PATHS {
        let value = base.get_mut(table).and_then(|table| table.get_mut(key));
        if let Some(Value::String(text)) = value
            && text != "auto"
        {
            let whole = absolute(path.with_file_name(&text))?;
            *text = whole.display().to_string();
        }
    }
    Ok(base)
}

impl Replay {
    /// Replays the clip of the truth file at `path`.
    ///
    /// # Errors
    /// When the daemon cannot be started, fails, or writes something that is not an event.
    pub(crate) fn run(&self, path: &Path, truth: &Truth) -> Result<Vec<Alarm>> {
        let stem = path.file_stem().context("a truth file has a name")?.to_string_lossy();
        let config = self.dir.join(format!("{stem}.toml"));
        let events = self.dir.join(format!("{stem}.events.jsonl"));
        fs::write(&config, toml::to_string(&self.config(truth))?)
            .with_context(|| format!("cannot write {}", config.display()))?;
        let detections = |dir: &Path| dir.join(format!("{stem}.detections.jsonl"));
        let mut command = Command::new(&self.polewatchd);
        match &self.seen {
            Some(dir) => command.arg("decide").arg(detections(dir)),
            None => command.arg("replay").arg(path.with_file_name(&truth.clip)),
        };
        command
            .args(["--config".as_ref(), config.as_os_str()])
            .args(["--events".as_ref(), events.as_os_str()]);
        if self.keeps_detections {
            command.arg("--detections").arg(detections(&self.dir));
        }
        let output = command
            .output()
            .with_context(|| format!("cannot start {}", self.polewatchd.display()))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            bail!("polewatchd: {}: {}", output.status, last.unwrap_or("no message"));
        }
        let text = fs::read_to_string(&events)
            .with_context(|| format!("polewatchd wrote no {}", events.display()))?;
        alarms(&text).with_context(|| events.display().to_string())
    }

    /// The shared settings with this clip's zones and rules: an intrusion rule where the truth
    /// draws a zone for it, a loitering rule on its zone or else on the whole picture, falldown,
    /// abandonment and camera fault rules on the whole picture.
    fn config(&self, truth: &Truth) -> Table {
        let mut zones = Vec::new();
        let mut rules = Vec::new();
        let drawn = truth.zones.get("intrusion");
        if let Some(corners) = drawn {
            zones.push(zone("intrusion", corners));
            rules.push(rule("intrusion", Some("intrusion")));
        }
        let drawn = truth.zones.get("loiter");
        if let Some(corners) = drawn {
            zones.push(zone("loiter", corners));
        }
        rules.push(rule("loitering", drawn.map(|_| "loiter")));
        rules.extend(["falldown", "abandonment", "camera_fault"].map(|kind| rule(kind, None)));
        let mut config = self.base.clone();
        // The daemon has no default for its own names; a replay tells them to nobody.
        for (key, name) in [("site", "polescore"), ("box", "clip")] {
            config.entry(key).or_insert_with(|| name.into());
        }
        config.remove("zone");
        if !zones.is_empty() {
            config.insert("zone".into(), Value::Array(zones));
        }
        config.insert("rule".into(), Value::Array(rules));
        config
    }
}

fn zone(name: &str, corners: &[[f64; 2]]) -> Value {
    let corners = corners.iter().map(|&corner| Value::from(corner.map(Value::from).to_vec()));
    let polygon = Value::Array(corners.collect());
    Value::Table(Table::from_iter([("name".into(), name.into()), ("polygon".into(), polygon)]))
}

/// A rule with the daemon's default settings; rules are named after their kind.
fn rule(kind: &str, zone: Option<&str>) -> Value {
    let mut rule = Table::from_iter([("name".into(), kind.into()), ("kind".into(), kind.into())]);
    if let Some(zone) = zone {
        rule.insert("zone".into(), zone.into());
    }
    Value::Table(rule)
}

/// The alarms in the daemon's events: the begins of the kinds that are scored.
fn alarms(text: &str) -> Result<Vec<Alarm>> {
    let mut alarms = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = || format!("line {}", index + 1);
        let event: EventLine = serde_json::from_str(line).with_context(at)?;
        let kind = match event.kind.as_str() {
            "intrusion" => EventType::Intrusion,
            "loitering" => EventType::Loiter,
            "falldown" => EventType::Fall,
            "abandonment" => EventType::Abandon,
            "camera_fault" => EventType::Camera,
            // Told apart from what is scored: no truth says where vehicles may stand.
            "parking" => continue,
            other => return Err(anyhow!("unknown kind \"{other}\"").context(at())),
        };
        if event.phase == "begin" {
            let (onset_s, decided_s) = (event.onset_s, event.decided_s);
            alarms.push(Alarm { kind, onset_s, decided_s });
        }
    }
    Ok(alarms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clip_gets_its_zones_and_the_shared_settings() {
        let replay = Replay {
            polewatchd: "polewatchd".into(),
            base: "box = \"pole-7\"\n[analysis]\nfps = 5.0\n[[rule]]\nname = \"gone\""
                .parse()
                .unwrap(),
            dir: PathBuf::new(),
            keeps_detections: false,
            seen: None,
        };
        let truth = |zones: &str| -> Truth {
            let text =
                format!(r#"{{"clip": "a.mp4", "duration_s": 1, "events": [], "zones": {zones}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        let both = r#"{"intrusion": [[0,0],[1,0],[0,1]], "loiter": [[0,0],[0.5,0],[0,1]]}"#;
        let expected = "\
            site = \"polescore\"\nbox = \"pole-7\"\n[analysis]\nfps = 5.0\n\n\
            [[zone]]\nname = \"intrusion\"\npolygon = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]\n\n\
            [[zone]]\nname = \"loiter\"\npolygon = [[0.0, 0.0], [0.5, 0.0], [0.0, 1.0]]\n\n\
            [[rule]]\nname = \"intrusion\"\nkind = \"intrusion\"\nzone = \"intrusion\"\n\n\
            [[rule]]\nname = \"loitering\"\nkind = \"loitering\"\nzone = \"loiter\"\n\n\
            [[rule]]\nname = \"falldown\"\nkind = \"falldown\"\n\n\
            [[rule]]\nname = \"abandonment\"\nkind = \"abandonment\"\n\n\
            [[rule]]\nname = \"camera_fault\"\nkind = \"camera_fault\"\n";
        assert_eq!(replay.config(&truth(both)), expected.parse::<Table>().unwrap());
        let expected = "\
            site = \"polescore\"\nbox = \"pole-7\"\n[analysis]\nfps = 5.0\n\n\
            [[rule]]\nname = \"loitering\"\nkind = \"loitering\"\n\n\
            [[rule]]\nname = \"falldown\"\nkind = \"falldown\"\n\n\
            [[rule]]\nname = \"abandonment\"\nkind = \"abandonment\"\n\n\
            [[rule]]\nname = \"camera_fault\"\nkind = \"camera_fault\"\n";
        assert_eq!(replay.config(&truth("{}")), expected.parse::<Table>().unwrap());
    }

    #[test]
    fn paths_in_the_shared_settings_mean_their_own_folder() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("base.toml");
        fs::write(&path, "[detector]\nmodel = \"m\"\nonnxruntime_library = \"auto\"\n").unwrap();
        let detector = &read_base(&path).unwrap()["detector"];
        assert_eq!(detector["model"].as_str(), dir.path().join("m").to_str());
        assert_eq!(detector["onnxruntime_library"].as_str(), Some("auto"));
    }

    #[test]
    fn begins_are_alarms() {
        let line = |phase: &str, kind: &str| {
            format!(
                r#"{{"event":1,"phase":"{phase}","kind":"{kind}","onset_s":1.5,"decided_s":2}}"#
            )
        };
        let text = [
            line("begin", "falldown"),
            line("update", "falldown"),
            line("begin", "camera_fault"),
            line("end", "falldown"),
            line("begin", "abandonment"),
        ];
        let kinds: Vec<EventType> =
            alarms(&text.join("\n")).unwrap().iter().map(|alarm| alarm.kind).collect();
        assert_eq!(kinds, [EventType::Fall, EventType::Camera, EventType::Abandon]);
        let error = format!("{:#}", alarms(&line("begin", "rain")).unwrap_err());
        assert_eq!(error, "line 1: unknown kind \"rain\"");
    }
}
