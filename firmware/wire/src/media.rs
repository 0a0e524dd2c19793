//! A still or a clip, in bounded pieces.

use serde::{Deserialize, Serialize};

use crate::record::{EventRef, RecordId};

/// The most payload bytes in one [`MediaChunk`].
pub const MAX_CHUNK_BYTES: usize = 32 * 1024;

/// What kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MediaKind {
    /// A JPEG of the deciding frame.
    Still,
    /// An MP4 around the event; never with sound.
    Clip,
}

/// One piece of a file. Every piece says all that is needed to place and check it, so pieces may
/// come in any order, twice, or from another connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MediaChunk<'a> {
    /// The record all pieces of this file share.
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
    /// The piece, at most [`MAX_CHUNK_BYTES`].
    #[serde(borrow)]
    pub bytes: &'a [u8],
}
