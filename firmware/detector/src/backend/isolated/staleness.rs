//! Staleness: whether an NPU answers what it is shown, or the same whatever that is.
//!
//! A runtime whose driver was reset may go on to say "success" and leave the last outputs, or none, where it
//! should write new ones; a box with that sees nobody any more and says that all is well. What gives it away
//! is an answer that stays the same to the last bit while the picture changes.
//!
//! Promises: an answer that outlives [`STRIKES`] pictures that clearly differ from the one it was first
//! given to is stale; a picture that is black, frozen or changes slightly is no evidence. Refuses: to judge
//! what an answer means; to look at every pixel.
//!
//! # Why a network that works does not look stale
//! Noise of the sensor alone changes some of a network's hundreds of thousands of values in every picture, even
//! rounded to eight bits; and without any noise NanoDet-Plus-m, its outputs so rounded, answers 8 in 100 values
//! differently to an all-grey picture of level 46 than to one of 45. The same to the last bit comes of
//! the very same picture: black, or repeated by the camera, which changes by less than is asked for here.

use super::fingerprint::Fingerprint;

/// Every so many bytes of the picture are looked at: 14,400 of 640x480. No multiple of 3, so that every
/// channel is among them.
const STEP: usize = 64;
/// A sample differs by more than so many of 256 levels: more than noise and compression make of one and
/// the same scene, scaled down to the network's input.
const LEVELS: u8 = 24;
/// More than one sample in so many differs: what somebody near the camera covers, a car further away, and
/// dusk, a lamp or a cloud anywhere.
const SHARE: usize = 50;
/// So many such pictures, so that no one odd picture costs the NPU; 300 ms at ten pictures a second.
const STRIKES: u32 = 3;

/// What a runtime answered so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Staleness {
    answer: Option<Fingerprint>,
    /// Of the picture to which that answer was given first.
    samples: Vec<u8>,
    strikes: u32,
}

impl Staleness {
    /// Takes the `answer` to the picture `pixels`; says whether the runtime gives the same to whatever
    /// it is shown. Allocates at the first picture only.
    pub(super) fn judge(&mut self, pixels: &[u8], answer: Fingerprint) -> bool {
        if self.answer != Some(answer) {
            self.answer = Some(answer);
            self.samples.clear();
            self.samples.extend(samples(pixels));
            self.strikes = 0;
        } else if self.differs(pixels) {
            self.strikes = self.strikes.saturating_add(1);
        }
        self.strikes >= STRIKES
    }

    /// Whether `pixels` clearly differ from the picture to which the answer was given first.
    fn differs(&self, pixels: &[u8]) -> bool {
        let pairs = self.samples.iter().zip(samples(pixels));
        let differing = pairs.filter(|&(&before, now)| before.abs_diff(now) > LEVELS).count();
        differing * SHARE > self.samples.len()
    }
}

fn samples(pixels: &[u8]) -> impl Iterator<Item = u8> {
    pixels.iter().step_by(STEP).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: usize = 640 * 480 * 3;

    fn answer(value: f32) -> Fingerprint {
        let mut fingerprint = Fingerprint::default();
        fingerprint.take(&[value]);
        fingerprint
    }

    /// How many pictures it takes until the same answer to all of them is stale.
    fn stale_after(pictures: impl IntoIterator<Item = Vec<u8>>) -> Option<usize> {
        let mut staleness = Staleness::default();
        pictures.into_iter().position(|pixels| staleness.judge(&pixels, answer(1.0)))
    }

    /// A grey wall, one part in `share` of it `levels` brighter.
    fn wall(share: usize, levels: u8) -> Vec<u8> {
        let mut pixels = vec![100; PIXELS];
        pixels[..PIXELS / share].fill(100 + levels);
        pixels
    }

    #[test]
    fn the_same_answer_to_three_pictures_unlike_the_first_is_stale() {
        let walker = [wall(100, 0), wall(40, 60), wall(30, 60), wall(20, 60)];
        assert_eq!(stale_after(walker.clone()), Some(3));
        // Pictures like the first in between neither strengthen the case nor weaken it.
        let [still, ..] = walker.clone();
        let between = walker.into_iter().flat_map(|picture| [picture, still.clone()]);
        assert_eq!(stale_after(between), Some(6));
        // Light that falls too slowly to be seen from one picture to the next.
        assert_eq!(stale_after((0..100).map(|level| vec![200 - level; PIXELS])), Some(27));
    }

    #[test]
    fn a_picture_that_is_black_or_frozen_or_hardly_changes_is_no_evidence() {
        let noise = |at: usize, picture: usize| 16 + ((at * 7 + picture * 13) % 25) as u8;
        for (name, pictures) in [
            ("black", vec![vec![0; PIXELS]; 100]),
            ("frozen", vec![wall(7, 90); 100]),
            ("noisy", (0..100).map(|n| (0..PIXELS).map(|at| noise(at, n)).collect()).collect()),
            ("a cat far away", (0..100).map(|n| wall(500 - n, 90)).collect()),
        ] {
            assert_eq!(stale_after(pictures), None, "{name}");
        }
    }

    #[test]
    fn an_answer_that_changes_at_all_is_an_answer() {
        let mut staleness = Staleness::default();
        for n in 0..20_u8 {
            let same_for_three = answer(f32::from(n / 3));
            assert!(!staleness.judge(&vec![n * 12; PIXELS], same_for_three), "{n}");
        }
        // And one that was stale is believed again once it changes.
        let mut staleness = Staleness::default();
        let stale = (0..5_u8).map(|n| staleness.judge(&vec![n * 50; PIXELS], answer(1.0)));
        assert_eq!(stale.collect::<Vec<_>>(), [false, false, false, true, true]);
        assert!(!staleness.judge(&[9; PIXELS], answer(2.0)));
    }
}
