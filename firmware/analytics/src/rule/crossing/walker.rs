//! Somebody near a line: on which side of it their feet are, and whether they have gone over.

use crate::event::TrackId;
use crate::geometry::{NormBox, Point};
use crate::line::Direction;
use crate::polyline::Polyline;
use crate::time::FrameTime;
use crate::tracker::Track;

/// How far from the line the middle of the feet must be for somebody to be clear of it, in their own
/// heights: half a shoulder's width, 25 cm, so that the whole body is beyond (KISA), more than feet
/// stray in walking along it and more than a box jumps (0.05).
pub(super) const CLEAR_OF: f32 = 0.15;

/// Somebody watched for the sake of one line.
#[derive(Clone, Debug)]
pub(super) struct Walker {
    pub(super) track: TrackId,
    /// When and where they were last seen.
    pub(super) seen: FrameTime,
    pub(super) bounds: NormBox,
    foot: Point,
    /// Whether they have been clear of the line since first seen.
    clear: bool,
    /// How many times more they have gone over from its left to its right than back since then.
    net: i32,
    /// The frame in which the feet were over.
    pub(super) over: FrameTime,
    /// The furthest they got on the other side, clear of it or not.
    most: f32,
    /// The last time they went over for good.
    pub(super) passage: Option<Passage>,
}

/// Somebody went over the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passage {
    pub(super) direction: Direction,
    /// When the feet were over.
    pub(super) onset: FrameTime,
    /// When they were clear of the line, and later when that was told.
    pub(super) decided: FrameTime,
    /// How far beyond the line they were then, in own heights.
    pub(super) clearance: f32,
    pub(super) told: bool,
}

impl Walker {
    /// Somebody who has not moved yet, where their track begins.
    pub(super) fn new(track: &Track) -> Self {
        Self {
            track: track.id(),
            seen: track.first_seen(),
            bounds: *track.origin(),
            foot: track.origin().foot(),
            clear: false,
            net: 0,
            over: track.first_seen(),
            most: 0.0,
            passage: None,
        }
    }

    /// Takes in where the feet are `at` a time, and a sight that tells how tall they are, in a picture
    /// `aspect` times as wide as high. Gives how far they got when they have turned back, in own
    /// heights.
    pub(super) fn walk(
        &mut self,
        (at, foot): (FrameTime, Point),
        bounds: &NormBox,
        (line, aspect): (&Polyline, f32),
    ) -> Option<f32> {
        self.go_over(at, line.crossings(self.foot, foot));
        (self.seen, self.bounds, self.foot) = (at, *bounds, foot);
        let heights = 1.0 / f64::from(bounds.height());
        let clearance = line.distance(foot, (f64::from(aspect) * heights, heights)) as f32;
        if self.net != 0 {
            self.most = self.most.max(clearance);
        }
        if clearance < CLEAR_OF {
            return None;
        }
        let was_clear = core::mem::replace(&mut self.clear, true);
        let (net, most) = (core::mem::take(&mut self.net), core::mem::take(&mut self.most));
        if net == 0 {
            return (most > 0.0 && was_clear).then_some(most);
        }
        let direction = if net > 0 { Direction::LeftToRight } else { Direction::RightToLeft };
        if was_clear {
            let (onset, decided) = (self.over, at);
            self.passage = Some(Passage { direction, onset, decided, clearance, told: false });
        }
        None
    }

    fn go_over(&mut self, at: FrameTime, crossings: i32) {
        let before = self.net.signum();
        self.net = self.net.saturating_add(crossings);
        if self.net.signum() != before {
            self.over = at;
        }
    }
}
