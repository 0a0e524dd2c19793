//! The words of the NPU's settings: the default of each first.

use detector::backend::npu::Simulated;
use detector::backend::rknn::{Cores, Transfer};

/// `detector.npu_simulated`.
pub(super) const SIMULATED: [(&str, Simulated); 2] =
    [("refuse", Simulated::Refuse), ("accept", Simulated::Accept)];

/// `detector.npu_cores`.
pub(super) const CORES: [(&str, Cores); 6] = [
    ("auto", Cores::Auto),
    ("0", Cores::Zero),
    ("1", Cores::One),
    ("2", Cores::Two),
    ("0-1", Cores::ZeroAndOne),
    ("0-2", Cores::ZeroToTwo),
];

/// `detector.npu_transfer`.
pub(super) const TRANSFERS: [(&str, Transfer); 3] =
    [("auto", Transfer::Auto), ("zero-copy", Transfer::ZeroCopy), ("copied", Transfer::Copied)];

/// The word of `value`.
pub(super) fn of<T: Copy + PartialEq>(value: T, words: &[(&'static str, T)]) -> Option<String> {
    words.iter().find(|(_, meant)| *meant == value).map(|(word, _)| (*word).to_owned())
}
