//! A record: an alarm's bytes as they lie in a segment, told apart from damage.
//!
//! Promises: what is read back is what was written, by CRC32C; a scan finds every whole record of a
//! file, also behind a damaged stretch, and says whether damage is a torn tail or lies in the
//! middle. Refuses: to know what the payload means.
//!
//! Layout, little-endian: magic `u32`, payload length `u32`, boot `u32`, number `u64`, stored-at
//! `i64` (Unix milliseconds, 0 when the clock was not known), CRC32C `u32` of everything after the
//! magic and before itself, then of the payload; the payload.

use wire::record::RecordId;

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 32;
/// The most payload bytes; an alarm is far smaller.
pub const MAX_PAYLOAD_BYTES: usize = 64 * 1024;

const MAGIC: [u8; 4] = *b"PWAL";
const CRC_AT: usize = 28;

/// What a record says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its identity.
    pub record: RecordId,
    /// When it was stored, Unix milliseconds; 0 when the clock was not known.
    pub stored_ms: i64,
}

/// Where a whole record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says of itself.
    pub header: Header,
    /// Offset of its header.
    pub offset: usize,
    /// Length of its payload.
    pub payload_bytes: usize,
}

/// What a scan came upon besides whole records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Everything from `at` on is no record: an append that was cut off.
    TornTail {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Whole records follow the bad stretch that begins at `at`.
    Middle {
        /// Offset of the first bad byte.
        at: usize,
    },
}

/// A record as bytes.
///
/// Payloads above [`MAX_PAYLOAD_BYTES`] cannot be read back; the caller refuses them.
#[must_use]
pub fn encode(header: Header, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + payload.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&header.record.boot.to_le_bytes());
    bytes.extend_from_slice(&header.record.number.to_le_bytes());
    bytes.extend_from_slice(&header.stored_ms.to_le_bytes());
    let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes[MAGIC.len()..]), payload);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// The whole record at the start of `bytes`, if there is one.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<(Header, &[u8])> {
    let head = bytes.get(..HEADER_BYTES)?;
    let length = u32_at(head, 4)? as usize;
    if head[..MAGIC.len()] != MAGIC || length > MAX_PAYLOAD_BYTES {
        return None;
    }
    let payload = bytes.get(HEADER_BYTES..HEADER_BYTES + length)?;
    let crc = crc32c::crc32c_append(crc32c::crc32c(&head[MAGIC.len()..CRC_AT]), payload);
    if crc != u32_at(head, CRC_AT)? {
        return None;
    }
    let record = RecordId { boot: u32_at(head, 8)?, number: u64_at(head, 12)? };
    Some((Header { record, stored_ms: u64_at(head, 20)?.cast_signed() }, payload))
}

/// Every whole record in `bytes` from `start` on, and the first damage among them.
#[must_use]
pub fn scan(bytes: &[u8], start: usize) -> (Vec<Found>, Option<Damage>) {
    let mut found = Vec::new();
    let mut damaged_at = None;
    let mut followed = false;
    let mut at = start;
    while at < bytes.len() {
        if let Some((header, payload)) = decode(&bytes[at..]) {
            found.push(Found { header, offset: at, payload_bytes: payload.len() });
            followed |= damaged_at.is_some();
            at += HEADER_BYTES + payload.len();
        } else {
            damaged_at.get_or_insert(at);
            at = next_magic(bytes, at + 1);
        }
    }
    let damage = damaged_at.map(|at| match followed {
        true => Damage::Middle { at },
        false => Damage::TornTail { at },
    });
    (found, damage)
}

fn next_magic(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.windows(MAGIC.len()).position(|word| word == MAGIC).map_or(bytes.len(), |at| from + at)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(number: u64) -> Header {
        Header { record: RecordId { boot: 7, number }, stored_ms: 1_800_000_000_000 }
    }

    fn log(payloads: &[&[u8]]) -> Vec<u8> {
        let numbered = payloads.iter().zip(1..);
        numbered.flat_map(|(payload, number)| encode(header(number), payload)).collect()
    }

    fn numbers(found: &[Found]) -> Vec<u64> {
        found.iter().map(|record| record.header.record.number).collect()
    }

    #[test]
    fn the_layout_is_frozen() {
        let bytes = encode(header(2), b"alarm");
        assert_eq!(&bytes[..4], b"PWAL");
        assert_eq!(bytes[4..8], 5_u32.to_le_bytes());
        assert_eq!(bytes[8..12], 7_u32.to_le_bytes());
        assert_eq!(bytes[12..20], 2_u64.to_le_bytes());
        assert_eq!(bytes[20..28], 1_800_000_000_000_i64.to_le_bytes());
        assert_eq!(
            bytes[28..32],
            crc32c::crc32c(&[&bytes[4..28], b"alarm"].concat()).to_le_bytes()
        );
        assert_eq!(decode(&bytes), Some((header(2), b"alarm".as_slice())));
    }

    #[test]
    fn a_tail_torn_at_any_byte_leaves_the_records_before_it() {
        let whole = log(&[b"first", b"second", b"third alarm"]);
        let last_at = log(&[b"first", b"second"]).len();
        for cut in last_at + 1..whole.len() {
            let (found, damage) = scan(&whole[..cut], 0);
            assert_eq!(numbers(&found), [1, 2], "cut at {cut}");
            assert_eq!(damage, Some(Damage::TornTail { at: last_at }), "cut at {cut}");
        }
        assert_eq!(scan(&whole, 0).1, None);
    }

    #[test]
    fn a_flipped_bit_anywhere_in_a_record_costs_that_record_only() {
        let whole = log(&[b"first", b"second", b"third"]);
        let (second_at, third_at) = (log(&[b"first"]).len(), log(&[b"first", b"second"]).len());
        for bit in second_at * 8..third_at * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let (found, damage) = scan(&bytes, 0);
            assert_eq!(numbers(&found), [1, 3], "bit {bit}");
            assert_eq!(damage, Some(Damage::Middle { at: second_at }), "bit {bit}");
        }
    }

    #[test]
    fn a_length_nobody_wrote_is_damage_not_an_allocation() {
        let mut bytes = log(&[b"first"]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(scan(&bytes, 0), (vec![], Some(Damage::TornTail { at: 0 })));
    }
}
