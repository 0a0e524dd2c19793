//! Somebody on the ground who stood just before: from the first sight there until they have got up
//! or are lost for good.

use core::time::Duration;

use crate::detection::{Confidence, Detection};
use crate::event::Sights;
use crate::geometry::NormBox;
use crate::rule::Scene;
use crate::rule::falldown::bearing::Shown;
use crate::rule::falldown::glimpses::Glimpses;
use crate::rule::falldown::stance::Measure;
use crate::time::FrameTime;

/// The longest time from the last sight of somebody upright to the first of them on the ground.
/// Toppling over takes 0.8 s and a collapse over the knees 1.5 s; lying down takes longer.
pub(super) const DESCENT: Duration = Duration::from_millis(1500);
/// The same for a body the picture's bottom cuts. Walking out there brings the head down too, by
/// half a height a second; falling does it in a third of that time.
const DESCENT_CUT: Duration = Duration::from_millis(700);
/// How long somebody down is looked for in vain before the alarm.
const UNSEEN: Duration = Duration::from_millis(1500);
/// The same after it.
const HIDDEN: Duration = Duration::from_secs(10);
/// How long somebody must stand again to have got up.
const UP_AGAIN: Duration = Duration::from_millis(500);
/// The least looks that must have seen somebody on the ground.
const LOOKS: u32 = 3;
/// How long somebody must be unclear to see before a closer look.
pub(super) const UNCLEAR: Duration = Duration::from_millis(200);
/// The share of one body inside another on the ground that makes them one.
const ONE_PLACE: f32 = 0.2;
/// The IoU of two sights of one body.
const SAME: f32 = 0.6;

/// Somebody on the ground.
#[derive(Clone, Debug)]
pub(super) struct Fall {
    pub(super) measure: Measure,
    /// The first sight on the ground.
    pub(super) onset: FrameTime,
    /// The newest.
    pub(super) body: Detection,
    newest: FrameTime,
    first: NormBox,
    looks: u32,
    /// How well the body was seen.
    pub(super) sights: Sights,
    /// One of the sights was sure.
    sure: bool,
    /// How many poses showed them on the ground.
    posed: u32,
    /// Their last sure pose showed them up.
    up: bool,
    risen_since: Option<FrameTime>,
    /// The alarm was given.
    pub(super) told: bool,
}

impl Fall {
    /// The fall of somebody who stood as `measure` says, if one of `bodies` shows it.
    pub(super) fn begin(scene: &Scene<'_>, measure: Measure, bodies: &[Detection]) -> Option<Self> {
        let since = scene.now.since(measure.upright);
        let body = bodies.iter().find(|body| since <= longest_descent(&body.bounds))?;
        Some(Self::new(scene, measure, *body))
    }

    /// The same of somebody whose pose shows them on the ground.
    pub(super) fn begin_posed(
        scene: &Scene<'_>,
        measure: Measure,
        body: Detection,
    ) -> Option<Self> {
        let fall = Self::begin(scene, measure, &[body])?;
        Some(Self { sure: true, posed: 1, ..fall })
    }

    /// How long they have been seen on the ground.
    pub(super) fn seen_down(&self) -> Duration {
        self.newest.since(self.onset)
    }

    /// Whether enough looks saw somebody there, one of them surely.
    pub(super) fn is_sure(&self) -> bool {
        self.sure && self.looks.saturating_add(self.posed) >= LOOKS
    }

    /// Whether a pose has shown them on the ground.
    pub(super) const fn is_posed(&self) -> bool {
        self.posed > 0
    }

    /// Whether their last sure pose showed them up.
    pub(super) const fn was_up(&self) -> bool {
        self.up
    }

    /// Whether their pose is wanted: until the alarm, and to be sure that they have got up.
    pub(super) const fn wants_pose(&self) -> bool {
        !self.told || self.risen_since.is_some()
    }

    /// Whether a closer look is wanted: they were not seen just now, or by too few looks.
    pub(super) fn is_unclear(&self, now: FrameTime) -> bool {
        !self.told && (self.looks < LOOKS || now.since(self.newest) >= UNCLEAR)
    }

    /// Whether a box shows the body where it lies.
    pub(super) fn is_at(&self, bounds: &NormBox) -> bool {
        bounds.iou(&self.body.bounds) >= SAME || bounds.iou(&self.first) >= SAME
    }

    /// Takes in one frame: its glimpses of somebody who was last seen upright at `last`, and what
    /// their pose shows. A pose settles what boxes leave open: boxes of a body that lies towards
    /// the camera rise, boxes of somebody who squats may lie low.
    pub(super) fn step(
        &mut self,
        scene: &Scene<'_>,
        glimpses: &Glimpses<'_>,
        last: &NormBox,
        shown: Option<&Shown>,
    ) {
        let up = shown.is_some_and(Shown::is_up);
        self.up = up || (self.up && shown.is_none());
        let (bodies, risen) = glimpses.judged(&self.measure, last);
        let seen = bodies.into_iter().find(|body| !up && self.is_theirs(scene.now, body));
        let posed = shown.and_then(|shown| shown.body(scene.now));
        let posed = posed.filter(|body| is_one_place(&self.first, &body.bounds));
        if let Some(body) = seen.or(posed) {
            self.lie(scene, body);
            if posed.is_some() {
                (self.sure, self.posed) = (true, self.posed.saturating_add(1));
            }
            return;
        }
        self.sights.missed = self.sights.missed.saturating_add(1);
        if up || (risen && shown.is_none()) {
            self.risen_since.get_or_insert(scene.now);
        }
    }

    /// Whether they have got up, or are lost for good.
    pub(super) fn is_over(&self, now: FrameTime) -> bool {
        let unseen = if self.told { HIDDEN } else { UNSEEN };
        self.risen_since.is_some_and(|since| now.since(since) >= UP_AGAIN)
            || now.since(self.newest) > unseen
    }

    fn new(scene: &Scene<'_>, measure: Measure, body: Detection) -> Self {
        Self {
            measure,
            onset: scene.now,
            body,
            newest: scene.now,
            first: body.bounds,
            looks: 1,
            sights: Sights { seen: 1, missed: 0, scores: vec![body.confidence] },
            sure: body.confidence >= scene.start_confidence,
            posed: 0,
            up: false,
            risen_since: None,
            told: false,
        }
    }

    fn lie(&mut self, scene: &Scene<'_>, body: Detection) {
        if !is_one_place(&self.first, &body.bounds) {
            *self = Self::new(scene, self.measure, body);
            return;
        }
        // What has not changed is not looked at again: its last sight stands for it.
        let looked = body != self.body && body.bounds != self.first;
        self.looks = self.looks.saturating_add(u32::from(looked));
        self.sure |= body.confidence >= scene.start_confidence;
        (self.body, self.newest, self.risen_since) = (body, scene.now, None);
        self.note(body.confidence);
    }

    fn note(&mut self, score: Confidence) {
        if self.sights.scores.len() == Sights::MAX_SCORES {
            self.sights.scores.remove(0);
        }
        self.sights.scores.push(score);
        self.sights.seen = self.sights.seen.saturating_add(1);
    }

    /// Whether a body lies where this one was first seen; while somebody is still coming down, it
    /// may end up elsewhere, unless a pose has shown where.
    fn is_theirs(&self, now: FrameTime, body: &Detection) -> bool {
        let coming_down = now.since(self.measure.upright) <= 2 * longest_descent(&body.bounds);
        is_one_place(&self.first, &body.bounds) || (coming_down && !self.told && !self.is_posed())
    }
}

/// How long a fall that ends at `body` can take.
fn longest_descent(body: &NormBox) -> Duration {
    if body.cut_by().bottom { DESCENT_CUT } else { DESCENT }
}

/// Whether two sights of a body on the ground share enough of the ground to be of one.
fn is_one_place(one: &NormBox, other: &NormBox) -> bool {
    one.share_inside(other) >= ONE_PLACE || other.share_inside(one) >= ONE_PLACE
}
