//! Attention: which part of the next picture is worth the network's time.
//!
//! What a network says of pixels that have not changed it has said before. So each frame only what
//! changed since it was last looked at is looked at again, with room around it, and what was seen
//! elsewhere stands. The whole picture is looked at again once a second while anything moves, for
//! what changes too faintly to notice, and every five seconds while nothing does.
//!
//! Promises: the same pictures give the same looks; a change once noticed stays noticed until it was
//! looked at, however slowly it grows and however many looks fail. Refuses: running the network, and
//! following anything: detections that stand are repeated as they were.

use core::time::Duration;

use analytics::detection::Detection;
use analytics::geometry::NormBox;
use analytics::luma::Luma;
use analytics::time::FrameTime;

mod change;

use change::{Change, Extent};

/// What to look at in one picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// All of it.
    Whole,
    /// What can be judged from this part and its surroundings.
    Part(NormBox),
    /// The same with more of the picture's own pixels than a look at the whole takes. Never asked
    /// for: a [`Look::Part`] of a large picture becomes one where it costs no more than the whole.
    Keen(NormBox),
}

/// What has been seen of one camera's pictures, and where they have changed since.
#[derive(Debug, Default)]
pub struct Attention {
    change: Change,
    /// When the whole was looked at last.
    whole: Option<FrameTime>,
    /// Whether any part was looked at since then.
    stirred: bool,
    /// What stands, surest first.
    seen: Vec<Detection>,
    /// What of it keen looks found, and when.
    keen: Vec<(FrameTime, Detection)>,
}

impl Attention {
    /// How long a change too faint to notice may go unseen while something else moves.
    pub const WHOLE_WHILE_MOVING: Duration = Duration::from_secs(1);

    /// The same while nothing moves: an idle picture costs a fiftieth of its frames at 10 a second.
    pub const WHOLE_WHILE_STILL: Duration = Duration::from_secs(5);

    /// How long somebody a keen look found, small as they may be, stands against looks at the whole
    /// that cannot see them. Nobody keeps so still for longer that no keen look follows.
    pub const KEEN_STANDS: Duration = Duration::from_secs(10);

    /// What to look at in the picture taken at `now`, whose grey version is `luma` (its long side
    /// some 300 pixels); `None` when nothing changed.
    pub fn look(&mut self, now: FrameTime, luma: &Luma) -> Option<Look> {
        let changed = self.change.compare(luma);
        let patience =
            if self.stirred { Self::WHOLE_WHILE_MOVING } else { Self::WHOLE_WHILE_STILL };
        // A clock that went back says nothing about how old the last look is.
        let fresh = |at: FrameTime| now >= at && now.since(at) < patience;
        if !self.whole.is_some_and(fresh) {
            return Some(Look::Whole);
        }
        match changed {
            Extent::Nothing => None,
            Extent::Everything => Some(Look::Whole),
            Extent::Part(region) => {
                let touched = self.seen.iter().filter(|d| self.change.touches(&d.bounds));
                Some(Look::Part(touched.fold(region, |region, d| region.around(&d.bounds))))
            }
        }
    }

    /// Takes what was `found` by `look` in the picture last given to [`Attention::look`], at `now`.
    pub fn saw(&mut self, now: FrameTime, look: Look, found: &[Detection]) {
        match look {
            Look::Whole => {
                self.whole = Some(now);
                self.stirred = false;
                self.seen.clear();
                self.seen.extend_from_slice(found);
                self.keep_keen(now);
                self.change.seen_whole();
            }
            Look::Part(region) | Look::Keen(region) => {
                self.stirred = true;
                let change = &self.change;
                self.seen.retain(|d| !change.touches(&d.bounds));
                self.keen.retain(|(_, d)| !change.touches(&d.bounds));
                let standing = self.seen.len();
                for d in found.iter().filter(|d| region.contains(d.bounds.center())) {
                    if !self.seen[..standing].iter().any(|s| is_same(s, d)) {
                        self.seen.push(*d);
                        self.keen.extend(matches!(look, Look::Keen(_)).then_some((now, *d)));
                    }
                }
                self.change.seen(&region);
            }
        }
        self.seen.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
    }

    /// Adds to what the whole showed what only keen looks can, where nothing has changed since.
    fn keep_keen(&mut self, now: FrameTime) {
        let change = &self.change;
        let stands = |at: FrameTime| now >= at && now.since(at) < Self::KEEN_STANDS;
        self.keen.retain(|(at, d)| stands(*at) && !change.touches(&d.bounds));
        let shown = self.seen.len();
        for (_, d) in &self.keen {
            if !self.seen[..shown].iter().any(|s| is_same(s, d)) {
                self.seen.push(*d);
            }
        }
    }

    /// What is in the picture: what the last looks found, surest first.
    #[must_use]
    pub fn detections(&self) -> &[Detection] {
        &self.seen
    }
}

/// Two boxes of one class that overlap more are one object seen twice: in a look, and in one before
/// that still stands.
const SAME: f32 = 0.5;

fn is_same(one: &Detection, other: &Detection) -> bool {
    one.class == other.class && one.bounds.iou(&other.bounds) > SAME
}

#[cfg(test)]
mod tests;
