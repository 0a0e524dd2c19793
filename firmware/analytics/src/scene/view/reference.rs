//! The view a camera is meant to have, learnt from what it shows.
//!
//! Promises: learnt in [`LEARNING`] of a view at rest, it follows the seasons and parked cars slowly
//! and a fault not at all; another view takes its place when the light has changed and something of
//! the old one is left, or after [`ACCEPTED`]: then the camera was turned on purpose. Refuses: to
//! learn from a picture without structure, or from a camera that never rests.

use core::time::Duration;

use crate::scene::light::Light;
use crate::scene::view::edges::Edges;
use crate::scene::view::memory::{Comparison, Memory};
use crate::time::FrameTime;

/// How long a view has to rest to be learnt: people have moved on by then, as a rule.
const LEARNING: Duration = Duration::from_secs(5);
/// How long another view has to rest to be taken for the one that is meant: longer than anybody
/// needs to answer the alarm, shorter than the work of putting a camera up.
const ACCEPTED: Duration = Duration::from_secs(600);
/// How long what stays takes to be remembered: longer than anybody stands, shorter than a shadow
/// takes to wander by its own width.
const FORGETTING_S: f32 = 300.0;
/// The most one look may count, so that a hole in time is no reason to learn faster.
const MOST: f32 = 0.01;

/// Share of the structure in place from which it is the same view: half the picture may be people.
const SAME_VIEW: f32 = 0.5;
/// Share in place from which a view is at rest against its own mean: somebody may walk through it.
const AT_REST: f32 = 0.5;
/// Share in place from which a view in another light is the same scene. In infrared light the far
/// side of the street is gone; of a view of something else about a twentieth seems to be in place.
const LEFT_BY_LIGHT: f32 = 0.15;
/// Sharpness below which nothing is learnt, as in the dark: it may be the beginning of a fault.
const SHARP: f32 = 0.8;
/// Share of cells a view must have structure in to be learnt: an empty wall with a lamp has it.
const LEARNABLE: f32 = 0.1;

/// How like a frame is to the view the camera is meant to have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Likeness {
    /// Share of the structure that is no longer in its place.
    pub displaced: f32,
    /// Contrast, in terms of the learnt view's.
    pub contrast: f32,
    /// Fine steps against contrast, in terms of the learnt view's: below 1 is softer.
    pub sharpness: f32,
}

/// The learnt view, and the one that may take its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Reference {
    learnt: Option<Learnt>,
    next: Memory,
    /// Since when the next view rests, and how many looks it is the mean of.
    rests: Option<(FrameTime, f32)>,
}

#[derive(Clone, Debug)]
struct Learnt {
    view: Memory,
    light: Light,
    last: FrameTime,
}

impl Reference {
    /// Compares a look with what is meant, and learns from it what may be learnt.
    pub(super) fn step(&mut self, now: FrameTime, light: Light, edges: &Edges) -> Option<Likeness> {
        if self.learnt.as_ref().is_some_and(|learnt| !learnt.view.fits(edges)) {
            *self = Self::default();
        }
        let compared = self.learnt.as_ref().and_then(|learnt| learnt.view.compare(edges));
        let rested = match (&mut self.learnt, compared) {
            (Some(learnt), Some(seen)) if seen.kept >= SAME_VIEW => {
                self.rests = None;
                learnt.follow(now, light, edges, seen);
                Duration::ZERO
            }
            _ => self.watch(now, edges),
        };
        if self.replaces(rested, light, compared) {
            let view = core::mem::take(&mut self.next);
            self.learnt = Some(Learnt { view, light, last: now });
            self.rests = None;
        }
        compared.map(|seen| Likeness {
            displaced: 1.0 - seen.kept,
            contrast: seen.contrast,
            sharpness: seen.sharpness(),
        })
    }

    /// Learns the next view; tells for how long it has been at rest.
    fn watch(&mut self, now: FrameTime, edges: &Edges) -> Duration {
        let at_rest = self.next.fits(edges)
            && self.next.compare(edges).is_some_and(|seen| seen.kept >= AT_REST);
        match &mut self.rests {
            Some((since, looks)) if at_rest => {
                *looks += 1.0;
                self.next.blend(edges, (1.0 / *looks).max(MOST));
                now.since(*since)
            }
            _ => {
                self.next.restart(edges);
                self.rests = Some((now, 1.0));
                Duration::ZERO
            }
        }
    }

    fn replaces(&self, rested: Duration, light: Light, seen: Option<Comparison>) -> bool {
        if rested < LEARNING || self.next.structured() < LEARNABLE {
            return false;
        }
        match (&self.learnt, seen) {
            (Some(learnt), Some(seen)) => {
                rested >= ACCEPTED || (light != learnt.light && seen.kept >= LEFT_BY_LIGHT)
            }
            _ => true,
        }
    }
}

impl Learnt {
    /// Lets a look at the same view count by the time it stands for.
    fn follow(&mut self, now: FrameTime, light: Light, edges: &Edges, seen: Comparison) {
        let share = (now.since(self.last).as_secs_f32() / FORGETTING_S).min(MOST);
        self.last = now;
        if seen.sharpness() >= SHARP && light != Light::Dark {
            self.light = light;
            self.view.blend(edges, share);
        }
    }
}

impl Comparison {
    /// Fine steps against coarse: what a lens changes and exposure does not.
    fn sharpness(&self) -> f32 {
        if self.contrast > 0.0 { self.detail / self.contrast } else { 1.0 }
    }
}
