//! The footer: the header record of a still or clip, written behind the file's own bytes.
//!
//! Promises: a file that ends in a whole footer of the right length was stored completely. It stands
//! behind the bytes because the recorder has written them before their hash is known.
//!
//! Layout, little-endian: magic `PWMEDIA1`, kind `u8` (0 still, 1 clip) and three zero bytes, record
//! boot `u32`, record number `u64`, event boot `u32`, event number `u64`, stored-at `i64` (Unix
//! milliseconds, 0 when the clock was not known), length of the bytes before the footer `u32`, their
//! SHA-256, CRC32C `u32` of everything before it.

use wire::media::MediaKind;
use wire::record::{EventRef, RecordId};

use super::record::{u32_at, u64_at};

/// The footer's length.
pub const FOOTER_BYTES: usize = 84;

const MAGIC: &[u8; 8] = b"PWMEDIA1";
const SHA_AT: usize = 48;
const CRC_AT: usize = 80;

/// A still or clip in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Media {
    /// Its identity.
    pub record: RecordId,
    /// The event it shows.
    pub event: EventRef,
    /// Still or clip.
    pub kind: MediaKind,
    /// Its length.
    pub total_bytes: u32,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// When it was stored, Unix milliseconds; 0 when the clock was not known.
    pub stored_ms: i64,
}

/// The footer's bytes.
#[must_use]
pub fn encode(media: &Media) -> [u8; FOOTER_BYTES] {
    let mut bytes = [0; FOOTER_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8] = match media.kind {
        MediaKind::Still => 0,
        MediaKind::Clip => 1,
    };
    bytes[12..16].copy_from_slice(&media.record.boot.to_le_bytes());
    bytes[16..24].copy_from_slice(&media.record.number.to_le_bytes());
    bytes[24..28].copy_from_slice(&media.event.boot.to_le_bytes());
    bytes[28..36].copy_from_slice(&media.event.number.to_le_bytes());
    bytes[36..44].copy_from_slice(&media.stored_ms.to_le_bytes());
    bytes[44..48].copy_from_slice(&media.total_bytes.to_le_bytes());
    bytes[SHA_AT..CRC_AT].copy_from_slice(&media.sha256);
    let crc = crc32c::crc32c(&bytes[..CRC_AT]);
    bytes[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// What a footer says; `None` when it is none.
#[must_use]
pub fn decode(bytes: &[u8; FOOTER_BYTES]) -> Option<Media> {
    if !bytes.starts_with(MAGIC) || u32_at(bytes, CRC_AT)? != crc32c::crc32c(&bytes[..CRC_AT]) {
        return None;
    }
    let kind = match bytes[8] {
        0 => MediaKind::Still,
        1 => MediaKind::Clip,
        _ => return None,
    };
    Some(Media {
        record: RecordId { boot: u32_at(bytes, 12)?, number: u64_at(bytes, 16)? },
        event: EventRef { boot: u32_at(bytes, 24)?, number: u64_at(bytes, 28)? },
        kind,
        stored_ms: u64_at(bytes, 36)?.cast_signed(),
        total_bytes: u32_at(bytes, 44)?,
        sha256: bytes[SHA_AT..CRC_AT].try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_footer_with_any_bit_flipped_is_none() {
        let media = Media {
            record: RecordId { boot: 3, number: 4 },
            event: EventRef { boot: 3, number: 1 },
            kind: MediaKind::Clip,
            total_bytes: 1_000_000,
            sha256: [7; 32],
            stored_ms: 1_800_000_000_000,
        };
        let whole = encode(&media);
        assert_eq!(decode(&whole), Some(media));
        for bit in 0..FOOTER_BYTES * 8 {
            let mut bytes = whole;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(&bytes), None, "bit {bit}");
        }
    }
}
