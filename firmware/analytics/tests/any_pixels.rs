//! Whatever pixels and stamps come: no panic, shares that are shares, whole events, twice the same.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use analytics::Analyzer;
use analytics::event::{Event, Phase};
use analytics::luma::Luma;
use analytics::scene::fault::Faults;
use analytics::scene::view::{Likeness, View};
use analytics::scene::{Observations, Observer, Sight};
use analytics::settings::{RuleKind, RuleSettings, Settings, TrackerSettings};
use analytics::time::FrameTime;
use proptest::prelude::*;

/// A stamp with what was seen then; nothing is a camera that is silent.
type Moment = (FrameTime, Option<View>);

fn events(moments: &[Moment]) -> Vec<Event> {
    let kind = RuleKind::CameraFault { faults: Faults::ALL, after: None };
    let rule = RuleSettings { name: "camera".into(), zone: None, schedule: None, kind };
    let settings = Settings::new(TrackerSettings::default(), vec![], vec![rule]).unwrap();
    let mut analyzer = Analyzer::new(&settings);
    let mut events = Vec::new();
    for &(now, view) in moments {
        events.extend(match view {
            Some(view) => {
                let observations = Observations { view, ..Observations::default() };
                analyzer.step(now, &[], &observations)
            }
            None => analyzer.silence(now, None),
        });
    }
    events.extend(analyzer.finish(moments.last().map_or(FrameTime::default(), |last| last.0)));
    events
}

fn measure() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 0.0f32..1.0, 3 => Just(1.0), 1 => any::<f32>()]
}

fn view() -> impl Strategy<Value = View> {
    let likeness = (measure(), measure(), measure())
        .prop_map(|(displaced, contrast, sharpness)| Likeness { displaced, contrast, sharpness });
    let changed = prop_oneof![Just(None), Just(Some(0.0)), measure().prop_map(Some)];
    let shares = (measure(), measure(), measure(), changed);
    (shares, prop::option::of(likeness)).prop_map(|((black, white, flat, changed), likeness)| {
        View { black, white, changed, flat, likeness }
    })
}

/// Each view is shown for a while, so that faults last; then time jumps, also back.
fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let jump =
        prop_oneof![6 => Just(200_000i64), 1 => -3_000_000i64..20_000_000, 1 => Just(i64::MAX)];
    let scene = (prop::option::weighted(0.8, view()), 1usize..80, jump);
    prop::collection::vec(scene, 1..12).prop_map(|scenes| {
        let mut now: u64 = 0;
        let mut moments = Vec::new();
        for (view, frames, jump) in scenes {
            now = now.saturating_add_signed(jump);
            for _ in 0..frames {
                now = now.saturating_add(200_000);
                moments.push((FrameTime::from_micros(now), view));
            }
        }
        moments
    })
}

/// Pictures of a few sizes: flat, noisy or striped.
fn picture() -> impl Strategy<Value = Luma> {
    let size = prop_oneof![Just((64usize, 48usize)), Just((33, 17)), (1usize..100, 1usize..40)];
    (size, any::<u8>(), any::<u8>(), 1usize..9).prop_map(|((width, height), low, step, every)| {
        let pixel = |index: usize| low.wrapping_add(step.wrapping_mul((index / every % 7) as u8));
        Luma::new(width, (0..width * height).map(pixel).collect()).unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_views_give_whole_episodes_twice_the_same(moments in moments()) {
        let told = events(&moments);
        let mut open = false;
        for event in &told {
            prop_assert_eq!(open, event.phase != Phase::Begin, "{:?} out of turn", event.phase);
            open = event.phase != Phase::End;
            prop_assert!(event.onset <= event.decided);
        }
        prop_assert!(!open, "never ended");
        prop_assert_eq!(format!("{:?}", events(&moments)), format!("{told:?}"));
    }

    #[test]
    fn any_pictures_give_shares(pictures in prop::collection::vec((picture(), 1u64..40), 1..6)) {
        let mut observer = Observer::default();
        let mut now = 0;
        for (luma, frames) in &pictures {
            for frame in 0..*frames {
                // Every tenth stamp goes back.
                now = if frame % 10 == 9 { now / 2 } else { now + 200_000 };
                let sight = Sight { luma, saturation: f32::NAN };
                let view = observer.step(FrameTime::from_micros(now), &sight).view;
                let mut shares = vec![view.black, view.white, view.flat];
                shares.extend(view.changed);
                shares.extend(view.likeness.map(|seen| seen.displaced));
                prop_assert!(shares.iter().all(|share| (-1e-5..=1.0).contains(share)), "{view:?}");
                let finite = view.likeness.is_none_or(|seen| {
                    seen.contrast.is_finite() && seen.sharpness.is_finite()
                });
                prop_assert!(finite, "{view:?}");
            }
        }
    }
}
