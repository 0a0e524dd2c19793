//! docs/wire.md says what the code does: its schema line, its fields and its limits.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::Value;
use sha2::{Digest, Sha256};
use wire::ack::MAX_ANSWERS;
use wire::envelope::{MAX_ACK_BYTES, MAX_ALARM_BYTES, MAX_HEALTH_BYTES, MAX_MEDIA_BYTES};
use wire::envelope::{MAX_PACKET_BYTES, Tag};
use wire::media::MAX_CHUNK_BYTES;
use wire::{Appended, Message, decode};

const DOCUMENT: &str = include_str!("../../../docs/wire.md");
const FROZEN: &str = include_str!("frozen.rs");

#[test]
fn the_schema_line_is_that_of_the_frozen_messages() {
    let mut hash = Sha256::new();
    for bytes in frozen_messages() {
        hash.update(&bytes);
        // Names and order of the fields, and what the bytes mean.
        shown(&bytes).iter().for_each(|part| hash.update(part));
    }
    let digits: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let line = format!("Schema: `{digits}`");
    assert!(DOCUMENT.contains(&line), "the wire has changed; docs/wire.md must say\n{line}");
}

#[test]
fn every_field_is_documented() {
    for bytes in frozen_messages() {
        let mut names = Vec::new();
        for part in shown(&bytes) {
            collect_names(&serde_json::from_str(&part).unwrap(), &mut names);
        }
        for name in names {
            assert!(DOCUMENT.contains(&format!("`{name}`")), "docs/wire.md lacks the field {name}");
        }
    }
}

#[test]
fn every_limit_is_documented() {
    for limit in [
        format!("| alarm payload | {} bytes |", thousands(MAX_ALARM_BYTES)),
        format!(
            "| media payload | {} bytes (a piece of {}) |",
            thousands(MAX_MEDIA_BYTES),
            thousands(MAX_CHUNK_BYTES)
        ),
        format!("| health payload | {} bytes |", thousands(MAX_HEALTH_BYTES)),
        format!("| ack payload | {} bytes, {MAX_ANSWERS} answers |", thousands(MAX_ACK_BYTES)),
        format!("| MQTT packet | {} bytes |", thousands(MAX_PACKET_BYTES)),
    ] {
        assert!(DOCUMENT.contains(&limit), "docs/wire.md lacks: {limit}");
    }
}

/// The hexadecimal literals of frozen.rs: lines of nothing but digits, each literal between quotes.
fn frozen_messages() -> Vec<Vec<u8>> {
    let quoted = FROZEN.split('"').filter_map(|text| {
        let digits: String = text.split_whitespace().collect();
        let hex = digits.len() >= 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        hex.then_some(digits)
    });
    let messages: Vec<Vec<u8>> = quoted
        .map(|digits| {
            let pairs = (0..digits.len()).step_by(2);
            pairs.map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
        })
        .collect();
    let tags: Vec<u8> = messages.iter().map(|bytes: &Vec<u8>| bytes[1]).collect();
    assert!(Tag::ALL.iter().all(|tag| tags.contains(&(*tag as u8))), "found only {tags:?}");
    messages
}

/// The message and what is appended to it as JSON, fields in the order they are declared in.
fn shown(bytes: &[u8]) -> Vec<String> {
    fn json(part: &impl serde::Serialize) -> Option<String> {
        Some(serde_json::to_string(part).unwrap())
    }
    let body = match decode(bytes).unwrap() {
        Message::Alarm(body) => json(&body),
        Message::Media(body) => json(&body),
        Message::Health(body) => json(&body),
        Message::Ack(body) => json(&body),
    };
    let Appended { evidence, sequence, delivery } = wire::appended_of(bytes);
    let corrections = wire::corrections_of(bytes);
    let appended = [
        evidence.as_ref().and_then(json),
        sequence.as_ref().and_then(json),
        delivery.as_ref().and_then(json),
        corrections.first().and_then(json),
    ];
    std::iter::once(body).chain(appended).flatten().collect()
}

fn collect_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.push(name.clone());
                collect_names(value, names);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_names(item, names)),
        _ => {}
    }
}

fn thousands(number: usize) -> String {
    match number {
        0..1000 => number.to_string(),
        _ => format!("{},{:03}", number / 1000, number % 1000),
    }
}
