//! A camera's faults as stories: what it shows for how long, and what is told of it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use analytics::Analyzer;
use analytics::event::{Event, Phase};
use analytics::scene::Observations;
use analytics::scene::fault::{Fault, Faults};
use analytics::scene::view::{Likeness, View};
use analytics::schedule::{Day, Days, Hours, Schedule, WeekTime};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;

const FRAME: Duration = Duration::from_millis(100);

/// What a camera shows: "good 5 dark 12" is five good seconds and twelve dark ones. Nothing comes
/// while it is "silent".
fn told(story: &str, faults: Faults, after: Option<Duration>) -> String {
    told_in(story, None, RuleKind::CameraFault { faults, after })
}

/// The same of a rule with hours, which are seconds of the story: Monday's minutes.
fn told_in(story: &str, hours: Option<(u16, u16)>, kind: RuleKind) -> String {
    let schedule = hours
        .map(|(from, to)| Schedule::new(Days::ALL, vec![Hours::new(from, to).unwrap()]).unwrap());
    let rule = RuleSettings { name: "camera".into(), zone: None, schedule, kind };
    let settings = Settings::new(TrackerSettings::default(), vec![], vec![rule]).unwrap();
    let mut analyzer = Analyzer::new(&settings);
    let mut events = Vec::new();
    let (mut now, mut first) = (FrameTime::default(), true);
    let words: Vec<&str> = story.split(' ').collect();
    for scene in words.chunks(2) {
        let frames = (scene[1].parse::<f64>().unwrap() * 10.0).round() as u32;
        for _ in 0..frames {
            now = now.plus(FRAME);
            let minutes = Duration::from_secs_f64(60.0 * now.as_secs_f64());
            let local = WeekTime::new(Day::Monday, minutes);
            if scene[0] == "silent" {
                events.extend(analyzer.silence(now, local));
            } else {
                let view = View { changed: if first { None } else { Some(0.2) }, ..view(scene[0]) };
                let view = if scene[0] == "frozen" { self::view("frozen") } else { view };
                let observations = Observations { view, local, ..Observations::default() };
                events.extend(analyzer.step(now, &[], &observations));
                first = false;
            }
        }
    }
    events.extend(analyzer.finish(now));
    in_words(&events)
}

fn view(word: &str) -> View {
    let good = View { black: 0.1, white: 0.1, ..View::default() };
    let seen = |displaced, contrast, sharpness| View {
        likeness: Some(Likeness { displaced, contrast, sharpness }),
        ..good
    };
    match word {
        "good" => good,
        "dark" => View { black: 0.99, ..good },
        "dusky" => View { black: 0.92, ..good },
        "white" => View { white: 0.8, ..good },
        // Half the picture may be people; an hour of fog may take contrast.
        "crowd" => seen(0.5, 0.9, 0.9),
        "fog" => seen(0.2, 0.3, 0.9),
        "covered" => seen(0.95, 0.2, 0.8),
        "moved" => seen(0.9, 1.1, 1.0),
        "soft" => seen(0.3, 0.9, 0.5),
        "softest" => seen(0.8, 0.5, 0.4),
        "flat" => View { flat: 0.99, ..good },
        "frozen" => View { changed: Some(0.0), ..good },
        other => panic!("no such word: {other}"),
    }
}

/// "dark 5-29": what, its onset and the end of its episode, and "+white" for each update.
fn in_words(events: &[Event]) -> String {
    let mut words = Vec::new();
    for event in events {
        let second = |at: FrameTime| at.as_secs_f64().round();
        let (what, decided) = (event.measurement.quantity, second(event.decided));
        let more = match event.phase {
            Phase::Begin => {
                words.push(format!("{what} {}", second(event.onset)));
                continue;
            }
            Phase::Update => format!("+{what}"),
            Phase::End => format!("-{decided}"),
        };
        words.last_mut().unwrap().push_str(&more);
    }
    words.join(" ")
}

#[test]
fn an_episode_is_told_once_with_the_fault_that_lasted() {
    for (story, expected) in [
        ("good 30", ""),
        ("good 5 dark 9 good 20", ""),
        ("good 5 dark 20 good 10", "dark 5-28"),
        ("dark 20 good 10", "dark 0-23"),
        ("good 5 white 12 good 10", "blinded 5-20"),
        ("good 5 frozen 14 good 9", ""),
        ("good 5 frozen 20 good 9", "frozen 5-28"),
        ("good 5 silent 9 good 9", ""),
        ("good 5 silent 20 good 9", "lost 5-27"),
        // The stream ends while it goes on.
        ("good 5 silent 20", "lost 5-25"),
        // A camera may take a minute to start, and no longer.
        ("silent 58 good 9", ""),
        ("silent 70 good 9", "lost 0-72"),
        // A flash, a flicker about the threshold, a relapse within two seconds.
        ("good 5 dark 5 good 0.3 dark 5 good 9", "dark 5-18"),
        ("good 5 dark 11 dusky 9 good 9", "dark 5-28"),
        ("good 5 dusky 30", ""),
        ("good 5 dark 11 good 1.5 dark 3 good 9", "dark 5-23"),
        // Half good, half bad is not bad for long enough.
        ("good 5 dark 6 good 2 dark 6 good 2 dark 6 good 9", ""),
        ("good 5 covered 20 good 9", "covered 5-28"),
        ("good 5 moved 20 good 9", "moved 5-28"),
        ("good 5 soft 10 softest 10 good 9", "defocused 5-28"),
        ("flat 20 good 9", "covered 0-23"),
        ("crowd 30 fog 30", ""),
        // A hand that is taken for another view half of the time.
        ("good 5 covered 4 moved 4 covered 4 good 9", "covered 5-20"),
        // A hand, then the torch, then the cut cable: one episode.
        ("good 5 dark 20 white 20 silent 15 good 9", "dark 5+blinded+lost-62"),
        ("good 5 dark 12 silent 3 good 9", "dark 5-22"),
    ] {
        assert_eq!(told(story, Faults::ALL, None), expected, "{story}");
    }
}

#[test]
fn a_rule_looks_for_its_own_faults_in_its_own_time() {
    let only = |faults: &[Fault]| faults.iter().copied().collect::<Faults>();
    let seconds = |s| Some(Duration::from_secs(s));
    for (story, faults, after, expected) in [
        ("good 5 dark 20 good 9", only(&[Fault::Lost]), None, ""),
        ("good 5 dark 20 silent 12 good 9", only(&[Fault::Lost]), None, "lost 25-39"),
        ("good 5 dark 4 good 9", Faults::ALL, seconds(3), "dark 5-12"),
        ("good 5 dark 20 good 9", Faults::ALL, seconds(30), ""),
        ("good 5 frozen 4 good 9", only(&[Fault::Frozen]), seconds(3), "frozen 5-12"),
    ] {
        assert_eq!(told(story, faults, after), expected, "{story}");
    }
}

#[test]
fn a_fault_counts_from_the_beginning_of_the_hours_and_outlasts_them() {
    for (story, hours, expected) in [
        ("good 5 dark 40 good 10", (20, 60), "dark 20-48"),
        ("good 5 dark 40 good 10", (0, 20), "dark 5-48"),
        ("good 5 dark 40 good 10", (38, 60), ""),
        ("good 5 dark 40 good 10", (0, 12), ""),
        // Nothing comes that could tell the time but the silence itself.
        ("good 5 silent 40 good 10", (20, 60), "lost 20-47"),
        ("good 5 silent 40 good 10", (0, 10), ""),
    ] {
        let kind = RuleKind::CameraFault { faults: Faults::ALL, after: None };
        assert_eq!(told_in(story, Some(hours), kind), expected, "{story} {hours:?}");
    }
}

#[test]
fn an_alarm_says_what_it_was_measured_by() {
    let settings = Settings::new(
        TrackerSettings::default(),
        vec![],
        vec![RuleSettings {
            name: "camera".into(),
            zone: None,
            schedule: None,
            kind: RuleKind::CameraFault { faults: Faults::ALL, after: None },
        }],
    );
    let mut analyzer = Analyzer::new(&settings.unwrap());
    let observations = Observations { view: view("dark"), ..Observations::default() };
    let events: Vec<Event> = (0..110)
        .flat_map(|n| analyzer.step(FrameTime::from_micros(n * 100_000), &[], &observations))
        .collect();
    let measured = events[0].measurement;
    assert_eq!((measured.quantity, measured.unit), ("dark", "share"));
    assert_eq!((measured.value, measured.threshold), (0.99, 0.95));
    assert_eq!(events[0].decided.since(events[0].onset), Duration::from_secs(10));
}
