//! The scores at which a detector is believed, in each light.
//!
//! Less light means more noise and less colour: a detector scores what is no person higher, and
//! people lower. So each light has scores of its own, measured with the model (docs/models.md).

use crate::detection::Confidence;
use crate::scene::light::Light;

/// The scores at which the detector is believed in one light.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Believed {
    /// A detection at or above this may start a track.
    pub start: Confidence,
    /// A detection at or above this keeps a track alive; lower ones are not looked at.
    pub keep: Confidence,
}

/// The scores at which the detector is believed; they belong to the model and its precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackerSettings {
    /// In the order of [`Light::ALL`].
    by_light: [Believed; Light::ALL.len()],
}

impl TrackerSettings {
    /// The same scores in every light.
    #[must_use]
    pub const fn same(believed: Believed) -> Self {
        Self { by_light: [believed; Light::ALL.len()] }
    }

    /// The same settings but for `light`.
    #[must_use]
    pub fn with(mut self, light: Light, believed: Believed) -> Self {
        self.by_light[light as usize] = believed;
        self
    }

    /// The scores that count in `light`.
    #[must_use]
    pub const fn in_light(&self, light: Light) -> Believed {
        self.by_light[light as usize]
    }

    /// The lowest score that is looked at in any light.
    #[must_use]
    pub fn lowest(&self) -> Confidence {
        let keeps = self.by_light.iter().map(|believed| believed.keep);
        keeps.min_by(|a, b| a.get().total_cmp(&b.get())).unwrap_or_default()
    }
}

impl Believed {
    /// Whether the two stand in order, above nothing.
    pub(super) fn is_whole(self) -> bool {
        self.keep.get() > 0.0 && self.keep.get() <= self.start.get()
    }
}

impl Default for TrackerSettings {
    /// 0.35 and 0.20 in every light: NanoDet-Plus at 640 pixels in fp32, by day.
    fn default() -> Self {
        let confidence = |score| Confidence::new(score).unwrap_or_default();
        Self::same(Believed { start: confidence(0.35), keep: confidence(0.20) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_light_has_its_own_scores() {
        let believed = |start, keep| Believed {
            start: Confidence::new(start).unwrap(),
            keep: Confidence::new(keep).unwrap(),
        };
        let settings =
            TrackerSettings::same(believed(0.3, 0.2)).with(Light::NightIr, believed(0.4, 0.15));
        for light in Light::ALL {
            let night = light == Light::NightIr;
            let expected = if night { believed(0.4, 0.15) } else { believed(0.3, 0.2) };
            assert_eq!(settings.in_light(light), expected, "{light:?}");
        }
        assert_eq!(settings.lowest(), Confidence::new(0.15).unwrap());
    }
}
