//! 침입: somebody stands on ground that nobody may enter.
//!
//! KISA's onset is the moment the whole body is inside; here that is the moment the feet stand in
//! the zone, held long enough not to be a step over the line.

use core::time::Duration;

use crate::event::EventKind;
use crate::rule::stay::{Patience, Stay};
use crate::rule::zone_rule::Offence;
use crate::time::FrameTime;

/// Feet in the zone for `hold`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intrusion {
    pub(crate) hold: Duration,
}

impl Offence for Intrusion {
    const KIND: EventKind = EventKind::Intrusion;
    const QUANTITY: &'static str = "inside";
    /// Seen outside for a second is outside; hidden behind a bush in the zone is still inside.
    const PATIENCE: Patience =
        Patience { outside: Duration::from_secs(1), hidden: Duration::from_secs(5) };

    fn measure(&self, now: FrameTime, stay: &Stay) -> Duration {
        stay.whole_since.map_or(Duration::ZERO, |since| now.since(since))
    }

    fn threshold(&self) -> Duration {
        self.hold
    }

    fn onset(&self, stay: &Stay) -> FrameTime {
        stay.whole_since.unwrap_or(stay.entered)
    }
}
