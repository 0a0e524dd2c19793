//! The stories' language and what comes of them.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::{Event, EventKind, Phase, TrackId};
use analytics::geometry::{NormBox, Point};
use analytics::line::{Direction, Line};
use analytics::polygon::Polygon;
use analytics::polyline::Polyline;
use analytics::scene::Observations;
use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use analytics::zone::Zone;
use analytics::{Analyzer, Standing};

/// How far a told time may lie from the expected one, in seconds: some frames at 5 a second.
const TOLERANCE_S: f64 = 0.7;
/// How many empty seconds follow the last thing that happens.
const AFTER_S: f64 = 8.0;

/// People moving through a picture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    zone: Vec<Point>,
    line: Vec<Point>,
    direction: Direction,
    people: Vec<Person>,
    blind: Option<(f64, f64)>,
    hours: Option<Schedule>,
    timeless: Option<(f64, f64)>,
}

#[derive(Clone, Debug)]
struct Person {
    /// Where the feet are when.
    way: Vec<(f64, Point)>,
    score: f32,
    hidden: Vec<(f64, f64)>,
    shaky: f32,
    postures: Vec<Posture>,
}

/// A change of posture and back.
#[derive(Clone, Copy, Debug)]
struct Posture {
    /// From the beginning of the change to the end of the change back.
    span: (f64, f64),
    /// How long either change takes, in seconds.
    takes: f64,
    shape: Shape,
}

/// What the box of a posture is, in units of the standing box.
#[derive(Clone, Copy, Debug)]
struct Shape {
    width: f32,
    height: f32,
    /// How far its bottom lies below the line the feet stood on.
    below: f32,
    /// How far its middle lies to the right of the feet.
    aside: f32,
    /// What the detector's score is multiplied by.
    score: f32,
}

/// What was told of a story.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    events: Vec<Event>,
    /// Everybody who was ever followed.
    pub(crate) followed: BTreeSet<TrackId>,
    /// Every bit of every followed box of every frame, folded into one number.
    pub(crate) bits: u64,
}

impl Story {
    /// Reads the story language of this test.
    pub(crate) fn read(lines: &[&str]) -> Self {
        let mut story = Self::default();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap();
            match word {
                "zone" => story.zone = rest.split(' ').map(point).collect(),
                "line" => story.line = rest.split(' ').map(point).collect(),
                "way" => story.direction = way(rest),
                "person" => story.people.push(Person::walking(rest)),
                "blind" => story.blind = Some(span(rest)),
                "hours" => story.hours = Some(minutes(span(rest))),
                "timeless" => story.timeless = Some(span(rest)),
                word => {
                    let person = story.people.last_mut().unwrap();
                    match word {
                        "score" => person.score = rest.parse().unwrap(),
                        "hidden" => person.hidden.push(span(rest)),
                        "shaky" => person.shaky = rest.parse().unwrap(),
                        shape => person.postures.push(Posture::read(shape, rest)),
                    }
                }
            }
        }
        story
    }

    /// Everything told at this frame rate, the end included.
    pub(crate) fn run(&self, fps: u32) -> Told {
        let mut analyzer = Analyzer::new(&self.settings());
        let mut told = Told { events: Vec::new(), followed: BTreeSet::new(), bits: 0 };
        let last = self.people.iter().map(|person| person.way.last().unwrap().0);
        let frames = ((last.fold(0.0, f64::max) + AFTER_S) * f64::from(fps)) as u64;
        for frame in 0..frames {
            let now = FrameTime::from_micros(frame * 1_000_000 / u64::from(fps));
            let t = now.as_secs_f64();
            if self.blind.is_some_and(|(from, to)| (from..to).contains(&t)) {
                continue;
            }
            let seen: Vec<Detection> = (self.people.iter().zip(1u64..))
                .filter_map(|(person, seed)| person.seen(t, seed * 1_000_003 + frame))
                .collect();
            let local = self.local(t);
            let observations = Observations { local, ..Observations::default() };
            told.events.extend(analyzer.step(now, &seen, &observations));
            let tracks = analyzer.tracks().iter();
            for track in tracks.filter(|track| track.standing() == Standing::Followed) {
                told.followed.insert(track.id());
                told.fold(track.bounds());
            }
        }
        let end = FrameTime::from_micros(frames * 1_000_000 / u64::from(fps));
        told.events.extend(analyzer.finish(end));
        told
    }

    /// What the wall clock shows, if anybody knows: Monday's minutes are the story's seconds.
    fn local(&self, t: f64) -> Option<WeekTime> {
        let unknown = self.timeless.is_some_and(|(from, to)| (from..to).contains(&t));
        let minutes = Duration::from_secs_f64(60.0 * t);
        WeekTime::new(Day::Monday, minutes).filter(|_| !unknown)
    }

    fn settings(&self) -> Settings {
        let zone = (!self.zone.is_empty())
            .then(|| Zone { name: "zone".into(), area: Polygon::new(self.zone.clone()).unwrap() });
        let name = zone.as_ref().map(|zone| zone.name.clone());
        let rule = |name: &str, zone, kind| {
            let schedule = self.hours.clone();
            RuleSettings { name: name.into(), zone, schedule, kind }
        };
        let dwell = RuleKind::DEFAULT_DWELL;
        let down = RuleKind::DEFAULT_DOWN;
        let mut rules = vec![
            rule("stays", name.clone(), RuleKind::Loitering { dwell }),
            rule("falls", None, RuleKind::Falldown { down }),
        ];
        let mut lines = Vec::new();
        if !self.line.is_empty() {
            lines
                .push(Line { name: "line".into(), way: Polyline::new(self.line.clone()).unwrap() });
            let direction = self.direction;
            rules.push(rule("goes over", Some("line".into()), RuleKind::Crossing { direction }));
        }
        if name.is_some() {
            let hold = RuleKind::DEFAULT_HOLD;
            rules.push(rule("enters", name, RuleKind::Intrusion { hold }));
        }
        let zones = zone.into_iter().collect();
        Settings::with_lines(TrackerSettings::default(), zones, lines, rules).unwrap()
    }
}

impl Person {
    fn walking(way: &str) -> Self {
        let way = way.split(" > ").map(|stop| {
            let (time, place) = stop.split_once(' ').unwrap();
            (time.parse().unwrap(), point(place))
        });
        Self { way: way.collect(), score: 0.7, hidden: vec![], shaky: 0.0, postures: vec![] }
    }

    /// What a detector makes of the person at `t`; `seed` decides which way the box jumps.
    fn seen(&self, t: f64, seed: u64) -> Option<Detection> {
        if self.hidden.iter().any(|&(from, to)| (from..to).contains(&t)) {
            return None;
        }
        let feet = self.feet(t)?;
        // Nearer the camera, further down and taller; a person is 2.5 times as tall as wide, in a
        // 16:9 picture.
        let standing = 0.05 + 0.35 * feet.y;
        let shape = self.shape(t);
        let (height, width) = (standing * shape.height, standing / 2.5 * 9.0 / 16.0 * shape.width);
        let feet = Point {
            x: feet.x + shape.aside * standing / 2.5 * 9.0 / 16.0,
            y: feet.y + shape.below * standing,
        };
        // No two looks give quite the same box of somebody who moves.
        let shaky = if self.postures.is_empty() { self.shaky } else { self.shaky.max(0.003) };
        let jump = |n: u32| shaky * (noise(seed, n) - 0.5) * 2.0;
        let (dx, dy, taller) = (jump(1) * width, jump(2) * height, 1.0 + jump(3));
        let bounds = NormBox::new(
            feet.x + dx - width / 2.0,
            feet.y + dy - height * taller,
            feet.x + dx + width / 2.0,
            feet.y + dy,
        )?;
        let score = shape.score * self.score * (1.0 - 0.1 * noise(seed, 4));
        Some(Detection { class: ObjectClass::Person, confidence: Confidence::new(score)?, bounds })
    }

    fn shape(&self, t: f64) -> Shape {
        let posture =
            self.postures.iter().find(|posture| (posture.span.0..posture.span.1).contains(&t));
        posture.map_or(Shape::STANDING, |posture| posture.at(t))
    }

    fn feet(&self, t: f64) -> Option<Point> {
        let leg = self.way.windows(2).find(|leg| (leg[0].0..leg[1].0).contains(&t))?;
        let [(from_t, from), (to_t, to)] = [leg[0], leg[1]];
        let share = ((t - from_t) / (to_t - from_t)) as f32;
        Some(Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share })
    }
}

impl Posture {
    fn read(word: &str, rest: &str) -> Self {
        let (from_to, takes) = rest.split_once(' ').unwrap();
        Self { span: span(from_to), takes: takes.parse().unwrap(), shape: Shape::of(word) }
    }

    fn at(&self, t: f64) -> Shape {
        let into = (t - self.span.0).min(self.span.1 - t) / self.takes.max(0.001);
        Shape::STANDING.towards(&self.shape, into.min(1.0) as f32)
    }
}

impl Shape {
    const STANDING: Self = Self { width: 1.0, height: 1.0, below: 0.0, aside: 0.0, score: 1.0 };

    fn of(word: &str) -> Self {
        let [width, height, below, aside, score] = match word {
            "across" => [2.3, 0.25, 0.03, 0.8, 0.6],
            "towards" => [1.4, 0.6, 0.55, 0.0, 0.6],
            "crumpled" => [1.6, 0.38, 0.03, 0.2, 0.6],
            "bent" => [1.3, 0.5, 0.03, 0.1, 1.0],
            "sitting" => [1.2, 0.7, 0.05, 0.0, 1.0],
            "squatting" => [1.2, 0.52, 0.02, 0.0, 1.0],
            "legs" => [0.9, 0.38, 0.0, 0.0, 0.8],
            "chest" => [1.0, 0.5, -0.5, 0.0, 0.9],
            "jumping" => [1.2, 0.95, -0.25, 0.0, 1.0],
            other => panic!("no such word: {other}"),
        };
        Self { width, height, below, aside, score }
    }

    fn towards(&self, other: &Self, share: f32) -> Self {
        let mix = |from: f32, to: f32| from + (to - from) * share;
        Self {
            width: mix(self.width, other.width),
            height: mix(self.height, other.height),
            below: mix(self.below, other.below),
            aside: mix(self.aside, other.aside),
            score: mix(self.score, other.score),
        }
    }
}

impl Told {
    fn fold(&mut self, bounds: &NormBox) {
        for side in [bounds.left(), bounds.top(), bounds.right(), bounds.bottom()] {
            self.bits = self.bits.rotate_left(5) ^ u64::from(side.to_bits());
        }
    }

    /// Whether this is what was expected: the same words, and times near enough.
    pub(crate) fn is_like(&self, expected: &str) -> bool {
        let told = self.to_string();
        let (told, expected): (Vec<&str>, Vec<&str>) =
            (split(&told).collect(), split(expected).collect());
        let near = |a: &str, b: &str| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= TOLERANCE_S,
            _ => a == b,
        };
        told.len() == expected.len() && told.iter().zip(expected).all(|(a, b)| near(a, b))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = self.events.iter().filter(|event| event.phase == Phase::Begin);
        for (index, begin) in begins.enumerate() {
            let of =
                |phase| self.events.iter().filter(move |e| e.id == begin.id && e.phase == phase);
            let kind = match begin.kind {
                EventKind::Intrusion => "intrusion",
                EventKind::Loitering => "loitering",
                EventKind::Falldown => "falldown",
                EventKind::Abandonment => "abandonment",
                EventKind::CameraFault => "camera",
                EventKind::Parking => "parking",
            };
            let space = if index == 0 { "" } else { " " };
            let updates = "+".repeat(of(Phase::Update).count());
            let end = of(Phase::End).next().unwrap().decided.as_secs_f64();
            write!(f, "{space}{kind} {:.1}{updates}-{end:.1}", begin.onset.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Words, numbers, and each sign between them.
fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', '+', '-'])
        .flat_map(|part| {
            let (body, sign) = part.split_at(part.trim_end_matches(['+', '-']).len());
            [body.trim(), sign]
        })
        .filter(|part| !part.is_empty())
}

fn point(text: &str) -> Point {
    let (x, y) = text.split_once(',').unwrap();
    Point { x: x.parse().unwrap(), y: y.parse().unwrap() }
}

fn way(word: &str) -> Direction {
    Direction::ALL.into_iter().find(|direction| direction.word() == word).unwrap()
}

/// The minutes of the day that are these seconds of a story.
fn minutes((from, to): (f64, f64)) -> Schedule {
    let hours = Hours::new(from as u16, to as u16).unwrap();
    Schedule::new(Days::ALL, vec![hours]).unwrap()
}

/// `3-9` or `-5-9`: from and to.
fn span(text: &str) -> (f64, f64) {
    let (from, to) = text.rsplit_once('-').unwrap();
    (from.parse().unwrap(), to.parse().unwrap())
}

/// A number from 0 to 1 that looks random (Steele 2014, SplitMix64).
fn noise(seed: u64, n: u32) -> f32 {
    let mut bits =
        seed.wrapping_mul(8).wrapping_add(u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) >> 40) as f32 / (1u32 << 24) as f32
}
