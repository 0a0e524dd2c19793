//! What is said of an alarm beyond itself: which came before it, and how it was sent.
//!
//! Promises: an alarm without these is whole; with them, a reader knows what it lacks, what came late
//! and how wrong its times are. Refuses: to change the alarm; its own times stay as the box knew them.

use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The most corrections a health report carries.
pub const MAX_CORRECTIONS: usize = 8;

/// Where an alarm stands among those of its daemon's start; written when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    /// The number of the alarm before it in the same start; 0 when it is the first. Numbers between
    /// the two belong to stills and clips, or to nothing.
    pub previous: u64,
}

/// How an alarm was sent; written anew at each sending, so two sendings may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Sent late, or by a later start of the daemon than the one that made it: not what happens now.
    pub historical: bool,
    /// Milliseconds to be added to its times, because the clock was synchronized after it was made;
    /// `None` when they need none, or none is known.
    pub shift_ms: Option<i64>,
}

/// Alarms that were dated before the clock was synchronized, and how wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// The number of the first such alarm of the reporting start.
    pub first: u64,
    /// The number of the last.
    pub last: u64,
    /// Milliseconds to be added to their times.
    pub shift_ms: i64,
}

/// The corrections of one start of the daemon, oldest first.
pub type Corrections = Vec<Correction, MAX_CORRECTIONS>;
