//! What one look found all over the picture: how noisy it is, and whether it is the known scene.

/// The noise that is allowed for: twice what nine of ten pixels stay within.
const QUIET_SHARE: (u32, u32) = (9, 10);
const NOISES: u8 = 2;
/// At most what a poor camera at dusk makes of nothing, in levels.
pub(super) const MOST_NOISE: u8 = 20;
/// At least one part in 14 of the mean brightness, and from 4 to 8 levels: the contrast of what
/// compression makes of nothing, which a dark picture has less of.
const LEAST_CONTRAST: u64 = 14;
const LEAST_NOISE: (u64, u64) = (4, 8);
/// The share of the pixels seen that may be neither ground nor anything known before the light is
/// said to have changed.
const UNKNOWN_SCENE: f32 = 0.3;

/// Counts of one look, over the pixels whose ground is known and that nobody covers.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    /// How many lie how many levels off the ground.
    differences: [u32; 256],
    seen: u32,
    strange: u32,
    levels: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { differences: [0; 256], seen: 0, strange: 0, levels: 0 }
    }
}

impl Tally {
    /// Takes in one pixel: the ground's level, what is seen, and whether that is neither ground nor
    /// anything known.
    pub(super) fn add(&mut self, level: u8, value: u8, strange: bool) {
        self.differences[usize::from(level.abs_diff(value))] += 1;
        self.seen += 1;
        self.strange += u32::from(strange);
        self.levels += u64::from(level);
    }

    /// Whether too much of the picture is unknown.
    pub(super) fn is_strange(&self) -> bool {
        self.strange as f32 > UNKNOWN_SCENE * self.seen as f32
    }

    /// The noise to allow for in the next look; `None` when nothing was seen.
    pub(super) fn noise(&self) -> Option<u8> {
        let mean = self.levels.checked_div(u64::from(self.seen))?;
        let least = (mean / LEAST_CONTRAST).clamp(LEAST_NOISE.0, LEAST_NOISE.1) as u8;
        let mut within = 0;
        let usual = self.differences.iter().position(|&count| {
            within += count;
            within * QUIET_SHARE.1 >= self.seen * QUIET_SHARE.0
        })?;
        let usual = u8::try_from(usual).unwrap_or(u8::MAX);
        Some(usual.saturating_mul(NOISES).clamp(least, MOST_NOISE))
    }
}
