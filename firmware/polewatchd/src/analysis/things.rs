//! What rests in the picture and was not there before, looked for when a rule asks.

use analytics::Analyzer;
use analytics::luma::Luma;
use analytics::scene::Observations;
use analytics::scene::resting::Resting;
use analytics::time::FrameTime;
use detector::{Picture, grey};

/// The longer side of the picture things are looked for in: a bag 30 m away is some 10 pixels of it.
const LONG_SIDE_PX: usize = 640;

/// The observer of resting things, and the picture it looks at, kept for its memory.
#[derive(Default)]
pub(super) struct Things {
    resting: Resting,
    grey: Luma,
}

impl Things {
    /// Looks, when it is time to, and adds what rests.
    pub(super) fn step(
        &mut self,
        now: FrameTime,
        picture: &Picture<'_>,
        analyzer: &Analyzer,
        observations: &mut Observations,
    ) {
        if self.resting.is_due(now) {
            grey::shrink(picture, LONG_SIDE_PX, &mut self.grey);
            self.resting.look(now, &self.grey, analyzer.people());
        }
        observations.resting.extend(self.resting.things());
    }
}
