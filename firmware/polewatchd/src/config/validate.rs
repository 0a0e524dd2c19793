//! From what was written to what can be believed.
//!
//! Promises: looks at every key before it gives up, so one run of `check-config` shows every
//! problem. The allowed ranges stand here and, for people, in docs/config.md.

mod hours;
mod places;
mod rules;
mod scene;
mod uplink;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use board::{BoardKind, BoardKindError};
use detector::manifest::NpuModels;
use detector::{BackendKind, NpuOptions, Precision};

use super::npu_words as words;
use super::raw::{RawClip, RawConfig, RawDetector};
use super::{
    Camera, CameraAddress, Clip, Config, DetectorConfig, Looking, Problem, Source, SpoolConfig,
    Transport,
};

pub(super) use uplink::BROKER_ALLOWED;

pub(super) const SOURCE_ALLOWED: &str = "\"rtsp://host[:port]/path\" or \"file:PATH\"";

const TOPIC_NAME_ALLOWED: &str = "1 to 32 characters of a-z, 0-9 and '-'";
const LABEL_ALLOWED: &str = "1 to 48 bytes without control characters";
/// Bytes of a zone's or rule's name: what `wire::alarm::Name` holds.
const MAX_NAME_BYTES: usize = 48;
/// Bytes of the camera's name: what `wire::alarm::Label` holds.
const MAX_CAMERA_NAME_BYTES: usize = 96;

/// Default folder of the spool on a box.
const DEFAULT_SPOOL_DIR: &str = "/var/lib/polewatch/spool";
const DEFAULT_SPOOL_BYTES: i64 = 1 << 30;

pub(super) fn validate(
    raw: &RawConfig,
    folder: &Path,
    sha256: [u8; 32],
) -> Result<Config, Vec<Problem>> {
    let mut check = Check { problems: Vec::new(), folder };
    let zones = check.zones(&raw.zones);
    let lines = check.lines(raw);
    let (scene, added) = check.scene(raw).unzip();
    let added = added.unwrap_or_default();
    let rules = check.rules(raw, &added.rules);
    let config = Config {
        site: check.topic_name("site", &raw.site),
        box_name: check.topic_name("box", &raw.box_name),
        calendar: check.calendar(raw.time_zone.as_deref()),
        camera: check.camera(raw),
        analysis_fps: check.number("analysis.fps", raw.analysis.fps.unwrap_or(10.0), 1.0, 30.0),
        looking: check.word(
            "analysis.look",
            raw.analysis.look.as_deref(),
            &[("changes", Looking::Changes), ("whole", Looking::Whole)],
        ),
        detector: check.detector(raw),
        scene,
        zones,
        lines,
        rules,
        clip: check.clip(&raw.clip, &added.clip),
        spool: check.spool(raw),
        uplink: check.uplink(raw),
        board: check.board(raw),
        sha256,
    };
    if check.problems.is_empty() { Ok(config) } else { Err(check.problems) }
}

/// Collects problems; each method returns a harmless value in place of a refused one.
struct Check<'a> {
    problems: Vec<Problem>,
    folder: &'a Path,
}

impl Check<'_> {
    fn refuse(&mut self, key: impl Into<String>, value: impl Display, allowed: impl Into<String>) {
        self.problems.push(Problem::new(key, value, allowed));
    }

    fn missing(&mut self, key: &str, allowed: String) {
        self.problems.push(Problem::missing(key, allowed));
    }

    fn topic_name(&mut self, key: &str, name: &str) -> String {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(plain) {
            self.refuse(key, format_args!("{name:?}"), TOPIC_NAME_ALLOWED);
        }
        name.to_owned()
    }

    fn label(&mut self, key: &str, label: &str, max_bytes: usize) -> Arc<str> {
        if label.is_empty() || label.len() > max_bytes || label.chars().any(char::is_control) {
            let allowed = if max_bytes == MAX_NAME_BYTES {
                LABEL_ALLOWED.to_owned()
            } else {
                format!("1 to {max_bytes} bytes without control characters")
            };
            self.refuse(key, format_args!("{label:?}"), allowed);
        }
        Arc::from(label)
    }

    fn number(&mut self, key: &str, value: f64, low: f64, high: f64) -> f64 {
        if !(low..=high).contains(&value) {
            self.refuse(key, value, format!("{low} to {high}"));
            return low;
        }
        value
    }

    fn whole(&mut self, key: &str, value: i64, low: i64, high: i64) -> u64 {
        if !(low..=high).contains(&value) {
            self.refuse(key, value, format!("a whole number from {low} to {high}"));
            return low.unsigned_abs();
        }
        value.unsigned_abs()
    }

    fn duration(
        &mut self,
        key: impl Into<String>,
        text: Option<&str>,
        default: &str,
        (low, high): (&str, &str),
    ) -> Duration {
        let parse = |text: &str| humantime::parse_duration(text).ok();
        let written = text.unwrap_or(default);
        match parse(written) {
            Some(value)
                if parse(low).is_none_or(|low| value >= low)
                    && parse(high).is_none_or(|high| value <= high) =>
            {
                value
            }
            _ => {
                let allowed =
                    format!("a duration from \"{low}\" to \"{high}\", such as \"{default}\"");
                self.refuse(key, format_args!("{written:?}"), allowed);
                Duration::ZERO
            }
        }
    }

    /// One of `words`; the first is the default.
    fn word<T: Copy>(&mut self, key: &str, text: Option<&str>, words: &[(&str, T)]) -> T {
        let (default_word, default) = words[0];
        let written = text.unwrap_or(default_word);
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == written) {
            return *value;
        }
        let allowed: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
        self.refuse(key, format_args!("{written:?}"), allowed.join(" or "));
        default
    }

    /// A path as written, relative ones taken from the configuration file's own folder.
    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    fn camera(&mut self, raw: &RawConfig) -> Camera {
        let camera = &raw.camera;
        let name = camera.name.as_deref().unwrap_or(&raw.box_name);
        let transports =
            [("auto", Transport::Auto), ("tcp", Transport::Tcp), ("udp", Transport::Udp)];
        Camera {
            name: self.label("camera.name", name, MAX_CAMERA_NAME_BYTES).to_string(),
            source: camera.source.as_deref().and_then(|source| self.source(source)),
            transport: self.word("camera.transport", camera.transport.as_deref(), &transports),
            stall: self.duration("camera.stall", camera.stall.as_deref(), "5s", ("1s", "60s")),
            latency: self.duration(
                "camera.latency",
                camera.latency.as_deref(),
                "150ms",
                ("0ms", "5s"),
            ),
        }
    }

    fn source(&mut self, text: &str) -> Option<Source> {
        if let Some(path) = text.strip_prefix("file:")
            && !path.is_empty()
        {
            return Some(Source::File(self.path(path)));
        }
        let authority = text.strip_prefix("rtsp://").map(|rest| rest.split('/').next());
        if let Some(Some(authority)) = authority
            && !authority.is_empty()
            && !text.contains(char::is_whitespace)
        {
            return Some(Source::Rtsp(CameraAddress::new(text)));
        }
        // The address may hold a password: only its scheme is shown.
        let shown = match text.split_once("://") {
            Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphabetic()) => {
                format!("\"{scheme}://...\"")
            }
            _ => "\"...\"".to_owned(),
        };
        self.refuse("camera.source", shown, SOURCE_ALLOWED);
        None
    }

    fn detector(&mut self, raw: &RawConfig) -> DetectorConfig {
        let detector = &raw.detector;
        let folder_or_auto = |text: &Option<String>| {
            text.as_deref().filter(|text| *text != "auto").map(|text| self.path(text))
        };
        let model = folder_or_auto(&detector.model);
        let onnxruntime_library = folder_or_auto(&detector.onnxruntime_library);
        let backends = [
            ("auto", None),
            ("tract", Some(BackendKind::Tract)),
            ("onnxruntime", Some(BackendKind::OnnxRuntime)),
            ("rknn", Some(BackendKind::Rknn)),
            ("hailo", Some(BackendKind::Hailo)),
        ];
        let precisions =
            [("auto", None), ("fp32", Some(Precision::Fp32)), ("int8", Some(Precision::Int8))];
        let threads = self.whole("detector.threads", detector.threads.unwrap_or(1), 1, 8);
        DetectorConfig {
            model,
            backend: self.word("detector.backend", detector.backend.as_deref(), &backends),
            precision: self.word("detector.precision", detector.precision.as_deref(), &precisions),
            threads: usize::try_from(threads).unwrap_or(1),
            onnxruntime_library,
            npu: self.npu(detector),
        }
    }

    fn npu(&mut self, raw: &RawDetector) -> NpuOptions {
        let platforms: Vec<_> = std::iter::once(("auto", None))
            .chain(NpuModels::PLATFORMS.map(|platform| (platform, Some(platform))))
            .collect();
        let platform = self.word("detector.npu_platform", raw.npu_platform.as_deref(), &platforms);
        // A name without a folder is looked for where the loader looks.
        let library = raw.npu_library.as_deref().filter(|text| *text != "auto");
        let library = library.map(|text| match text.contains('/') {
            true => self.path(text),
            false => PathBuf::from(text),
        });
        let deadline = raw.npu_deadline.as_deref();
        NpuOptions {
            platform: platform.map(str::to_owned),
            library,
            process: None,
            simulated: self.word(
                "detector.npu_simulated",
                raw.npu_simulated.as_deref(),
                &words::SIMULATED,
            ),
            cores: self.word("detector.npu_cores", raw.npu_cores.as_deref(), &words::CORES),
            transfer: self.word(
                "detector.npu_transfer",
                raw.npu_transfer.as_deref(),
                &words::TRANSFERS,
            ),
            // The CPU is to have looked within 2 s of what the NPU did not answer.
            deadline: self.duration("detector.npu_deadline", deadline, "500ms", ("20ms", "1500ms")),
        }
    }

    /// The clip's lengths: the file's own, else the scene's.
    fn clip(&mut self, own: &RawClip, scene: &RawClip) -> Clip {
        let range = ("0s", "30s");
        let pre_roll = own.pre_roll.as_deref().or(scene.pre_roll.as_deref());
        let post_roll = own.post_roll.as_deref().or(scene.post_roll.as_deref());
        Clip {
            pre_roll: self.duration("clip.pre_roll", pre_roll, "5s", range),
            post_roll: self.duration("clip.post_roll", post_roll, "5s", range),
        }
    }

    fn spool(&mut self, raw: &RawConfig) -> SpoolConfig {
        let dir = self.path(raw.spool.dir.as_deref().unwrap_or(DEFAULT_SPOOL_DIR));
        let bytes = raw.spool.max_bytes.unwrap_or(DEFAULT_SPOOL_BYTES);
        // 16 MiB holds several clips; 1 TiB is more than any box has.
        SpoolConfig { dir, max_bytes: self.whole("spool.max_bytes", bytes, 16 << 20, 1 << 40) }
    }

    fn board(&mut self, raw: &RawConfig) -> BoardKind {
        match raw.board.kind.as_deref().unwrap_or("none").parse() {
            Ok(BoardKind::Sim(dir)) => BoardKind::Sim(self.folder.join(dir)),
            Ok(kind) => kind,
            Err(BoardKindError { got }) => {
                let allowed = "\"none\", \"rpi\" or \"sim:DIR\"";
                self.refuse("board.kind", format_args!("{got:?}"), allowed);
                BoardKind::None
            }
        }
    }
}
