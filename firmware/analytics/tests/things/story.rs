//! The stories' language and what comes of them.

use std::fmt;
use std::time::Duration;

use analytics::Analyzer;
use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::{Event, EventKind, Phase};
use analytics::geometry::NormBox;
use analytics::scene::Observations;
use analytics::scene::resting::Resting;
use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;

use crate::footage::{Canvas, Patch, SIZE, noise};

/// How far a told time may lie from the expected one, in seconds: a look and a step.
const TOLERANCE_S: f64 = 0.8;
/// Frames a second.
const FPS: u64 = 10;

/// What happens in front of the camera.
#[derive(Clone, Debug, Default)]
pub(crate) struct Story {
    people: Vec<Person>,
    things: Vec<(Span, Patch, f32)>,
    lamps: Vec<(Span, Patch, f32)>,
    leaves: Vec<Patch>,
    called: Vec<(Span, Patch, ObjectClass)>,
    light: Option<(f64, f32)>,
    shift: Option<(f64, isize)>,
    shake: isize,
    hours: Option<(u16, u16)>,
}

#[derive(Clone, Debug)]
struct Person {
    /// Where the feet are when.
    way: Vec<(f64, (f32, f32))>,
    missed: Option<Span>,
}

type Span = (f64, f64);

/// The events told of a story, and when it was over.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    events: Vec<Event>,
    over: FrameTime,
}

impl Story {
    /// Reads the story language of this test.
    pub(crate) fn read(lines: &[&str]) -> Self {
        let mut story = Self::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            match words[0] {
                "person" => story.people.push(Person::walking(&line[7..])),
                "missed" => story.people.last_mut().unwrap().missed = Some(span(words[1])),
                "thing" => story.things.push(painted(&words[1..])),
                "lamp" => story.lamps.push(painted(&words[1..])),
                "sway" => story.leaves.push(patch(words[1], words[2])),
                "called" => {
                    assert_eq!(words[1], "motorcycle");
                    let place = patch(words[3], words[4]);
                    story.called.push((span(words[2]), place, ObjectClass::Motorcycle));
                }
                "light" => story.light = Some((number(words[1]), number(words[2]) as f32)),
                "shift" => story.shift = Some((number(words[1]), number(words[2]) as isize)),
                "shake" => story.shake = number(words[1]) as isize,
                "hours" => {
                    let (from, to) = span(words[1]);
                    story.hours = Some((from as u16, to as u16));
                }
                other => panic!("no such word: {other}"),
            }
        }
        story
    }

    /// Everything told, the end included.
    pub(crate) fn run(&self) -> Told {
        let (mut analyzer, mut resting) = (Analyzer::new(&self.settings()), Resting::default());
        let aspect = SIZE.0 as f32 / SIZE.1 as f32;
        let mut observations = Observations { aspect, ..Observations::default() };
        let ends = self.things.iter().map(|thing| thing.0.1);
        let walks = self.people.iter().map(|person| person.way.last().unwrap().0);
        let last = ends.chain(walks).fold(0.0, f64::max) as u64;
        let mut told = Told { events: Vec::new(), over: FrameTime::default() };
        for frame in 0..last * FPS {
            let now = FrameTime::from_micros(frame * 1_000_000 / FPS);
            if resting.is_due(now) {
                resting.look(now, &self.picture(now.as_secs_f64(), frame), analyzer.people());
                observations.resting = resting.things().collect();
            }
            let seen = self.detections(now.as_secs_f64(), frame);
            // Monday's minutes are the story's seconds.
            let minutes = Duration::from_secs_f64(60.0 * now.as_secs_f64());
            observations.local = WeekTime::new(Day::Monday, minutes);
            told.events.extend(analyzer.step(now, &seen, &observations));
            told.over = now;
        }
        told.events.extend(analyzer.finish(told.over));
        told
    }

    fn settings(&self) -> Settings {
        let (rest, alone) = (RuleKind::DEFAULT_REST, RuleKind::DEFAULT_ALONE);
        let schedule = self.hours.map(|(from, to)| {
            Schedule::new(Days::ALL, vec![Hours::new(from, to).unwrap()]).unwrap()
        });
        let kind = RuleKind::Abandonment { rest, alone };
        let rule = RuleSettings { name: "left".into(), zone: None, schedule, kind };
        Settings::new(TrackerSettings::default(), vec![], vec![rule]).unwrap()
    }

    fn picture(&self, t: f64, frame: u64) -> analytics::luma::Luma {
        let turned = self.shift.filter(|shift| t >= shift.0).map_or(0, |shift| shift.1);
        let tremble = |purpose| {
            (noise(frame, 0, purpose) * (2 * self.shake + 1) as f32) as isize - self.shake
        };
        let mut canvas = Canvas::ground((turned + tremble(4), tremble(5)));
        for &(span, patch, level) in &self.things {
            if during(span, t) {
                canvas.paint(patch, |_, x, y| level + 12.0 * noise(x as u64, y as u64 / 4, 6));
            }
        }
        for &(span, patch, level) in &self.lamps {
            if during(span, t) {
                canvas.paint(patch, |before, _, _| f32::from(before) + level);
            }
        }
        for patch in &self.leaves {
            let wind = (frame / 3) % 7;
            canvas.paint(*patch, |before, x, y| {
                f32::from(before) + 90.0 * (noise(x as u64 / 4 + wind, y as u64 / 3, 7) - 0.5)
            });
        }
        for person in &self.people {
            let Some(body) = person.body(t) else { continue };
            let sways = 0.004 * (noise(frame / 2, 1, 8) - 0.5);
            let (left, right) = (body.left + sways, body.right + sways);
            let middle = body.top + 0.5 * (body.bottom - body.top);
            let coat = Patch { left, right, bottom: middle, ..body };
            canvas.paint(coat, |_, x, y| 170.0 + 30.0 * noise(x as u64 / 3, y as u64 / 5, 9));
            canvas.paint(Patch { left, right, top: middle, ..body }, |_, _, _| 50.0);
        }
        let light = self.light.filter(|light| t >= light.0).map_or(1.0, |light| light.1);
        canvas.expose(light, frame)
    }

    fn detections(&self, t: f64, frame: u64) -> Vec<Detection> {
        let seen = |class, patch: Patch, score| {
            let bounds = NormBox::new(patch.left, patch.top, patch.right, patch.bottom)?;
            Some(Detection { class, confidence: Confidence::new(score)?, bounds })
        };
        let people = self.people.iter().filter_map(|person| {
            let missed = person.missed.is_some_and(|span| during(span, t));
            let body = person.body(t).filter(|_| !missed)?;
            seen(ObjectClass::Person, body, 0.7 + 0.1 * noise(frame, 2, 10))
        });
        let called = self.called.iter().filter(|called| during(called.0, t));
        people.chain(called.filter_map(|&(_, patch, class)| seen(class, patch, 0.6))).collect()
    }
}

impl Person {
    fn walking(way: &str) -> Self {
        let way = way.split(" > ").map(|stop| {
            let (time, place) = stop.split_once(' ').unwrap();
            (number(time), pair(place, ','))
        });
        Self { way: way.collect(), missed: None }
    }

    /// Where the body is: nearer the camera, further down and taller.
    fn body(&self, t: f64) -> Option<Patch> {
        let leg = self.way.windows(2).find(|leg| (leg[0].0..leg[1].0).contains(&t))?;
        let [(from_t, from), (to_t, to)] = [leg[0], leg[1]];
        let share = ((t - from_t) / (to_t - from_t)) as f32;
        let (x, y) = (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        let height = 0.05 + 0.35 * y;
        Some(standing((x, y), (height / 2.5 * 9.0 / 16.0, height)))
    }
}

impl Told {
    /// Whether this is what was expected: as many events, and times near enough.
    pub(crate) fn is_like(&self, expected: &str) -> bool {
        let (told, expected) = (self.to_string(), expected.to_owned());
        let times = |text: &str| -> Vec<Option<f64>> {
            text.split([' ', '-']).map(|time| time.parse().ok()).collect()
        };
        let (told, expected) = (times(&told), times(&expected));
        let near = |pair: (&Option<f64>, &Option<f64>)| match pair {
            (Some(a), Some(b)) => (a - b).abs() <= TOLERANCE_S,
            (a, b) => a == b,
        };
        told.len() == expected.len() && told.iter().zip(&expected).all(near)
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = self.events.iter().filter(|event| event.phase == Phase::Begin);
        for (index, begin) in begins.enumerate() {
            assert_eq!(begin.kind, EventKind::Abandonment);
            let end = self.events.iter().find(|e| e.id == begin.id && e.phase == Phase::End);
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{:.1}-", begin.onset.as_secs_f64())?;
            if let Some(end) = end.filter(|end| end.decided < self.over) {
                write!(f, "{:.1}", end.decided.as_secs_f64())?;
            }
        }
        Ok(())
    }
}

fn painted(words: &[&str]) -> (Span, Patch, f32) {
    (span(words[0]), patch(words[1], words[2]), number(words[3]) as f32)
}

/// A patch from where it stands and how large it is.
fn patch(foot: &str, size: &str) -> Patch {
    standing(pair(foot, ','), pair(size, 'x'))
}

fn standing((x, y): (f32, f32), (width, height): (f32, f32)) -> Patch {
    Patch { left: x - width / 2.0, top: y - height, right: x + width / 2.0, bottom: y }
}

fn span(text: &str) -> Span {
    let (from, to) = text.split_once('-').unwrap();
    (number(from), number(to))
}

fn pair(text: &str, between: char) -> (f32, f32) {
    let (one, other) = text.split_once(between).unwrap();
    (number(one) as f32, number(other) as f32)
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

fn during((from, to): Span, t: f64) -> bool {
    (from..to).contains(&t)
}
