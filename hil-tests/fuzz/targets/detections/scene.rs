//! A scene: what a detector, the pixels and the clock say for some frames on end.
//!
//! Promises: people walk and things rest for long enough to break a rule with a handful of bytes; a
//! crowd is some thousand detections a frame. Refuses: boxes and scores their constructors refuse.

use std::time::Duration;

use analytics::Analyzer;
use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::Event;
use analytics::geometry::NormBox;
use analytics::pose::{KeyPoint, Pose};
use analytics::question::Question;
use analytics::scene::Observations;
use analytics::scene::light::Light;
use analytics::scene::resting::{Change, RestingThing};
use analytics::scene::view::{Likeness, View};
use analytics::schedule::{Day, WeekTime};
use analytics::time::FrameTime;
use arbitrary::Arbitrary;
use fuzz::{Number, Place, Step};

/// The most frames of a scene; of one with a crowd, which takes as long as a hundred others.
const MAX_FRAMES: u8 = 48;
const MAX_CROWDED_FRAMES: u8 = 3;
/// The most people and things offered one by one.
const MAX_OFFERS: usize = 24;
/// The largest crowd.
const MAX_CROWD: u16 = 4096;

/// Some frames of the same.
#[derive(Arbitrary, Debug)]
pub(super) struct Scene {
    pub(super) step: Step,
    frames: u8,
    /// No frame comes, only time passes.
    silent: bool,
    people: Vec<Walk>,
    crowd: Option<u16>,
    things: Vec<Thing>,
    light: u8,
    aspect: Number,
    view: Option<Seeing>,
    local: Option<(u8, u32)>,
}

/// Something detected, and its way from frame to frame in thousandths of the picture.
#[derive(Arbitrary, Debug)]
struct Walk {
    class: u8,
    score: Number,
    place: Place,
    pace: (i8, i8),
}

/// Something at rest; its times in tenths of a second before the scene begins, or after.
#[derive(Arbitrary, Debug)]
struct Thing {
    id: u8,
    place: Place,
    ages: [i16; 3],
    visible: bool,
    change: u8,
}

#[derive(Arbitrary, Debug)]
struct Seeing {
    black: Number,
    white: Number,
    flat: Number,
    changed: Option<Number>,
    likeness: Option<[Number; 3]>,
}

impl Scene {
    pub(super) fn frames(&self) -> u8 {
        let most = if self.crowd.is_some() { MAX_CROWDED_FRAMES } else { MAX_FRAMES };
        1 + self.frames % most
    }

    /// Shows the analyzer one of the frames of a scene that began then, and answers what it asks.
    pub(super) fn show(
        &self,
        analyzer: &mut Analyzer,
        (began, now): (FrameTime, FrameTime),
        frame: u8,
    ) -> Vec<Event> {
        let local = self.local.and_then(|(day, second)| week_time(day, second));
        if self.silent {
            return analyzer.silence(now, local);
        }
        let people = self.people.iter().take(MAX_OFFERS);
        let mut seen: Vec<Detection> = people.filter_map(|walk| walk.at(frame)).collect();
        seen.extend(self.crowd.into_iter().flat_map(|many| crowd(many % MAX_CROWD)));
        let things = self.things.iter().take(MAX_OFFERS);
        let observations = Observations {
            light: Light::ALL[usize::from(self.light) % Light::ALL.len()],
            view: self.view.as_ref().map_or_else(View::default, Seeing::view),
            aspect: self.aspect.0,
            resting: things.filter_map(|thing| thing.at(began)).collect(),
            local,
        };
        let events = analyzer.step(now, &seen, &observations);
        match analyzer.question() {
            Some(Question::Bodies { area }) => {
                let there = |seen: &&Detection| seen.bounds.shared(&area) > 0.0;
                let answer: Vec<Detection> = seen.iter().filter(there).copied().collect();
                analyzer.answer(&answer);
            }
            Some(Question::Pose { .. }) => analyzer.answer_pose(&self.pose()),
            None => {}
        }
        events
    }

    /// Joints at corners of the places offered for people, whether or not those are boxes.
    fn pose(&self) -> Pose {
        let mut people = self.people.iter().cycle();
        Pose::new(std::array::from_fn(|joint| {
            people.next().map_or_else(KeyPoint::default, |walk| KeyPoint {
                at: walk.place.corner(joint),
                score: Confidence::new(walk.score.0).unwrap_or_default(),
            })
        }))
    }
}

impl Walk {
    fn at(&self, frame: u8) -> Option<Detection> {
        let way = |pace: i8| f32::from(pace) * f32::from(frame) / 1000.0;
        // Most of what matters is people.
        let class = ObjectClass::ALL.get(usize::from(self.class)).copied();
        Some(Detection {
            class: class.unwrap_or(ObjectClass::Person),
            confidence: Confidence::new(self.score.0)?,
            bounds: self.place.bounds((way(self.pace.0), way(self.pace.1)))?,
        })
    }
}

impl Thing {
    fn at(&self, began: FrameTime) -> Option<RestingThing> {
        let [ground_seen, first_seen, settled] = self.ages.map(|age| {
            let before = Duration::from_millis(u64::from(age.unsigned_abs()) * 100);
            if age < 0 { began.plus(before) } else { began.minus(before) }
        });
        Some(RestingThing {
            id: self.id.into(),
            bounds: self.place.bounds((0.0, 0.0))?,
            ground_seen,
            first_seen,
            settled,
            visible: self.visible,
            change: Change::ALL[usize::from(self.change) % Change::ALL.len()],
        })
    }
}

impl Seeing {
    fn view(&self) -> View {
        let likeness = |[displaced, contrast, sharpness]: [Number; 3]| Likeness {
            displaced: displaced.0,
            contrast: contrast.0,
            sharpness: sharpness.0,
        };
        View {
            black: self.black.0,
            white: self.white.0,
            changed: self.changed.map(|share| share.0),
            flat: self.flat.0,
            likeness: self.likeness.map(likeness),
        }
    }
}

/// As many people as there are places in a grid, no two of one score in a row.
fn crowd(many: u16) -> impl Iterator<Item = Detection> {
    const ACROSS: u16 = 64;
    (0..many).filter_map(|index| {
        let (x, y) = (f32::from(index % ACROSS) / 64.0, f32::from(index / ACROSS) / 64.0);
        Some(Detection {
            class: ObjectClass::Person,
            confidence: Confidence::new(f32::from(index % 97) / 97.0)?,
            bounds: NormBox::new(x, y, x + 0.02, y + 0.06)?,
        })
    })
}

fn week_time(day: u8, second: u32) -> Option<WeekTime> {
    let day = Day::ALL[usize::from(day) % Day::ALL.len()];
    // Two days' worth, of which the second is on no clock.
    WeekTime::new(day, Duration::from_secs(u64::from(second) % (2 * 86_400)))
}
