//! The box's report of itself, from the parts' own snapshots.
//!
//! Promises: a part that needs somebody's help says so in a sentence with the figure behind it.
//! Refuses: asking anything; it only reads what the parts have noted.

use analytics::time::FrameTime;
use board::Status;
use wire::alarm::{ClockQuality, WallTime};
use wire::health::{Part, Report, State};
use wire::text::shortened;

use crate::analysis::{DetectorStatus, PoseState};
use crate::heat::Heat;
use crate::spool::report::SpoolStatus;
use crate::uplink::status::UplinkStatus;
use crate::video::{VideoState, VideoStatus};

/// Share of the spool's bytes above which the installer should know.
const SPOOL_WARN_SHARE: f64 = 0.8;

/// Frames before which nothing is said of the detector's speed: while everything starts at once, it
/// misses some on any box.
const SETTLING_FRAMES: u64 = 100;

/// What does not change while the daemon runs.
#[derive(Clone, Debug)]
pub struct Nameplate {
    /// The start of the daemon.
    pub boot: u32,
    /// The camera's name for people.
    pub camera: String,
    /// The firmware's version.
    pub firmware: String,
    /// What detects, and why that.
    pub detector: String,
    /// What is done about poses.
    pub poses: PoseState,
    /// What the box is.
    pub board: String,
    /// How many rules keep hours, for which they need to know the time.
    pub rules_with_hours: usize,
}

/// What the parts say at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Wall time.
    pub at: WallTime,
    /// Time since the daemon's start.
    pub uptime: FrameTime,
    /// Frames analysed.
    pub analysed: u64,
    /// What detects now.
    pub detector: DetectorStatus,
    /// How hot the box is.
    pub heat: Heat,
    /// The camera.
    pub video: VideoStatus,
    /// The disk.
    pub spool: SpoolStatus,
    /// The way to the control room.
    pub uplink: UplinkStatus,
    /// Why the board's lines cannot be used; `None` when they can.
    pub board_trouble: Option<String>,
}

/// The report of `snapshot`.
#[must_use]
pub fn report(nameplate: &Nameplate, snapshot: &Snapshot) -> Report {
    let parts = [
        camera(&snapshot.video),
        detector(nameplate, snapshot),
        spool(&snapshot.spool),
        uplink(&snapshot.uplink),
        clock(snapshot.at.quality, nameplate.rules_with_hours),
        board(nameplate, snapshot.board_trouble.as_deref()),
    ];
    Report {
        boot: nameplate.boot,
        camera: shortened(&nameplate.camera),
        firmware: shortened(&nameplate.firmware),
        at: snapshot.at,
        uptime_s: snapshot.uptime.as_micros() / 1_000_000,
        frames: snapshot.analysed,
        unacknowledged: snapshot.spool.unacknowledged(),
        parts: parts.into_iter().chain(poses(&nameplate.poses)).collect(),
    }
}

/// What the lamp shows for `snapshot`: the most urgent thing somebody at the pole can do.
#[must_use]
pub fn lamp(snapshot: &Snapshot) -> Status {
    match (&snapshot.video.state, snapshot.uplink.connected) {
        _ if snapshot.spool.trouble.is_some() => Status::Fault,
        (VideoState::Playing, true) => Status::Ok,
        (VideoState::Playing, false) => Status::NoBroker,
        (VideoState::Connecting, _) if snapshot.video.reconnects == 0 => Status::Booting,
        _ => Status::NoCamera,
    }
}

fn part(name: &str, state: State, detail: &str) -> Part {
    Part { name: shortened(name), state, detail: shortened(detail) }
}

fn camera(video: &VideoStatus) -> Part {
    let (state, detail) = match (video.state, &video.last_error) {
        (VideoState::Playing, _) => {
            let (width, height) = video.size.unwrap_or_default();
            let codec = video.codec.as_deref().unwrap_or("unknown codec");
            let decoder = video.decoder.as_deref().unwrap_or("unknown decoder");
            (State::Ok, format!("{width}x{height} {codec} through {decoder}"))
        }
        (_, Some(error)) => (State::Fail, error.clone()),
        (VideoState::Connecting, None) => (State::Warn, "connecting".to_owned()),
        (_, None) => (State::Fail, "no pictures".to_owned()),
    };
    part("camera", state, &detail)
}

fn detector(nameplate: &Nameplate, snapshot: &Snapshot) -> Part {
    let DetectorStatus { running, trouble } = &snapshot.detector;
    if let Some(trouble) = trouble {
        return part("detector", State::Warn, &standing_in(trouble));
    }
    let interval = snapshot.heat.least_interval();
    if !interval.is_zero() {
        let detail = format!("the box is hot: one look every {} ms", interval.as_millis());
        return part("detector", State::Warn, &detail);
    }
    let video = &snapshot.video;
    if too_slow(video) {
        let VideoStatus { frames, frames_overwritten: missed, .. } = video;
        let detail = format!("too slow: {missed} of {frames} frames were not analysed");
        return part("detector", State::Warn, &detail);
    }
    let running = if running.is_empty() { &nameplate.detector } else { running };
    part("detector", State::Ok, running)
}

/// What is said while `trouble` keeps the NPU from working.
fn standing_in(trouble: &str) -> String {
    format!("the CPU stands in: {trouble}")
}

fn poses(state: &PoseState) -> Option<Part> {
    let how = match state {
        PoseState::Unneeded => return None,
        PoseState::NotPrepared => State::Warn,
        PoseState::Running(_) => State::Ok,
    };
    Some(part("pose", how, &state.to_string()))
}

/// One frame in ten not analysed is more than a busy moment.
const fn too_slow(video: &VideoStatus) -> bool {
    video.frames >= SETTLING_FRAMES && video.frames_overwritten * 10 > video.frames
}

#[expect(clippy::cast_precision_loss, reason = "a share needs no more than an f64 holds")]
fn spool(spool: &SpoolStatus) -> Part {
    let share = spool.used_bytes as f64 / spool.max_bytes.max(1) as f64;
    let lost = spool.losses;
    let (state, detail) = match &spool.trouble {
        Some(trouble) => (State::Fail, trouble.clone()),
        None if lost.alarms > 0 => {
            (State::Fail, format!("{} alarms were dropped unacknowledged", lost.alarms))
        }
        None if lost.clips + lost.stills > 0 => {
            let detail = format!("{} clips and {} stills were dropped", lost.clips, lost.stills);
            (State::Warn, detail)
        }
        None if share > SPOOL_WARN_SHARE => (State::Warn, format!("{:.0} % full", share * 100.0)),
        None => (State::Ok, format!("{} records wait", spool.unacknowledged())),
    };
    part("spool", state, &detail)
}

fn uplink(uplink: &UplinkStatus) -> Part {
    match &uplink.trouble {
        _ if uplink.connected && uplink.dead_letters > 0 => {
            part("uplink", State::Warn, &format!("{} records were refused", uplink.dead_letters))
        }
        _ if uplink.connected && uplink.notice.is_some() => {
            part("uplink", State::Warn, uplink.notice.as_deref().unwrap_or_default())
        }
        _ if uplink.connected => {
            part("uplink", State::Ok, &format!("{} records acknowledged", uplink.acknowledged))
        }
        Some(trouble) => part("uplink", State::Fail, trouble),
        None => part("uplink", State::Warn, "connecting"),
    }
}

fn clock(quality: ClockQuality, rules_with_hours: usize) -> Part {
    let (state, detail) = match quality {
        ClockQuality::Synchronized => return part("clock", State::Ok, "synchronized"),
        ClockQuality::FreeRunning => (State::Warn, "set, but no time server is heard"),
        ClockQuality::Unknown => (State::Fail, "not set: no time server is heard"),
    };
    if rules_with_hours == 0 {
        return part("clock", state, detail);
    }
    part(
        "clock",
        state,
        &format!("{detail}; rules that watch beyond their hours: {rules_with_hours}"),
    )
}

fn board(nameplate: &Nameplate, trouble: Option<&str>) -> Part {
    match trouble {
        Some(trouble) => part("board", State::Fail, trouble),
        None => part("board", State::Ok, &nameplate.board),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use detector::backend::npu::NpuError;
    use detector::prepared::PreparedError;
    use detector::{BackendError, BackendKind};
    use wire::text::Sentence;

    use super::*;

    /// Wherever files lie, and with the longest remedy a runtime's refusal may begin with.
    #[test]
    fn what_to_do_about_an_npu_is_never_cut_off() {
        let remedy = "r".repeat(NpuError::LONGEST_REMEDY);
        let reason = format!("{remedy}: library's version is 2.3.2, expected 2.5.0 or newer");
        let refused =
            BackendError::Engine { kind: BackendKind::Hailo, during: "loading the model", reason };
        let path = || PathBuf::from("/var/lib/polewatch/models/nanodet-plus-m/rk3588-640x480.rknn");
        let unconverted = PreparedError::NoSuchConversion {
            path: path(),
            platform: "rv1126b".to_owned(),
            size: (640, 512),
            have: "rk3588 640x480, rk3588 640x384, rk3566 640x480, rk3566 640x384".to_owned(),
        };
        let unreadable = PreparedError::Unreadable {
            path: path(),
            reason: "No such file or directory (os error 2)".to_owned(),
        };
        let damaged = PreparedError::WrongChecksum {
            path: path(),
            expected: "0".repeat(64),
            got: "1".repeat(64),
        };
        for (trouble, remedy, why) in [
            (refused.to_string(), &*remedy, ""),
            (
                unconverted.to_string(),
                "scripts/prepare-npu",
                "for rv1126b with an input of 640 x 512",
            ),
            (unreadable.to_string(), "for an NPU scripts/prepare-npu", "/var/lib/polewatch"),
            (damaged.to_string(), "for an NPU scripts/prepare-npu", "/var/lib/polewatch"),
        ] {
            let said: Sentence = shortened(&standing_in(&trouble));
            assert!(said.contains(remedy) && said.contains(why), "{said}");
        }
    }

    #[test]
    fn the_detector_is_too_slow_only_once_it_has_settled() {
        for (frames, missed, expected) in [
            (10, 9, false),
            (SETTLING_FRAMES - 1, 50, false),
            (SETTLING_FRAMES, 10, false),
            (SETTLING_FRAMES, 11, true),
            (1000, 100, false),
            (1000, 101, true),
        ] {
            let video =
                VideoStatus { frames, frames_overwritten: missed, ..VideoStatus::default() };
            assert_eq!(too_slow(&video), expected, "{missed} of {frames}");
        }
    }
}
