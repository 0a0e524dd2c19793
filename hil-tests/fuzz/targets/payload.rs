//! Any payload, as a broker may hand it on: every decoder of `wire`.
//!
//! Promises: shows that nothing panics, that a refusal is one line, and that what was read is written
//! so that it is read again, to the byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::envelope::{Body, MAX_ALARM_BYTES, record_of};
use wire::{
    DecodeError, Delivery, Message, append, appended_of, corrections_of, decode, deliver, encode,
    evidence_of,
};

fuzz_target!(|payload: &[u8]| match decode(payload) {
    Ok(message) => check(payload, &message),
    Err(refusal) => {
        assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}");
        if let DecodeError::Newer { record, .. } = refusal {
            assert_eq!(record, record_of(payload));
        }
    }
});

/// What was read of a payload agrees with itself. Bytes are compared, since no number is like NaN.
fn check(payload: &[u8], message: &Message<'_>) {
    let first = written(message);
    let again = decode(&first).expect("what was written is read");
    assert_eq!(written(&again), first);
    match message {
        Message::Alarm(alarm) => {
            assert_eq!(record_of(payload), Some(alarm.record));
            check_evidence(payload, &first);
            check_delivery(payload);
        }
        Message::Media(piece) => {
            assert_eq!(record_of(payload), Some(piece.record));
            if piece.fault().is_none() {
                let end = u64::from(piece.offset) + piece.bytes.len() as u64;
                assert!(end <= piece.total_bytes.into() && !piece.bytes.is_empty());
            }
        }
        Message::Health(_) | Message::Ack(_) => {
            let _ = corrections_of(payload);
            assert_eq!(record_of(payload), None);
        }
    }
}

/// The evidence behind an alarm that was read is the same behind the alarm as we write it.
fn check_evidence(payload: &[u8], alarm: &[u8]) {
    let Some(evidence) = evidence_of(payload) else { return };
    let mut buffer = [0; MAX_ALARM_BYTES];
    buffer[..alarm.len()].copy_from_slice(alarm);
    let whole = append(&evidence, alarm.len(), &mut buffer).expect("it had room before");
    assert_eq!(evidence_of(whole), Some(evidence));
    assert_eq!(decode(whole).map(|message| written(&message)).as_deref(), Ok(alarm));
}

/// What is said of a sending is read behind everything that was there before.
fn check_delivery(payload: &[u8]) {
    let delivery = Delivery { historical: true, shift_ms: Some(i64::MIN) };
    let (mut buffer, before) = ([0; MAX_ALARM_BYTES], appended_of(payload));
    let Some(sent) = deliver(payload, &delivery, &mut buffer) else { return };
    let after = appended_of(sent);
    assert_eq!((after.evidence, after.sequence), (before.evidence, before.sequence));
    assert_eq!((before.delivery, after.delivery), (None, Some(delivery)));
}

fn written(message: &Message<'_>) -> Vec<u8> {
    match message {
        Message::Alarm(body) => payload_of(body),
        Message::Media(body) => payload_of(body),
        Message::Health(body) => payload_of(body),
        Message::Ack(body) => payload_of(body),
    }
}

fn payload_of<B: Body>(body: &B) -> Vec<u8> {
    let mut buffer = vec![0; B::TAG.max_bytes()];
    encode(body, &mut buffer).expect("what came within its limit fits into it").to_vec()
}
