//! The control room as a process: `poleroom`, its store and what it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::deadline::wait_for;
use crate::process::Process;
use crate::programs;

mod health;

pub use health::Part;

const START: Duration = Duration::from_secs(20);

/// A running control room.
pub struct Room {
    process: Process,
    store: PathBuf,
}

/// A line of the room's alarms.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredAlarm {
    /// With `number`, the record: no two lines may share it.
    pub boot: u32,
    /// The record's number within the boot.
    pub number: u64,
    /// With `event_number`, the event.
    pub event_boot: u32,
    /// The event's number within the boot.
    pub event_number: u64,
    /// `begin`, `update` or `end`.
    pub phase: String,
    /// `intrusion` or `loitering`.
    pub kind: String,
    /// The camera's name.
    pub camera: String,
    /// The rule's name.
    pub rule: String,
    /// The zone's name.
    pub zone: Option<String>,
    /// When it happened.
    pub onset_unix_ms: i64,
    /// When the deciding frame was taken.
    pub detected_unix_ms: i64,
    /// When the room received it.
    pub received_unix_ms: i64,
    /// To be added to the onset and the detection, where the box knew that at the sending.
    #[serde(default)]
    pub shift_ms: Option<i64>,
    /// What was measured, where anything was.
    #[serde(default)]
    pub measurement: Option<Measured>,
}

/// What an alarm's rule measured.
#[derive(Clone, Debug, Deserialize)]
pub struct Measured {
    /// Of what: for a camera fault, which.
    pub quantity: String,
}

impl StoredAlarm {
    /// The event's name in the names of its files.
    #[must_use]
    pub fn event(&self) -> String {
        format!("{}-{}", self.event_boot, self.event_number)
    }

    /// What was measured.
    #[must_use]
    pub fn quantity(&self) -> Option<&str> {
        self.measurement.as_ref().map(|measured| measured.quantity.as_str())
    }
}

/// The two kinds of file that follow an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// The picture of the deciding frame.
    Still,
    /// The film around it.
    Clip,
}

impl Media {
    const fn folder(self) -> &'static str {
        match self {
            Self::Still => "stills",
            Self::Clip => "clips",
        }
    }
}

impl Room {
    /// A room that listens to the broker at `url`; its store and its log are in `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(url: &str, folder: &Path) -> Result<Self> {
        Self::start_with(url, &[], folder)
    }

    /// The same with more `arguments`, such as the files of a secured connection.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(url: &str, arguments: &[&str], folder: &Path) -> Result<Self> {
        let mut room = Self::launch(url, arguments, folder)?;
        room.process.wait_for_line(r#""state":"connected""#, START)?;
        Ok(room)
    }

    /// The same without waiting for it to reach the broker, which may be away.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn launch(url: &str, arguments: &[&str], folder: &Path) -> Result<Self> {
        let store = folder.join("room");
        let shown = store.to_str().context("the store's path is not UTF-8")?;
        let own = ["run", "--json", "--broker", url, "--store", shown];
        let program = programs::shipped("poleroom")?;
        let arguments = own.iter().chain(arguments);
        let process = Process::start("poleroom", &program, arguments, folder)?;
        Ok(Self { process, store })
    }

    /// Ends it at once, as a power cut would.
    ///
    /// # Errors
    /// When it had already ended.
    pub fn kill(self) -> Result<()> {
        self.process.kill()
    }

    /// The alarms it has stored, in the order they came.
    ///
    /// # Errors
    /// When a line is not an alarm.
    pub fn alarms(&self) -> Result<Vec<StoredAlarm>> {
        let mut days = files_in(&self.store.join("alarms"));
        days.sort();
        let mut alarms = Vec::new();
        for day in days {
            let text = fs::read_to_string(&day)?;
            // A line without its end is being written.
            let whole = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            for line in whole {
                alarms.push(serde_json::from_str(line).context("a stored line is no alarm")?);
            }
        }
        Ok(alarms)
    }

    /// The alarms that begin an event of a `kind`.
    ///
    /// # Errors
    /// As [`Self::alarms`].
    pub fn begins(&self, kind: &str) -> Result<Vec<StoredAlarm>> {
        let begins = |alarm: &StoredAlarm| alarm.kind == kind && alarm.phase == "begin";
        Ok(self.alarms()?.into_iter().filter(begins).collect())
    }

    /// How many lines of its store repeat a record.
    ///
    /// # Errors
    /// As [`Self::alarms`].
    pub fn duplicates(&self) -> Result<usize> {
        let alarms = self.alarms()?;
        let records: BTreeSet<_> = alarms.iter().map(|alarm| (alarm.boot, alarm.number)).collect();
        Ok(alarms.len() - records.len())
    }

    /// Waits for the first alarm that begins an event of a `kind`.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_begin(&self, kind: &str, limit: Duration) -> Result<StoredAlarm> {
        wait_for(&format!("an alarm of {kind}"), limit, || {
            Ok(self.begins(kind)?.into_iter().next())
        })
    }

    /// Waits for a file of an alarm's event. The room stores a file when it is whole and checked.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_media(
        &self,
        media: Media,
        alarm: &StoredAlarm,
        limit: Duration,
    ) -> Result<PathBuf> {
        let what = format!("the {media:?} of {}", alarm.event());
        wait_for(&what, limit, || Ok(self.media(media, alarm).into_iter().next()))
    }

    /// The stored files of one kind of an alarm's event.
    #[must_use]
    pub fn media(&self, media: Media, alarm: &StoredAlarm) -> Vec<PathBuf> {
        let start = format!("{}_", alarm.event());
        let of_event = |file: &PathBuf| {
            file.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&start))
        };
        files_below(&self.store.join(media.folder())).into_iter().filter(of_event).collect()
    }

    /// How many files of one kind it has stored.
    #[must_use]
    pub fn files(&self, media: Media) -> usize {
        files_below(&self.store.join(media.folder())).len()
    }

    /// Waits until it has said something of which `look` gives a value; `what` is the word its lines
    /// begin with, such as `health` or `garbage`.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_fact<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        wait_for(&format!("word of {what} from the room"), limit, || {
            Ok(self.facts(what).iter().find_map(&look))
        })
    }

    /// Everything it has said of a kind, oldest first.
    #[must_use]
    pub fn facts(&self, what: &str) -> Vec<Value> {
        let log = self.process.log();
        let facts = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        facts.filter(|fact| fact["what"] == what).collect()
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn is_running(&mut self) -> Result<bool> {
        self.process.is_running()
    }
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (folders, mut files): (Vec<_>, Vec<_>) =
        files_in(folder).into_iter().partition(|path| path.is_dir());
    files.extend(folders.iter().flat_map(|folder| files_below(folder)));
    files
}
