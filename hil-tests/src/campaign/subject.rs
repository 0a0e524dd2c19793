//! The box a campaign is run against: the shipped daemon, or what is compared with it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use polewatchd::dispatch::alarm::{Heading, Identity, of_tamper};
use wire::alarm::{ClockQuality, WallTime};
use wire::record::{EventRef, RecordId};
use wire::{BoxAddress, Tag};

use crate::daemon::{self, lawn_config};
use crate::deadline::wait_for;
use crate::lawn;
use crate::process::Process;
use crate::programs;

/// What the simulated boxes say of an alarm their client has taken.
pub const HANDED_OVER: &str = "alarm handed over";
/// Names the Python that has paho-mqtt.
pub const PYTHON_VARIABLE: &str = "POLEWATCH_PYTHON";

const START: Duration = Duration::from_secs(60);
/// Where in the film the box's camera starts: a second before somebody steps onto the lawn, so that
/// stills and clips are on their way too.
const FILM_START: Duration = lawn::INTRUSION.saturating_sub(Duration::from_secs(1));

/// Which box.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// The shipped daemon, its alarms raised by the cabinet's door.
    #[default]
    Shipped,
    /// `plain-box`: rumqttc used plainly.
    Rumqttc,
    /// `paho/box.py`: Python's paho-mqtt used plainly.
    Paho,
}

impl Kind {
    /// What it is, in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Shipped => "Polewatch",
            Self::Rumqttc => "rumqttc 0.25 used plainly (QoS 1, its defaults)",
            Self::Paho => "paho-mqtt 2.1 used plainly (QoS 1, its queue in memory)",
        }
    }
}

/// How a box finds the broker.
pub(super) struct Way {
    /// On this machine.
    pub(super) port: u16,
    /// With TLS: the lines of its configuration that name its files.
    pub(super) certificates: Option<String>,
}

/// A box that can be started again.
pub(super) struct Subject {
    kind: Kind,
    way: Way,
    folder: PathBuf,
    process: Option<Process>,
    door_open: bool,
}

impl Subject {
    /// Starts the box.
    pub(super) fn start(kind: Kind, way: Way, folder: &Path) -> Result<Self> {
        let mut subject =
            Self { kind, way, folder: folder.to_owned(), process: None, door_open: false };
        subject.start_again()?;
        if kind == Kind::Shipped {
            let door = subject.door();
            wait_for("the simulated board", START, || Ok(door.is_file().then_some(())))?;
        }
        Ok(subject)
    }

    pub(super) fn start_again(&mut self) -> Result<()> {
        let folder = &self.folder;
        let port = self.way.port.to_string();
        self.process = Some(match self.kind {
            Kind::Shipped => {
                let config = self.config()?;
                let program = programs::shipped("polewatchd")?;
                Process::start("box", &program, ["run", "--config", &config], folder)?
            }
            Kind::Rumqttc => {
                Process::start("box", &programs::shipped("plain-box")?, [&port], folder)?
            }
            Kind::Paho => {
                let python = env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
                let python = python.with_context(|| format!("{PYTHON_VARIABLE} is not set"))?;
                let script = concat!(env!("CARGO_MANIFEST_DIR"), "/paho/box.py");
                let none = payload(RecordId { boot: 0, number: 0 })?;
                let rest: String = none[4..].iter().map(|byte| format!("{byte:02x}")).collect();
                Process::start("box", &python, [script, &port, &topic(), &rest], folder)?
            }
        });
        Ok(())
    }

    /// Ends it at once; says whether it had ended by itself.
    pub(super) fn kill(&mut self) -> bool {
        self.process.take().is_some_and(|process| process.kill().is_err())
    }

    /// Makes it raise an alarm, unless it is away.
    pub(super) fn provoke(&mut self) -> Result<()> {
        match (self.kind, &mut self.process) {
            (Kind::Shipped, _) => {
                self.door_open = !self.door_open;
                let stands = if self.door_open { "open\n" } else { "closed\n" };
                fs::write(self.door(), stands).context("the simulated door cannot be moved")
            }
            (_, Some(process)) => process.tell("raise"),
            (_, None) => Ok(()),
        }
    }

    /// What its log says of an alarm that is raised.
    pub(super) const fn raised_line(&self) -> &'static str {
        match self.kind {
            Kind::Shipped => "alarm on disk",
            Kind::Rumqttc | Kind::Paho => HANDED_OVER,
        }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("box.log")
    }

    /// Writes the daemon's configuration; gives its path.
    fn config(&self) -> Result<String> {
        let film = lawn::film_from(FILM_START)?;
        let film = film.to_str().context("the film's path is not UTF-8")?;
        let config = |near: &str| lawn_config(&format!("file:{film}"), near);
        let port = self.way.port;
        let config = match &self.way.certificates {
            None => config(&format!("mqtt://127.0.0.1:{port}")),
            Some(lines) => config(&format!("mqtts://localhost:{port}"))
                .replace("[uplink]\n", &format!("[uplink]\n{lines}")),
        };
        let file = self.folder.join("polewatch.toml");
        fs::write(&file, config)?;
        Ok(file.to_str().context("the folder's path is not UTF-8")?.to_owned())
    }

    fn door(&self) -> PathBuf {
        self.folder.join("board/door")
    }
}

/// Where the simulated boxes publish.
#[must_use]
pub fn topic() -> String {
    let address = BoxAddress::new(daemon::SITE, daemon::BOX);
    address.map_or_else(|_| String::new(), |address| address.topic(Tag::Alarm).as_str().to_owned())
}

/// An alarm the room takes, made up.
///
/// # Errors
/// When it does not fit into its payload.
pub fn payload(record: RecordId) -> Result<Vec<u8>> {
    let at = WallTime { unix_ms: 0, quality: ClockQuality::Unknown };
    let event = EventRef { boot: record.boot, number: record.number };
    let heading = Heading { record, event, onset: at, detected: at };
    let identity = Identity {
        camera: "역삼로 12 (simulated)".to_owned(),
        config: [0; 8],
        firmware: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let alarm = of_tamper(&identity, heading, analytics::event::Phase::Begin);
    let mut buffer = vec![0; Tag::Alarm.max_bytes()];
    Ok(wire::encode(&alarm, &mut buffer)?.to_vec())
}
