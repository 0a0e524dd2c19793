//! The status lamp's language: which status blinks how.
//!
//! Promises: a [`Blinker`] is a value; the same statuses at the same times give the same light. One
//! lamp without colour has to say seven things, so each pattern is told by its count or its rhythm,
//! and none is a steady light or a steady dark: a lamp that stands still is a box that hangs.

use core::time::Duration;

/// What the lamp can say, least to most urgent: of several, the greatest is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Watching, and the control room hears.
    Ok,
    /// Alarms are kept on the box: the broker cannot be reached.
    NoBroker,
    /// Nothing is watched: the camera sends no pictures.
    NoCamera,
    /// Starting; nothing is known yet.
    Booting,
    /// An update is being installed: do not cut the power.
    Updating,
    /// The box cannot do its work without somebody's help.
    Fault,
    /// Somebody asked which of these boxes it is.
    Identify,
}

impl Status {
    /// Every status, least urgent first.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::NoBroker,
        Self::NoCamera,
        Self::Booting,
        Self::Updating,
        Self::Fault,
        Self::Identify,
    ];

    /// The rhythm in milliseconds, beginning with light, then dark, light, dark...; repeated for
    /// ever. Always an even number of spans.
    #[must_use]
    pub const fn rhythm_ms(self) -> &'static [u16] {
        match self {
            // Lit, with a wink every two seconds.
            Self::Ok => &[1900, 100],
            // Three flashes and a pause.
            Self::NoBroker => &[150, 200, 150, 200, 150, 1150],
            // Two flashes and a pause.
            Self::NoCamera => &[150, 200, 150, 1500],
            // Slow and even.
            Self::Booting => &[500, 500],
            // Long, short.
            Self::Updating => &[700, 150, 150, 150],
            // Fast and even.
            Self::Fault => &[100, 100],
            // A rattle of five, then a breath.
            Self::Identify => &[60, 60, 60, 60, 60, 60, 60, 60, 60, 660],
        }
    }
}

/// Whether the lamp is lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Lit.
    On,
    /// Not lit.
    Off,
}

/// Turns a status into light over time. A new status starts its rhythm at its first light.
#[derive(Clone, Debug)]
pub struct Blinker {
    status: Status,
    since: Option<Duration>,
}

impl Blinker {
    /// A lamp that says `status`.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        Self { status, since: None }
    }

    /// Says `status` from the next step on; saying the same again does not disturb the rhythm.
    pub fn show(&mut self, status: Status) {
        if status != self.status {
            *self = Self::new(status);
        }
    }

    /// The light at `now`, a monotonic time from any fixed start.
    pub fn step(&mut self, now: Duration) -> Light {
        let since = *self.since.get_or_insert(now);
        let rhythm = self.status.rhythm_ms();
        let period_ms: u128 = rhythm.iter().map(|&span| u128::from(span)).sum();
        let mut into_ms = now.saturating_sub(since).as_millis() % period_ms;
        let mut light = Light::On;
        for &span_ms in rhythm {
            let span_ms = u128::from(span_ms);
            if into_ms < span_ms {
                break;
            }
            into_ms -= span_ms;
            light = if light == Light::On { Light::Off } else { Light::On };
        }
        light
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The light of each 50 ms of `length_ms`, `#` lit and `.` dark, with `status` shown from the
    /// start.
    fn drawn(status: Status, length_ms: u64) -> String {
        let mut blinker = Blinker::new(status);
        (0..length_ms)
            .step_by(50)
            .map(|ms| match blinker.step(Duration::from_millis(7000 + ms)) {
                Light::On => '#',
                Light::Off => '.',
            })
            .collect()
    }

    #[test]
    fn each_status_blinks_as_the_table_says() {
        let table = [
            (Status::Ok, "######################################..######"),
            (Status::NoBroker, "###....###....###.......................###.."),
            (Status::NoCamera, "###....###..............................###."),
            (Status::Booting, "##########..........##########.........."),
            (Status::Updating, "##############...###...##############...###..."),
            (Status::Fault, "##..##..##..##.."),
        ];
        for (status, expected) in table {
            assert_eq!(drawn(status, expected.len() as u64 * 50), expected, "{status:?}");
        }
    }

    #[test]
    fn no_status_is_a_light_that_stands_still_and_no_two_are_alike() {
        let all = Status::ALL.map(|status| drawn(status, 4000));
        for (index, one) in all.iter().enumerate() {
            assert!(one.contains('#') && one.contains('.'), "{:?}", Status::ALL[index]);
            assert!(!all[..index].contains(one), "{:?}", Status::ALL[index]);
        }
        for status in Status::ALL {
            assert_eq!(status.rhythm_ms().len() % 2, 0, "{status:?}");
        }
    }

    #[test]
    fn a_new_status_starts_lit_and_the_same_one_goes_on() {
        let at = Duration::from_millis;
        let mut blinker = Blinker::new(Status::Booting);
        assert_eq!(blinker.step(at(0)), Light::On);
        blinker.show(Status::Booting);
        assert_eq!(blinker.step(at(600)), Light::Off);
        blinker.show(Status::Fault);
        assert_eq!(blinker.step(at(650)), Light::On);
        assert_eq!(blinker.step(at(750)), Light::Off);
    }

    #[test]
    fn identify_is_more_urgent_than_a_fault_and_a_fault_than_anything_else() {
        assert!(Status::ALL.is_sorted());
        assert_eq!([Status::Fault, Status::NoCamera].into_iter().max(), Some(Status::Fault));
    }
}
