//! What an alarm's decision rested on, appended to it.
//!
//! Promises: an alarm without it is whole, as boxes of the first days sent it; one with it is read by
//! rooms of the first days as if it were not there (rule 1 of the envelope). Refuses: pictures.

use heapless::Vec;
use serde::{Deserialize, Serialize};

use crate::alarm::MAX_OBJECTS;

/// The most scores of one object.
pub const MAX_SCORES: usize = 16;

/// What stands behind an alarm's body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The light the scene stood in.
    pub light: Light,
    /// How well each of the alarm's objects was seen, in their order.
    pub sights: Vec<Sights, MAX_OBJECTS>,
}

/// The light a scene stands in, measured from the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Light {
    /// Colour, well exposed.
    Day,
    /// Colour, but dim.
    Dusk,
    /// No colour: night mode, by infrared light as a rule.
    NightIr,
    /// Next to nothing can be seen.
    Dark,
}

/// How well an object was seen up to the deciding frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sights {
    /// Frames it was detected in.
    pub seen: u32,
    /// Frames in between, in which it was expected and not detected.
    pub missed: u32,
    /// The detector's last scores for it, oldest first, 0 to 255 for 0 to 1.
    pub scores: Vec<u8, MAX_SCORES>,
}
