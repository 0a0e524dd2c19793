//! Resting things: what has come to lie, stand or lean where nothing did before.
//!
//! Two looks a second at a grey picture. Promises: at most [`Resting::MAX_THINGS`] things; a thing
//! keeps its number while somebody stands in front of it; nothing allocated from look to look.
//! Refuses: knowing whose a thing is, which is the rule's.

use core::time::Duration;

use crate::geometry::{Edges, NormBox};
use crate::luma::Luma;
use crate::scene::cover::Cover;
use crate::scene::ground::{Ground, Scenery};
use crate::scene::patch::{Outline, Patch, Patches};
use crate::time::FrameTime;

/// The time between two looks; frames seldom come at it exactly, so a tenth less will do.
const LOOK: Duration = Duration::from_millis(500);
const EARLY: Duration = Duration::from_millis(50);
/// How far time may go back before it is another timeline: frames out of order lie closer.
const REORDERED: Duration = Duration::from_secs(1);
/// The smallest thing in pixels: below it is what compression makes of nothing.
const SMALLEST: usize = 20;
/// The largest share of the picture's width or height: beyond it is light, or a lorry.
const LARGEST: f32 = 0.4;
/// The least share of its box that a thing fills: a bag with a strap does a third, frayed light
/// along an edge little.
const FILLED: f32 = 0.2;
/// IoU from which on a patch is the thing seen before, neither moved nor uncovered further.
const UNMOVED: f32 = 0.6;
/// The share of the smaller of two boxes inside the other that makes them the same thing.
const SAME_PLACE: f32 = 0.5;
/// A patch of less than this share of a thing is a part of it: what lies on ground of its own
/// brightness comes apart.
const PART_OF: f32 = 0.5;
/// The most looks one kind of outline can be ahead of the other: a minute's.
const MOST_VOTES: i16 = 120;
/// Looks at which a thing may not be found, uncovered, before it is gone.
const GONE: u8 = 3;
/// After which a thing belongs to the place, and what is not a thing does: an operator's time to
/// have it taken away; light that stays.
const BELONGS: Duration = Duration::from_secs(600);
const LIGHT_BELONGS: Duration = Duration::from_secs(60);

/// How many noises the outline of a thing must stand out by.
const STANDS_OUT: f32 = 1.5;
/// How much stronger a thing's outline must be than what the ground has there.
const STRONGER: f32 = 1.3;
/// Correlation with the ground from which on it is the ground in another light.
const ALIKE: f32 = 0.8;

/// Something that rests where nothing did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestingThing {
    /// Names it for as long as the process lives; minted in order from 1.
    pub id: u64,
    /// Where it is.
    pub bounds: NormBox,
    /// When the ground was last seen there.
    pub ground_seen: FrameTime,
    /// When it was first seen at rest, nobody in front.
    pub first_seen: FrameTime,
    /// Since when its extent has been the same.
    pub settled: FrameTime,
    /// Whether it was plainly seen in the last look; else somebody is in front, or it may be gone,
    /// or the camera moves.
    pub visible: bool,
    /// What its outline says it is.
    pub change: Change,
}

/// What has changed where something rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A thing has come: it has an outline that the ground has not.
    Placed,
    /// A thing that was taken for the ground has gone: the outline was the ground's.
    Taken,
    /// The ground itself, brighter or darker.
    Light,
}

impl Change {
    /// Every change.
    pub const ALL: [Self; 3] = [Self::Placed, Self::Taken, Self::Light];

    /// The change of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|change| change.word() == word)
    }

    /// Its word in recordings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::Taken => "taken",
            Self::Light => "light",
        }
    }
}

/// The observer of one camera's resting things.
#[derive(Clone, Debug, Default)]
pub struct Resting {
    ground: Ground,
    patches: Patches,
    cover: Cover,
    things: Vec<Followed>,
    looked: Option<FrameTime>,
    newest: u64,
}

#[derive(Clone, Copy, Debug)]
struct Followed {
    thing: RestingThing,
    found: bool,
    missed: u8,
    /// The most pixels it has shown.
    area: usize,
    /// Looks that speak for a thing having come, less those that speak against it.
    votes: i16,
}

impl Resting {
    /// The most things watched at once.
    pub const MAX_THINGS: usize = 64;

    /// Whether it is time for the next look.
    #[must_use]
    pub fn is_due(&self, now: FrameTime) -> bool {
        self.looked
            .is_none_or(|looked| now.since(looked) >= LOOK - EARLY || looked.since(now) > REORDERED)
    }

    /// Takes in the picture of the frame taken at `now`; `people` are in front of what rests. A
    /// picture of another size, or of another timeline, starts everything afresh.
    pub fn look(&mut self, now: FrameTime, luma: &Luma, people: impl Iterator<Item = NormBox>) {
        let size = (luma.width(), luma.height());
        let backwards = self.looked.is_some_and(|looked| looked.since(now) > REORDERED);
        if backwards || (self.ground.width(), self.ground.height()) != size {
            self.ground.restart(size.0, size.1);
            self.things.clear();
        }
        self.looked = Some(now);
        self.cover.paint(size, people);
        let scenery = self.ground.look(luma, self.cover.marks());
        if scenery == Scenery::New {
            self.things.clear();
        }
        self.follow(now);
        if scenery == Scenery::Moving {
            self.things.iter_mut().for_each(|followed| followed.thing.visible = false);
        }
    }

    /// What rests, oldest first, as of the last look.
    pub fn things(&self) -> impl Iterator<Item = RestingThing> {
        self.things.iter().map(|followed| followed.thing)
    }

    fn follow(&mut self, now: FrameTime) {
        let Self { ground, patches, cover, things, newest, .. } = self;
        for followed in things.iter_mut() {
            (followed.found, followed.thing.visible) = (false, false);
        }
        let size = (ground.width() as f32, ground.height() as f32);
        let noise = ground.noise();
        patches.find(ground, SMALLEST, |patch| {
            let Some(bounds) = extent(&patch, size) else {
                return past(LIGHT_BELONGS, patch.age);
            };
            let change = patch.outline.change(noise);
            if let Some(known) = best(things, &bounds) {
                known.see(now, bounds, (change, patch.area));
                known.thing.visible = !cover.hides(&bounds);
                return known.belongs(now);
            }
            if things.len() < Self::MAX_THINGS {
                *newest += 1;
                let visible = !cover.hides(&bounds);
                let thing = RestingThing {
                    id: *newest,
                    bounds,
                    ground_seen: before(now, patch.away),
                    first_seen: before(now, patch.age),
                    settled: before(now, patch.age),
                    visible,
                    change,
                };
                things.push(Followed { thing, found: true, missed: 0, area: patch.area, votes: 0 });
            }
            false
        });
        for followed in things.iter_mut().filter(|followed| !followed.found) {
            followed.missed += u8::from(!cover.hides(&followed.thing.bounds));
        }
        things.retain(|followed| followed.missed < GONE);
    }
}

impl Followed {
    fn see(&mut self, now: FrameTime, bounds: NormBox, (change, area): (Change, usize)) {
        (self.found, self.missed) = (true, 0);
        if (area as f32) < PART_OF * self.area as f32 {
            return;
        }
        if area as f32 * PART_OF > self.area as f32 {
            // Only now it can be seen what it is.
            (self.votes, self.thing.change) = (0, change);
        }
        self.area = self.area.max(area);
        let vote = if change == Change::Placed { 1 } else { -1 };
        self.votes = (self.votes + vote).clamp(-MOST_VOTES, MOST_VOTES);
        if self.votes >= 0 || change != Change::Placed {
            self.thing.change = change;
        }
        if self.thing.bounds.iou(&bounds) < UNMOVED {
            (self.thing.bounds, self.thing.settled) = (bounds, now);
        }
    }

    /// Whether it has been there so long that it belongs to the place.
    fn belongs(&self, now: FrameTime) -> bool {
        let after = if self.thing.change == Change::Placed { BELONGS } else { LIGHT_BELONGS };
        now.since(self.thing.first_seen) >= after
    }
}

impl Outline {
    /// What such an outline means, in a picture of this noise.
    fn change(&self, noise: u8) -> Change {
        if self.likeness > ALIKE || self.with < STANDS_OUT * f32::from(noise) {
            Change::Light
        } else if self.with > STRONGER * self.without {
            Change::Placed
        } else {
            Change::Taken
        }
    }
}

/// Where a patch is, when it may be a thing: whole, not all over the picture, and not frayed.
fn extent(patch: &Patch, (width, height): (f32, f32)) -> Option<NormBox> {
    let [left, top, right, bottom] = patch.sides.map(|side| side as f32);
    let filled = patch.area as f32 / ((right - left) * (bottom - top));
    let bounds = NormBox::new(left / width, top / height, right / width, bottom / height)?;
    let whole = bounds.cut_by() == Edges::default();
    let small = bounds.width() <= LARGEST && bounds.height() <= LARGEST;
    (whole && small && filled >= FILLED).then_some(bounds)
}

/// The thing at this place, the one most alike if there are several.
fn best<'a>(things: &'a mut [Followed], bounds: &NormBox) -> Option<&'a mut Followed> {
    let there = things.iter_mut().filter(|known| {
        let smaller = known.thing.bounds.area().min(bounds.area());
        known.thing.bounds.shared(bounds) >= SAME_PLACE * smaller
    });
    there.max_by(|a, b| a.thing.bounds.iou(bounds).total_cmp(&b.thing.bounds.iou(bounds)))
}

/// So many looks before.
fn before(now: FrameTime, looks: u8) -> FrameTime {
    now.minus(LOOK * u32::from(looks))
}

/// Whether so many looks make this time.
fn past(time: Duration, looks: u8) -> bool {
    LOOK * u32::from(looks) >= time
}
