//! Stories of a picture, of what is looked at in it and of what stands afterwards.

use analytics::detection::{Confidence, ObjectClass};
use proptest::prelude::*;

use super::change::CELL;
use super::*;

const WIDTH: usize = 160;
const HEIGHT: usize = 120;

/// A camera and what watches it, ten pictures a second.
struct Story {
    attention: Attention,
    picture: Luma,
    now: FrameTime,
}

impl Story {
    /// A grey picture that has been looked at once, with `found` in it.
    fn begun(found: &[Detection]) -> Self {
        let picture = Luma::new(WIDTH, vec![100; WIDTH * HEIGHT]).unwrap();
        let mut story =
            Self { attention: Attention::default(), picture, now: FrameTime::from_micros(0) };
        assert_eq!(story.next(), Some(Look::Whole));
        story.saw(Look::Whole, found);
        story
    }

    fn next(&mut self) -> Option<Look> {
        self.now = self.now.plus(Duration::from_millis(100));
        self.attention.look(self.now, &self.picture)
    }

    fn saw(&mut self, look: Look, found: &[Detection]) {
        self.attention.saw(self.now, look, found);
    }

    /// Paints a block; sides in pixels.
    fn paint(&mut self, [left, top, right, bottom]: [usize; 4], value: u8) {
        for row in top..bottom {
            self.picture.pixels_mut()[row * WIDTH + left..row * WIDTH + right].fill(value);
        }
    }

    fn part(&mut self) -> NormBox {
        match self.next() {
            Some(Look::Part(region)) => region,
            other => panic!("{other:?}"),
        }
    }
}

/// A box whose sides are pixels of the story's picture.
fn pixels([left, top, right, bottom]: [usize; 4]) -> NormBox {
    let (x, y) = (|side| side as f32 / WIDTH as f32, |side| side as f32 / HEIGHT as f32);
    NormBox::new(x(left), y(top), x(right), y(bottom)).unwrap()
}

fn person(score: f32, sides: [usize; 4]) -> Detection {
    let confidence = Confidence::new(score).unwrap();
    Detection { class: ObjectClass::Person, confidence, bounds: pixels(sides) }
}

#[test]
fn a_still_picture_is_looked_at_every_five_seconds() {
    let mut story = Story::begun(&[person(0.5, [20, 20, 40, 80])]);
    let looks: Vec<_> = (1..=50).filter(|_| story.next().is_some()).collect();
    assert_eq!(looks, [50]);
    assert_eq!(story.attention.detections().len(), 1);
}

#[test]
fn what_moves_is_looked_at_and_what_stands_is_remembered() {
    let standing = person(0.6, [10, 20, 30, 80]);
    let mut story = Story::begun(&[standing]);
    story.paint([100, 40, 120, 80], 180);
    let region = story.part();
    assert_eq!(region, pixels([96, 36, 124, 84]));
    let walker = person(0.8, [100, 40, 120, 80]);
    story.saw(Look::Part(region), &[walker]);
    assert_eq!(story.attention.detections(), [walker, standing]);
    assert_eq!(story.next(), None);
}

#[test]
fn somebody_of_whom_a_part_moves_is_looked_at_whole() {
    let mut story = Story::begun(&[person(0.6, [60, 20, 90, 100])]);
    story.paint([84, 80, 96, 96], 30);
    let region = story.part();
    assert_eq!(region, pixels([60, 20, 100, 100]));
    story.saw(Look::Part(region), &[]);
    assert_eq!(story.attention.detections(), []);
}

#[test]
fn a_look_tells_nothing_of_what_lies_outside_and_repeats_nobody_who_stands() {
    let standing = person(0.6, [80, 20, 95, 80]);
    let mut story = Story::begun(&[standing]);
    story.paint([104, 40, 120, 80], 180);
    let region = story.part();
    let again = person(0.9, [81, 20, 96, 80]);
    let outside = person(0.9, [10, 20, 30, 80]);
    let walker = person(0.5, [104, 40, 120, 80]);
    story.saw(Look::Part(region), &[again, outside, walker]);
    assert_eq!(story.attention.detections(), [standing, walker]);
}

#[test]
fn whom_only_a_keen_look_sees_stands_until_their_place_changes() {
    let near = person(0.9, [60, 20, 90, 100]);
    let mut story = Story::begun(&[near]);
    story.paint([100, 40, 104, 48], 180);
    let region = story.part();
    let far = person(0.5, [100, 40, 104, 48]);
    story.saw(Look::Keen(region), &[far]);
    assert_eq!(story.attention.detections(), [near, far]);
    for at in 0..2 {
        while story.next() != Some(Look::Whole) {}
        story.saw(Look::Whole, &[near]);
        assert_eq!(story.attention.detections(), [near, far], "look {at} at the whole");
    }
    let mut gone = Story { attention: std::mem::take(&mut story.attention), ..story };
    gone.paint([100, 40, 104, 48], 100);
    let region = gone.part();
    gone.saw(Look::Keen(region), &[]);
    assert_eq!(gone.attention.detections(), [near], "the place changed, and nobody is there");
}

#[test]
fn a_keen_sight_does_not_outlast_ten_seconds_of_looks_that_do_not_see_it() {
    let mut story = Story::begun(&[]);
    story.paint([100, 40, 104, 48], 180);
    let region = story.part();
    story.saw(Look::Keen(region), &[person(0.5, [100, 40, 104, 48])]);
    let began = story.now;
    while !story.attention.detections().is_empty() {
        if story.next() == Some(Look::Whole) {
            story.saw(Look::Whole, &[]);
        }
        assert!(story.now.since(began) <= Duration::from_secs(16), "it stands for ever");
    }
    assert!(story.now.since(began) >= Attention::KEEN_STANDS);
}

#[test]
fn while_something_moves_the_whole_is_looked_at_every_second() {
    let mut story = Story::begun(&[]);
    let mut whole = Vec::new();
    for at in 1..=25 {
        story.paint([10 + at, 40, 20 + at, 80], if at % 2 == 0 { 180 } else { 20 });
        let look = story.next().unwrap();
        if look == Look::Whole {
            whole.push(at);
        }
        story.saw(look, &[]);
    }
    // The first second still counts from a picture in which nothing had moved yet.
    assert_eq!(whole, [10, 20]);
}

#[test]
fn a_change_that_creeps_is_noticed() {
    let mut story = Story::begun(&[]);
    for step in 1..=2 {
        story.paint([40, 40, 60, 80], 100 + step);
        assert_eq!(story.next(), None, "{step}");
    }
    story.paint([40, 40, 60, 80], 103);
    story.part();
}

#[test]
fn a_look_that_failed_is_asked_for_again() {
    let mut story = Story::begun(&[]);
    story.paint([40, 40, 60, 80], 200);
    let region = story.part();
    assert_eq!(story.part(), region);
}

#[test]
fn a_switched_light_and_another_size_are_looked_at_whole() {
    let mut story = Story::begun(&[]);
    story.paint([0, 0, WIDTH, HEIGHT], 140);
    assert_eq!(story.next(), Some(Look::Whole));
    story.saw(Look::Whole, &[]);
    assert_eq!(story.next(), None);
    story.picture.resize(200, 100);
    assert_eq!(story.next(), Some(Look::Whole));
}

#[test]
fn noise_all_over_is_no_change_but_what_stands_out_of_it_is() {
    let mut story = Story::begun(&[]);
    let mut seed = 1_u32;
    let mut noisy = |base: u8| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        base.saturating_add_signed((seed >> 24) as i8 / 16)
    };
    for pixel in story.picture.pixels_mut() {
        *pixel = noisy(100);
    }
    assert_eq!(story.next(), None);
    story.paint([40, 40, 60, 80], 160);
    let region = story.part();
    assert_eq!(region, pixels([36, 36, 64, 84]));
}

#[test]
fn a_clock_that_goes_back_means_looking_again() {
    let mut story = Story::begun(&[]);
    story.now = FrameTime::from_micros(0);
    assert_eq!(story.attention.look(FrameTime::default(), &story.picture), Some(Look::Whole));
}

proptest! {
    /// Whatever the pictures' sizes and times, nothing fails, and after a look that was seen the
    /// same picture at the same time needs none; but the whole may be due once something has moved.
    #[test]
    fn any_pictures(pictures in prop::collection::vec(
        (0_usize..40, 0_usize..40, 0_u64..20_000_000, any::<u8>(), any::<bool>()), 1..20,
    )) {
        let mut attention = Attention::default();
        for (width, height, micros, value, two) in pictures {
            let mut luma = Luma::default();
            luma.resize(width, height);
            let half = luma.pixels().len() / 2;
            luma.pixels_mut()[if two { half } else { 0 }..].fill(value);
            let now = FrameTime::from_micros(micros);
            if let Some(look) = attention.look(now, &luma) {
                let whole = NormBox::new(0.0, 0.0, 1.0, 1.0).unwrap();
                attention.saw(now, look, &[Detection { bounds: whole, ..person(0.5, [0, 0, 9, 9]) }]);
                if width >= CELL && height >= CELL {
                    let again = attention.look(now, &luma);
                    let due = look != Look::Whole && again == Some(Look::Whole);
                    prop_assert!(again.is_none() || due, "{:?} after {:?}", again, look);
                }
            }
        }
    }
}
