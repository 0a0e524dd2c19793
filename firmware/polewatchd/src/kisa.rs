//! KISA's files: the zones its intelligent-CCTV test gives, and the results it takes.
//!
//! Promises: its names and words to the letter. Refuses: being a certificate; docs/kisa.md says what
//! was read where.

pub mod map;
pub mod result;

pub use map::{MapError, Zones};
pub use result::Results;
