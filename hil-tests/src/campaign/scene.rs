//! The chain a campaign is run against, each part of which can be killed and brought back.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::ledger::{self, Balance};
use super::plan::Victim;
use crate::broker::{Broker, Memory};
use crate::daemon::{Daemon, lawn_config};
use crate::deadline::wait_for;
use crate::lawn;
use crate::proxy::Proxy;
use crate::room::Room;

const START: Duration = Duration::from_secs(60);
/// Where in the film the box's camera starts: a second before somebody steps onto the lawn, so that
/// stills and clips are on their way too.
const FILM_START: Duration = lawn::INTRUSION.saturating_sub(Duration::from_secs(1));

pub(super) struct Stage {
    daemon: Option<Daemon>,
    room: Option<Room>,
    broker: Broker,
    /// Between box and broker.
    pub(super) line: Proxy,
    config: String,
    door_open: bool,
    failed_starts: usize,
    /// What the broker keeps over a restart changes from one to the next.
    memory: Memory,
    folder: TempDir,
}

impl Stage {
    pub(super) fn set() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let broker = Broker::start(folder.path())?;
        let line = Proxy::start(broker.port())?;
        let room = Some(Room::start(&broker.url(), folder.path())?);
        let film = lawn::film_from(FILM_START)?;
        let film = film.to_str().context("the film's path is not UTF-8")?;
        let near = format!("mqtt://127.0.0.1:{}", line.port());
        let config = lawn_config(&format!("file:{film}"), &near);
        let daemon = Some(Daemon::start(&config, folder.path())?);
        let stage = Self {
            daemon,
            room,
            broker,
            line,
            config,
            door_open: false,
            failed_starts: 0,
            memory: Memory::None,
            folder,
        };
        let door = stage.door();
        wait_for("the simulated board", START, || Ok(door.is_file().then_some(())))?;
        Ok(stage)
    }

    /// Opens or closes the cabinet's door, each of which is an alarm once it has settled.
    pub(super) fn move_door(&mut self) -> Result<()> {
        self.door_open = !self.door_open;
        let stands = if self.door_open { "open\n" } else { "closed\n" };
        fs::write(self.door(), stands).context("the simulated door cannot be moved")
    }

    pub(super) fn kill(&mut self, victim: Victim) -> Result<()> {
        match victim {
            // It may have ended by itself: a start that failed is counted when it is brought back.
            Victim::Daemon => {
                let ended = self.daemon.take().is_some_and(|daemon| daemon.kill().is_err());
                self.failed_starts += usize::from(ended);
            }
            Victim::Broker => self.broker.kill()?,
            Victim::Room => self.room.take().map_or(Ok(()), Room::kill)?,
        }
        Ok(())
    }

    pub(super) fn bring_back(&mut self, victim: Victim) -> Result<()> {
        match victim {
            Victim::Daemon => {
                self.daemon = Some(Daemon::start(&self.config, self.folder.path())?);
            }
            Victim::Broker => {
                self.memory = match self.memory {
                    Memory::None => Memory::Disk,
                    Memory::Disk => Memory::None,
                };
                self.broker.start_with(self.memory)?;
            }
            Victim::Room => {
                self.room = Some(Room::launch(&self.broker.url(), &[], self.folder.path())?);
            }
        }
        Ok(())
    }

    /// How long the daemon's log is.
    pub(super) fn log_bytes(&self) -> usize {
        fs::metadata(self.log()).map_or(0, |log| log.len() as usize)
    }

    /// Whether the daemon's log says this behind its first `bytes`.
    pub(super) fn has_said(&self, text: &str, bytes: usize) -> bool {
        let log = fs::read(self.log()).unwrap_or_default();
        String::from_utf8_lossy(log.get(bytes..).unwrap_or_default()).contains(text)
    }

    /// What was raised against what is stored, as far as is known now.
    pub(super) fn balance(&self) -> Result<Balance> {
        let on_disk: BTreeSet<_> = ledger::on_disk(&self.daemon_log())?;
        let room = self.room.as_ref().context("the room is away")?;
        Ok(ledger::balance(&on_disk, &room.alarms()?))
    }

    /// Files set aside as damaged, and starts that failed.
    pub(super) fn spools_unreadable(&self) -> Result<usize> {
        let spool = self.folder.path().join("spool");
        let mut damaged = 0;
        for lane in ["", "alarms", "media", "dead"] {
            for entry in fs::read_dir(spool.join(lane)).into_iter().flatten() {
                damaged += usize::from(entry?.path().extension().is_some_and(|x| x == "corrupt"));
            }
        }
        Ok(damaged + self.failed_starts)
    }

    fn daemon_log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log()).unwrap_or_default()).into_owned()
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("polewatchd.log")
    }

    fn door(&self) -> PathBuf {
        self.folder.path().join("board/door")
    }
}
