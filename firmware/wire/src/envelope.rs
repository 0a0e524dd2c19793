//! The first bytes of every payload: which version and what kind of message.
//!
//! Layout: byte 0 the version, byte 1 the [`Tag`], then the postcard body.

/// The version this crate writes. See docs/wire.md for what may change without raising it.
pub const VERSION: u8 = 1;
