//! Heat: how often the detector may look, by how hot the box is.
//!
//! A value: it is told temperatures and gives the least time between looks. Processors of these boxes
//! slow themselves down, all of their work alike, from 80 to 95 degrees Celsius on; looking less often
//! before that leaves the stream, the spool and the uplink their speed. A step is taken back five
//! degrees below where it was taken, so that a box at the edge does not go to and fro.

use std::time::Duration;

/// From here on every second picture of the usual rate, in degrees Celsius.
const HOT: f32 = 80.0;
/// From here on every fourth.
const VERY_HOT: f32 = 90.0;
/// How far it must cool before a step is taken back.
const COOLED: f32 = 5.0;

/// The least time between looks when it is hot, and when it is very hot.
const INTERVALS: [Duration; 2] = [Duration::from_millis(200), Duration::from_millis(400)];

/// How many steps have been taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heat {
    steps: usize,
}

impl Heat {
    /// The box is `celsius` hot; without a sensor it is never too hot.
    pub fn step(&mut self, celsius: Option<f32>) {
        let celsius = celsius.unwrap_or(f32::NEG_INFINITY);
        let limits = [HOT, VERY_HOT];
        while self.steps < limits.len() && celsius >= limits[self.steps] {
            self.steps += 1;
        }
        while self.steps > 0 && celsius < limits[self.steps - 1] - COOLED {
            self.steps -= 1;
        }
    }

    /// The least time between two looks.
    #[must_use]
    pub const fn least_interval(self) -> Duration {
        match self.steps {
            0 => Duration::ZERO,
            steps => INTERVALS[steps - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_get_rarer_as_it_gets_hotter_and_a_step_is_held_until_it_has_cooled() {
        let mut heat = Heat::default();
        for (celsius, expected_ms) in [
            (Some(60.0), 0),
            (Some(79.9), 0),
            (Some(80.0), 200),
            (Some(76.0), 200),
            (Some(91.0), 400),
            (Some(86.0), 400),
            (Some(84.0), 200),
            (Some(74.9), 0),
            (Some(95.0), 400),
            (Some(f32::NAN), 400),
            (None, 0),
        ] {
            heat.step(celsius);
            let expected = Duration::from_millis(expected_ms);
            assert_eq!(heat.least_interval(), expected, "at {celsius:?}");
        }
    }
}
