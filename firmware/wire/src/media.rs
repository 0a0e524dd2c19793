//! A still or a clip, in bounded pieces.
//!
//! Promises: every piece says all that is needed to place and check it, so pieces may come in any
//! order, twice, or over another connection. Refuses ([`MediaChunk::fault`]): empty pieces, pieces
//! outside their file, files larger than their kind may be.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::record::{EventRef, RecordId};

/// The most payload bytes in one [`MediaChunk`].
pub const MAX_CHUNK_BYTES: usize = 32 * 1024;
/// The largest still: a 4K JPEG of high quality fits.
pub const MAX_STILL_BYTES: u32 = 4 * 1024 * 1024;
/// The largest clip: a minute of 8 Mbit/s fits.
pub const MAX_CLIP_BYTES: u32 = 64 * 1024 * 1024;

/// One piece of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaChunk<'a> {
    /// The record all pieces of this file share; the answer names it once, for the whole file.
    pub record: RecordId,
    /// The event it shows.
    pub event: EventRef,
    /// Still or clip.
    pub kind: MediaKind,
    /// The whole file's length.
    pub total_bytes: u32,
    /// The whole file's SHA-256.
    pub sha256: [u8; 32],
    /// Where `bytes` belong in the file.
    pub offset: u32,
    /// The piece, 1 to [`MAX_CHUNK_BYTES`] bytes.
    #[serde(borrow)]
    pub bytes: &'a [u8],
}

impl MediaChunk<'_> {
    /// What makes the piece unusable, whatever else arrives; `None` when it can be placed.
    pub fn fault(&self) -> Option<ChunkFault> {
        let (got, limit) = (self.total_bytes, self.kind.max_bytes());
        if got == 0 || got > limit {
            return Some(ChunkFault::FileSize { kind: self.kind, got, limit });
        }
        let bytes = self.bytes.len();
        if bytes == 0 || bytes > MAX_CHUNK_BYTES {
            return Some(ChunkFault::PieceSize { got: bytes });
        }
        let end = u64::from(self.offset) + bytes as u64;
        let outside = end > u64::from(got);
        outside.then_some(ChunkFault::Outside { end, total_bytes: got })
    }
}

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaKind {
    /// A JPEG of the deciding frame.
    Still,
    /// An MP4 around the event; never with sound.
    Clip,
}

impl MediaKind {
    /// The largest file of this kind.
    pub fn max_bytes(self) -> u32 {
        match self {
            Self::Still => MAX_STILL_BYTES,
            Self::Clip => MAX_CLIP_BYTES,
        }
    }
}

/// Why a piece cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkFault {
    /// The file it belongs to is empty or larger than its kind may be.
    FileSize {
        /// Still or clip.
        kind: MediaKind,
        /// Its stated length.
        got: u32,
        /// The kind's limit.
        limit: u32,
    },
    /// The piece is empty or longer than [`MAX_CHUNK_BYTES`].
    PieceSize {
        /// Its length.
        got: usize,
    },
    /// The piece ends beyond its file.
    Outside {
        /// Where the piece ends.
        end: u64,
        /// Where the file ends.
        total_bytes: u32,
    },
}

impl fmt::Display for ChunkFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::FileSize { kind, got, limit } => {
                write!(f, "{kind:?} of {got} bytes, expected 1 to {limit}")
            }
            Self::PieceSize { got } => {
                write!(f, "piece of {got} bytes, expected 1 to {MAX_CHUNK_BYTES}")
            }
            Self::Outside { end, total_bytes } => {
                write!(f, "piece ends at byte {end} of a file of {total_bytes}")
            }
        }
    }
}

impl core::error::Error for ChunkFault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: MediaKind, total_bytes: u32, offset: u32, bytes: &[u8]) -> MediaChunk<'_> {
        let record = RecordId { boot: 1, number: 2 };
        let event = EventRef { boot: 1, number: 1 };
        MediaChunk { record, event, kind, total_bytes, sha256: [0; 32], offset, bytes }
    }

    #[test]
    fn a_piece_that_can_be_placed_has_no_fault() {
        let longest = [7; MAX_CHUNK_BYTES];
        assert_eq!(chunk(MediaKind::Still, 10, 0, &[1; 10]).fault(), None);
        assert_eq!(chunk(MediaKind::Still, 10, 9, &[1]).fault(), None);
        let end = MAX_CLIP_BYTES - MAX_CHUNK_BYTES as u32;
        assert_eq!(chunk(MediaKind::Clip, MAX_CLIP_BYTES, end, &longest).fault(), None);
    }

    #[test]
    fn every_fault_is_named() {
        let too_long = [7; MAX_CHUNK_BYTES + 1];
        let (still, clip) = (MediaKind::Still, MediaKind::Clip);
        let outside = |end| Some(ChunkFault::Outside { end, total_bytes: 10 });
        let table = [
            (chunk(still, 0, 0, &[1]), file(still, 0)),
            (chunk(still, MAX_STILL_BYTES + 1, 0, &[1]), file(still, MAX_STILL_BYTES + 1)),
            (chunk(clip, u32::MAX, 0, &[1]), file(clip, u32::MAX)),
            (chunk(clip, 10, 0, &[]), Some(ChunkFault::PieceSize { got: 0 })),
            (
                chunk(clip, 1 << 20, 0, &too_long),
                Some(ChunkFault::PieceSize { got: MAX_CHUNK_BYTES + 1 }),
            ),
            (chunk(clip, 10, 10, &[1]), outside(11)),
            (chunk(clip, 10, u32::MAX, &[1]), outside(1 << 32)),
        ];
        for (chunk, expected) in table {
            assert_eq!(chunk.fault(), expected);
        }
    }

    fn file(kind: MediaKind, got: u32) -> Option<ChunkFault> {
        Some(ChunkFault::FileSize { kind, got, limit: kind.max_bytes() })
    }
}
