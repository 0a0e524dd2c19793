//! The configuration file as it is written, before anything in it is believed, or after.
//!
//! Promises: unknown keys and wrong types are refused with the line they stand on. Durations and
//! names stay text here; `validate.rs` gives them meaning, so that its errors can name the key.

use serde::{Deserialize, Serialize};

// No `Debug`: the camera's address holds a password.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) site: String,
    #[serde(rename = "box")]
    pub(super) box_name: String,
    pub(super) time_zone: Option<String>,
    pub(super) scene: Option<String>,
    pub(super) without: Option<Vec<String>>,
    #[serde(default)]
    pub(super) camera: RawCamera,
    #[serde(default)]
    pub(super) analysis: RawAnalysis,
    #[serde(default)]
    pub(super) detector: RawDetector,
    #[serde(default, rename = "zone", skip_serializing_if = "Vec::is_empty")]
    pub(super) zones: Vec<RawZone>,
    #[serde(default, rename = "line", skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<RawLine>,
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub(super) rules: Vec<RawRule>,
    #[serde(default)]
    pub(super) clip: RawClip,
    #[serde(default)]
    pub(super) spool: RawSpool,
    #[serde(default)]
    pub(super) uplink: RawUplink,
    #[serde(default)]
    pub(super) board: RawBoard,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCamera {
    pub(super) name: Option<String>,
    pub(super) source: Option<String>,
    pub(super) transport: Option<String>,
    pub(super) stall: Option<String>,
    pub(super) latency: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnalysis {
    pub(super) fps: Option<f64>,
    pub(super) look: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDetector {
    pub(super) model: Option<String>,
    pub(super) backend: Option<String>,
    pub(super) precision: Option<String>,
    pub(super) threads: Option<i64>,
    pub(super) onnxruntime_library: Option<String>,
    pub(super) npu_platform: Option<String>,
    pub(super) npu_library: Option<String>,
    pub(super) npu_deadline: Option<String>,
    pub(super) npu_cores: Option<String>,
    pub(super) npu_transfer: Option<String>,
    pub(super) npu_simulated: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawZone {
    pub(super) name: String,
    pub(super) polygon: Vec<[f64; 2]>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLine {
    pub(super) name: String,
    pub(super) points: Vec<[f64; 2]>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) zone: Option<String>,
    pub(super) line: Option<String>,
    pub(super) direction: Option<String>,
    pub(super) hours: Option<String>,
    pub(super) days: Option<Vec<String>>,
    pub(super) hold: Option<String>,
    pub(super) dwell: Option<String>,
    pub(super) down: Option<String>,
    pub(super) rest: Option<String>,
    pub(super) alone: Option<String>,
    pub(super) stay: Option<String>,
    pub(super) faults: Option<Vec<String>>,
    pub(super) after: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawClip {
    pub(super) pre_roll: Option<String>,
    pub(super) post_roll: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSpool {
    pub(super) dir: Option<String>,
    pub(super) max_bytes: Option<i64>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawUplink {
    pub(super) broker: Option<String>,
    pub(super) ca: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
    pub(super) health_interval: Option<String>,
    pub(super) max_rate: Option<String>,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawBoard {
    pub(super) kind: Option<String>,
}

/// What a scene adds to a file that names it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawScene {
    #[serde(default, rename = "rule")]
    pub(super) rules: Vec<RawRule>,
    #[serde(default)]
    pub(super) clip: RawClip,
}
