//! Where a box is and where it is going: a Kalman filter in units of the box itself.
//!
//! Every noise below is a fraction of the box's own width or height, so one set of numbers serves a
//! person near the camera and one far away, any picture shape and any frame rate: time enters only
//! as the seconds between two stamps. Plain arithmetic, no transcendental functions, so that every
//! processor gives the same bits.

use crate::geometry::{NormBox, Point};

/// How far a detector's box jumps about the true one: 1/20 of its size (DeepSORT, Wojke 2017).
const MEASUREMENT_DEVIATION: f32 = 0.05;
/// How fast a person changes pace: in one second by one own height, sideways by 2.5 own widths
/// (the same distance: a standing person is about 2.5 times as tall as wide).
const ACCELERATION: (f32, f32) = (2.5, 1.0);
/// How fast a newly seen person may already be going, in the same units per second.
const FIRST_SPEED: (f32, f32) = (2.5, 1.0);
/// How much a box's size may drift in one second: gait, posture, walking towards the camera.
const SIZE_DRIFT: f32 = 0.3;
/// How long an unseen object is believed to keep its pace; after that it is expected where it got
/// to, since people who vanish behind something often stop there.
const COAST_S: f32 = 1.0;

/// A followed box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Motion {
    x: Axis,
    y: Axis,
    width: Level,
    height: Level,
    unseen_s: f32,
}

impl Motion {
    /// A box seen for the first time, its pace unknown.
    pub(crate) fn new(seen: &NormBox) -> Self {
        let (width, height) = (seen.width(), seen.height());
        let center = seen.center();
        Self {
            x: Axis::new(center.x, width * MEASUREMENT_DEVIATION, width * FIRST_SPEED.0),
            y: Axis::new(center.y, height * MEASUREMENT_DEVIATION, height * FIRST_SPEED.1),
            width: Level::new(width),
            height: Level::new(height),
            unseen_s: 0.0,
        }
    }

    /// Moves the box on by `dt_s` seconds.
    pub(crate) fn predict(&mut self, dt_s: f32) {
        let moving_s = dt_s.min(COAST_S - self.unseen_s).max(0.0);
        self.unseen_s += dt_s;
        self.x.predict(moving_s, self.width.value * ACCELERATION.0);
        self.y.predict(moving_s, self.height.value * ACCELERATION.1);
        self.width.predict(moving_s);
        self.height.predict(moving_s);
    }

    /// Corrects the box by what was seen.
    pub(crate) fn correct(&mut self, seen: &NormBox) {
        let center = seen.center();
        self.x.correct(center.x, seen.width() * MEASUREMENT_DEVIATION);
        self.y.correct(center.y, seen.height() * MEASUREMENT_DEVIATION);
        self.width.correct(seen.width());
        self.height.correct(seen.height());
        self.unseen_s = 0.0;
    }

    /// The middle of the box, which may lie outside the picture.
    pub(crate) fn center(&self) -> Point {
        Point { x: self.x.position, y: self.y.position }
    }

    /// Width and height of the box, the picture's edge not cutting it.
    pub(crate) fn size(&self) -> (f32, f32) {
        (self.width.value, self.height.value)
    }

    /// How far off the middle may be: two standard deviations, at most one own size.
    pub(crate) fn slack(&self) -> (f32, f32) {
        let slack = |axis: &Axis, size: f32| (2.0 * axis.spread[0].max(0.0).sqrt()).min(size);
        (slack(&self.x, self.width.value), slack(&self.y, self.height.value))
    }

    /// Own widths a second to the right, own heights a second down.
    pub(crate) fn pace(&self) -> (f32, f32) {
        (self.x.speed / self.width.value, self.y.speed / self.height.value)
    }

    /// Seconds since it was last seen.
    pub(crate) const fn unseen_s(&self) -> f32 {
        self.unseen_s
    }

    /// The box as it is believed to be; `None` once it has left the picture.
    pub(crate) fn bounds(&self) -> Option<NormBox> {
        let (half_width, half_height) = (self.width.value / 2.0, self.height.value / 2.0);
        NormBox::new(
            self.x.position - half_width,
            self.y.position - half_height,
            self.x.position + half_width,
            self.y.position + half_height,
        )
    }
}

/// Position and speed along one side of the picture, with their joint uncertainty.
#[derive(Clone, Copy, Debug)]
struct Axis {
    position: f32,
    speed: f32,
    /// Variance of the position, covariance, variance of the speed.
    spread: [f32; 3],
}

impl Axis {
    fn new(position: f32, deviation: f32, speed_deviation: f32) -> Self {
        let spread = [deviation * deviation, 0.0, speed_deviation * speed_deviation];
        Self { position, speed: 0.0, spread }
    }

    /// Constant speed disturbed by white acceleration of this density (Bar-Shalom 2001, 6.2.2).
    fn predict(&mut self, dt: f32, acceleration: f32) {
        let [position, joint, speed] = self.spread;
        let noise = acceleration * acceleration;
        self.position += self.speed * dt;
        self.spread = [
            position + dt * (2.0 * joint + dt * speed) + noise * dt * dt * dt / 3.0,
            joint + dt * speed + noise * dt * dt / 2.0,
            speed + noise * dt,
        ];
    }

    fn correct(&mut self, seen: f32, deviation: f32) {
        let [position, joint, speed] = self.spread;
        let total = position + deviation * deviation;
        // A box of almost no width has no spread either; what is seen is then simply true.
        let (gain, speed_gain) =
            if total > 0.0 { (position / total, joint / total) } else { (1.0, 0.0) };
        let surprise = seen - self.position;
        self.position += gain * surprise;
        self.speed += speed_gain * surprise;
        self.spread = [position * (1.0 - gain), joint * (1.0 - gain), speed - speed_gain * joint];
    }
}

/// A size that drifts without a direction; its spread is in units of itself.
#[derive(Clone, Copy, Debug)]
struct Level {
    value: f32,
    spread: f32,
}

impl Level {
    fn new(value: f32) -> Self {
        Self { value, spread: MEASUREMENT_DEVIATION * MEASUREMENT_DEVIATION }
    }

    fn predict(&mut self, dt: f32) {
        self.spread += SIZE_DRIFT * SIZE_DRIFT * dt;
    }

    fn correct(&mut self, seen: f32) {
        let gain = self.spread / (self.spread + MEASUREMENT_DEVIATION * MEASUREMENT_DEVIATION);
        self.value += gain * (seen - self.value);
        self.spread *= 1.0 - gain;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person_at(x: f32) -> NormBox {
        NormBox::new(x - 0.02, 0.3, x + 0.02, 0.5).unwrap()
    }

    #[test]
    fn a_walker_is_expected_where_the_pace_leads_at_any_frame_rate() {
        for fps in [5.0_f32, 10.0, 30.0] {
            let mut motion = Motion::new(&person_at(0.2));
            let frames = (fps * 2.0) as u16;
            for frame in 1..=frames {
                motion.predict(1.0 / fps);
                motion.correct(&person_at(0.2 + 0.1 * f32::from(frame) / fps));
            }
            motion.predict(0.5);
            let x = motion.bounds().unwrap().center().x;
            assert!((x - 0.45).abs() < 0.01, "{fps} fps: expected at 0.45, got {x}");
        }
    }

    #[test]
    fn an_unseen_walker_stops_after_a_second() {
        let mut motion = Motion::new(&person_at(0.2));
        for frame in 1..=20u8 {
            motion.predict(0.1);
            motion.correct(&person_at(0.2 + 0.01 * f32::from(frame)));
        }
        for _ in 0..50 {
            motion.predict(0.1);
        }
        let x = motion.bounds().unwrap().center().x;
        assert!((x - 0.5).abs() < 0.02, "expected at 0.5, got {x}");
    }
}
