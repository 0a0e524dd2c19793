//! What `npu.toml` says: the model in each vendor's own format, for each chip and input size.
//!
//! The preparation writes it beside the model on the machine that converts: the vendors' converters
//! do not give the same bytes twice, so no checksum of theirs can be committed.

use std::path::Path;

use super::rules::{self, Broken};
use super::{ManifestError, Weights, fields, parsed, text_of};

/// Every conversion of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NpuModels {
    models: Vec<NpuWeights>,
}

/// One conversion.
#[derive(Clone, Debug, PartialEq)]
pub struct NpuWeights {
    /// The chip: one of [`NpuModels::PLATFORMS`].
    pub platform: String,
    /// Width and height of its input in pixels.
    pub size: (usize, usize),
    /// The converter and its version.
    pub toolkit: String,
    /// The file and the thresholds it was measured with.
    pub weights: Weights,
}

impl NpuModels {
    /// The file's name in a prepared model's folder.
    pub const FILE: &str = "npu.toml";

    /// The chips there are conversions for.
    pub const PLATFORMS: [&str; 5] = ["rk3588", "rk3566", "rv1126b", "hailo8", "hailo8l"];

    /// Reads and checks `path`.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        Self::parse(path, &text_of(path)?)
    }

    /// Checks `text`, which errors will say came from `path`.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ManifestError> {
        let fields: fields::NpuModels = parsed(path, text)?;
        let models = fields.models.into_iter().map(validate).collect::<Result<_, _>>();
        models.map(|models| Self { models }).map_err(|broken| broken.of(path))
    }

    /// The conversion for `platform` and `size`.
    #[must_use]
    pub fn find(&self, platform: &str, size: (usize, usize)) -> Option<&NpuWeights> {
        self.of(platform).find(|model| model.size == size)
    }

    /// Those for `platform`, one for each size.
    pub fn of(&self, platform: &str) -> impl Iterator<Item = &NpuWeights> {
        self.models.iter().filter(move |model| model.platform == platform)
    }

    /// The first of `platforms` that there is a conversion for, else the first.
    #[must_use]
    pub fn best_served(&self, platforms: Vec<String>) -> Option<String> {
        let served = platforms.iter().position(|platform| self.serves(platform));
        platforms.into_iter().nth(served.unwrap_or_default())
    }

    /// Whether there is any conversion for `platform`.
    #[must_use]
    pub fn serves(&self, platform: &str) -> bool {
        self.of(platform).next().is_some()
    }
}

impl std::fmt::Display for NpuModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, NpuWeights { platform, size: (width, height), .. }) in
            self.models.iter().enumerate()
        {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{platform} {width}x{height}")?;
        }
        Ok(())
    }
}

fn validate(raw: fields::NpuModel) -> Result<NpuWeights, Broken> {
    const TABLE: &str = "model";
    if !NpuModels::PLATFORMS.contains(&raw.platform.as_str()) {
        let expected = format!("one of {}", NpuModels::PLATFORMS.join(", "));
        return Err(Broken::new("model.platform", expected, format!("{:?}", raw.platform)));
    }
    let width = rules::count("model.width", raw.width, 32, 4096)?;
    let height = rules::count("model.height", raw.height, 32, 4096)?;
    let weights = fields::Weights {
        file: raw.file,
        sha256: raw.sha256,
        start_confidence: raw.start_confidence,
        keep_confidence: raw.keep_confidence,
        suppression_iou: raw.suppression_iou,
        light: raw.light,
        _measured: None,
    };
    Ok(NpuWeights {
        platform: raw.platform,
        size: (width, height),
        toolkit: raw.toolkit,
        weights: rules::weights(TABLE, weights)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(platform: &str, width: i64) -> String {
        let sha256 = "0".repeat(64);
        format!(
            "[[model]]\nplatform = {platform:?}\nfile = \"m.rknn\"\nsha256 = {sha256:?}\nbytes = 3\n\
             width = {width}\nheight = 480\ntoolkit = \"rknn-toolkit2 2.5.0\"\n\
             start_confidence = 0.33\nkeep_confidence = 0.19\nsuppression_iou = 0.6\n"
        )
    }

    #[test]
    fn a_conversion_is_found_by_chip_and_size() {
        let text = entry("rk3588", 640) + &entry("rk3566", 640);
        let models = NpuModels::parse(Path::new("npu.toml"), &text).unwrap();
        assert_eq!(models.to_string(), "rk3588 640x480, rk3566 640x480");
        assert!(models.serves("rk3566") && !models.serves("hailo8"));
        let found = models.find("rk3588", (640, 480)).unwrap();
        assert_eq!(found.weights.thresholds.believed.lowest().get(), 0.19);
        assert_eq!(models.find("rk3588", (640, 384)), None);
        assert_eq!(NpuModels::parse(Path::new("x"), "").unwrap(), NpuModels::default());
    }

    #[test]
    fn the_chip_with_a_model_is_taken_before_one_without() {
        let box_has = ["hailo8", "hailo8l", "rk3588"].map(str::to_owned).to_vec();
        for (converted, expected) in [
            ("hailo8l", "hailo8l"),
            ("hailo8", "hailo8"),
            ("rk3588", "rk3588"),
            ("rv1126b", "hailo8"),
        ] {
            let models = NpuModels::parse(Path::new("npu.toml"), &entry(converted, 640)).unwrap();
            assert_eq!(models.best_served(box_has.clone()).as_deref(), Some(expected));
        }
        assert_eq!(NpuModels::default().best_served(Vec::new()), None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, expected) in [
            (entry("rk1", 640), "npu.toml: model.platform is \"rk1\", expected one of rk3588"),
            (entry("rk3588", -1), "npu.toml: model.width is -1, expected 32 to 4096"),
            (entry("rk3588", 640) + "colour = 1\n", "npu.toml:12: unknown field `colour`"),
        ] {
            let error = NpuModels::parse(Path::new("npu.toml"), &text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
