//! The chain a campaign is run against, each part of which can be killed and brought back.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::ledger::{self, Balance};
use super::plan::Victim;
use super::subject::{Subject, Way};
use super::{Security, Setting};
use crate::broker::{Broker, Memory};
use crate::certificates::Certificates;
use crate::proxy::Proxy;
use crate::room::Room;

pub(super) struct Stage {
    subject: Subject,
    /// With TLS: everybody's.
    certificates: Option<Certificates>,
    room: Option<Room>,
    broker: Broker,
    /// Between box and broker.
    pub(super) line: Proxy,
    failed_starts: usize,
    /// What the broker keeps over a restart changes from one to the next.
    memory: Memory,
    folder: TempDir,
}

impl Stage {
    pub(super) fn set(setting: Setting) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let certificates = match setting.security {
            Security::Plain => None,
            Security::Tls => Some(Certificates::make(&folder.path().join("certificates"))?),
        };
        let broker = match &certificates {
            None => Broker::start(folder.path())?,
            Some(made) => Broker::start_secured(folder.path(), made.folder())?,
        };
        let line = Proxy::start(broker.port())?;
        let way = Way {
            port: line.port(),
            certificates: certificates.as_ref().map(Certificates::box_lines),
        };
        let subject = Subject::start(setting.kind, way, folder.path())?;
        let mut stage = Self {
            subject,
            certificates,
            room: None,
            broker,
            line,
            failed_starts: 0,
            memory: Memory::None,
            folder,
        };
        stage.bring_back(Victim::Room)?;
        Ok(stage)
    }

    /// Makes the box raise an alarm, unless it is away.
    pub(super) fn provoke(&mut self) -> Result<()> {
        self.subject.provoke()
    }

    pub(super) fn kill(&mut self, victim: Victim) -> Result<()> {
        match victim {
            // It may have ended by itself, which a start that failed is.
            Victim::Daemon => self.failed_starts += usize::from(self.subject.kill()),
            Victim::Broker => self.broker.kill()?,
            Victim::Room => self.room.take().map_or(Ok(()), Room::kill)?,
        }
        Ok(())
    }

    pub(super) fn bring_back(&mut self, victim: Victim) -> Result<()> {
        match victim {
            Victim::Daemon => self.subject.start_again()?,
            Victim::Broker => {
                self.memory = match self.memory {
                    Memory::None => Memory::Disk,
                    Memory::Disk => Memory::None,
                };
                self.broker.start_with(self.memory)?;
            }
            Victim::Room => {
                let (url, arguments) = match &self.certificates {
                    None => (self.broker.url(), Vec::new()),
                    Some(made) => (self.broker.secured_url(), made.room_arguments()),
                };
                let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
                self.room = Some(Room::launch(&url, &arguments, self.folder.path())?);
            }
        }
        Ok(())
    }

    /// How long the box's log is.
    pub(super) fn log_bytes(&self) -> usize {
        fs::metadata(self.subject.log()).map_or(0, |log| log.len() as usize)
    }

    /// Whether the box's log says this behind its first `bytes`.
    pub(super) fn has_said(&self, text: &str, bytes: usize) -> bool {
        let log = fs::read(self.subject.log()).unwrap_or_default();
        String::from_utf8_lossy(log.get(bytes..).unwrap_or_default()).contains(text)
    }

    /// What was raised against what is stored, as far as is known now.
    pub(super) fn balance(&self) -> Result<Balance> {
        let log = fs::read(self.subject.log()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let raised = ledger::raised(&log, self.subject.raised_line())?;
        let room = self.room.as_ref().context("the room is away")?;
        Ok(ledger::balance(&raised, &room.alarms()?))
    }

    /// Files set aside as damaged, and starts that failed.
    pub(super) fn spools_unreadable(&self) -> Result<usize> {
        Ok(damaged_files(&self.folder.path().join("spool"))? + self.failed_starts)
    }
}

/// Files of a spool that were set aside as damaged.
pub(super) fn damaged_files(spool: &Path) -> Result<usize> {
    let mut damaged = 0;
    for lane in ["", "alarms", "media", "dead"] {
        for entry in fs::read_dir(spool.join(lane)).into_iter().flatten() {
            damaged += usize::from(entry?.path().extension().is_some_and(|x| x == "corrupt"));
        }
    }
    Ok(damaged)
}
