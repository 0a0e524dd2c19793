//! What an analyzer would like to know of a picture, and can only be told by whoever holds it.

use crate::geometry::NormBox;

/// A place worth a closer look, turned upright and by a quarter: somebody there went down a moment
/// ago and is hard to see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    /// Where to look.
    pub area: NormBox,
}
