//! 배회: somebody stays for too long.
//!
//! KISA's onset is entering plus 10 s. Gaps of up to 5 s (an occlusion, a step outside) do not
//! start the time anew, but at least half of it must have been seen.

use core::time::Duration;

use crate::event::EventKind;
use crate::rule::stay::{Patience, Stay};
use crate::rule::zone_rule::Offence;
use crate::time::FrameTime;

/// In the zone for `dwell`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loitering {
    pub(crate) dwell: Duration,
}

impl Offence for Loitering {
    const KIND: EventKind = EventKind::Loitering;
    const QUANTITY: &'static str = "dwell";
    const PATIENCE: Patience =
        Patience { outside: Duration::from_secs(3), hidden: Duration::from_secs(5) };

    fn measure(&self, now: FrameTime, stay: &Stay) -> Duration {
        now.since(stay.entered).min(stay.inside.saturating_mul(2))
    }

    fn threshold(&self) -> Duration {
        self.dwell
    }

    fn onset(&self, stay: &Stay) -> FrameTime {
        stay.entered.plus(self.dwell)
    }
}
