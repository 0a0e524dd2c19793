//! Any pictures, of sizes that change in mid-stream: whatever looks at pixels, and the rules behind it.
//!
//! Promises: shows that nothing panics, that shares are shares, that no more things rest than may, and
//! that the same bytes give the same twice. Refuses: large pictures, which only take longer.
#![no_main]

#[path = "pictures/film.rs"]
mod film;
#[path = "../../../firmware/analytics/tests/any_input/life.rs"]
mod life;

use std::time::Duration;

use analytics::Analyzer;
use analytics::detection::{Confidence, Detection, ObjectClass};
use analytics::event::Event;
use analytics::luma::Luma;
use analytics::scene::fault::Faults;
use analytics::scene::resting::Resting;
use analytics::scene::view::View;
use analytics::scene::{Observer, Sight};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use libfuzzer_sys::fuzz_target;

use film::{Film, Shot};
use life::check_life;

fuzz_target!(|film: Film| {
    let events = run(&film);
    check_life(&events);
    assert_eq!(format!("{:?}", run(&film)), format!("{events:?}"));
});

fn run(film: &Film) -> Vec<Event> {
    let mut watch = Watch::new();
    let (mut now, mut luma, mut events) = (FrameTime::default(), Luma::default(), Vec::new());
    for (shot, size) in film.shots() {
        for frame in 0..shot.frames() {
            now = shot.step.after(now);
            shot.paint(&mut luma, size, frame);
            events.extend(watch.look(now, &luma, shot));
        }
    }
    events.extend(watch.analyzer.finish(now));
    events
}

/// Everything that looks at a camera's pixels.
struct Watch {
    observer: Observer,
    resting: Resting,
    analyzer: Analyzer,
}

impl Watch {
    fn new() -> Self {
        let second = Duration::from_secs(1);
        let rule =
            |name: &str, kind| RuleSettings { name: name.into(), zone: None, schedule: None, kind };
        let rules = vec![
            rule("camera", RuleKind::CameraFault { faults: Faults::ALL, after: None }),
            rule("left", RuleKind::Abandonment { rest: second, alone: second }),
        ];
        let settings = Settings::new(TrackerSettings::default(), vec![], rules);
        Self {
            observer: Observer::default(),
            resting: Resting::default(),
            analyzer: Analyzer::new(&settings.expect("rules as anybody may write them")),
        }
    }

    fn look(&mut self, now: FrameTime, luma: &Luma, shot: &Shot) -> Vec<Event> {
        let mut observations =
            self.observer.step(now, &Sight { luma, saturation: shot.saturation.0 });
        check_view(&observations.view);
        let bounds = shot.person.and_then(|place| place.bounds((0.0, 0.0)));
        let (class, confidence) = (ObjectClass::Person, Confidence::new(0.9).unwrap_or_default());
        let person = bounds.map(|bounds| Detection { class, confidence, bounds });
        if self.resting.is_due(now) {
            self.resting.look(now, luma, bounds.into_iter());
        }
        observations.resting = self.resting.things().collect();
        assert!(observations.resting.len() <= Resting::MAX_THINGS);
        self.analyzer.step(now, person.as_slice(), &observations)
    }
}

fn check_view(view: &View) {
    let shares = [Some(view.black), Some(view.white), Some(view.flat), view.changed];
    let displaced = view.likeness.map(|likeness| likeness.displaced);
    // Rounding may leave a share of nothing a little below it.
    let share = |share: f32| (-1e-5..=1.0).contains(&share);
    assert!(shares.into_iter().chain([displaced]).flatten().all(share), "{view:?}");
    let measured = |measure: f32| measure.is_finite();
    let likeness = view.likeness;
    assert!(likeness.is_none_or(|seen| measured(seen.contrast) && measured(seen.sharpness)));
}
