//! The parts behind a body, which old readers skip (rule 1 of the envelope).
//!
//! Layout: behind an alarm its [`Evidence`], its [`Sequence`] and its [`Delivery`], in this order,
//! each only when those before it are there; [`NO_EVIDENCE`] stands for evidence there is none of.
//! Behind a health report its [`Corrections`]. Promises: reading never panics, and a part that cannot
//! be read is absent, with those behind it. Refuses: to touch the bytes of the body.

use serde::{Deserialize, Serialize};

use crate::alarm::Alarm;
use crate::delivery::{Corrections, Delivery, Sequence};
use crate::envelope::{EncodeError, Tag, VERSION};
use crate::evidence::Evidence;
use crate::health::Health;

/// In the place of evidence when there is none and a part follows: the number of a light nobody
/// knows, so that a reader of the first days finds no evidence either.
const NO_EVIDENCE: u8 = 0x7f;

/// What stands behind an alarm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appended {
    /// What the decision rested on.
    pub evidence: Option<Evidence>,
    /// Which alarm came before.
    pub sequence: Option<Sequence>,
    /// How it was sent.
    pub delivery: Option<Delivery>,
}

/// Writes `evidence` behind the alarm that [`crate::encode`] wrote into the first `written` bytes of
/// `buffer`, and returns the longer payload.
///
/// # Errors
/// [`EncodeError::TooLong`] when it does not fit; the alarm's bytes are as they were.
pub fn append<'b>(
    evidence: &Evidence,
    written: usize,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeError> {
    part(Tag::Alarm, evidence, written, buffer)
}

/// Writes `sequence` behind the alarm, with or without evidence, in the first `written` bytes of
/// `buffer`, and returns the longer payload.
///
/// # Errors
/// [`EncodeError::TooLong`] when it does not fit; the bytes written before are as they were.
pub fn append_sequence(
    sequence: Sequence,
    written: usize,
    buffer: &mut [u8],
) -> Result<&[u8], EncodeError> {
    let before = buffer.get(..written).and_then(|alarm| behind::<Alarm>(Tag::Alarm, alarm));
    let written = match before.is_some_and(<[u8]>::is_empty) {
        true => part(Tag::Alarm, &NO_EVIDENCE, written, buffer)?.len(),
        false => written,
    };
    part(Tag::Alarm, &sequence, written, buffer)
}

/// Copies the alarm's payload into `buffer` with `delivery` behind it; `None` when its last part is
/// no [`Sequence`], as in alarms of the first days, or when there is no room.
#[must_use]
pub fn deliver<'b>(payload: &[u8], delivery: &Delivery, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    let (_, rest) = evidence(behind::<Alarm>(Tag::Alarm, payload)?)?;
    let (_, rest) = postcard::take_from_bytes::<Sequence>(rest).ok()?;
    if !rest.is_empty() {
        return None;
    }
    buffer.get_mut(..payload.len())?.copy_from_slice(payload);
    part(Tag::Alarm, delivery, payload.len(), buffer).ok()
}

/// The parts behind the alarm in `payload`.
#[must_use]
pub fn appended_of(payload: &[u8]) -> Appended {
    let parts = behind::<Alarm>(Tag::Alarm, payload).and_then(evidence);
    let Some((evidence, rest)) = parts else { return Appended::default() };
    let (sequence, rest) = taken(rest);
    let (delivery, _) = taken(rest);
    Appended { evidence, sequence, delivery }
}

/// The evidence appended to the alarm in `payload`; `None` when there is none, or none this version
/// can read.
#[must_use]
pub fn evidence_of(payload: &[u8]) -> Option<Evidence> {
    appended_of(payload).evidence
}

/// Writes `corrections` behind the health report in the first `written` bytes of `buffer`, and
/// returns the longer payload.
///
/// # Errors
/// [`EncodeError::TooLong`] when they do not fit; the report's bytes are as they were.
pub fn append_corrections<'b>(
    corrections: &Corrections,
    written: usize,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeError> {
    part(Tag::Health, corrections, written, buffer)
}

/// The corrections behind the health report in `payload`; empty when there are none.
#[must_use]
pub fn corrections_of(payload: &[u8]) -> Corrections {
    let rest = behind::<Health>(Tag::Health, payload).unwrap_or_default();
    postcard::from_bytes(rest).unwrap_or_default()
}

/// The bytes behind a body this version reads.
fn behind<'p, B: Deserialize<'p>>(expected: Tag, payload: &'p [u8]) -> Option<&'p [u8]> {
    let (&[version, tag], body) = payload.split_first_chunk::<2>()?;
    let readable = (1..=VERSION).contains(&version) && Tag::from_byte(tag) == Some(expected);
    let (_, rest) = postcard::take_from_bytes::<B>(readable.then_some(body)?).ok()?;
    Some(rest)
}

/// The evidence, or that there is none, and the bytes behind.
fn evidence(rest: &[u8]) -> Option<(Option<Evidence>, &[u8])> {
    match rest.split_first() {
        Some((&NO_EVIDENCE, rest)) => Some((None, rest)),
        _ => postcard::take_from_bytes(rest).ok().map(|(evidence, rest)| (Some(evidence), rest)),
    }
}

fn taken<'p, P: Deserialize<'p>>(rest: &'p [u8]) -> (Option<P>, &'p [u8]) {
    match postcard::take_from_bytes(rest) {
        Ok((part, rest)) => (Some(part), rest),
        Err(_) => (None, &[]),
    }
}

fn part<'b>(
    tag: Tag,
    part: &impl Serialize,
    written: usize,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], EncodeError> {
    let room = buffer.len().min(tag.max_bytes());
    let too_long = EncodeError::TooLong { tag, room };
    let rest = buffer.get_mut(written..room).ok_or(too_long)?;
    let appended = postcard::to_slice(part, rest).map_err(|_| too_long)?.len();
    Ok(&buffer[..written + appended])
}
