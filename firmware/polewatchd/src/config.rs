//! The configuration, validated: whatever holds a [`Config`] need not check it again.
//!
//! Promises: every problem of a file is reported at once, each as one line that names the file, the
//! key, the value and what is allowed. Refuses: unknown keys, defaults for what only the installer
//! can know (site, box, camera, broker).

mod address;
mod effect;
mod npu_words;
mod problem;
mod raw;
pub mod scene;
mod validate;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::line::Line;
use analytics::settings::RuleSettings;
use analytics::zone::Zone;
use board::BoardKind;
use detector::{BackendKind, NpuOptions, Precision};
use sha2::{Digest, Sha256};
use tls::files::{FileError, Files, Role};
use tls::moment::Moment;
use wire::alarm::WallTime;

use crate::calendar::Calendar;
use crate::uplink::rate::Rate;

pub use address::{CameraAddress, masked};
pub use problem::{ConfigError, Problem};

/// Largest configuration file read; a real one is a few kilobytes.
const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Everything the daemon may be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// First level of the box's topics.
    pub site: String,
    /// The box's own name, unique within the site.
    pub box_name: String,
    /// Where the box stands, as far as clocks go.
    pub calendar: Calendar,
    /// The camera.
    pub camera: Camera,
    /// Analysis rate, frames per second of stream time.
    pub analysis_fps: f64,
    /// How much of each frame the detector looks at.
    pub looking: Looking,
    /// The detector.
    pub detector: DetectorConfig,
    /// The kind of place, whose rules come before the file's own.
    pub scene: Option<scene::InEffect>,
    /// Zones, in the file's order.
    pub zones: Vec<Zone>,
    /// Lines, in the file's order.
    pub lines: Vec<Line>,
    /// Rules, in the file's order.
    pub rules: Vec<RuleSettings>,
    /// Clip lengths.
    pub clip: Clip,
    /// Where records wait for the control room.
    pub spool: SpoolConfig,
    /// The way to the control room.
    pub uplink: Uplink,
    /// Which board the box has.
    pub board: BoardKind,
    /// SHA-256 of the file's bytes, carried in every alarm.
    pub sha256: [u8; 32],
}

/// The camera.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// Its name for people, Korean as a rule.
    pub name: String,
    /// Where its stream is; a replay brings its own.
    pub source: Option<Source>,
    /// How RTP travels.
    pub transport: Transport,
    /// No frame for this long while connected: the pipeline is rebuilt.
    pub stall: Duration,
    /// Jitter buffer.
    pub latency: Duration,
}

/// Where frames come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A camera, or a server that plays one.
    Rtsp(CameraAddress),
    /// A file played at its own speed: a simulation.
    File(PathBuf),
}

impl Source {
    /// The last part of the address or path, without credentials.
    #[must_use]
    pub fn file_name(&self) -> String {
        match self {
            Self::Rtsp(address) => address.file_name(),
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }
}

/// How RTP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TCP, falling back to UDP when the server refuses it (461).
    Auto,
    /// TCP only.
    Tcp,
    /// UDP only.
    Udp,
}

/// How much of each frame the detector looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// What changed; all of it every second, or every five where nothing moves.
    Changes,
    /// All of it, always.
    Whole,
}

/// The detector; `None` is `auto` throughout.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorConfig {
    /// The prepared model's folder.
    pub model: Option<PathBuf>,
    /// Which engine.
    pub backend: Option<BackendKind>,
    /// Which weights.
    pub precision: Option<Precision>,
    /// Threads for one inference.
    pub threads: usize,
    /// onnxruntime's shared library.
    pub onnxruntime_library: Option<PathBuf>,
    /// How an NPU is used.
    pub npu: NpuOptions,
}

/// Clip lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    /// Video before the onset.
    pub pre_roll: Duration,
    /// Video after the decision.
    pub post_roll: Duration,
}

/// Where records wait for the control room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolConfig {
    /// Its folder.
    pub dir: PathBuf,
    /// The most it may hold.
    pub max_bytes: u64,
}

/// The way to the control room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uplink {
    /// The broker; a replay needs none.
    pub broker: Option<Broker>,
    /// How often health is published when nothing changes.
    pub health_interval: Duration,
    /// The most to be sent; `None` is no limit.
    pub max_rate: Option<Rate>,
}

/// A broker's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What a secured connection hangs on; `None` is a plain one, to this machine.
    pub tls: Option<Files>,
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls.is_some() { "mqtts" } else { "mqtt" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

impl Config {
    /// How many of its rules have hours.
    #[must_use]
    pub fn rules_with_hours(&self) -> usize {
        self.rules.iter().filter(|rule| rule.schedule.is_some()).count()
    }

    /// Reads and validates `path`.
    ///
    /// # Errors
    /// [`ConfigError`] lists every problem found, one line each.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = read_bounded(path)?;
        let raw: raw::RawConfig =
            toml::from_str(&text).map_err(|error| ConfigError::syntax(path, &text, &error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let sha256 = Sha256::digest(text.as_bytes()).into();
        validate::validate(&raw, folder, sha256)
            .map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Looks at the files of a secured connection, as they are and at the time `now`. The daemon does
    /// not: alarms are kept for as long as they cannot be used, and it looks again at each attempt.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] naming each that cannot be used.
    pub fn check_files(&self, path: &Path, now: WallTime) -> Result<(), ConfigError> {
        let files = self.uplink.broker.as_ref().and_then(|broker| broker.tls.as_ref());
        let Some(files) = files else { return Ok(()) };
        let errors = match files.read() {
            Err(errors) => errors,
            Ok(credentials) => {
                let holder = credentials.check_holder(&self.holder());
                let dates = credentials.check_dates(Moment::of_unix_ms(now.unix_ms));
                [holder, dates].into_iter().filter_map(Result::err).collect()
            }
        };
        if errors.is_empty() {
            return Ok(());
        }
        let problems = errors.iter().map(file_problem).collect();
        Err(ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Whom the box's certificate must name: its address, which is its user name at the broker.
    #[must_use]
    pub fn holder(&self) -> String {
        format!("{}/{}", self.site, self.box_name)
    }

    /// What only `polewatchd run` needs, or the list of what is missing.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] naming each missing key.
    pub fn for_run(&self, path: &Path) -> Result<(Source, Broker), ConfigError> {
        let source = self.camera.source.clone();
        let broker = self.uplink.broker.clone();
        let mut problems = Vec::new();
        if source.is_none() {
            problems.push(Problem::missing("camera.source", validate::SOURCE_ALLOWED));
        }
        if broker.is_none() {
            problems.push(Problem::missing("uplink.broker", validate::BROKER_ALLOWED));
        }
        source.zip(broker).ok_or_else(|| ConfigError::Invalid { path: path.to_owned(), problems })
    }
}

fn file_problem(error: &FileError) -> Problem {
    let key = match error.role {
        Role::Ca => "uplink.ca",
        Role::Certificate => "uplink.certificate",
        Role::Key => "uplink.key",
    };
    let allowed = format!("{}, found {}", error.expected, error.found);
    Problem::new(key, format_args!("{:?}", error.path.display().to_string()), allowed)
}

fn read_bounded(path: &Path) -> Result<String, ConfigError> {
    let read = |source| ConfigError::Read { path: path.to_owned(), source };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(ConfigError::TooLarge { path: path.to_owned(), bytes, limit: MAX_FILE_BYTES });
    }
    std::fs::read_to_string(path).map_err(read)
}
