//! The analysis rate: which decoded pictures are looked at.
//!
//! Promises: decided by stamps alone, so two runs over one recording pick the same pictures; the
//! rate is kept on average whatever the camera's own rate is, and a camera slower than the rate
//! loses no picture. Refuses: waiting, copying, inventing pictures.

use std::time::Duration;

use analytics::time::FrameTime;

/// How much before its due time a picture may be taken, as a part of the interval. Wide enough for
/// a camera that shakes by a third of an interval; not a whole fraction, so that no common camera
/// rate puts a picture exactly on the edge, where rounding would decide.
const EARLY: f64 = 0.4;

/// Picks pictures by their stamps.
#[derive(Clone, Debug)]
pub(super) struct RateGate {
    interval: Duration,
    early: Duration,
    due: Option<FrameTime>,
}

impl RateGate {
    /// A gate of `fps` pictures per second of stream time, more than 0.
    #[must_use]
    pub(super) fn new(fps: f64) -> Self {
        let interval = Duration::from_secs_f64(1.0 / fps.clamp(0.01, 1000.0));
        Self { interval, early: interval.mul_f64(EARLY), due: None }
    }

    /// Whether the picture stamped `time` is looked at. Stamps that go back are never picked.
    pub(super) fn pick(&mut self, time: FrameTime) -> bool {
        let Some(due) = self.due else {
            self.due = Some(time.plus(self.interval));
            return true;
        };
        if time.plus(self.early) < due {
            return false;
        }
        // The grid goes on; after a gap it starts anew, else the gap would be made up in a burst.
        let next = due.plus(self.interval);
        self.due = Some(if next <= time { time.plus(self.interval) } else { next });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps in microseconds of `count` pictures at `fps`, rounded as a container rounds them.
    fn camera(fps: f64, count: u32) -> impl Iterator<Item = FrameTime> {
        (0..count).map(move |n| FrameTime::from_micros((f64::from(n) * 1e6 / fps).round() as u64))
    }

    fn picked(rate: f64, stamps: impl Iterator<Item = FrameTime>) -> Vec<FrameTime> {
        let mut gate = RateGate::new(rate);
        stamps.filter(|&time| gate.pick(time)).collect()
    }

    #[test]
    fn keeps_the_rate_of_every_camera() {
        for camera_fps in [5.0, 6.25, 8.0, 10.0, 12.0, 12.5, 15.0, 20.0, 24.0, 25.0, 29.97, 30.0] {
            for rate in [1.0, 2.5, 5.0, 10.0, 15.0, 30.0] {
                let seconds = 20.0;
                let picks = picked(rate, camera(camera_fps, (camera_fps * seconds) as u32)).len();
                let expected = f64::min(camera_fps, rate) * seconds;
                assert!(
                    (picks as f64 - expected).abs() <= 1.0,
                    "camera {camera_fps} fps, rate {rate}: {picks} picks, expected {expected}"
                );
            }
        }
    }

    #[test]
    fn spaces_picks_evenly_when_the_camera_is_a_multiple() {
        for (camera_fps, rate, step_us) in
            [(30.0, 10.0, 100_000), (20.0, 10.0, 100_000), (25.0, 5.0, 200_000)]
        {
            let picks = picked(rate, camera(camera_fps, 300));
            for pair in picks[1..].windows(2) {
                let step = pair[1].as_micros() - pair[0].as_micros();
                assert!(step.abs_diff(step_us) <= 1, "{camera_fps} fps at {rate}: step {step}");
            }
        }
    }

    #[test]
    fn a_camera_that_shakes_by_a_third_loses_no_picture() {
        let stamps = (0..200_u64).map(|n| {
            let shake = [0_i64, 33_000, -20_000, 15_000][n as usize % 4];
            FrameTime::from_micros((n * 100_000 + 100_000).saturating_add_signed(shake))
        });
        assert_eq!(picked(10.0, stamps).len(), 200);
    }

    #[test]
    fn a_gap_is_not_made_up_in_a_burst() {
        let stamps = camera(30.0, 30).chain((0..30).map(|n| {
            FrameTime::from_micros(60_000_000 + (f64::from(n) * 1e6 / 30.0).round() as u64)
        }));
        // One early pick at most on either side of the gap.
        let picks = picked(10.0, stamps).len();
        assert!((20..=22).contains(&picks), "{picks} picks in two seconds");
    }

    #[test]
    fn stamps_that_go_back_are_not_picked() {
        let mut gate = RateGate::new(10.0);
        assert!(gate.pick(FrameTime::from_micros(1_000_000)));
        assert!(!gate.pick(FrameTime::from_micros(500_000)));
        assert!(gate.pick(FrameTime::from_micros(1_100_000)));
    }
}
