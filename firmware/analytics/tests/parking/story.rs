//! The stories' language and what comes of them.

use std::fmt;
use std::time::Duration;

use analytics::Analyzer;
use analytics::candidate::Candidate;
use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::{Event, EventKind, Phase};
use analytics::geometry::{NormBox, Point};
use analytics::polygon::Polygon;
use analytics::scene::Observations;
use analytics::scene::light::Light;
use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use analytics::zone::Zone;

/// How far a told time may lie from the expected one, in seconds.
const TOLERANCE_S: f64 = 1.3;
/// How long a vehicle may stand.
const STAY: Duration = Duration::from_secs(20);
/// How long nothing is seen when the light changes, in seconds.
const DAZZLED_S: f64 = 3.0;
/// The least part of something that a detector recognizes it by.
const RECOGNIZED: f32 = 0.4;

/// Vehicles and people in a picture.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    zone: Vec<Point>,
    things: Vec<Thing>,
    night: Option<f64>,
    blind: Option<(f64, f64)>,
    hours: Option<(f64, f64)>,
}

#[derive(Clone, Debug)]
struct Thing {
    class: ObjectClass,
    way: Vec<(f64, Point)>,
    missed: Vec<(f64, f64)>,
    shaky: f32,
    score: f32,
    also: Option<ObjectClass>,
}

/// What was told of a story, and what was not.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    events: Vec<Event>,
    candidates: Vec<Candidate>,
}

impl Story {
    /// Reads the story language of this test.
    pub(crate) fn read(lines: &[&str]) -> Self {
        let mut story = Self::default();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap();
            match word {
                "zone" => story.zone = rest.split(' ').map(point).collect(),
                "night" => story.night = Some(rest.parse().unwrap()),
                "blind" => story.blind = Some(span(rest)),
                "hours" => story.hours = Some(span(rest)),
                "missed" => story.things.last_mut().unwrap().missed.push(span(rest)),
                "shaky" => story.things.last_mut().unwrap().shaky = rest.parse().unwrap(),
                "also" => story.things.last_mut().unwrap().also = ObjectClass::of_word(rest),
                "score" => story.things.last_mut().unwrap().score = rest.parse().unwrap(),
                class => story.things.push(Thing::on_its_way(class, rest)),
            }
        }
        story
    }

    /// Everything told at this frame rate, the end included.
    pub(crate) fn run(&self, fps: u32) -> Told {
        let mut analyzer = Analyzer::new(&self.settings());
        let mut told = Told { events: Vec::new(), candidates: Vec::new() };
        let last = self.things.iter().map(|thing| thing.way.last().unwrap().0).fold(0.0, f64::max);
        let mut now = FrameTime::default();
        for frame in 0..(last * f64::from(fps)) as u64 {
            let at = FrameTime::from_micros(frame * 1_000_000 / u64::from(fps));
            let t = at.as_secs_f64();
            if self.blind.is_some_and(|blind| during(blind, t)) {
                continue;
            }
            now = at;
            let light =
                if self.night.is_some_and(|from| t >= from) { Light::NightIr } else { Light::Day };
            // Monday's minutes are the story's seconds.
            let local = WeekTime::new(Day::Monday, Duration::from_secs_f64(60.0 * t));
            let observations = Observations { light, local, ..Observations::default() };
            told.events.extend(analyzer.step(now, &self.seen(t, frame), &observations));
        }
        told.events.extend(analyzer.finish(now));
        told.candidates = analyzer.take_candidates();
        told
    }

    fn settings(&self) -> Settings {
        let zone = (!self.zone.is_empty())
            .then(|| Zone { name: "kerb".into(), area: Polygon::new(self.zone.clone()).unwrap() });
        let schedule = self.hours.map(|(from, to)| {
            let hours = Hours::new(from as u16, to as u16).unwrap();
            Schedule::new(Days::ALL, vec![hours]).unwrap()
        });
        let name = zone.as_ref().map(|zone| zone.name.clone());
        let kind = RuleKind::Parking { stay: STAY };
        let rule = RuleSettings { name: "parks".into(), zone: name, schedule, kind };
        Settings::new(TrackerSettings::default(), zone.into_iter().collect(), vec![rule]).unwrap()
    }

    /// What a detector makes of the second `t`: of each the widest strip that nothing nearer hides.
    fn seen(&self, t: f64, frame: u64) -> Vec<Detection> {
        let there: Vec<_> = (self.things.iter().zip(1u64..))
            .filter_map(|(thing, seed)| Some((thing, thing.bounds(t, seed * 1_000_003 + frame)?)))
            .collect();
        let seen = there.iter().filter_map(|(thing, bounds)| {
            let missed = thing.missed.iter().any(|&missed| during(missed, t));
            let dazzled = self.night.is_some_and(|from| during((from, from + DAZZLED_S), t));
            let mut nearer = there.iter().filter(|(_, other)| other.bottom() > bounds.bottom());
            let shown = nearer.try_fold(*bounds, |shown, (_, other)| left_of(shown, other));
            let shown = shown.filter(|shown| shown.width() >= RECOGNIZED * bounds.width())?;
            let dim = if self.night.is_some_and(|from| t >= from) { 0.5 } else { 1.0 };
            let confidence = Confidence::new(dim * thing.score)?;
            let detection = Detection { class: thing.class, confidence, bounds: shown };
            let also = thing.also.map(|class| {
                let surer = if frame.is_multiple_of(3) { 1.1 } else { 0.8 };
                let confidence = Confidence::new(surer * confidence.get()).unwrap();
                Detection { class, confidence, ..detection }
            });
            (!missed && !dazzled).then_some([Some(detection), also])
        });
        seen.flatten().flatten().collect()
    }
}

impl Thing {
    fn on_its_way(class: &str, way: &str) -> Self {
        let way = way.split(" > ").map(|stop| {
            let (time, place) = stop.split_once(' ').unwrap();
            (time.parse().unwrap(), point(place))
        });
        let class = ObjectClass::of_word(class).unwrap();
        Self { class, way: way.collect(), missed: vec![], shaky: 0.0, score: 0.7, also: None }
    }

    /// Its box, smaller further away; `None` while most of it is outside of the picture.
    fn bounds(&self, t: f64, seed: u64) -> Option<NormBox> {
        let leg = self.way.windows(2).find(|leg| during((leg[0].0, leg[1].0), t))?;
        let [(from_t, from), (to_t, to)] = [leg[0], leg[1]];
        let share = ((t - from_t) / (to_t - from_t)) as f32;
        let (x, y) = (from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share);
        let (width, height) = match self.class {
            ObjectClass::Bus => (0.6, 0.6),
            ObjectClass::Truck => (0.35, 0.4),
            ObjectClass::Motorcycle => (0.08, 0.12),
            ObjectClass::Person => (0.05, 0.22),
            _ => (0.25, 0.22),
        };
        let (width, height) = (width * y, height * y);
        let jump = |n: u32| self.shaky * (noise(seed, n) - 0.5) * 2.0;
        let (x, y) = (x + jump(1) * width, y + jump(2) * height);
        let whole = (width * (1.0 + jump(3)), height * (1.0 + jump(4)));
        let bounds = NormBox::new(x - whole.0 / 2.0, y - whole.1, x + whole.0 / 2.0, y)?;
        (bounds.width() >= RECOGNIZED * whole.0).then_some(bounds)
    }
}

impl Told {
    /// What the rule let go, in the order of nearness: measured and lacked.
    pub(crate) fn let_go(&self) -> String {
        let said = self
            .candidates
            .iter()
            .map(|candidate| format!("{:.1} {:?}", candidate.measurement.value, candidate.lacked));
        said.collect::<Vec<_>>().join(", ")
    }

    /// Whether this is what was expected, times near enough.
    pub(crate) fn is_like(&self, expected: &str) -> bool {
        let told = self.to_string();
        let times = |text: &str| {
            let words = text.split([' ', '-']).filter(|word| !word.is_empty());
            words.map(|word| word.parse().unwrap()).collect::<Vec<f64>>()
        };
        let (told, expected) = (times(&told), times(expected));
        let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE_S;
        told.len() == expected.len() && told.iter().zip(&expected).all(near)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut begins: Vec<_> =
            self.events.iter().filter(|event| event.phase == Phase::Begin).collect();
        begins.sort_by_key(|begin| begin.onset);
        for (index, begin) in begins.iter().enumerate() {
            assert_eq!(begin.kind, EventKind::Parking);
            assert_eq!(begin.participants.len(), 1, "{begin:?}");
            let end = self.events.iter().find(|e| e.id == begin.id && e.phase == Phase::End);
            let seconds = |time: FrameTime| time.as_secs_f64();
            let (onset, decided) = (seconds(begin.onset), seconds(begin.decided));
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{onset:.1} {decided:.1}-{:.1}", seconds(end.unwrap().decided))?;
        }
        Ok(())
    }
}

/// What is left of a box that another hides a part of: the wider strip beside it.
fn left_of(shown: NormBox, nearer: &NormBox) -> Option<NormBox> {
    let beside = nearer.right() <= shown.left() || nearer.left() >= shown.right();
    let below = nearer.top() >= shown.bottom() - 0.3 * shown.height();
    if beside || below {
        return Some(shown);
    }
    let (top, bottom) = (shown.top(), shown.bottom());
    let left = NormBox::new(shown.left(), top, nearer.left().min(shown.right()), bottom);
    let right = NormBox::new(nearer.right().max(shown.left()), top, shown.right(), bottom);
    let strips = [left, right].into_iter().flatten();
    strips.max_by(|a, b| a.width().total_cmp(&b.width()))
}

fn point(text: &str) -> Point {
    let (x, y) = text.split_once(',').unwrap();
    Point { x: x.parse().unwrap(), y: y.parse().unwrap() }
}

/// `3-9`: from and to.
fn span(text: &str) -> (f64, f64) {
    let (from, to) = text.split_once('-').unwrap();
    (from.parse().unwrap(), to.parse().unwrap())
}

fn during((from, to): (f64, f64), t: f64) -> bool {
    (from..to).contains(&t)
}

/// A number from 0 to 1 that looks random (Steele 2014, SplitMix64).
fn noise(seed: u64, n: u32) -> f32 {
    let mut bits =
        seed.wrapping_mul(8).wrapping_add(u64::from(n)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((bits ^ (bits >> 31)) >> 40) as f32 / (1u32 << 24) as f32
}
