//! A configuration written out: every key in effect, defaults and the scene's rules included.
//!
//! Promises: what is written is a configuration that means the same. Refuses: showing a password; user
//! and password of the camera are masked.

use std::path::PathBuf;
use std::time::Duration;

use analytics::geometry::Point;
use analytics::scene::fault::{Fault, Faults};
use analytics::schedule::{Day, Days, Schedule};
use analytics::settings::{RuleKind, RuleSettings};

use super::npu_words as words;
use super::raw::{
    RawAnalysis, RawBoard, RawCamera, RawClip, RawConfig, RawDetector, RawLine, RawRule, RawSpool,
    RawUplink, RawZone,
};
use super::{Config, Looking, Source, Transport};

impl Config {
    /// The whole configuration as a file would say it, the scene in a comment on top.
    ///
    /// # Errors
    /// When TOML cannot say it, as no configuration that was read from TOML.
    pub fn written_out(&self) -> Result<String, toml::ser::Error> {
        let scene = self.scene.as_ref().map_or_else(String::new, |scene| format!("# {scene}\n"));
        Ok(scene + &toml::to_string(&RawConfig::from(self))?)
    }
}

impl From<&Config> for RawConfig {
    fn from(config: &Config) -> Self {
        let zones = config.zones.iter().map(|zone| RawZone {
            name: zone.name.to_string(),
            polygon: drawn(zone.area.corners()),
        });
        let lines = config
            .lines
            .iter()
            .map(|line| RawLine { name: line.name.to_string(), points: drawn(line.way.points()) });
        Self {
            site: config.site.clone(),
            box_name: config.box_name.clone(),
            time_zone: config.calendar.name().map(str::to_owned),
            // Its rules are written out.
            scene: None,
            without: None,
            camera: camera(config),
            analysis: RawAnalysis {
                fps: Some(config.analysis_fps),
                look: Some(looking(config.looking).to_owned()),
            },
            detector: detector(config),
            zones: zones.collect(),
            lines: lines.collect(),
            rules: config.rules.iter().map(rule).collect(),
            clip: RawClip {
                pre_roll: Some(text(config.clip.pre_roll)),
                post_roll: Some(text(config.clip.post_roll)),
            },
            spool: RawSpool {
                dir: Some(config.spool.dir.display().to_string()),
                max_bytes: i64::try_from(config.spool.max_bytes).ok(),
            },
            uplink: uplink(config),
            board: RawBoard { kind: Some(config.board.to_string()) },
        }
    }
}

fn camera(config: &Config) -> RawCamera {
    let transport = match config.camera.transport {
        Transport::Auto => "auto",
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    let source = config.camera.source.as_ref().map(|source| match source {
        Source::Rtsp(address) => address.masked(),
        Source::File(path) => format!("file:{}", path.display()),
    });
    RawCamera {
        name: Some(config.camera.name.clone()),
        source,
        transport: Some(transport.to_owned()),
        stall: Some(text(config.camera.stall)),
        latency: Some(text(config.camera.latency)),
    }
}

fn uplink(config: &Config) -> RawUplink {
    let broker = config.uplink.broker.as_ref();
    let files = broker.and_then(|broker| broker.tls.as_ref());
    let path = |path: &PathBuf| path.display().to_string();
    RawUplink {
        broker: broker.map(ToString::to_string),
        ca: files.map(|files| path(&files.ca)),
        certificate: files.map(|files| path(&files.certificate)),
        key: files.map(|files| path(&files.key)),
        health_interval: Some(text(config.uplink.health_interval)),
        max_rate: config.uplink.max_rate.map(|rate| rate.to_string()),
    }
}

fn detector(config: &Config) -> RawDetector {
    let detector = &config.detector;
    let auto = || "auto".to_owned();
    let path = |path: &Option<PathBuf>| {
        Some(path.as_ref().map_or_else(auto, |path| path.display().to_string()))
    };
    let npu = &detector.npu;
    RawDetector {
        model: path(&detector.model),
        backend: Some(detector.backend.map_or_else(auto, |backend| backend.to_string())),
        precision: Some(detector.precision.map_or_else(auto, |precision| precision.to_string())),
        threads: i64::try_from(detector.threads).ok(),
        onnxruntime_library: path(&detector.onnxruntime_library),
        npu_platform: Some(npu.platform.clone().unwrap_or_else(auto)),
        npu_library: path(&npu.library),
        npu_deadline: Some(text(npu.deadline)),
        npu_cores: words::of(npu.cores, &words::CORES),
        npu_transfer: words::of(npu.transfer, &words::TRANSFERS),
        npu_simulated: words::of(npu.simulated, &words::SIMULATED),
    }
}

fn rule(rule: &RuleSettings) -> RawRule {
    let crosses = matches!(rule.kind, RuleKind::Crossing { .. });
    let place = || rule.zone.as_deref().map(str::to_owned);
    let mut raw = RawRule {
        name: rule.name.to_string(),
        zone: place().filter(|_| !crosses),
        line: place().filter(|_| crosses),
        hours: rule.schedule.as_ref().map(hours),
        days: rule.schedule.as_ref().map(|schedule| days(schedule.days())),
        ..RawRule::default()
    };
    let kind = match rule.kind {
        RuleKind::Intrusion { hold } => {
            raw.hold = Some(text(hold));
            "intrusion"
        }
        RuleKind::Crossing { direction } => {
            raw.direction = Some(direction.word().to_owned());
            "intrusion"
        }
        RuleKind::Loitering { dwell } => {
            raw.dwell = Some(text(dwell));
            "loitering"
        }
        RuleKind::Falldown { down } => {
            raw.down = Some(text(down));
            "falldown"
        }
        RuleKind::Abandonment { rest, alone } => {
            (raw.rest, raw.alone) = (Some(text(rest)), Some(text(alone)));
            "abandonment"
        }
        RuleKind::Parking { stay } => {
            raw.stay = Some(text(stay));
            "parking"
        }
        RuleKind::CameraFault { faults, after } => {
            (raw.faults, raw.after) = (Some(words(faults)), after.map(text));
            "camera_fault"
        }
    };
    RawRule { kind: kind.to_owned(), ..raw }
}

fn hours(schedule: &Schedule) -> String {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let hours = schedule.hours().iter();
    let spans = hours.map(|hours| format!("{}-{}", time(hours.from_min()), time(hours.to_min())));
    spans.collect::<Vec<_>>().join(", ")
}

fn days(days: Days) -> Vec<String> {
    let on = Day::ALL.into_iter().filter(|day| days.contains(*day));
    on.map(|day| day.word().to_owned()).collect()
}

fn words(faults: Faults) -> Vec<String> {
    let looked_for = Fault::ALL.into_iter().filter(|fault| faults.contains(*fault));
    looked_for.map(|fault| fault.word().to_owned()).collect()
}

fn text(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

fn looking(looking: Looking) -> &'static str {
    match looking {
        Looking::Changes => "changes",
        Looking::Whole => "whole",
    }
}

/// Points in the fewest digits that mean the same.
fn drawn(points: &[Point]) -> Vec<[f64; 2]> {
    let shortest = |value: f32| value.to_string().parse().unwrap_or_else(|_| f64::from(value));
    points.iter().map(|point| [shortest(point.x), shortest(point.y)]).collect()
}
