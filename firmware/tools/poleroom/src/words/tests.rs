//! Lines as an operator reads them.

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
fn a_historical_alarm_says_so() {
    let received_unix_ms = 1_764_003_600_000;
    let alarm = AlarmLine { received_unix_ms, historical: Some(true), ..an_alarm() };
    let line = line(&Fact::Alarm(Box::new(alarm)), korea()).unwrap();
    let words = "(지연 전송 historical, 수신 received 2025-11-25 02:00:00)";
    assert!(line.starts_with("01:00:00 ") && line.ends_with(words), "{line}");
}

#[test]
fn an_alarm_dated_by_a_wrong_clock_shows_its_corrected_time() {
    let (onset_quality, onset_unix_ms) = ("unknown", 1_763_996_400_000);
    let shift_ms = Some(3_600_499);
    let alarm = AlarmLine { onset_quality, onset_unix_ms, shift_ms, ..an_alarm() };
    let line = line(&Fact::Alarm(Box::new(alarm)), korea()).unwrap();
    assert!(line.starts_with("01:00:00 "), "{line}");
    assert!(line.ends_with("  (시각 보정 clock corrected by +3600 s)"), "{line}");
}

#[test]
fn corrections_and_gaps_name_their_alarms() {
    let correction =
        CorrectionLine { origin: origin(), boot: 3, first: 1, last: 12, shift_ms: -7_200_000 };
    check(
        &Fact::Correction(correction),
        "01:00:01 시각 보정 Clock corrected  gangnam/pole-0412  alarms 3-1 to 3-12  by -7200 s",
    );
    let gap = |state, from| GapLine { origin: origin(), state, boot: 3, from, to: 7 };
    for (gap, words) in [
        (gap("open", 5), "누락 Gap  gangnam/pole-0412  alarms from 3-5 to 3-7"),
        (gap("closed", 7), "누락 해소 Gap closed  gangnam/pole-0412  alarm 3-7"),
    ] {
        check(&Fact::Gap(gap), &format!("01:00:01 {words}"));
    }
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
        historical: Some(false),
        shift_ms: None,
        previous: Some(39),
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
