//! The status lamp: a [`Blinker`] on an output line.

use core::time::Duration;

use embedded_hal::digital::OutputPin;

use crate::blink::{Blinker, Light, Status};

/// Drives one lamp, lit when its line is high. The line is only touched when the light changes.
pub(crate) struct Lamp<P> {
    line: P,
    blinker: Blinker,
    shown: Option<Light>,
}

impl<P: OutputPin> Lamp<P> {
    /// A lamp on `line` that says [`Status::Booting`].
    pub(crate) fn new(line: P) -> Self {
        Self { line, blinker: Blinker::new(Status::Booting), shown: None }
    }

    /// Says `status` from the next step on.
    pub(crate) fn show(&mut self, status: Status) {
        self.blinker.show(status);
    }

    /// Sets the line for `now`. A line that could not be set is set again at the next step.
    pub(crate) fn step(&mut self, now: Duration) -> Result<(), P::Error> {
        let light = self.blinker.step(now);
        if self.shown == Some(light) {
            return Ok(());
        }
        self.shown = None;
        match light {
            Light::On => self.line.set_high()?,
            Light::Off => self.line.set_low()?,
        }
        self.shown = Some(light);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal_mock::eh1::MockError;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_line_is_set_once_for_each_change_of_light() {
        let mut line = Mock::new(&[
            Transaction::set(State::High),
            Transaction::set(State::Low),
            Transaction::set(State::High),
        ]);
        let mut lamp = Lamp::new(line.clone());
        for ms in (0..1100).step_by(20) {
            lamp.step(at(ms)).unwrap();
        }
        line.done();
    }

    #[test]
    fn a_line_that_failed_is_set_again_at_the_next_step() {
        let broken = MockError::Io(std::io::ErrorKind::BrokenPipe);
        let mut line = Mock::new(&[
            Transaction::set(State::High).with_error(broken),
            Transaction::set(State::High),
        ]);
        let mut lamp = Lamp::new(line.clone());
        assert!(lamp.step(at(0)).is_err());
        assert!(lamp.step(at(20)).is_ok());
        assert!(lamp.step(at(40)).is_ok());
        line.done();
    }
}
