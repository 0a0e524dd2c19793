//! What goes wrong when: drawn from a seed, so that a campaign can be run again.
//!
//! The draws are splitmix64 (Steele, Lea and Flood 2014). Promises: one seed, one plan. Refuses:
//! clocks; how long things really take is the campaign's business, and differs from run to run.

use std::time::Duration;

use crate::proxy::Treatment;

/// A process that can be killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Victim {
    /// The box.
    Daemon,
    /// The broker.
    Broker,
    /// The control room.
    Room,
}

impl Victim {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Daemon, Self::Broker, Self::Room];
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// A process is killed (SIGKILL) and stays away for a while.
    Kill {
        /// Which.
        victim: Victim,
        /// For how long.
        away: Duration,
    },
    /// The box is killed at a named point, and stays away for a while.
    KillAt {
        /// Which point.
        point: Point,
        /// For how long.
        away: Duration,
    },
    /// The line between box and broker is treated badly for a while.
    Line {
        /// How.
        treatment: Treatment,
        /// For how long.
        lasting: Duration,
    },
    /// Every connection between box and broker is closed.
    Drop,
}

/// A point of the daemon's life at which it is killed: within some ten milliseconds after its log has
/// told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// It has started: the detector is open, the spool is next.
    Starting,
    /// The spool is open.
    SpoolOpen,
    /// An alarm is on disk and not sent.
    AlarmOnDisk,
    /// The broker has accepted it; what was on its way is sent again.
    Connected,
}

impl Point {
    /// Every point.
    pub const ALL: [Self; 4] =
        [Self::Starting, Self::SpoolOpen, Self::AlarmOnDisk, Self::Connected];

    /// What the daemon's log says there.
    #[must_use]
    pub const fn line(self) -> &'static str {
        match self {
            Self::Starting => "detector:",
            Self::SpoolOpen => "spool:",
            Self::AlarmOnDisk => "alarm on disk",
            Self::Connected => "connected to the broker",
        }
    }
}

/// Numbers drawn from a seed.
#[derive(Clone, Debug)]
pub struct Draws {
    state: u64,
}

impl Draws {
    /// The draws of `seed`.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number, below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// The plan: an endless row of faults, each after a pause.
#[derive(Clone, Debug)]
pub struct Plan {
    draws: Draws,
}

impl Plan {
    /// The plan of `seed`.
    #[must_use]
    pub const fn of_seed(seed: u64) -> Self {
        Self { draws: Draws::of_seed(seed) }
    }

    /// The next fault and how long to wait before it.
    pub fn draw(&mut self) -> (Duration, Fault) {
        (self.milliseconds(50, 900), self.fault())
    }

    /// How long the door keeps standing as it does: the load of alarms.
    pub fn door(&mut self) -> Duration {
        self.milliseconds(80, 240)
    }

    fn fault(&mut self) -> Fault {
        match self.below(8) {
            0 => Fault::Drop,
            1 => Fault::Line { treatment: self.treatment(), lasting: self.milliseconds(100, 1500) },
            _ => self.kill(),
        }
    }

    fn kill(&mut self) -> Fault {
        let victim = Victim::ALL[self.below(3) as usize];
        let away = self.milliseconds(0, 1200);
        if victim == Victim::Daemon && self.below(2) == 0 {
            let point = Point::ALL[self.below(Point::ALL.len() as u64) as usize];
            return Fault::KillAt { point, away };
        }
        Fault::Kill { victim, away }
    }

    fn treatment(&mut self) -> Treatment {
        match self.below(5) {
            0 => Treatment::Delay(self.milliseconds(10, 400)),
            1 => Treatment::Throttle(1000 + self.below(20_000) as u32),
            2 => Treatment::HalfOpen,
            3 => Treatment::CutAfter(self.below(3000) as usize),
            _ => Treatment::Refuse,
        }
    }

    fn milliseconds(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least))
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.draws.below(limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_is_one_plan_and_holds_every_kind_of_fault() {
        let draws = |seed| {
            let mut plan = Plan::of_seed(seed);
            (0..400).map(|_| plan.draw()).collect::<Vec<_>>()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
        for victim in Victim::ALL {
            let kills = draws(7).into_iter().filter(
                |(_, fault)| matches!(fault, Fault::Kill { victim: v, .. } if *v == victim),
            );
            assert!(kills.count() > 25, "{victim:?}");
        }
        for point in Point::ALL {
            let named = |(_, fault): &(Duration, Fault)| matches!(fault, Fault::KillAt { point: at, .. } if *at == point);
            assert!(draws(7).iter().any(named), "{point:?}");
        }
        assert!(draws(7).iter().any(|(_, fault)| *fault == Fault::Drop));
    }
}
