//! What happened, in one line for people, Korean and English side by side.
//!
//! Promises: one fact, at most one line, whatever the box wrote: control characters cannot move the
//! operator's cursor or forge a second line. Refuses: decisions; it only words them.

use crate::civil::UtcOffset;
use crate::fact::{
    AlarmLine, Broker, CorrectionLine, Disk, Fact, GapLine, Garbage, HealthLine, MeasurementLine,
    MediaStored, MediaTrouble, NewerLine, Origin,
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
        Fact::Correction(correction) => correction_line(correction),
        Fact::Gap(gap) => gap_line(gap),
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
    let clock_known = alarm.onset_quality != "unknown" || alarm.shift_ms.is_some();
    let onset_ms = alarm.onset_unix_ms.saturating_add(alarm.shift_ms.unwrap_or(0));
    let shown_ms = if clock_known { onset_ms } else { alarm.received_unix_ms };
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
    if let Some(shift_ms) = alarm.shift_ms.filter(|shift_ms| *shift_ms != 0) {
        line += &format!("  (시각 보정 clock corrected by {})", seconds(shift_ms));
    }
    if alarm.historical == Some(true) {
        let received = offset.civil(alarm.received_unix_ms);
        let (date, time) = (received.date(), received.time());
        line += &format!("  (지연 전송 historical, 수신 received {date} {time})");
    } else if !clock_known {
        line += "  (시각 불명 box clock unknown, time of arrival)";
    } else if alarm.received_unix_ms.saturating_sub(onset_ms) > LATE_MS {
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

fn correction_line(correction: &CorrectionLine) -> String {
    let CorrectionLine { origin, boot, first, last, shift_ms } = correction;
    let (time, place) = (time_of(&origin.at), place(origin));
    let by = seconds(*shift_ms);
    format!(
        "{time} 시각 보정 Clock corrected  {place}  alarms {boot}-{first} to {boot}-{last}  by {by}"
    )
}

fn gap_line(gap: &GapLine) -> String {
    let GapLine { origin, state, boot, from, to } = gap;
    let word = match *state {
        "open" => "누락 Gap",
        _ => "누락 해소 Gap closed",
    };
    let (time, place) = (time_of(&origin.at), place(origin));
    let which = match from == to {
        true => format!("alarm {boot}-{to}"),
        false => format!("alarms from {boot}-{from} to {boot}-{to}"),
    };
    format!("{time} {word}  {place}  {which}")
}

/// Signed, to the second.
fn seconds(shift_ms: i64) -> String {
    format!("{:+} s", shift_ms.saturating_add(500).div_euclid(1000))
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
mod tests;
