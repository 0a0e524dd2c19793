//! What happened, in one line for people, Korean and English side by side.
//!
//! Promises: one fact, at most one line, whatever the box wrote: control characters cannot move the
//! operator's cursor or forge a second line. Refuses: decisions; it only words them.

use crate::civil::UtcOffset;
use crate::fact::{
    AlarmLine, Broker, Disk, Fact, Garbage, HealthLine, MeasurementLine, MediaStored, MediaTrouble,
    NewerLine, Origin,
};

/// An alarm received this much after its onset says so.
const LATE_MS: i64 = 10_000;

/// The line of a fact, `None` for those only scripts want.
pub(crate) fn line(fact: &Fact, offset: UtcOffset) -> Option<String> {
    let text = match fact {
        Fact::Started(started) => format!(
            "{} 시작 Started  {}  alarms {}  files {}",
            time_of(&started.at),
            started.store,
            started.alarms,
            started.files
        ),
        Fact::Broker(broker) => broker_line(broker),
        Fact::Alarm(alarm) => alarm_line(alarm, offset),
        Fact::Still(still) => media_line("정지영상 Still", still),
        Fact::Clip(clip) => media_line("영상 Clip", clip),
        Fact::Media(trouble) => trouble_line(trouble),
        Fact::Duplicate(_) => return None,
        Fact::Newer(newer) => newer_line(newer),
        Fact::Health(health) => health_line(health),
        Fact::Garbage(garbage) => garbage_line(garbage),
        Fact::Disk(disk) => disk_line(disk),
        Fact::Stopped(stopped) => {
            format!("{} 종료 Stopped  {}", time_of(&stopped.at), stopped.reason)
        }
    };
    Some(printable(&text))
}

fn alarm_line(alarm: &AlarmLine, offset: UtcOffset) -> String {
    let clock_known = alarm.onset_quality != "unknown";
    let shown_ms = if clock_known { alarm.onset_unix_ms } else { alarm.received_unix_ms };
    let time = offset.civil(shown_ms).time();
    let (ko, en) = (alarm.kind_ko, kind_en(alarm.kind));
    let mut line = format!("{time} {ko} {en}  {} '{}'", place(&alarm.origin), alarm.camera);
    match &alarm.zone {
        Some(place) => line += &format!("  {} {place}", place_word(alarm)),
        None if alarm.kind == "camera_fault" => {}
        None => line += "  whole picture",
    }
    if let Some(measured) = &alarm.measurement {
        line += &format!("  {}", measurement_words(measured));
    }
    line += &format!("  {}", phase_words(alarm.phase));
    line += &format!("  event {}-{}", alarm.event_boot, alarm.event_number);
    for (follows, name) in [(alarm.still_follows, "still"), (alarm.clip_follows, "clip")] {
        if follows {
            line += &format!("  {name} …");
        }
    }
    if !clock_known {
        line += "  (시각 불명 box clock unknown, time of arrival)";
    } else if alarm.received_unix_ms.saturating_sub(alarm.onset_unix_ms) > LATE_MS {
        let received = offset.civil(alarm.received_unix_ms);
        line += &format!("  (수신 received {} {})", received.date(), received.time());
    }
    line
}

/// What the alarm's zone is: somebody who went over it went over a line.
fn place_word(alarm: &AlarmLine) -> &'static str {
    let quantity = alarm.measurement.as_ref().map(|measured| measured.quantity.as_str());
    if quantity.and_then(way_ko).is_some() { "line" } else { "zone" }
}

fn measurement_words(measured: &MeasurementLine) -> String {
    let MeasurementLine { quantity, value, threshold, unit } = measured;
    let sign = if value >= threshold { ">=" } else { "<" };
    // Shares and heights differ in the second digit, durations in the first.
    let digits = if unit == "s" { 1 } else { 2 };
    let korean = fault_ko(quantity).or_else(|| way_ko(quantity));
    let quantity = korean.map_or(quantity.clone(), |ko| format!("{ko} {quantity}"));
    format!("{quantity} {value:.digits$} {unit} {sign} {threshold:.digits$} {unit}")
}

/// Which way somebody went over a line.
fn way_ko(quantity: &str) -> Option<&'static str> {
    match quantity {
        "left_to_right" => Some("왼쪽→오른쪽"),
        "right_to_left" => Some("오른쪽→왼쪽"),
        _ => None,
    }
}

/// What is wrong with a camera; other measurements are not worded.
fn fault_ko(quantity: &str) -> Option<&'static str> {
    Some(match quantity {
        "lost" => "영상 끊김",
        "covered" => "가려짐",
        "dark" => "너무 어두움",
        "blinded" => "눈부심",
        "frozen" => "화면 멈춤",
        "moved" => "방향 틀어짐",
        "defocused" => "초점 흐림",
        _ => return None,
    })
}

fn media_line(word: &str, stored: &MediaStored) -> String {
    format!(
        "{} {word}  {}  event {}-{}  {} ok  {}",
        time_of(&stored.origin.at),
        place(&stored.origin),
        stored.event_boot,
        stored.event_number,
        size(stored.bytes),
        stored.file
    )
}

fn trouble_line(trouble: &MediaTrouble) -> String {
    let answer = match trouble.answer {
        "send_again" => "다시 요청 asked to send again",
        "refused" => "거부 refused",
        _ => "나중에 다시 요청 will ask again later",
    };
    format!(
        "{} 파일 File  {}  record {}-{}  {}: {answer}",
        time_of(&trouble.origin.at),
        place(&trouble.origin),
        trouble.boot,
        trouble.number,
        trouble.reason
    )
}

fn newer_line(newer: &NewerLine) -> String {
    format!(
        "{} 새 버전 Newer  {}  record {}-{}  version {}, kept as it came: update this program",
        time_of(&newer.origin.at),
        place(&newer.origin),
        newer.boot,
        newer.number,
        newer.version
    )
}

fn health_line(health: &HealthLine) -> String {
    let (time, place) = (time_of(&health.origin.at), place(&health.origin));
    let Some(report) = &health.report else {
        return format!("{time} 오프라인 Offline  {place}");
    };
    let mut line = format!("{time} 온라인 Online  {place} '{}'", report.camera);
    for part in &report.parts {
        line += &match part.state {
            "ok" => format!("  {} ok", part.name),
            "warn" => format!("  {} 주의 WARN: {}", part.name, part.detail),
            _ => format!("  {} 고장 FAIL: {}", part.name, part.detail),
        };
    }
    line
}

fn garbage_line(garbage: &Garbage) -> String {
    let Garbage { at, topic, detail, count, .. } = garbage;
    format!("{} 무시 Ignored  {topic}  {detail}  ({count}x)", time_of(at))
}

fn broker_line(broker: &Broker) -> String {
    let time = time_of(&broker.at);
    let word = match broker.state {
        "connected" => "연결 Connected",
        "refused" => "응답 거부 Answer refused",
        "certificate" => "인증서 Certificate",
        _ => "연결 끊김 Lost",
    };
    let retry = broker.retry_ms.map(|ms| format!("  retry in {:.1} s", ms as f64 / 1000.0));
    format!("{time} {word}  {}  {}{}", broker.broker, broker.detail, retry.unwrap_or_default())
}

fn disk_line(disk: &Disk) -> String {
    let word =
        if disk.state == "failing" { "디스크 오류 Disk" } else { "디스크 정상 Disk" };
    format!("{} {word}  {}", time_of(&disk.at), disk.detail)
}

fn place(origin: &Origin) -> String {
    format!("{}/{}", origin.site, origin.box_name)
}

/// The time of day in an RFC 3339 stamp of [`crate::civil`].
fn time_of(stamp: &str) -> &str {
    stamp.split_once('T').and_then(|(_, rest)| rest.get(..8)).unwrap_or(stamp)
}

fn kind_en(kind: &str) -> &str {
    match kind {
        "intrusion" => "Intrusion",
        "loitering" => "Loitering",
        "falldown" => "Falldown",
        "abandonment" => "Abandonment",
        "camera_fault" => "Camera fault",
        "tamper" => "Door open",
        "parking" => "Parking",
        other => other,
    }
}

fn phase_words(phase: &str) -> &str {
    match phase {
        "begin" => "시작 BEGIN",
        "update" => "갱신 UPDATE",
        "end" => "종료 END",
        other => other,
    }
}

fn size(bytes: u32) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", bytes / 1024),
        _ => format!("{:.1} MB", f64::from(bytes) / 1_048_576.0),
    }
}

/// Replaces what could steer a terminal: control characters and marks that reorder text.
fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::{PartLine, ReportLine, Started};

    #[test]
    fn an_alarm_reads_as_an_operator_expects() {
        check(
            &Fact::Alarm(Box::new(an_alarm())),
            "01:00:00 침입 Intrusion  gangnam/pole-0412 '역삼로 12'  zone lawn  \
             inside 0.5 s >= 0.5 s  시작 BEGIN  event 3-7  still …  clip …",
        );
    }

    #[test]
    fn a_camera_fault_says_which_and_names_no_zone() {
        for (quantity, value, threshold, unit, words) in [
            ("covered", 0.914, 0.8, "share", "가려짐 covered 0.91 share >= 0.80 share"),
            ("lost", 12.34, 10.0, "s", "영상 끊김 lost 12.3 s >= 10.0 s"),
        ] {
            let (quantity, unit) = (quantity.to_owned(), unit.to_owned());
            let measurement = Some(MeasurementLine { quantity, value, threshold, unit });
            let (kind, kind_ko) = ("camera_fault", "카메라 이상");
            let alarm = AlarmLine { kind, kind_ko, zone: None, measurement, ..an_alarm() };
            let expected = format!(
                "01:00:00 카메라 이상 Camera fault  gangnam/pole-0412 '역삼로 12'  {words}  \
                 시작 BEGIN  event 3-7  still …  clip …"
            );
            check(&Fact::Alarm(Box::new(alarm)), &expected);
        }
    }

    #[test]
    fn going_over_a_line_says_which_and_which_way() {
        let measurement = Some(MeasurementLine {
            quantity: "left_to_right".to_owned(),
            value: 0.17,
            threshold: 0.15,
            unit: "heights".to_owned(),
        });
        let alarm = AlarmLine { zone: Some("fence".to_owned()), measurement, ..an_alarm() };
        check(
            &Fact::Alarm(Box::new(alarm)),
            "01:00:00 침입 Intrusion  gangnam/pole-0412 '역삼로 12'  line fence  왼쪽→오른쪽 left_to_right \
             0.17 heights >= 0.15 heights  시작 BEGIN  event 3-7  still …  clip …",
        );
    }

    #[test]
    fn a_late_alarm_says_when_it_came() {
        let alarm = AlarmLine { received_unix_ms: 1_764_003_600_000, ..an_alarm() };
        let line = line(&Fact::Alarm(Box::new(alarm)), korea()).unwrap();
        assert!(line.starts_with("01:00:00 ") && line.ends_with("received 2025-11-25 02:00:00)"));
    }

    #[test]
    fn an_alarm_without_a_clock_shows_its_arrival() {
        let alarm = AlarmLine { onset_quality: "unknown", onset_unix_ms: 5, ..an_alarm() };
        let line = line(&Fact::Alarm(Box::new(alarm)), korea()).unwrap();
        assert!(line.starts_with("01:00:01 ") && line.contains("box clock unknown"), "{line}");
    }

    #[test]
    fn a_camera_name_cannot_steer_the_terminal() {
        let camera = "a\x1b[2J\nb\u{9b}c\u{202e}d".to_owned();
        let alarm = AlarmLine { camera, ..an_alarm() };
        let line = line(&Fact::Alarm(Box::new(alarm)), korea()).unwrap();
        assert!(line.contains("'a\u{fffd}[2J\u{fffd}b\u{fffd}c\u{fffd}d'"), "{line}");
    }

    #[test]
    fn stills_and_clips_say_their_size_and_place() {
        let still = MediaStored {
            origin: origin(),
            boot: 3,
            number: 42,
            event_boot: 3,
            event_number: 7,
            bytes: 34 * 1024,
            sha256: String::new(),
            file: "stills/gangnam/pole-0412/3-7_3-42.jpg".to_owned(),
            received_unix_ms: 0,
        };
        check(
            &Fact::Still(still),
            "01:00:01 정지영상 Still  gangnam/pole-0412  event 3-7  34 KB ok  \
             stills/gangnam/pole-0412/3-7_3-42.jpg",
        );
    }

    #[test]
    fn health_names_the_parts_that_fail() {
        let part = |name: &str, state, detail: &str| PartLine {
            name: name.to_owned(),
            state,
            detail: detail.to_owned(),
        };
        let report = ReportLine {
            boot: 3,
            camera: "역삼로 12".to_owned(),
            firmware: "0.1.0".to_owned(),
            made_unix_ms: 0,
            made_quality: "synchronized",
            uptime_s: 1,
            frames: 1,
            unacknowledged: 0,
            parts: vec![part("detector", "ok", ""), part("camera", "fail", "no frame for 5 s")],
        };
        let online = HealthLine { origin: origin(), state: "online", report: Some(report) };
        check(
            &Fact::Health(Box::new(online)),
            "01:00:01 온라인 Online  gangnam/pole-0412 '역삼로 12'  detector ok  \
             camera 고장 FAIL: no frame for 5 s",
        );
        let offline = HealthLine { origin: origin(), state: "offline", report: None };
        let line = line(&Fact::Health(Box::new(offline)), korea());
        assert_eq!(line.as_deref(), Some("01:00:01 오프라인 Offline  gangnam/pole-0412"));
    }

    #[test]
    fn the_rest_reads_well_too() {
        let at = origin().at;
        check(
            &Fact::Broker(Broker {
                at: at.clone(),
                broker: "127.0.0.1:1883".to_owned(),
                state: "lost",
                detail: "connection refused".to_owned(),
                retry_ms: Some(1500),
            }),
            "01:00:01 연결 끊김 Lost  127.0.0.1:1883  connection refused  retry in 1.5 s",
        );
        check(
            &Fact::Garbage(Garbage {
                at: at.clone(),
                topic: "polewatch/gangnam/pole-0412/alarm".to_owned(),
                reason: "malformed",
                detail: "Alarm is malformed".to_owned(),
                count: 10,
            }),
            "01:00:01 무시 Ignored  polewatch/gangnam/pole-0412/alarm  Alarm is malformed  (10x)",
        );
        check(
            &Fact::Started(Started { at, store: "room".to_owned(), alarms: 2, files: 3 }),
            "01:00:01 시작 Started  room  alarms 2  files 3",
        );
        assert_eq!([size(1), size(2048), size(2_621_440)], ["1 B", "2 KB", "2.5 MB"]);
    }

    #[track_caller]
    fn check(fact: &Fact, expected: &str) {
        assert_eq!(line(fact, korea()).as_deref(), Some(expected));
    }

    fn korea() -> UtcOffset {
        "+09:00".parse().unwrap()
    }

    fn origin() -> Origin {
        let address = wire::BoxAddress::new("gangnam", "pole-0412").unwrap();
        Origin::new(1_764_000_001_000, korea(), &address)
    }

    fn an_alarm() -> AlarmLine {
        let measurement = MeasurementLine {
            quantity: "inside".to_owned(),
            value: 0.5,
            threshold: 0.5,
            unit: "s".to_owned(),
        };
        AlarmLine {
            origin: origin(),
            boot: 3,
            number: 41,
            event_boot: 3,
            event_number: 7,
            phase: "begin",
            kind: "intrusion",
            kind_ko: "침입",
            camera: "역삼로 12".to_owned(),
            rule: "lawn-intrusion".to_owned(),
            zone: Some("lawn".to_owned()),
            onset_unix_ms: 1_764_000_000_000,
            onset_quality: "synchronized",
            detected_unix_ms: 1_764_000_000_500,
            detected_quality: "synchronized",
            received_unix_ms: 1_764_000_001_000,
            measurement: Some(measurement),
            light: None,
            objects: Vec::new(),
            still_follows: true,
            clip_follows: true,
            model: String::new(),
            config: String::new(),
            firmware: String::new(),
        }
    }
}
