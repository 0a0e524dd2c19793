//! What can be wrong with a camera, and which view shows it.
//!
//! Promises: a frame shows at most one fault of the view, the one that explains most; every
//! threshold is a share of the picture. Refuses: deciding how long is long enough; the rule does.

use core::time::Duration;

use crate::scene::view::View;

/// Share of next to black pixels: more than this and no lamp, window or lit ground is left.
const BLACK: Bounds = Bounds { begin: 0.95, end: 0.90 };
/// Share of saturated pixels: a day's whole sky or a snowed-in street stays below it, since
/// exposure is made for the mean; sun or a torch in the lens does not.
const WHITE: Bounds = Bounds { begin: 0.70, end: 0.60 };
/// Share of the picture without an edge, while nothing better is known: a sheet before the lens.
const FLAT: Bounds = Bounds { begin: 0.97, end: 0.90 };
/// Share of the learnt structure out of its place: a crowd or a lorry over half of the picture
/// leaves the other half; a turned camera, even by a tenth of the picture, leaves a tenth or two by
/// chance.
const DISPLACED: Bounds = Bounds { begin: 0.75, end: 0.60 };
/// Loss of fine steps against contrast: sharpness varies by 0.15 with weather and encoding; a blur
/// of one pixel of the shrunk picture, a three-hundredth of its width, takes 0.4.
const BLURRED: Bounds = Bounds { begin: 0.30, end: 0.20 };
/// Contrast left of the learnt view below which something stands too near before the lens to be in
/// focus, and above which it is another view.
const IN_FRONT: f32 = 0.4;
/// Contrast below which sharpness says nothing: noise is sharp.
const FAINT: f32 = 0.25;
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
    /// 가려짐: something stands before the lens.
    Covered,
    /// 방향 틀어짐: the camera looks elsewhere.
    Moved,
    /// 초점 흐림: the picture has become soft.
    Defocused,
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
    pub const ALL: [Self; 7] = [
        Self::Lost,
        Self::Dark,
        Self::Blinded,
        Self::Covered,
        Self::Moved,
        Self::Defocused,
        Self::Frozen,
    ];

    /// Its word in configurations, alarms and recordings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Dark => "dark",
            Self::Blinded => "blinded",
            Self::Covered => "covered",
            Self::Moved => "moved",
            Self::Defocused => "defocused",
            Self::Frozen => "frozen",
        }
    }

    /// How long it has to last unless configured otherwise.
    ///
    /// Ten seconds are longer than a lorry passes, a torch points and a camera takes to find its
    /// exposure or to start a stream anew; a focus motor hunts, and a maintenance hand turns, for up
    /// to fifteen. A still scene can be the same to the bit from one key picture to the next, 1 to
    /// 4 s, and 10 s with the encoders that stretch them ("smart codec").
    #[must_use]
    pub const fn usual_time(self) -> Duration {
        match self {
            Self::Lost | Self::Dark | Self::Blinded | Self::Covered => Duration::from_secs(10),
            Self::Moved | Self::Defocused | Self::Frozen => Duration::from_secs(15),
        }
    }
}

/// The fault of the view in one frame; `told` is the one already told of, which ends later than it
/// began and keeps its name.
pub(crate) fn of_view(view: &View, told: Option<Fault>) -> Option<Evidence> {
    let measures = [
        (Fault::Dark, view.black, BLACK),
        (Fault::Blinded, view.white, WHITE),
        covered(view),
        (Fault::Defocused, softness(view), BLURRED),
        (Fault::Moved, view.likeness.map_or(0.0, |seen| seen.displaced), DISPLACED),
    ];
    let evidence =
        |(fault, value, Bounds { begin, .. })| Evidence { fault, value, threshold: begin };
    let goes_on = measures
        .into_iter()
        .find(|(fault, value, bounds)| told == Some(*fault) && *value >= bounds.end);
    let begins = || {
        let reached = |(fault, value, bounds): &(Fault, f32, Bounds)| {
            *value >= bounds.begin && is_plausible(*fault, view)
        };
        measures.into_iter().find(reached)
    };
    goes_on.or_else(begins).map(evidence)
}

/// With a learnt view by what has lost its place, else by what has no edges.
fn covered(view: &View) -> (Fault, f32, Bounds) {
    match view.likeness {
        Some(seen) => (Fault::Covered, seen.displaced, DISPLACED),
        None => (Fault::Covered, view.flat, FLAT),
    }
}

fn softness(view: &View) -> f32 {
    view.likeness.map_or(0.0, |seen| if seen.contrast < FAINT { 0.0 } else { 1.0 - seen.sharpness })
}

/// Whether a view whose structure is out of place shows this fault and not another.
fn is_plausible(fault: Fault, view: &View) -> bool {
    match (fault, view.likeness) {
        (Fault::Covered, Some(seen)) => seen.contrast < IN_FRONT && softness(view) < BLURRED.begin,
        (Fault::Moved, Some(seen)) => seen.contrast >= IN_FRONT,
        _ => true,
    }
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
