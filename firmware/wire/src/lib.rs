//! Every byte that leaves a box or enters it.
//!
//! Promises: links anywhere (`no_std`, no allocation), a decoder never panics, and a message once
//! frozen by a test in `tests/frozen.rs` keeps its bytes. Refuses: I/O, topics with wildcards it did
//! not write, anything not meant for the wire. `docs/wire.md` is the same in prose.
#![no_std]

pub mod ack;
pub mod alarm;
pub mod appended;
pub mod delivery;
pub mod envelope;
pub mod evidence;
pub mod health;
pub mod media;
pub mod record;
pub mod text;
pub mod topic;

pub use ack::{Ack, Verdict};
pub use alarm::Alarm;
pub use appended::{
    Appended, append, append_corrections, append_sequence, appended_of, corrections_of, deliver,
    evidence_of,
};
pub use delivery::{Correction, Corrections, Delivery, Sequence};
pub use envelope::{DecodeError, EncodeError, Message, Tag, decode, encode};
pub use evidence::Evidence;
pub use health::Health;
pub use media::{MediaChunk, MediaKind};
pub use record::{EventRef, RecordId};
pub use topic::{BoxAddress, Level};
