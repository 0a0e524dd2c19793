//! One person: upright, or down since they were.

use core::time::Duration;

use crate::event::{Participant, TrackId};
use crate::geometry::{NormBox, Point};
use crate::rule::Scene;
use crate::rule::falldown::bearing::{Bearing, Shown, bearing};
use crate::rule::falldown::fall::{DESCENT, Fall, UNCLEAR};
use crate::rule::falldown::glimpses::Glimpses;
use crate::rule::falldown::scenery::Scenery;
use crate::rule::falldown::stance::{Measure, Stance};
use crate::time::FrameTime;
use crate::tracker::{Standing, Track};

/// The place looked at closer, in standing widths and heights: a body length to every side of the
/// feet.
const LOOKED_AT: (f32, f32) = (5.5, 2.2);
/// The place a pose is looked for in: their box and a little more of what it is in the longer
/// direction, and room for a body that has just come down.
const AROUND: f32 = 1.3;
const BODY: f32 = 1.25;
/// How long after the top of the box came down a pose is asked for: a fall.
const DROPPED: Duration = Duration::from_millis(600);

/// Somebody followed for the sake of falls.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) track: TrackId,
    stance: Stance,
    /// Where they were last seen, in whatever posture, and when.
    last: NormBox,
    last_seen: FrameTime,
    /// Known to be a person rather than a thing that looks like one.
    person: bool,
    path: Vec<(FrameTime, Point)>,
    /// When the top of their box came down last.
    dropped: Option<FrameTime>,
    /// What their last sure pose showed.
    shown: Option<Shown>,
    /// When a closer look at them was asked for last, and when their pose.
    pub(super) asked: FrameTime,
    pub(super) asked_pose: FrameTime,
    pub(super) fall: Option<Fall>,
}

impl Person {
    /// Somebody first looked at in this frame.
    pub(super) fn new(track: &Track) -> Self {
        Self {
            track: track.id(),
            stance: Stance::default(),
            last: *track.bounds(),
            last_seen: track.last_seen(),
            person: false,
            path: Vec::new(),
            dropped: None,
            shown: None,
            asked: FrameTime::default(),
            asked_pose: FrameTime::default(),
            fall: None,
        }
    }

    /// Takes in one frame; gives the fall that is over with it.
    pub(super) fn step(&mut self, scene: &Scene<'_>, scenery: &Scenery) -> Option<Fall> {
        let bearing = self.bearing(scene);
        self.shown = bearing.map(|bearing| Shown::now(scene, bearing)).or(self.shown);
        self.shown = self.shown.filter(|shown| shown.holds(scene.now));
        if let Some(fall) = &mut self.fall {
            let glimpses = Glimpses::new(scene, scenery, (self.track, fall.measure.upright));
            fall.step(scene, &glimpses, &self.last, self.shown.as_ref());
            if !fall.is_over(scene.now) {
                return None;
            }
            self.stance = Stance::default();
            return self.fall.take();
        }
        let stood = self.stance.measure();
        let track = scene.track(self.track).filter(|track| track.standing() == Standing::Followed);
        let upright = track.is_some_and(|track| self.see(track, scene));
        let watched = self.person && !self.may_be_out(scene.now);
        self.fall = match (bearing, stood) {
            _ if !watched => None,
            (Some(Bearing::Down(body)), Some(stood)) => Fall::begin_posed(scene, stood, body),
            _ if upright || self.shown.as_ref().is_some_and(Shown::is_up) => None,
            _ => self.collapse(scene, scenery),
        };
        None
    }

    /// The fall that boxes show of somebody not upright.
    fn collapse(&self, scene: &Scene<'_>, scenery: &Scenery) -> Option<Fall> {
        let lately = |measure: &Measure| scene.now.since(measure.upright) <= DESCENT;
        let measure = self.stance.measure().filter(lately)?;
        let glimpses = Glimpses::new(scene, scenery, (self.track, measure.upright));
        let (bodies, _) = glimpses.judged(&measure, &self.last);
        Fall::begin(scene, measure, &bodies)
    }

    /// What the pose that came with this frame shows of them.
    fn bearing(&self, scene: &Scene<'_>) -> Option<Bearing> {
        let (_, pose) = scene.pose.filter(|(of, _)| *of == self.track)?;
        match &self.fall {
            Some(fall) => bearing(pose, &fall.measure, &fall.body.bounds),
            None => bearing(pose, &self.stance.measure()?, &self.last),
        }
    }

    /// Where a closer look is worth its price: where somebody is coming down, or lies and is hard to
    /// see.
    pub(super) fn unclear(&self, now: FrameTime) -> Option<NormBox> {
        let (measure, center) = if let Some(fall) = &self.fall {
            fall.is_unclear(now).then(|| (fall.measure, fall.body.bounds.center()))?
        } else {
            let measure = self.stance.measure()?;
            let coming_down = (UNCLEAR..=DESCENT).contains(&now.since(measure.upright));
            let watched = coming_down && self.person && !self.may_be_out(now);
            watched.then(|| (measure, self.last.foot()))?
        };
        let (wide, tall) = (LOOKED_AT.0 * measure.width, LOOKED_AT.1 * measure.height);
        let (x, y) = (center.x - wide / 2.0, center.y - tall / 2.0);
        NormBox::new(x, y, x + wide, y + tall)
    }

    /// Where to look for their pose: while it would say whether somebody fell, or has got up.
    pub(super) fn wants_pose(&self, now: FrameTime) -> Option<NormBox> {
        let (measure, bounds) = if let Some(fall) = &self.fall {
            fall.wants_pose().then_some((fall.measure, fall.body.bounds))?
        } else {
            let measure = self.stance.measure()?;
            let sinking =
                (Duration::from_millis(1)..=DESCENT).contains(&now.since(measure.upright));
            let dropped = self.dropped.is_some_and(|dropped| now.since(dropped) <= DROPPED);
            let watched = (sinking || dropped) && self.person && !self.may_be_out(now);
            watched.then_some((measure, self.last))?
        };
        let middle = bounds.center();
        let wide = AROUND * bounds.width();
        let tall = (AROUND * bounds.height()).max(BODY * measure.height);
        let (x, y) = (middle.x - wide / 2.0, middle.y - tall / 2.0);
        NormBox::new(x, y, x + wide, y + tall)
    }

    /// Whether nothing more can come of them.
    pub(super) fn is_over(&self, now: FrameTime) -> bool {
        self.fall.is_none() && now.since(self.last_seen) > DESCENT
    }

    /// The fall an alarm was given for.
    pub(super) fn told(&self) -> Option<&Fall> {
        self.fall.as_ref().filter(|fall| fall.told)
    }

    /// Them as they stand in an event, on the ground.
    pub(super) fn participant(&self) -> Option<Participant> {
        let fall = self.fall.as_ref()?;
        let body = fall.body;
        Some(Participant {
            track: self.track,
            class: body.class,
            bounds: body.bounds,
            confidence: body.confidence,
            path: self.path.clone(),
            sights: fall.sights.clone(),
        })
    }

    /// Whether they may be out of the picture: cut by an edge of it when last seen, and not seen
    /// any more. What lies there then is something else. Whoever walks out at a side becomes
    /// narrower there than they stood; whoever topples over it does not.
    fn may_be_out(&self, now: FrameTime) -> bool {
        let cut = self.last.cut_by();
        let narrow = |stood: Measure| self.last.width() < stood.width;
        let aside = (cut.left || cut.right) && self.stance.measure().is_none_or(narrow);
        self.last_seen < now && (aside || cut.bottom)
    }

    /// Takes in a sight of their track; tells whether they are upright.
    fn see(&mut self, track: &Track, scene: &Scene<'_>) -> bool {
        if self.stance.has_dropped(scene.now, track.bounds()) {
            self.dropped = Some(scene.now);
        }
        let upright = self.stance.see(scene.now, track.bounds());
        (self.last, self.last_seen) = (*track.bounds(), scene.now);
        if upright {
            self.person = track.is_person(scene.start_confidence);
            self.path = track.path().thinned(Participant::MAX_PATH);
        }
        upright
    }
}
