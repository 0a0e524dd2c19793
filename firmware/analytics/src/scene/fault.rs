//! What can be wrong with a camera, and which view shows it.
//!
//! Promises: a frame shows at most one fault of the view, the one that explains most; every
//! threshold is a share of the picture. Refuses: deciding how long is long enough; the rule does.

use core::time::Duration;

use crate::scene::view::View;

/// Share of next to black pixels: more than this and no lamp, window or lit ground is left.
const DARK: Bounds = Bounds { begin: 0.95, end: 0.90 };
/// Share of saturated pixels: a day's whole sky or a snowed-in street stays below it, since
/// exposure is made for the mean; sun or a torch in the lens does not.
const BLINDED: Bounds = Bounds { begin: 0.70, end: 0.60 };
/// Share of changed pixels at or below which two frames are the same picture.
const FROZEN: f32 = 0.0;

/// Something wrong with the camera; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// 영상 끊김: no pictures come.
    Lost,
    /// 너무 어두움: pictures come, next to black.
    Dark,
    /// 눈부심: pictures come, next to white.
    Blinded,
    /// 화면 멈춤: the same picture comes again and again.
    Frozen,
}

/// A view that shows a fault: the share that does, beside what it had to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Evidence {
    pub(crate) fault: Fault,
    pub(crate) value: f32,
    pub(crate) threshold: f32,
}

/// Where a fault begins, and where it ends: in between nothing changes.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    begin: f32,
    end: f32,
}

impl Fault {
    /// Every fault, the gravest first.
    pub const ALL: [Self; 4] = [Self::Lost, Self::Dark, Self::Blinded, Self::Frozen];

    /// Its word in configurations, alarms and recordings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Dark => "dark",
            Self::Blinded => "blinded",
            Self::Frozen => "frozen",
        }
    }

    /// How long it has to last unless configured otherwise.
    ///
    /// Ten seconds are longer than a lorry passes, a torch points and a camera takes to find its
    /// exposure or to start a stream anew. A still scene can be the same to the bit from one key
    /// picture to the next, 1 to 4 s, and 10 s with the encoders that stretch them ("smart codec").
    #[must_use]
    pub const fn usual_time(self) -> Duration {
        match self {
            Self::Lost | Self::Dark | Self::Blinded => Duration::from_secs(10),
            Self::Frozen => Duration::from_secs(15),
        }
    }
}

/// The fault of the view in one frame; `told` is the one already told of, which ends later than it
/// began.
pub(crate) fn of_view(view: &View, told: Option<Fault>) -> Option<Evidence> {
    let reached = |fault, value: f32, bounds: Bounds| {
        let threshold = if told == Some(fault) { bounds.end } else { bounds.begin };
        (value >= threshold).then_some(Evidence { fault, value, threshold: bounds.begin })
    };
    reached(Fault::Dark, view.black, DARK).or_else(|| reached(Fault::Blinded, view.white, BLINDED))
}

/// Whether a frame is the same picture as the one before.
pub(crate) fn is_frozen(view: &View) -> bool {
    view.changed.is_some_and(|changed| changed <= FROZEN)
}

/// A set of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults(u8);

impl Faults {
    /// All of them.
    pub const ALL: Self = Self((1 << Fault::ALL.len()) - 1);

    /// Whether `fault` is one of them.
    #[must_use]
    pub const fn contains(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u8) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self(faults.into_iter().fold(0, |bits, fault| bits | (1 << fault as u8)))
    }
}
