//! Whatever pictures, sizes and stamps come, the observer of resting things neither panics nor tells
//! of more than it may, and tells twice the same.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use analytics::geometry::NormBox;
use analytics::luma::Luma;
use analytics::scene::resting::{Resting, RestingThing};
use analytics::time::FrameTime;
use proptest::prelude::*;

/// A stamp, a picture, and somebody in front of it.
type Look = (FrameTime, Luma, Option<NormBox>);

fn things(looks: &[Look]) -> Vec<RestingThing> {
    let mut resting = Resting::default();
    let mut seen = Vec::new();
    for (now, luma, person) in looks {
        resting.look(*now, luma, person.iter().copied());
        assert!(resting.things().count() <= Resting::MAX_THINGS);
        seen.extend(resting.things());
    }
    seen
}

/// Blocks of a few levels, which rest now and then, in a picture down to nothing.
fn luma(width: usize, height: usize, seed: u64) -> Luma {
    let mut luma = Luma::default();
    luma.resize(width, height);
    for (index, pixel) in luma.pixels_mut().iter_mut().enumerate() {
        let (x, y) = (index % width.max(1) / 7, index / width.max(1) / 5);
        let mixed = (x as u64 + 31 * y as u64 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        *pixel = (mixed >> 62) as u8 * 85;
    }
    luma
}

fn looks() -> impl Strategy<Value = Vec<Look>> {
    let step = prop_oneof![9 => Just(500_000i64), 1 => -3_000_000i64..900_000_000];
    let size = prop_oneof![9 => Just((70usize, 50usize)), 1 => (0usize..9, 0usize..9)];
    let person = prop::option::of((0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0, 0.0f32..1.0));
    let scene = (step, size, prop_oneof![4 => Just(0u64), 1 => 0u64..4], 1usize..8, person);
    prop::collection::vec(scene, 1..20).prop_map(|scenes| {
        let mut now: u64 = 0;
        let mut looks = Vec::new();
        for (step, (width, height), seed, times, person) in scenes {
            for _ in 0..times {
                now = now.saturating_add_signed(step);
                let person = person.and_then(|(a, b, c, d)| NormBox::new(a, b, c, d));
                looks.push((FrameTime::from_micros(now), luma(width, height, seed), person));
            }
        }
        looks
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_pictures_give_the_same_things_twice(looks in looks()) {
        prop_assert_eq!(things(&looks), things(&looks));
    }
}
