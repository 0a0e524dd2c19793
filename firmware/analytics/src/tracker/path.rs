//! The way an object took: times and places, evenly thinned to a fixed length.

use crate::geometry::Point;
use crate::time::FrameTime;

/// Where an object's feet were, oldest first. Never holds more than [`Path::CAPACITY`] points: when
/// it is full, every second one goes and only every second frame is kept from then on.
#[derive(Clone, Debug)]
pub struct Path {
    points: Vec<(FrameTime, Point)>,
    newest: (FrameTime, Point),
    /// Frames between two kept points.
    stride: u32,
    skipped: u32,
}

impl Path {
    /// The most points kept, besides the newest.
    pub const CAPACITY: usize = 32;

    pub(crate) fn new(now: FrameTime, foot: Point) -> Self {
        Self { points: vec![(now, foot)], newest: (now, foot), stride: 1, skipped: 0 }
    }

    pub(crate) fn push(&mut self, now: FrameTime, foot: Point) {
        self.newest = (now, foot);
        self.skipped += 1;
        if self.skipped < self.stride {
            return;
        }
        if self.points.len() == Self::CAPACITY {
            let mut index = 0;
            self.points.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            // Saturates after centuries of frames; the path then simply stops thinning further.
            self.stride = self.stride.saturating_mul(2);
        }
        self.skipped = 0;
        self.points.push(self.newest);
    }

    /// At most `most` points, oldest first, spread evenly, the newest always among them.
    #[must_use]
    pub fn thinned(&self, most: usize) -> Vec<(FrameTime, Point)> {
        let Some(rest) = most.checked_sub(1) else { return Vec::new() };
        let older = self.points.iter().take_while(|point| point.0 < self.newest.0).count();
        let kept = older.min(rest);
        let mut thinned: Vec<_> =
            (0..kept).map(|index| self.points[index * older / kept]).collect();
        thinned.push(self.newest);
        thinned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> FrameTime {
        FrameTime::from_micros(ms * 1000)
    }

    #[test]
    fn a_long_path_keeps_its_first_and_newest_point_and_even_steps() {
        let mut path = Path::new(at(0), Point::default());
        for frame in 1..=10_000 {
            path.push(at(frame * 100), Point::default());
            assert!(path.points.len() <= Path::CAPACITY);
        }
        let times: Vec<u64> =
            path.thinned(16).iter().map(|point| point.0.as_micros() / 100_000).collect();
        assert_eq!((times.len(), times[0], times[15]), (16, 0, 10_000));
        let steps = times[..15].windows(2).map(|pair| pair[1] - pair[0]);
        assert!(steps.clone().max() <= steps.min().map(|least| least * 2));
    }

    #[test]
    fn a_short_path_is_whole() {
        let mut path = Path::new(at(0), Point::default());
        path.push(at(100), Point::default());
        let times: Vec<FrameTime> = path.thinned(16).iter().map(|point| point.0).collect();
        assert_eq!(times, [at(0), at(100)]);
        assert_eq!(path.thinned(1).len(), 1);
        assert!(path.thinned(0).is_empty());
    }
}
