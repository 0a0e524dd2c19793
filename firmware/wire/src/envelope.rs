//! The first bytes of every payload: which version and what kind of message.
//!
//! Layout: byte 0 the version, byte 1 the [`Tag`], then the postcard body. Promises: [`decode`]
//! never panics, whatever the bytes, and what it cannot read it names. Refuses: payloads longer than
//! their kind's limit, so a reader can set its buffers and its broker's limits from the constants.
//!
//! Version policy, in three rules:
//! 1. What an old reader may safely not see is appended to the end of a body. The version stays: a
//!    reader skips bytes after the fields it knows, and reads a body that ends before an appended
//!    part as "part absent". Nothing is appended inside a list's items.
//! 2. What an old reader would misread or must not overlook (a field removed, moved or retyped, a
//!    new case of an enum, a longer text or list) raises the version. A writer uses the lowest version
//!    that holds its message. A reader keeps what is newer than it and shows it as newer; that is
//!    [`DecodeError::Newer`].
//! 3. In every version, alarm and media bodies begin with their [`RecordId`], so that even a newer
//!    one can be answered.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::ack::Ack;
use crate::alarm::{Alarm, Kind};
use crate::health::Health;
use crate::media::{MAX_CHUNK_BYTES, MediaChunk};
use crate::record::RecordId;

/// The newest version this crate writes and reads: 2 brought [`Kind::Parking`].
pub const VERSION: u8 = 2;
/// The version of all that version 1 can say.
const FIRST_VERSION: u8 = 1;

/// The longest alarm payload, envelope included, with room for what may be appended.
pub const MAX_ALARM_BYTES: usize = 4096;
/// The longest media payload: a full piece and what places it.
pub const MAX_MEDIA_BYTES: usize = MAX_CHUNK_BYTES + 512;
/// The longest health payload.
pub const MAX_HEALTH_BYTES: usize = 4096;
/// The longest acknowledgement payload.
pub const MAX_ACK_BYTES: usize = 2048;
/// The longest payload of any kind.
pub const MAX_PAYLOAD_BYTES: usize = MAX_MEDIA_BYTES;
/// The longest MQTT packet: payload, topic and properties. Both ends and the broker set this limit.
pub const MAX_PACKET_BYTES: usize = 64 * 1024;

/// A decoded payload.
// An alarm is 3 KiB and a message is decoded, used and dropped; without an allocator it stays whole.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Message<'a> {
    /// Something happened.
    Alarm(Alarm),
    /// A piece of a still or clip; it borrows from the payload.
    Media(MediaChunk<'a>),
    /// How the box is.
    Health(Health),
    /// What the control room did with records.
    Ack(Ack),
}

impl Message<'_> {
    /// Which kind of message it is.
    pub fn tag(&self) -> Tag {
        match self {
            Self::Alarm(_) => Tag::Alarm,
            Self::Media(_) => Tag::Media,
            Self::Health(_) => Tag::Health,
            Self::Ack(_) => Tag::Ack,
        }
    }
}

/// The kinds of message; each has its own topic ([`crate::topic`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tag {
    /// [`Alarm`], from the box.
    Alarm = 1,
    /// [`MediaChunk`], from the box.
    Media = 2,
    /// [`Health`], from the box, retained.
    Health = 3,
    /// [`Ack`], to the box.
    Ack = 4,
}

impl Tag {
    /// Every tag.
    pub const ALL: [Self; 4] = [Self::Alarm, Self::Media, Self::Health, Self::Ack];

    /// The tag of this byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|tag| *tag as u8 == byte)
    }

    /// The longest payload of this kind that is read.
    pub fn max_bytes(self) -> usize {
        match self {
            Self::Alarm => MAX_ALARM_BYTES,
            Self::Media => MAX_MEDIA_BYTES,
            Self::Health => MAX_HEALTH_BYTES,
            Self::Ack => MAX_ACK_BYTES,
        }
    }
}

mod sealed {
    pub trait Sealed {}
}

/// What can be sent: exactly the bodies of [`Message`].
pub trait Body: Serialize + sealed::Sealed {
    /// The tag that announces it.
    const TAG: Tag;

    /// The lowest version that holds it.
    fn version(&self) -> u8 {
        FIRST_VERSION
    }
}

macro_rules! body {
    ($($body:ty => $tag:expr),* $(,)?) => {$(
        impl sealed::Sealed for $body {}
        impl Body for $body {
            const TAG: Tag = $tag;
        }
    )*};
}
body! {
    MediaChunk<'_> => Tag::Media,
    Health => Tag::Health,
    Ack => Tag::Ack,
}

impl sealed::Sealed for Alarm {}
impl Body for Alarm {
    const TAG: Tag = Tag::Alarm;

    fn version(&self) -> u8 {
        match self.kind {
            Kind::Parking => 2,
            _ => FIRST_VERSION,
        }
    }
}

/// Writes `body` with its envelope into `buffer` and returns the payload. A buffer of
/// [`Tag::max_bytes`] always suffices.
///
/// # Errors
/// [`EncodeError::TooLong`] when the buffer is too small or a piece exceeds [`MAX_CHUNK_BYTES`].
pub fn encode<'b, B: Body>(body: &B, buffer: &'b mut [u8]) -> Result<&'b [u8], EncodeError> {
    let room = buffer.len().min(B::TAG.max_bytes());
    let too_long = EncodeError::TooLong { tag: B::TAG, room };
    let buffer = &mut buffer[..room];
    let Some((envelope, rest)) = buffer.split_first_chunk_mut::<2>() else {
        return Err(too_long);
    };
    *envelope = [body.version(), B::TAG as u8];
    // The bodies hold only bounded texts and lists, so a full buffer is the one thing that can fail.
    let body_bytes = postcard::to_slice(body, rest).map_err(|_| too_long)?.len();
    Ok(&buffer[..2 + body_bytes])
}

/// Reads a payload.
///
/// # Errors
/// [`DecodeError`] for anything this crate's version did not write; never a panic.
pub fn decode(payload: &[u8]) -> Result<Message<'_>, DecodeError> {
    let (&version, rest) = payload.split_first().ok_or(DecodeError::Empty)?;
    if version > VERSION {
        return Err(newer(version, payload));
    }
    if version == 0 {
        return Err(DecodeError::UnknownVersion { version });
    }
    let (&byte, body) = rest.split_first().ok_or(DecodeError::Truncated { tag: None })?;
    let tag = Tag::from_byte(byte).ok_or(DecodeError::UnknownTag { tag: byte })?;
    within(tag.max_bytes(), payload)?;
    match tag {
        Tag::Alarm => read(tag, body).map(Message::Alarm),
        Tag::Media => read(tag, body).map(Message::Media),
        Tag::Health => read(tag, body).map(Message::Health),
        Tag::Ack => read(tag, body).map(Message::Ack),
    }
}

/// The record an alarm or media payload of any version names, even one [`decode`] refuses, so that it
/// can be answered (rule 3).
pub fn record_of(payload: &[u8]) -> Option<RecordId> {
    let (&[_, tag], body) = payload.split_first_chunk::<2>()?;
    match Tag::from_byte(tag)? {
        Tag::Alarm | Tag::Media => postcard::from_bytes(body).ok(),
        Tag::Health | Tag::Ack => None,
    }
}

/// Reads a body; bytes after the fields this version knows are somebody's later addition (rule 1).
fn read<'a, B: Deserialize<'a>>(tag: Tag, body: &'a [u8]) -> Result<B, DecodeError> {
    postcard::from_bytes(body).map_err(|error| match error {
        postcard::Error::DeserializeUnexpectedEnd => DecodeError::Truncated { tag: Some(tag) },
        _ => DecodeError::Malformed { tag },
    })
}

/// All that can be said of a newer payload: its tag, and by rule 3 the record to answer.
fn newer(version: u8, payload: &[u8]) -> DecodeError {
    if let Err(too_long) = within(MAX_PAYLOAD_BYTES, payload) {
        return too_long;
    }
    let tag = payload.get(1).copied().and_then(Tag::from_byte);
    DecodeError::Newer { version, tag, record: record_of(payload) }
}

fn within(limit: usize, payload: &[u8]) -> Result<(), DecodeError> {
    let got = payload.len();
    if got > limit { Err(DecodeError::TooLong { got, limit }) } else { Ok(()) }
}

/// Why a body was not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// It does not fit.
    TooLong {
        /// What was to be written.
        tag: Tag,
        /// The buffer's length or the kind's limit, whichever is less.
        room: usize,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::TooLong { tag, room } = self;
        write!(f, "{tag:?} does not fit into {room} bytes")
    }
}

impl core::error::Error for EncodeError {}

/// Why a payload was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// No bytes at all (what clears a retained message).
    Empty,
    /// Written by a later version: to be kept and shown, not thrown away.
    Newer {
        /// Its version.
        version: u8,
        /// Its kind, if this version knows it.
        tag: Option<Tag>,
        /// The record to answer, for alarms and media.
        record: Option<RecordId>,
    },
    /// A version that was never written.
    UnknownVersion {
        /// The version byte.
        version: u8,
    },
    /// A kind of message this version does not know.
    UnknownTag {
        /// The tag byte.
        tag: u8,
    },
    /// The payload ends before its body does.
    Truncated {
        /// Its kind, if it came that far.
        tag: Option<Tag>,
    },
    /// The body is not what its tag promises.
    Malformed {
        /// Its stated kind.
        tag: Tag,
    },
    /// Longer than its kind may be.
    TooLong {
        /// Its length.
        got: usize,
        /// The kind's limit.
        limit: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "empty payload"),
            Self::Newer { version, .. } => {
                write!(
                    f,
                    "version {version} is newer than {VERSION}, the newest this program reads"
                )
            }
            Self::UnknownVersion { version } => {
                write!(f, "version {version} does not exist, expected 1 to {VERSION}")
            }
            Self::UnknownTag { tag } => write!(f, "unknown kind of message, tag {tag}"),
            Self::Truncated { tag: Some(tag) } => write!(f, "{tag:?} is cut short"),
            Self::Truncated { tag: None } => write!(f, "payload is cut short after its version"),
            Self::Malformed { tag } => write!(f, "{tag:?} is malformed"),
            Self::TooLong { got, limit } => {
                write!(f, "payload of {got} bytes, expected at most {limit}")
            }
        }
    }
}

impl core::error::Error for DecodeError {}
