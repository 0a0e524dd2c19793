//! The ground: what every pixel looks like when nothing is in front of it, and what it has looked
//! like instead, and for how long.
//!
//! A background model of two rates: the ground follows slow changes of light and nothing else; the
//! *other* is whatever else stays at a pixel. Promises: eight bytes a pixel; nothing allocated once
//! the size is known. Refuses: telling things from light, which needs a patch's outline.

mod exposure;
mod steadiness;
mod tally;

use crate::luma::Luma;
use crate::scene::ground::steadiness::Drift;
use crate::scene::ground::tally::Tally;

/// Sights of one brightness that make it the ground where nothing is known: a person who walks
/// uncovers a pixel within a second.
const LEARNT: u8 = 3;
/// Sights of the other that make it rest: two seconds.
const RESTING: u8 = 4;
/// Looks in a row at something else after which the other is given up: a passer-by the detector has
/// missed takes a second and a half. Looks at the ground: one may be noise.
const HIDDEN: u8 = 3;
const UNCOVERED: u8 = 2;
/// The ground follows what is seen by one part in eight a look: a cloud's half minute.
const FOLLOW: u8 = 3;
/// The other follows by one part in four.
const FOLLOW_OTHER: i16 = 4;

/// The model of one picture size.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    width: usize,
    places: Vec<Place>,
    /// How far brightness may lie from the expected one and still be it, in levels.
    noise: u8,
    drift: Drift,
}

/// What a look shows, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenery {
    /// The scene as it is known.
    Known,
    /// The scene, off its place: the camera moves.
    Moving,
    /// Another scene or another light: everything is learnt anew.
    New,
}

/// One pixel. Counts are looks, and stay at 255.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The ground's brightness in 1/256.
    ground: u16,
    known: bool,
    /// What is seen instead, while `sights` is not 0.
    other: u8,
    sights: u8,
    misses: u8,
    /// Since the other was first seen, and since the ground was last seen; looks at which somebody
    /// stood in front count.
    age: u8,
    away: u8,
}

impl Ground {
    /// Starts anew for pictures of this size; keeps the memory.
    pub(super) fn restart(&mut self, width: usize, height: usize) {
        self.width = width;
        self.places.clear();
        self.places.resize(width * height, Place::default());
        self.noise = tally::MOST_NOISE;
        self.drift = Drift::default();
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.places.len().checked_div(self.width).unwrap_or(0)
    }

    /// How far brightness may lie from the expected one and still be it, in levels.
    pub(super) const fn noise(&self) -> u8 {
        self.noise
    }

    /// Takes in a picture of the model's size; pixels that are `covered` by somebody are not looked
    /// at.
    pub(super) fn look(&mut self, luma: &Luma, covered: &[bool]) -> Scenery {
        self.follow_exposure(luma, covered);
        let shift = self.shift(luma, covered);
        let drifts = self.drift.step(shift, self.width);
        let tally = self.see(luma, covered);
        self.noise = tally.noise().unwrap_or(self.noise);
        if tally.is_strange() || self.is_widespread() {
            self.places.fill(Place::default());
            self.drift = Drift::default();
            Scenery::New
        } else if drifts {
            Scenery::Moving
        } else {
            Scenery::Known
        }
    }

    /// Whether something other than the ground rests at this pixel.
    pub(super) fn rests(&self, index: usize) -> bool {
        self.places[index].rests()
    }

    /// Looks since the other was first seen here, and since the ground last was.
    pub(super) fn ages(&self, index: usize) -> (u8, u8) {
        let place = &self.places[index];
        (place.age, place.away)
    }

    /// The ground's brightness, and the other's.
    pub(super) fn brightness(&self, index: usize) -> (u8, u8) {
        let place = &self.places[index];
        (place.level(), place.other)
    }

    /// Takes the other for the ground from now on.
    pub(super) fn absorb(&mut self, index: usize) {
        let place = &mut self.places[index];
        place.ground = u16::from(place.other) << 8;
        place.settle();
    }

    fn see(&mut self, luma: &Luma, covered: &[bool]) -> Tally {
        let mut tally = Tally::default();
        for (index, (&value, &covered)) in luma.pixels().iter().zip(covered).enumerate() {
            let place = &mut self.places[index];
            place.grow_older();
            if covered {
                continue;
            }
            if !place.known {
                place.learn(value, self.noise);
                continue;
            }
            let level = place.level();
            let strange = if self.is_ground(index, value) {
                self.places[index].see_ground(value, self.noise);
                false
            } else {
                self.places[index].see_other(value, self.noise)
            };
            tally.add(level, value, strange);
        }
        tally
    }

    /// Whether this is the ground's brightness there, or between it and those one pixel beside:
    /// cameras on poles shake, and edges swim in compressed video.
    fn is_ground(&self, index: usize, value: u8) -> bool {
        let level = self.places[index].level();
        if level.abs_diff(value) <= self.noise {
            return true;
        }
        let (x, y) = (index % self.width, index / self.width);
        let (mut least, mut most) = (level, level);
        for row in y.saturating_sub(1)..=(y + 1).min(self.height() - 1) {
            for column in x.saturating_sub(1)..=(x + 1).min(self.width - 1) {
                let near = &self.places[row * self.width + column];
                if near.known {
                    least = least.min(near.level());
                    most = most.max(near.level());
                }
            }
        }
        (least..=most).contains(&value)
    }
}

impl Place {
    const fn level(&self) -> u8 {
        (self.ground >> 8) as u8
    }

    const fn rests(&self) -> bool {
        self.known && self.sights >= RESTING
    }

    fn grow_older(&mut self) {
        self.age = self.age.saturating_add(u8::from(self.sights > 0));
        self.away = self.away.saturating_add(1);
    }

    /// Nothing but the ground is here.
    fn settle(&mut self) {
        (self.sights, self.misses, self.age, self.away) = (0, 0, 0, 0);
    }

    /// A sight where the ground is not known yet.
    fn learn(&mut self, value: u8, noise: u8) {
        if self.sights > 0 && self.other.abs_diff(value) <= noise {
            self.sights += 1;
        } else {
            (self.other, self.sights) = (value, 1);
        }
        if self.sights >= LEARNT {
            *self = Self { ground: u16::from(value) << 8, known: true, ..Self::default() };
        }
    }

    fn see_ground(&mut self, value: u8, noise: u8) {
        if self.level().abs_diff(value) <= noise {
            let step = (i32::from(value) * 256 - i32::from(self.ground)) >> FOLLOW;
            self.ground = u16::try_from(i32::from(self.ground) + step).unwrap_or(u16::MAX);
        }
        self.misses += 1;
        if self.sights == 0 || self.misses >= UNCOVERED {
            self.settle();
        }
    }

    /// A sight of something else; true when it is not the other either.
    fn see_other(&mut self, value: u8, noise: u8) -> bool {
        if self.sights > 0 && self.other.abs_diff(value) <= noise {
            let step = (i16::from(value) - i16::from(self.other)) / FOLLOW_OTHER;
            self.other = self.other.saturating_add_signed(step as i8);
            self.sights = self.sights.saturating_add(1);
            self.misses = 0;
            return false;
        }
        self.misses += 1;
        if self.sights == 0 || self.misses > HIDDEN {
            (self.other, self.sights, self.misses, self.age) = (value, 1, 0, 0);
        }
        true
    }
}
