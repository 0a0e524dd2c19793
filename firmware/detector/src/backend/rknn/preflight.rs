//! What is compared before a model is given to the vendor's library, and once it is loaded.
//!
//! Promises: a model for another chip, of a newer toolkit than the library or beside a driver
//! known to fail is one sentence that says what to do; arbitrary bytes are never more than
//! refused. Refuses: asking the library anything.

use std::path::{Path, PathBuf};

use super::tensor::{CONVERT, odd};
use super::version::Version;
use crate::backend::npu::{NpuError, NpuPlan, Simulated};

const OTHER_CHIP: &str =
    "install the conversion for this board's chip, which scripts/prepare-npu makes too";
const OLD_LIBRARY: &str = "install a librknnrt.so of the model's toolkit release or newer, from the \
     vendor's rknn-toolkit2";
const OLD_DRIVER: &str = "update the board's kernel to one with rknpu driver 0.9.6 or newer";

/// The first version of the file's form that is known here, and the only one so far.
const FORM: u64 = 6;
/// Magic, form and length of the compiled network, then zeros.
const HEAD_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"RKNN\0\0\0\0";

/// What a model file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModelFile {
    /// The chips it was compiled for: `rk3588`.
    pub(super) platforms: Vec<String>,
    /// The toolkit that compiled it: `2.5.0`.
    pub(super) toolkit: String,
}

/// The description behind the compiled network.
#[derive(serde::Deserialize)]
struct Tail {
    target_platform: Platforms,
    version: String,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Platforms {
    Several(Vec<String>),
    One(String),
}

impl ModelFile {
    /// Reads `file`: a head, the compiled network, the length of a description, the description in
    /// JSON.
    pub(super) fn read(file: &[u8]) -> Result<Self, NpuError> {
        let Some(head) = file.get(..HEAD_BYTES).filter(|head| head.starts_with(MAGIC)) else {
            let start = String::from_utf8_lossy(&file[..file.len().min(MAGIC.len())]);
            return Err(odd("file", format!("one that begins {start:?}"), "RKNN", CONVERT));
        };
        let form = number(head, 8).unwrap_or_default();
        if form != FORM {
            return Err(odd("file's form", form.to_string(), &FORM.to_string(), CONVERT));
        }
        let tail = number(head, 16).and_then(|length| description(file, length));
        let tail = tail.ok_or_else(|| {
            let got = format!("{} bytes, cut short or followed by more", file.len());
            odd("file", got, "a whole one", CONVERT)
        })?;
        let tail: Tail = serde_json::from_slice(tail).map_err(|error| {
            odd("file's description", error.to_string(), "target_platform and version", CONVERT)
        })?;
        let platforms = match tail.target_platform {
            Platforms::Several(platforms) => platforms,
            Platforms::One(platform) => vec![platform],
        };
        Ok(Self { platforms, toolkit: tail.version })
    }

    /// This board's chip, which must be one of the model's; `device_tree` is the kernel's
    /// description of the board. Where there is none nothing is compared, and the words for the chip
    /// say so.
    pub(super) fn chip(&self, device_tree: &Path) -> Result<String, NpuError> {
        let platforms = self.platforms.join(", ");
        let Ok(compatible) = std::fs::read(device_tree.join("compatible")) else {
            let place = device_tree.display();
            return Ok(format!(
                "an unknown chip (no {place}/compatible to compare the model's {platforms} with)"
            ));
        };
        let compatible = String::from_utf8_lossy(&compatible);
        let board = compatible.split('\0').filter(|name| !name.is_empty());
        let mut chips = board.clone().filter_map(|name| name.strip_prefix("rockchip,"));
        let served = |chip: &&str| self.platforms.iter().any(|platform| serves(platform, chip));
        chips.find(served).map(str::to_owned).ok_or_else(|| {
            let board = board.collect::<Vec<_>>().join(", ");
            odd("chip of this board", board, &platforms, OTHER_CHIP)
        })
    }

    /// Whether a library of `version` can load this model; a version that cannot be read is left
    /// to the library.
    pub(super) fn suits(&self, version: &str) -> Result<(), NpuError> {
        match (Version::parse(version), Version::parse(&self.toolkit)) {
            (Some(library), Some(toolkit)) if library < toolkit => Err(odd(
                "library's version",
                version.to_owned(),
                &format!("{toolkit} or newer, as the model's toolkit"),
                OLD_LIBRARY,
            )),
            _ => Ok(()),
        }
    }
}

/// Refuses a driver that is known to fail: 0.9.3 does not finish convolutions (fixed in 0.9.6,
/// radxa/kernel issue 312), and those before 0.8 are older than any library that loads form 6
/// well (airockchip/rknn-toolkit2 issues 254 and 447: 0.7.2).
pub(super) fn driver(version: &str) -> Result<(), NpuError> {
    let broken = Version::parse(version)
        .is_some_and(|driver| driver < Version::of(0, 8, 0) || driver == Version::of(0, 9, 3));
    if broken {
        let expected = "0.8 or newer, and not 0.9.3";
        return Err(odd("rknpu driver's version", version.to_owned(), expected, OLD_DRIVER));
    }
    Ok(())
}

/// Refuses a library that simulates where none was asked for.
pub(super) fn reality(plan: &NpuPlan<'_>, version: &str) -> Result<(), NpuError> {
    if plan.simulated == Simulated::Refuse && version.ends_with("-sim") {
        let path = PathBuf::from(plan.library);
        return Err(NpuError::Simulated { path, version: version.to_owned() });
    }
    Ok(())
}

/// Whether a model for `platform` runs on `chip`: `rk3588` on `rk3588s`; the toolkit gives RK3566
/// and RK3568 one target.
fn serves(platform: &str, chip: &str) -> bool {
    let twins = ["rk3566", "rk3568"];
    let twin = twins.contains(&platform) && twins.iter().any(|twin| chip.starts_with(twin));
    !platform.is_empty() && (twin || chip.starts_with(platform))
}

/// The description behind a compiled network of `length` bytes, when it ends where the file does.
fn description(file: &[u8], length: u64) -> Option<&[u8]> {
    let start = HEAD_BYTES.checked_add(usize::try_from(length).ok()?)?;
    let length = usize::try_from(number(file, start)?).ok()?;
    let text = file.get(start.checked_add(8)?..)?;
    (text.len() == length).then_some(text)
}

fn number(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

#[cfg(test)]
mod tests;
