//! One followed object.

use core::time::Duration;

use crate::detection::{Confidence, Detection, ObjectClass};
use crate::event::{Sights, TrackId};
use crate::geometry::NormBox;
use crate::time::FrameTime;
use crate::tracker::evidence::Evidence;
use crate::tracker::motion::Motion;
use crate::tracker::path::Path;

/// Sights above the start score before a track counts, and the least time between first and last
/// of them: one frame's flash is nothing at 5 frames a second, and neither at 30.
const CONFIRMING_SIGHTS: u32 = 2;
const CONFIRMING_TIME: Duration = Duration::from_millis(150);
/// How long an unconfirmed track has to be confirmed, and how long it may go unseen.
const UNCONFIRMED_LIFE: Duration = Duration::from_secs(1);
const UNCONFIRMED_UNSEEN: Duration = Duration::from_millis(300);
/// How long somebody hidden is waited for, and somebody who walked out of the picture.
pub(super) const HIDDEN: Duration = Duration::from_secs(3);
const GONE: Duration = Duration::from_secs(1);
/// The least pace towards an edge that means leaving, in own widths or heights per second: a slow
/// step, about 15 cm/s sideways.
const LEAVING_PACE: f32 = 0.25;

/// An object followed from frame to frame.
#[derive(Clone, Debug)]
pub struct Track {
    id: TrackId,
    class: ObjectClass,
    standing: Standing,
    bounds: NormBox,
    confidence: Confidence,
    /// The last score reached the one that starts a track.
    sure: bool,
    first_seen: FrameTime,
    last_seen: FrameTime,
    sights: u32,
    /// Frames with and without a detection of it.
    seen: u32,
    missed: u32,
    path: Path,
    evidence: Evidence,
    motion: Motion,
}

/// How sure the tracker is of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Seen too little to count.
    Tentative,
    /// Seen in this frame.
    Followed,
    /// Not seen in this frame, waited for.
    Lost,
}

impl Track {
    pub(crate) fn new(id: TrackId, now: FrameTime, seen: &Detection) -> Self {
        Self {
            id,
            class: seen.class,
            standing: Standing::Tentative,
            bounds: seen.bounds,
            confidence: seen.confidence,
            sure: true,
            first_seen: now,
            last_seen: now,
            sights: 1,
            seen: 1,
            missed: 0,
            path: Path::new(now, seen.bounds.foot()),
            evidence: Evidence::new(seen.bounds, seen.confidence),
            motion: Motion::new(&seen.bounds),
        }
    }

    /// Names the track for as long as the process lives.
    #[must_use]
    pub const fn id(&self) -> TrackId {
        self.id
    }

    /// What it is.
    #[must_use]
    pub const fn class(&self) -> ObjectClass {
        self.class
    }

    /// How sure the tracker is of it.
    #[must_use]
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Where it was when last seen, smoothed.
    #[must_use]
    pub const fn bounds(&self) -> &NormBox {
        &self.bounds
    }

    /// Where it was when first seen.
    pub(crate) const fn origin(&self) -> &NormBox {
        self.evidence.origin()
    }

    /// The detector's last score for it.
    #[must_use]
    pub const fn confidence(&self) -> Confidence {
        self.confidence
    }

    /// The frame it first stood in.
    #[must_use]
    pub const fn first_seen(&self) -> FrameTime {
        self.first_seen
    }

    /// The frame it last stood in.
    #[must_use]
    pub const fn last_seen(&self) -> FrameTime {
        self.last_seen
    }

    /// Where its feet were.
    #[must_use]
    pub const fn path(&self) -> &Path {
        &self.path
    }

    /// How well it has been seen so far.
    #[must_use]
    pub fn sights(&self) -> Sights {
        let scores = self.evidence.last_scores(Sights::MAX_SCORES);
        Sights { seen: self.seen, missed: self.missed, scores }
    }

    /// Whether it is a person rather than a thing that looks like one, for a detector that starts
    /// tracks at `start`.
    pub(crate) fn is_person(&self, start: Confidence) -> bool {
        self.class == ObjectClass::Person && self.evidence.is_person(start)
    }

    /// Whether it was last seen walking out over a side or the bottom of the picture. Not over the
    /// top: that cuts the heads of people near the camera, who are not leaving.
    fn was_leaving(&self) -> bool {
        let (sideways, down) = self.motion.pace();
        let cut = self.bounds.cut_by();
        (cut.left && sideways <= -LEAVING_PACE)
            || (cut.right && sideways >= LEAVING_PACE)
            || (cut.bottom && down >= LEAVING_PACE)
    }

    /// Whether it may be out of the picture: cut by a side or the bottom when last seen, and not
    /// surely seen now. An unsure sight there is the rest of somebody leaving as often as the
    /// background where they were.
    pub(crate) fn may_be_out(&self) -> bool {
        let cut = self.bounds.cut_by();
        let seen_surely = self.sure && self.standing == Standing::Followed;
        !seen_surely && (cut.left || cut.right || cut.bottom)
    }

    pub(crate) fn predict(&mut self, dt_s: f32) {
        self.motion.predict(dt_s);
    }

    pub(crate) const fn motion(&self) -> &Motion {
        &self.motion
    }

    /// Takes in a sight of it.
    pub(crate) fn see(&mut self, now: FrameTime, seen: &Detection, start: Confidence) {
        self.seen = self.seen.saturating_add(1);
        self.motion.correct(&seen.bounds);
        self.bounds = self.motion.bounds().unwrap_or(seen.bounds);
        self.confidence = seen.confidence;
        self.last_seen = now;
        self.path.push(now, self.bounds.foot());
        self.evidence.add(&self.bounds, seen.confidence);
        self.sure = seen.confidence >= start;
        if self.sure {
            self.sights = self.sights.saturating_add(1);
        }
        let sure =
            self.sights >= CONFIRMING_SIGHTS && now.since(self.first_seen) >= CONFIRMING_TIME;
        if self.standing != Standing::Tentative || sure {
            self.standing = Standing::Followed;
        }
    }

    /// Takes in that it was not seen.
    pub(crate) fn miss(&mut self) {
        self.missed = self.missed.saturating_add(1);
        if self.standing == Standing::Followed {
            self.standing = Standing::Lost;
        }
    }

    /// Whether it need not be waited for any longer.
    pub(crate) fn is_over(&self, now: FrameTime) -> bool {
        let unseen = now.since(self.last_seen);
        match self.standing {
            Standing::Followed => false,
            Standing::Tentative => {
                unseen > UNCONFIRMED_UNSEEN || now.since(self.first_seen) > UNCONFIRMED_LIFE
            }
            Standing::Lost if self.was_leaving() => unseen > GONE,
            Standing::Lost => unseen > HIDDEN,
        }
    }
}
