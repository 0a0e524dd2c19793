//! Any settings, and any detections and observations at any time: the whole of analysis but pixels.
//!
//! Promises: shows that nothing panics, that settings are refused in one line, that what is kept stays
//! bounded, and that the same bytes give the same whole events twice. Refuses: inputs of more than
//! some hundred frames, which only take longer.
#![no_main]

#[path = "../../../firmware/analytics/tests/any_input/life.rs"]
mod life;
#[path = "detections/rules.rs"]
mod rules;
#[path = "detections/scene.rs"]
mod scene;

use analytics::Analyzer;
use analytics::event::Event;
use analytics::settings::Settings;
use analytics::time::FrameTime;
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;

use life::check_life;
use rules::Rules;
use scene::Scene;

/// The most scenes looked at.
const MAX_SCENES: usize = 16;
/// The most tracks there may be, and the most points in one's path.
const MAX_TRACKS: usize = 128;
const MAX_PATH: usize = 33;

/// A camera's rules and what comes before it.
#[derive(Arbitrary, Debug)]
struct Watch {
    rules: Rules,
    scenes: Vec<Scene>,
}

fuzz_target!(|watch: Watch| {
    let settings = watch.rules.settings();
    let events = run(&watch, &settings);
    check_life(&events);
    assert_eq!(format!("{:?}", run(&watch, &settings)), format!("{events:?}"));
});

fn run(watch: &Watch, settings: &Settings) -> Vec<Event> {
    let mut analyzer = Analyzer::new(settings);
    let (mut now, mut events) = (FrameTime::default(), Vec::new());
    for scene in watch.scenes.iter().take(MAX_SCENES) {
        let began = now;
        for frame in 0..scene.frames() {
            now = scene.step.after(now);
            events.extend(scene.show(&mut analyzer, (began, now), frame));
            check_bounds(&mut analyzer);
        }
    }
    events.extend(analyzer.finish(now));
    events
}

fn check_bounds(analyzer: &mut Analyzer) {
    let tracks = analyzer.tracks();
    assert!(tracks.len() <= MAX_TRACKS);
    assert!(tracks.iter().all(|track| track.path().thinned(2 * MAX_PATH).len() <= MAX_PATH));
    assert!(analyzer.people().count() <= MAX_TRACKS);
    assert!(analyzer.take_candidates().len() <= Analyzer::MAX_CANDIDATES);
}
