//! The light a scene stands in, measured from the picture.
//!
//! Promises: a headlight or a passing cloud is no change of light: another one has to be measured
//! for [`SETTLING`] without a break. Refuses: the time of day and what the camera says of itself.

use core::time::Duration;

use crate::luma::{self, Luma};
use crate::scene::Sight;
use crate::time::FrameTime;

/// How long another light has to be measured: longer than a headlight sweeps over a street and
/// than a camera hunts for its exposure when it switches.
pub const SETTLING: Duration = Duration::from_secs(2);

/// Mean chroma distance below which there is no colour. A camera in night mode sends neutral
/// chroma exactly; encoding moves it by less than a level. The greyest fog of a colour camera
/// keeps more than two.
pub const NEUTRAL: f32 = 1.5;
/// Mean luma below which there is hardly anything to see: a tenth of the range above black (16).
pub const BLACK: f32 = 32.0;
/// Mean luma below which a colour picture is dim. Exposure holds the mean of a day scene near
/// mid-grey (110 to 130); a camera at the end of its gain falls below half of that.
pub const DIM: f32 = 64.0;
/// How far a measure must pass a threshold to change the light, so that noise does not: a tenth.
const MARGIN: f32 = 0.1;

/// The light a scene stands in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Light {
    /// Colour, well exposed: the day, or a well lit room.
    #[default]
    Day,
    /// Colour, but dim: dusk, or a street lamp before a camera without infrared.
    Dusk,
    /// No colour: night mode, by infrared light as a rule.
    NightIr,
    /// Next to nothing can be seen.
    Dark,
}

impl Light {
    /// Every light.
    pub const ALL: [Self; 4] = [Self::Day, Self::Dusk, Self::NightIr, Self::Dark];

    /// The light of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|light| light.word() == word)
    }

    /// Its word in recordings.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Dusk => "dusk",
            Self::NightIr => "night_ir",
            Self::Dark => "dark",
        }
    }

    /// The light measured by `level` (mean luma) and `saturation`; `current` is held on to within
    /// the margin.
    fn measured(level: f32, saturation: f32, current: Option<Self>) -> Self {
        let below = |value: f32, threshold: f32, now: bool| {
            let margin = if now { 1.0 + MARGIN } else { 1.0 - MARGIN };
            value < if current.is_some() { threshold * margin } else { threshold }
        };
        if below(level, BLACK, current == Some(Self::Dark)) {
            Self::Dark
        } else if below(saturation, NEUTRAL, current == Some(Self::NightIr)) {
            Self::NightIr
        } else if below(level, DIM, current == Some(Self::Dusk)) {
            Self::Dusk
        } else {
            Self::Day
        }
    }
}

/// Follows the light from frame to frame.
#[derive(Clone, Debug, Default)]
pub(super) struct LightMeter {
    current: Option<Light>,
    /// Another light, and since when it has been measured.
    next: Option<(Light, FrameTime)>,
}

impl LightMeter {
    /// The light of the frame taken at `now`; the first frame's is believed at once.
    pub(super) fn step(&mut self, now: FrameTime, sight: &Sight<'_>) -> Light {
        let measured = Light::measured(level(sight.luma), sight.saturation, self.current);
        let current = *self.current.get_or_insert(measured);
        if measured == current {
            self.next = None;
            return current;
        }
        let since = match self.next {
            Some((light, since)) if light == measured => since,
            _ => now,
        };
        if now.since(since) < SETTLING {
            self.next = Some((measured, since));
            return current;
        }
        (self.current, self.next) = (Some(measured), None);
        measured
    }
}

/// Mean luma, 0 to 255; 0 for a picture without pixels.
fn level(picture: &Luma) -> f32 {
    let sum: u64 = picture.rows().map(|row| u64::from(luma::sum(row, |value| value))).sum();
    let count = picture.pixels().len().max(1);
    // A picture has fewer than 2^24 pixels after shrinking; a wider one only loses digits.
    (sum as f64 / count as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The light at the end of `spans` of (seconds, luma, saturation), at 10 frames a second.
    fn light_after(spans: &[(u64, u8, f32)]) -> Light {
        let mut meter = LightMeter::default();
        let (mut frame, mut light) = (0, Light::default());
        for &(seconds, level, saturation) in spans {
            let luma = Luma::new(4, vec![level; 12]).unwrap();
            for _ in 0..seconds * 10 {
                let now = FrameTime::from_micros(frame * 100_000);
                light = meter.step(now, &Sight { luma: &luma, saturation });
                frame += 1;
            }
        }
        light
    }

    #[test]
    fn the_light_is_what_has_been_measured_for_some_time() {
        for (spans, expected) in [
            (&[(1, 110, 12.0)][..], Light::Day),
            (&[(1, 50, 9.0)], Light::Dusk),
            (&[(1, 90, 0.4)], Light::NightIr),
            (&[(1, 20, 0.0)], Light::Dark),
            // The camera takes its filter away at nightfall, and puts it back.
            (&[(5, 110, 12.0), (30, 50, 6.0), (3, 90, 0.2)], Light::NightIr),
            (&[(5, 90, 0.2), (3, 50, 6.0)], Light::Dusk),
            (&[(5, 90, 0.2), (3, 110, 6.0)], Light::Day),
            // A lorry's headlights, a second of fog before the lens.
            (&[(5, 50, 6.0), (1, 180, 6.0)], Light::Dusk),
            (&[(5, 110, 6.0), (1, 110, 0.5)], Light::Day),
            // Noise about a threshold.
            (&[(5, 62, 6.0), (5, 66, 6.0)], Light::Dusk),
            (&[(5, 66, 6.0), (5, 62, 6.0)], Light::Day),
            (&[(5, 66, 6.0), (5, 50, 6.0), (5, 75, 6.0)], Light::Day),
        ] {
            assert_eq!(light_after(spans), expected, "{spans:?}");
        }
    }

    #[test]
    fn no_pixels_are_dark() {
        let sight = Sight { luma: &Luma::default(), saturation: f32::NAN };
        assert_eq!(LightMeter::default().step(FrameTime::default(), &sight), Light::Dark);
    }
}
