//! Whatever a detector and a clock may do: no panic, bounded output, the same events every time.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "any_input/life.rs"]
mod life;

use std::time::{Duration, Instant};

use analytics::Analyzer;
use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::Event;
use analytics::geometry::{NormBox, Point};
use analytics::line::{Direction, Line};
use analytics::polygon::Polygon;
use analytics::polyline::Polyline;
use analytics::pose::{KeyPoint, Pose};
use analytics::question::Question;
use analytics::scene::Observations;
use analytics::scene::resting::{Change, RestingThing};
use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use analytics::zone::Zone;
use life::check_life;
use proptest::prelude::*;

type Frame = (FrameTime, Vec<Detection>);

fn settings() -> Settings {
    let corners = [(0.2, 0.3), (0.9, 0.4), (0.5, 0.5), (0.8, 1.0), (0.1, 1.0)];
    let corners = corners.iter().map(|&(x, y)| Point { x, y }).collect();
    let zone = Zone { name: "lawn".into(), area: Polygon::new(corners).unwrap() };
    let rule = |name: &str, zone: Option<&str>, kind| RuleSettings {
        name: name.into(),
        zone: zone.map(Into::into),
        schedule: None,
        kind,
    };
    let hours = vec![Hours::new(22 * 60, 6 * 60).unwrap(), Hours::new(12 * 60, 13 * 60).unwrap()];
    let schedule = Schedule::new(Days::from_iter([Day::Monday, Day::Sunday]), hours).unwrap();
    let at_night = |rule: RuleSettings| RuleSettings {
        name: format!("{} at night", rule.name).into(),
        schedule: Some(schedule.clone()),
        ..rule
    };
    let mut rules = vec![
        rule("entered", Some("lawn"), RuleKind::Intrusion { hold: Duration::from_millis(500) }),
        rule("over", Some("fence"), RuleKind::Crossing { direction: Direction::Both }),
        rule("stayed", None, RuleKind::Loitering { dwell: Duration::from_secs(2) }),
        rule("fell", None, RuleKind::Falldown { down: Duration::from_millis(500) }),
        rule("left", None, RuleKind::Abandonment { rest: SECOND, alone: SECOND }),
        rule("parked", None, RuleKind::Parking { stay: RuleKind::MIN_STAY }),
    ];
    rules.extend(rules.clone().into_iter().map(at_night));
    let ends = [(0.1, 0.5), (0.5, 0.4), (0.4, 0.8), (0.9, 0.9)];
    let way = Polyline::new(ends.iter().map(|&(x, y)| Point { x, y }).collect()).unwrap();
    let line = Line { name: "fence".into(), way };
    Settings::with_lines(TrackerSettings::default(), vec![zone], vec![line], rules).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

/// Every event of a run, and a check of what must hold after each frame.
fn run(frames: &[Frame]) -> Vec<Event> {
    let mut analyzer = Analyzer::new(&settings());
    let mut events = Vec::new();
    for (now, seen) in frames {
        // What is seen rests too, once it has been looked at for a while.
        let resting = (1..).zip(seen).map(|(id, seen)| thing(id, *now, seen)).collect();
        let local = local(*now, seen);
        let observations = Observations { aspect: 1.5, resting, local, ..Observations::default() };
        events.extend(analyzer.step(*now, seen, &observations));
        match analyzer.question() {
            Some(Question::Bodies { .. }) => analyzer.answer(seen),
            Some(Question::Pose { .. }) => analyzer.answer_pose(&pose(seen)),
            None => {}
        }
        assert!(analyzer.tracks().len() <= 128);
        assert!(analyzer.tracks().iter().all(|track| track.path().thinned(1000).len() <= 33));
    }
    events.extend(analyzer.finish(frames.last().map_or(FrameTime::default(), |frame| frame.0)));
    events
}

/// A day passes in two seconds; nobody knows the time of some frames.
fn local(now: FrameTime, seen: &[Detection]) -> Option<WeekTime> {
    let days = now.as_micros() / 2_000_000;
    let share = (now.as_micros() % 2_000_000) as f64 / 2_000_000.0;
    let day = Day::ALL[(days % 7) as usize];
    WeekTime::new(day, Duration::from_secs_f64(share * 86_400.0)).filter(|_| seen.len() % 8 != 7)
}

/// Joints at the corners of what is seen, and where no number is.
fn pose(seen: &[Detection]) -> Pose {
    Pose::new(std::array::from_fn(|joint| match seen.get(joint % (seen.len() + 1)) {
        Some(seen) => {
            let x = if joint % 2 == 0 { seen.bounds.left() } else { seen.bounds.right() };
            let y = if joint % 3 == 0 { seen.bounds.top() } else { seen.bounds.bottom() };
            KeyPoint { at: Point { x, y }, score: seen.confidence }
        }
        None => KeyPoint {
            at: Point { x: f32::NAN, y: f32::INFINITY },
            score: Confidence::new(1.0).unwrap(),
        },
    }))
}

/// A thing where something is seen, its times anywhere about `now`.
fn thing(id: u64, now: FrameTime, seen: &Detection) -> RestingThing {
    let score = seen.confidence.get();
    let time = |by: f32| {
        let by = Duration::from_secs_f32(10.0 * by);
        if score < 0.1 { now.plus(by) } else { now.minus(by) }
    };
    RestingThing {
        id,
        bounds: seen.bounds,
        ground_seen: time(score),
        first_seen: time(score / 2.0),
        settled: time(score / 4.0),
        visible: score < 0.9,
        change: if score < 0.8 { Change::Placed } else { Change::Light },
    }
}

fn detection() -> impl Strategy<Value = Detection> {
    let class = prop_oneof![9 => Just(ObjectClass::Person), 1 => Just(ObjectClass::Car)];
    // Sides down to the smallest number there is, and coordinates far outside the picture.
    let side = prop_oneof![8 => 0.0f32..0.5, 1 => Just(f32::MIN_POSITIVE), 1 => 1e-30f32..1e-6];
    let place = prop_oneof![9 => 0.0f32..1.0, 1 => -1e30f32..1e30];
    (class, 0.0f32..1.0, place.clone(), place, side.clone(), side).prop_filter_map(
        "a box with an area",
        |(class, score, x, y, width, height)| {
            let bounds = NormBox::new(x, y, x + width, y + height)?;
            Some(Detection { class, confidence: Confidence::new(score)?, bounds })
        },
    )
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    // Mostly 10 frames a second; also standstill, jumps ahead and back, and the end of the axis.
    let time_step = prop_oneof![
        12 => Just(100_000i64),
        1 => Just(0i64),
        2 => -3_000_000i64..20_000_000,
        1 => Just(i64::MAX),
    ];
    let frame = (time_step, prop::collection::vec(detection(), 0..20));
    prop::collection::vec(frame, 1..80).prop_map(|steps| {
        let mut now: u64 = 0;
        let stamped = steps.into_iter().map(|(step, seen)| {
            now = now.saturating_add_signed(step);
            (FrameTime::from_micros(now), seen)
        });
        stamped.collect()
    })
}

proptest! {
    // A case is two runs of up to 80 frames; 64 of them take some seconds on a small machine.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_frames_give_whole_events_twice_the_same(frames in frames()) {
        let events = run(&frames);
        check_life(&events);
        prop_assert_eq!(format!("{:?}", run(&frames)), format!("{:?}", events));
    }
}

#[test]
fn ten_thousand_detections_a_frame_stay_within_a_frame_of_time() {
    let seen: Vec<Detection> = (0..10_000u16)
        .map(|index| {
            let (x, y) = (f32::from(index % 100) / 100.0, f32::from(index / 100) / 100.0);
            Detection {
                class: if index % 2 == 0 { ObjectClass::Person } else { ObjectClass::Car },
                confidence: Confidence::new(0.4 + f32::from(index % 60) / 100.0).unwrap(),
                bounds: NormBox::new(x, y, x + 0.02, y + 0.05).unwrap(),
            }
        })
        .collect();
    let frames: Vec<Frame> =
        (0..50).map(|n| (FrameTime::from_micros(n * 100_000), seen.clone())).collect();
    let began = Instant::now();
    run(&frames);
    // A frame lasts 100 ms at ten a second; the bound is loose since test machines are shared.
    assert!(began.elapsed() < Duration::from_secs(5), "took {:?}", began.elapsed());
}
