//! What an analyzer would like to know of a picture, and can only be told by whoever holds it.

use crate::event::TrackId;
use crate::geometry::NormBox;

/// A place of the last frame worth more than a detector's look at the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Question {
    /// Who is there, seen closer, upright and turned by a quarter: somebody went down a moment ago
    /// and is hard to see. Answered by [`Analyzer::answer`](crate::Analyzer::answer).
    Bodies {
        /// Where to look.
        area: NormBox,
    },
    /// How the person in the middle holds themselves. Answered by
    /// [`Analyzer::answer_pose`](crate::Analyzer::answer_pose).
    Pose {
        /// Who it is.
        of: TrackId,
        /// Where to look: around them, with the room a body needs.
        area: NormBox,
    },
}
