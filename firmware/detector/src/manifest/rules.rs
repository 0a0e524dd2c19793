//! What every key of a `model.toml` may hold.
//!
//! Promises: the first key that breaks its rule is named, with what is allowed and what stands
//! there. Ranges are wide enough for any published model of these families and narrow enough that
//! nothing computed from them overflows or allocates without bound.

use std::fmt::{Debug, Display};
use std::path::Path;

use analytics::detection::{Confidence, ObjectClass};
use analytics::scene::light::Light;
use analytics::settings::{Believed, TrackerSettings};

use super::{
    ChannelOrder, Head, HeadKind, Input, Manifest, ManifestError, Scores, Thresholds, Weights,
    fields,
};

/// The words of the `[classes]` table and what each means to the rules.
pub const CLASS_WORDS: [(&str, ObjectClass); 12] = [
    ("person", ObjectClass::Person),
    ("bicycle", ObjectClass::Bicycle),
    ("car", ObjectClass::Car),
    ("motorcycle", ObjectClass::Motorcycle),
    ("bus", ObjectClass::Bus),
    ("truck", ObjectClass::Truck),
    ("backpack", ObjectClass::Backpack),
    ("handbag", ObjectClass::Handbag),
    ("suitcase", ObjectClass::Suitcase),
    ("bird", ObjectClass::Animal),
    ("cat", ObjectClass::Animal),
    ("dog", ObjectClass::Animal),
];

/// A key that breaks its rule.
pub(super) struct Broken {
    pub(super) key: String,
    pub(super) expected: String,
    pub(super) got: String,
}

impl Broken {
    pub(super) fn new(
        key: impl Into<String>,
        expected: impl Into<String>,
        got: impl Display,
    ) -> Self {
        Self { key: key.into(), expected: expected.into(), got: got.to_string() }
    }

    /// The refusal of the manifest at `path`.
    pub(super) fn of(self, path: &Path) -> ManifestError {
        let Self { key, expected, got } = self;
        ManifestError::Value { path: path.to_owned(), key, expected, got }
    }
}

type Checked<T> = Result<T, Broken>;

pub(super) fn validate(raw: fields::Manifest) -> Checked<Manifest> {
    let (name, licence) = (name(raw.name)?, licence(raw.licence)?);
    let input = input(raw.input)?;
    let head = head(raw.head)?;
    let classes = classes(&raw.classes, head.classes)?;
    let fp32 = raw.precision.fp32.map(|w| weights("precision.fp32", w)).transpose()?;
    let int8 = raw.precision.int8.map(|w| weights("precision.int8", w)).transpose()?;
    if fp32.is_none() && int8.is_none() {
        return Err(Broken::new("precision", "a table fp32 or int8", "empty"));
    }
    Ok(Manifest { name, licence, input, head, classes, fp32, int8 })
}

pub(super) fn name(raw: String) -> Checked<String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !(1..=64).contains(&raw.len()) || !raw.chars().all(plain) {
        return Err(Broken::new("name", "1 to 64 of a-z, 0-9 and -", quoted(&raw)));
    }
    Ok(raw)
}

pub(super) fn licence(raw: String) -> Checked<String> {
    if raw.trim().is_empty() {
        return Err(Broken::new("licence", "an SPDX expression", quoted(&raw)));
    }
    Ok(raw)
}

pub(super) fn input(raw: fields::Input) -> Checked<Input> {
    let channel_order = match raw.channel_order.as_str() {
        "bgr" => ChannelOrder::Bgr,
        "rgb" => ChannelOrder::Rgb,
        other => {
            return Err(Broken::new("input.channel_order", "\"bgr\" or \"rgb\"", quoted(other)));
        }
    };
    let multiple = count("input.multiple", raw.multiple, 1, 256)?;
    Ok(Input {
        tensor: tensor_name("input.tensor", raw.tensor)?,
        multiple,
        long_side_px: count("input.long_side_px", raw.long_side_px, multiple.max(32), 4096)?,
        channel_order,
        mean: triple("input.mean", raw.mean, 0.0, 255.0)?,
        std: triple("input.std", raw.std, 0.001, 1000.0)?,
        pad: real("input.pad", raw.pad, 0.0, 255.0)?,
    })
}

fn head(raw: fields::Head) -> Checked<Head> {
    let (kind, tensors) = match raw.kind.as_str() {
        "nanodet-plus" => (HeadKind::NanodetPlus, 1),
        "nanodet" => (HeadKind::Nanodet, 2),
        other => {
            return Err(Broken::new("head.kind", "\"nanodet-plus\" or \"nanodet\"", quoted(other)));
        }
    };
    let scores = match raw.scores.as_str() {
        "logit" => Scores::Logit,
        "probability" => Scores::Probability,
        other => {
            return Err(Broken::new("head.scores", "\"logit\" or \"probability\"", quoted(other)));
        }
    };
    let strides = strides(&raw.strides)?;
    Ok(Head {
        kind,
        bins: count("head.bins", raw.bins, 2, 64)?,
        classes: count("head.classes", raw.classes, 1, 1000)?,
        scores,
        anchor_offset: real("head.anchor_offset", raw.anchor_offset, 0.0, 1.0)?,
        outputs: outputs(raw.outputs, tensors * strides.len())?,
        strides,
    })
}

fn strides(raw: &[i64]) -> Checked<Vec<usize>> {
    let expected = "1 to 8 rising numbers, each 1 to 256";
    let rising = raw.windows(2).all(|pair| pair[0] < pair[1]);
    if !(1..=8).contains(&raw.len()) || !rising {
        return Err(Broken::new("head.strides", expected, listed(raw)));
    }
    raw.iter().map(|&stride| count("head.strides", stride, 1, 256)).collect()
}

pub(super) fn outputs(raw: Vec<String>, expected: usize) -> Checked<Vec<String>> {
    let repeated = raw.iter().enumerate().any(|(at, name)| raw[..at].contains(name));
    if raw.len() != expected || repeated {
        let expected = format!("{expected} different tensor names");
        return Err(Broken::new("head.outputs", expected, listed(&raw)));
    }
    raw.into_iter().map(|name| tensor_name("head.outputs", name)).collect()
}

fn classes(
    raw: &std::collections::BTreeMap<String, i64>,
    of: usize,
) -> Checked<Vec<(usize, ObjectClass)>> {
    if raw.is_empty() {
        return Err(Broken::new("classes", "at least one class", "empty"));
    }
    let mut classes = Vec::with_capacity(raw.len());
    for (word, &index) in raw {
        let Some(&(_, class)) = CLASS_WORDS.iter().find(|(known, _)| known == word) else {
            let known = CLASS_WORDS.map(|(known, _)| known).join(", ");
            return Err(Broken::new("classes", format!("one of {known}"), quoted(word)));
        };
        let index = count(&format!("classes.{word}"), index, 0, of - 1)?;
        if classes.iter().any(|&(taken, _)| taken == index) {
            return Err(Broken::new(format!("classes.{word}"), "an index not yet used", index));
        }
        classes.push((index, class));
    }
    classes.sort_by_key(|&(index, _)| index);
    Ok(classes)
}

pub(super) fn weights(table: &str, raw: fields::Weights) -> Checked<Weights> {
    let at = |key: &str| format!("{table}.{key}");
    let (file, sha256) = (file(&at("file"), raw.file)?, sha256(&at("sha256"), raw.sha256)?);
    let (start_confidence, keep_confidence) = (raw.start_confidence, raw.keep_confidence);
    let day = believed(table, &fields::Believed { start_confidence, keep_confidence })?;
    let mut by_light = TrackerSettings::same(day);
    for (word, scores) in &raw.light {
        let light = Light::of_word(word).filter(|&light| light != Light::Day);
        let light = light
            .ok_or_else(|| Broken::new(at("light"), "dusk, night_ir or dark", quoted(word)))?;
        by_light = by_light.with(light, believed(&at(&format!("light.{word}")), scores)?);
    }
    Ok(Weights {
        thresholds: Thresholds {
            believed: by_light,
            suppression_iou: real(&at("suppression_iou"), raw.suppression_iou, 0.1, 0.95)?,
        },
        file,
        sha256,
    })
}

fn believed(table: &str, raw: &fields::Believed) -> Checked<Believed> {
    let score = |key: &str, value: f64, least: f64| {
        let key = format!("{table}.{key}");
        let value = real(&key, value, least, 0.99)?;
        Confidence::new(value).ok_or_else(|| Broken::new(key, "a number", value))
    };
    let keep = score("keep_confidence", raw.keep_confidence, 0.01)?;
    let start = score("start_confidence", raw.start_confidence, f64::from(keep.get()))?;
    Ok(Believed { start, keep })
}

pub(super) fn file(key: &str, raw: String) -> Checked<String> {
    let beside = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if raw.starts_with('.') || raw.is_empty() || !raw.chars().all(beside) {
        return Err(Broken::new(key, "a file name of a-z, 0-9, -, _ and .", quoted(&raw)));
    }
    Ok(raw)
}

pub(super) fn sha256(key: &str, raw: String) -> Checked<String> {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if raw.len() != 64 || !raw.chars().all(hex) {
        return Err(Broken::new(key, "64 lowercase hex digits", quoted(&raw)));
    }
    Ok(raw)
}

fn tensor_name(key: &str, name: String) -> Checked<String> {
    // A NUL would end the name early inside onnxruntime.
    if name.is_empty() || name.len() > 128 || name.contains('\0') {
        return Err(Broken::new(key, "a tensor name of 1 to 128 bytes", quoted(&name)));
    }
    Ok(name)
}

pub(super) fn count(key: &str, value: i64, low: usize, high: usize) -> Checked<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| (low..=high).contains(value))
        .ok_or_else(|| Broken::new(key, format!("{low} to {high}"), value))
}

fn real(key: &str, value: f64, low: f64, high: f64) -> Checked<f32> {
    // Compared as f32 too, so that a bound that came from an f32 admits itself.
    let (value32, inside) = (value as f32, (low as f32)..=(high as f32));
    if inside.contains(&value32) {
        Ok(value32)
    } else {
        Err(Broken::new(key, format!("{low} to {high}"), value))
    }
}

fn triple(key: &str, values: [f64; 3], low: f64, high: f64) -> Checked<[f32; 3]> {
    let mut checked = [0.0; 3];
    for (checked, value) in checked.iter_mut().zip(values) {
        *checked = real(key, value, low, high)?;
    }
    Ok(checked)
}

fn quoted(text: &str) -> String {
    // Debug form: control characters from a foreign file must not break the one-line promise.
    format!("{text:?}")
}

fn listed<T: Debug>(values: &[T]) -> String {
    format!("{values:?}")
}
