//! What speaks for a followed box being a living person.
//!
//! Detectors take bollards, signs, tripods and tree trunks for people: always at the same place, at
//! a score that hovers about the threshold. A person either has moved since first seen, or stands
//! so plainly in view that the score stays high. One of the two is asked for, so that a person who
//! stands still from the first frame on still counts.

use crate::detection::Confidence;
use crate::geometry::NormBox;

/// How far a box must have gone from where it was first seen, in its own widths sideways or heights
/// up and down: about 25 and 40 cm, several times what the box of a thing at rest jumps about.
const MOVED: (f32, f32) = (0.5, 0.25);
/// How far above the score that starts a track the median score of something that has never moved
/// must lie.
const PLAIN_MARGIN: f32 = 0.2;
/// How many scores the median is taken over: three seconds at ten frames a second.
const SCORES: usize = 31;

/// What has been seen of one track so far.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    origin: NormBox,
    moved: bool,
    /// The last scores, oldest overwritten first.
    scores: Vec<Confidence>,
    next: usize,
}

impl Evidence {
    pub(crate) fn new(bounds: NormBox, score: Confidence) -> Self {
        Self { origin: bounds, moved: false, scores: vec![score], next: 1 }
    }

    /// Where it was when first seen.
    pub(crate) const fn origin(&self) -> &NormBox {
        &self.origin
    }

    /// Takes in one more sight; `bounds` is smoothed.
    pub(crate) fn add(&mut self, bounds: &NormBox, score: Confidence) {
        self.moved |= has_moved(&self.origin, bounds);
        if self.scores.len() < SCORES {
            self.scores.push(score);
        } else {
            self.scores[self.next % SCORES] = score;
        }
        self.next = (self.next + 1) % SCORES;
    }

    /// The last scores, oldest first, `most` of them at most.
    pub(crate) fn last_scores(&self, most: usize) -> Vec<Confidence> {
        let oldest = if self.scores.len() < SCORES { 0 } else { self.next };
        let (newer, older) = self.scores.split_at(oldest);
        let all = older.iter().chain(newer);
        all.skip(self.scores.len().saturating_sub(most)).copied().collect()
    }

    /// Whether this is a person rather than something that looks like one, for a detector that
    /// starts tracks at `start`.
    pub(crate) fn is_person(&self, start: Confidence) -> bool {
        self.moved || self.median_score() >= start.get() + PLAIN_MARGIN
    }

    fn median_score(&self) -> f32 {
        let mut scores: Vec<f32> = self.scores.iter().map(|score| score.get()).collect();
        scores.sort_unstable_by(f32::total_cmp);
        scores[scores.len() / 2]
    }
}

/// Whether both sides, or top and bottom, went the same way far enough: a box that only grew or
/// shrank (an arm, a half-hidden body) has not moved.
fn has_moved(from: &NormBox, to: &NormBox) -> bool {
    let sideways = common_shift(to.left() - from.left(), to.right() - from.right());
    let upright = common_shift(to.top() - from.top(), to.bottom() - from.bottom());
    sideways >= MOVED.0 * from.width().max(to.width())
        || upright >= MOVED.1 * from.height().max(to.height())
}

/// How far two edges went together; 0 when they went apart.
fn common_shift(one: f32, other: f32) -> f32 {
    if (one > 0.0) == (other > 0.0) { one.abs().min(other.abs()) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_moves_or_is_plainly_seen() {
        let bounds = |x: f32, width: f32| NormBox::new(x, 0.2, x + width, 0.6).unwrap();
        let table = [
            ("a bollard: still, scores about the threshold", 0.30, bounds(0.5, 0.1), false),
            ("a sign whose box grows and shrinks", 0.45, bounds(0.5, 0.2), false),
            ("a person standing in plain view", 0.70, bounds(0.5, 0.1), true),
            ("a far person who took a step", 0.30, bounds(0.56, 0.1), true),
        ];
        for (what, score, then, expected) in table {
            let score = Confidence::new(score).unwrap();
            let mut evidence = Evidence::new(bounds(0.5, 0.1), score);
            for _ in 0..100 {
                evidence.add(&then, score);
            }
            assert_eq!(evidence.is_person(Confidence::new(0.4).unwrap()), expected, "{what}");
        }
    }

    #[test]
    fn the_last_scores_come_oldest_first() {
        let bounds = NormBox::new(0.5, 0.2, 0.6, 0.6).unwrap();
        let score = |frame: u16| Confidence::new(f32::from(frame) / 100.0).unwrap();
        let mut evidence = Evidence::new(bounds, score(0));
        assert_eq!(evidence.last_scores(4), [score(0)]);
        for frame in 1..=40 {
            evidence.add(&bounds, score(frame));
            let last: Vec<_> = (frame.saturating_sub(3)..=frame).map(score).collect();
            assert_eq!(evidence.last_scores(4), last);
        }
    }

    #[test]
    fn a_few_high_scores_do_not_make_a_person() {
        let bounds = NormBox::new(0.5, 0.2, 0.6, 0.6).unwrap();
        let mut evidence = Evidence::new(bounds, Confidence::new(0.9).unwrap());
        for frame in 0..300u16 {
            let score = if frame % 3 == 0 { 0.8 } else { 0.3 };
            evidence.add(&bounds, Confidence::new(score).unwrap());
        }
        assert!(!evidence.is_person(Confidence::new(0.4).unwrap()));
        assert_eq!(evidence.scores.len(), SCORES);
    }
}
