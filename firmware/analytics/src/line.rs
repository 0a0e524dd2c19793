//! A line: a named line on the ground that somebody may go over.

use std::sync::Arc;

use crate::polyline::Polyline;

/// A named line that rules refer to.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The configured name, unique among the lines and zones of a camera.
    pub name: Arc<str>,
    /// Where it lies.
    pub way: Polyline,
}

/// Which way over a line is one too many; left and right are those of somebody who walks along it
/// from its first point to its last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From its left to its right.
    LeftToRight,
    /// From its right to its left.
    RightToLeft,
    /// Either.
    #[default]
    Both,
}

impl Direction {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::LeftToRight, Self::RightToLeft, Self::Both];

    /// The word it is configured and measured by.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::LeftToRight => "left_to_right",
            Self::RightToLeft => "right_to_left",
            Self::Both => "both",
        }
    }

    /// Whether somebody who went over `way` went this way.
    #[must_use]
    pub fn includes(self, way: Self) -> bool {
        self == Self::Both || self == way
    }
}
