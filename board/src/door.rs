//! The door of the cabinet, which is also its tamper switch.
//!
//! The switch is normally closed and pulls its line low while the door is shut; a pull-up lifts the
//! line when the contact opens. A cut or unplugged wire therefore reads as an open door, which is
//! what a tamper switch is for.
//!
//! Promises: a contact that bounces for less than [`Debounce::SETTLE`] is not reported; the level is
//! reported once at the start, so that a door opened while the power was off is known.

use core::time::Duration;

use embedded_hal::digital::InputPin;

/// How the door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Shut, and the wire to its switch is whole.
    Closed,
    /// Open, or the wire is cut.
    Open,
}

/// Why the door is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// It is the first settled level since the start.
    Start,
    /// It has changed.
    Change,
}

/// How the door stands, and why that is said now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DoorReport {
    /// How it stands.
    pub door: Door,
    /// Why it is reported.
    pub occasion: Occasion,
}

/// Lets a level through once it has stood still.
#[derive(Clone, Debug, Default)]
pub struct Debounce {
    settled: Option<Door>,
    candidate: Option<(Door, Duration)>,
}

impl Debounce {
    /// How long a level has to stand still: contacts of door switches bounce for 1 to 20 ms, and a
    /// lorry that shakes the pole for a little longer.
    pub const SETTLE: Duration = Duration::from_millis(50);

    /// Takes the level read at `now`, a monotonic time from any fixed start.
    pub fn step(&mut self, now: Duration, read: Door) -> Option<DoorReport> {
        if self.settled == Some(read) {
            self.candidate = None;
            return None;
        }
        let since = match self.candidate {
            Some((door, since)) if door == read => since,
            _ => now,
        };
        self.candidate = Some((read, since));
        if now.saturating_sub(since) < Self::SETTLE {
            return None;
        }
        self.candidate = None;
        let occasion = match self.settled.replace(read) {
            None => Occasion::Start,
            Some(_) => Occasion::Change,
        };
        Some(DoorReport { door: read, occasion })
    }
}

/// The switch: a [`Debounce`] behind an input line.
pub(crate) struct DoorSwitch<P> {
    line: P,
    debounce: Debounce,
}

impl<P: InputPin> DoorSwitch<P> {
    /// A switch on `line`, low while the door is shut.
    pub(crate) fn new(line: P) -> Self {
        Self { line, debounce: Debounce::default() }
    }

    /// Reads the line at `now`.
    pub(crate) fn step(&mut self, now: Duration) -> Result<Option<DoorReport>, P::Error> {
        let read = if self.line.is_low()? { Door::Closed } else { Door::Open };
        Ok(self.debounce.step(now, read))
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;

    /// Plays `levels`, one each 10 ms (`_` shut, `^` open), and writes what is reported when:
    /// `60 Start Closed`.
    fn reports(levels: &str) -> Vec<String> {
        let mut debounce = Debounce::default();
        let times = (0u64..).step_by(10);
        levels
            .chars()
            .zip(times)
            .filter_map(|(level, ms)| {
                let read = if level == '_' { Door::Closed } else { Door::Open };
                let report = debounce.step(Duration::from_millis(ms), read)?;
                Some(format!("{ms} {:?} {:?}", report.occasion, report.door))
            })
            .collect()
    }

    #[test]
    fn transitions() {
        let table: [(&str, &str, &[&str]); 7] = [
            ("shut at the start", "________", &["50 Start Closed"]),
            ("open at the start", "^^^^^^^^", &["50 Start Open"]),
            ("too short to settle", "_____", &[]),
            ("bouncing at the start", "_^_^_______", &["90 Start Closed"]),
            ("opened", "______^^^^^^^", &["50 Start Closed", "110 Change Open"]),
            ("a shock of 40 ms", "______^^^^_______", &["50 Start Closed"]),
            ("bouncing open", "______^_^^_^^^^^^^", &["50 Start Closed", "160 Change Open"]),
        ];
        for (name, levels, expected) in table {
            assert_eq!(reports(levels), expected, "{name}");
        }
    }

    #[test]
    fn a_low_line_is_a_shut_door_and_a_high_one_an_open_door() {
        for (state, door) in [(State::Low, Door::Closed), (State::High, Door::Open)] {
            let mut line = Mock::new(&[Transaction::get(state), Transaction::get(state)]);
            let mut switch = DoorSwitch::new(line.clone());
            assert_eq!(switch.step(Duration::ZERO), Ok(None));
            let report = DoorReport { door, occasion: Occasion::Start };
            assert_eq!(switch.step(Debounce::SETTLE), Ok(Some(report)));
            line.done();
        }
    }
}
