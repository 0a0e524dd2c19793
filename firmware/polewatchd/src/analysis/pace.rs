//! The pace: how often the analysis takes a picture, and what health is told of the detector.
//!
//! The daemon's main thread says how hot the box is; the analysis says what detects. Neither waits for
//! the other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use analytics::time::FrameTime;

use crate::heat::Heat;

/// A picture that comes this much of the interval after the last is late enough: cameras shake.
const NEARLY: f64 = 0.8;

/// What detects now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DetectorStatus {
    /// Model, engine and why; empty until the first picture.
    pub running: String,
    /// What is the matter with the NPU, while the CPU stands in for it.
    pub trouble: Option<String>,
}

/// Where the two threads leave each other word.
#[derive(Clone, Debug, Default)]
pub struct DetectorBoard(Arc<Mutex<(DetectorStatus, Heat)>>);

/// Lets pictures through.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    last: Option<FrameTime>,
}

impl DetectorBoard {
    /// What the analysis said last, and how hot the box is.
    #[must_use]
    pub fn read(&self) -> (DetectorStatus, Heat) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The main thread's word.
    pub fn warm(&self, celsius: Option<f32>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.step(celsius);
    }

    /// The analysis' word, written only when it differs; gives how hot the box is.
    pub fn tell(&self, running: impl FnOnce() -> String, trouble: Option<&str>) -> Heat {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (status, heat) = &mut *board;
        if status.running.is_empty() || status.trouble.as_deref() != trouble {
            *status = DetectorStatus { running: running(), trouble: trouble.map(str::to_owned) };
        }
        *heat
    }
}

impl Pace {
    /// Whether the picture of `time` is taken, when there should be `interval` between two.
    pub fn takes(&mut self, time: FrameTime, interval: Duration) -> bool {
        let early = self.last.is_some_and(|last| {
            // Time that goes back begins anew.
            time >= last && time < last.plus(interval.mul_f64(NEARLY))
        });
        if !early {
            self.last = Some(time);
        }
        !early
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_pass_at_the_interval_whatever_the_camera_shakes() {
        let times = (0..40_u64).map(|n| n * 100_000 + [0, 15_000, 5_000][n as usize % 3]);
        for (interval_ms, expected) in [(0, 40), (200, 20), (400, 10)] {
            let mut pace = Pace::default();
            let interval = Duration::from_millis(interval_ms);
            let taken = times
                .clone()
                .filter(|&micros| pace.takes(FrameTime::from_micros(micros), interval))
                .count();
            assert_eq!(taken, expected, "every {interval_ms} ms");
        }
    }

    #[test]
    fn health_reads_what_changed() {
        let board = DetectorBoard::default();
        board.tell(|| "npu".to_owned(), None);
        board.tell(|| panic!("nothing changed"), None);
        board.tell(|| "cpu".to_owned(), Some("crashed"));
        board.warm(Some(85.0));
        let (status, heat) = board.read();
        assert_eq!((status.running.as_str(), status.trouble.as_deref()), ("cpu", Some("crashed")));
        assert!(heat.least_interval() > Duration::ZERO);
    }
}
