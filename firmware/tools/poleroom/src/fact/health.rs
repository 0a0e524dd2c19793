//! A box's health as it is told.
//!
//! Promises: every part the box has named, in its order. Refuses: to keep it; a report replaces the
//! one before.

use serde::Serialize;
use wire::health::{Health, Report, State};

use super::{Origin, quality_word};

/// [`super::Fact::Health`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct HealthLine {
    #[serde(flatten)]
    pub(crate) origin: Origin,
    /// "online" or "offline".
    pub(crate) state: &'static str,
    #[serde(flatten)]
    pub(crate) report: Option<ReportLine>,
}

/// What an online box says of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ReportLine {
    pub(crate) boot: u32,
    pub(crate) camera: String,
    pub(crate) firmware: String,
    pub(crate) made_unix_ms: i64,
    pub(crate) made_quality: &'static str,
    pub(crate) uptime_s: u64,
    pub(crate) frames: u64,
    pub(crate) unacknowledged: u32,
    pub(crate) parts: Vec<PartLine>,
}

/// One part of a box.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct PartLine {
    pub(crate) name: String,
    /// "ok", "warn", "fail".
    pub(crate) state: &'static str,
    pub(crate) detail: String,
}

impl HealthLine {
    pub(crate) fn new(origin: Origin, health: &Health) -> Self {
        match health {
            Health::Offline => Self { origin, state: "offline", report: None },
            Health::Online(report) => {
                Self { origin, state: "online", report: Some(ReportLine::new(report)) }
            }
        }
    }
}

impl ReportLine {
    fn new(report: &Report) -> Self {
        let parts = report.parts.iter().map(|part| PartLine {
            name: part.name.to_string(),
            state: state_word(part.state),
            detail: part.detail.to_string(),
        });
        Self {
            boot: report.boot,
            camera: report.camera.to_string(),
            firmware: report.firmware.to_string(),
            made_unix_ms: report.at.unix_ms,
            made_quality: quality_word(report.at.quality),
            uptime_s: report.uptime_s,
            frames: report.frames,
            unacknowledged: report.unacknowledged,
            parts: parts.collect(),
        }
    }
}

fn state_word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Warn => "warn",
        State::Fail => "fail",
    }
}
