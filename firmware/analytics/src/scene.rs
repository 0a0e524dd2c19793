//! The scene: what the pixels of a frame say besides objects.
//!
//! Promises: observations are small plain values, so that recorded ones replay to the same decisions
//! bit for bit; one look at a frame allocates nothing once the picture's size is known. Refuses:
//! deciding anything; rules do, from observations and tracks.

mod cover;
pub mod fault;
mod ground;
pub mod light;
mod patch;
pub mod resting;
pub mod view;

use crate::luma::Luma;
use crate::scene::light::{Light, LightMeter};
use crate::scene::resting::RestingThing;
use crate::scene::view::{View, ViewMeter};
use crate::schedule::WeekTime;
use crate::time::FrameTime;

/// One frame's pixels, as far as the scene needs them.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// The shrunk picture, at best 320 pixels on its long side.
    pub luma: &'a Luma,
    /// Mean distance of its chroma from neutral, in levels, 0 to 128.
    pub saturation: f32,
}

/// What one frame shows besides objects, and what the wall clock showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observations {
    /// The light the scene stands in.
    pub light: Light,
    /// Whether the camera still sees.
    pub view: View,
    /// How many times the picture is as wide as high; 0 when nobody says.
    pub aspect: f32,
    /// What rests where nothing did, oldest first; empty when nobody looks for things.
    pub resting: Vec<RestingThing>,
    /// Local time where the camera hangs, from whoever may read a clock; `None` when nobody vouches
    /// for it, and then rules that have hours watch.
    pub local: Option<WeekTime>,
}

/// Looks at every frame of one camera.
#[derive(Clone, Debug, Default)]
pub struct Observer {
    light: LightMeter,
    view: ViewMeter,
}

impl Observer {
    /// What the frame taken at `now` shows, by itself and against those before it.
    pub fn step(&mut self, now: FrameTime, sight: &Sight<'_>) -> Observations {
        let light = self.light.step(now, sight);
        let view = self.view.step(now, light, sight.luma);
        Observations { light, view, ..Observations::default() }
    }
}
