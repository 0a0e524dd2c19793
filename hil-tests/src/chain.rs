//! The whole chain on one machine: camera -> box -> broker -> control room, each a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use crate::broker::Broker;
use crate::daemon::{Daemon, lawn_config};
use crate::deadline::wait_for;
use crate::lawn;
use crate::room::Room;
use crate::simulated_camera::SimulatedCamera;
use crate::simulated_npu::TROUBLE_VARIABLE;

/// The parts, in the order they are ended: the box first, its folder last.
pub struct Chain {
    /// The box; `None` while it is down.
    pub daemon: Option<Daemon>,
    /// The camera it watches.
    pub camera: SimulatedCamera,
    /// The control room.
    pub room: Room,
    /// What carries its messages.
    pub broker: Broker,
    config: String,
    folder: TempDir,
}

impl Chain {
    /// How long after the camera's first picture somebody steps onto the lawn.
    pub const INTRUSION_AFTER: Duration = lawn::INTRUSION.saturating_sub(Self::FILM_START);
    /// How long anything that is due may take on a machine that is also compiling.
    pub const LIMIT: Duration = Duration::from_secs(90);
    /// Where in the film the camera starts.
    const FILM_START: Duration = Duration::from_secs(44);

    /// Starts every part; the camera's film begins 8 s before somebody steps onto the lawn.
    /// `camera_arguments` are further arguments of `rtsp-camera`.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn start(camera_arguments: &[&str]) -> Result<Self> {
        Self::watching(&lawn::film_from(Self::FILM_START)?, camera_arguments, lawn_config)
    }

    /// The same with what `edit` makes of the box's configuration.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn start_with(edit: impl FnOnce(String) -> String) -> Result<Self> {
        let film = lawn::film_from(Self::FILM_START)?;
        Self::watching(&film, &[], |camera, broker| edit(lawn_config(camera, broker)))
    }

    /// Starts every part with another `film` and what `config` makes of the camera's and the broker's
    /// addresses.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn watching(
        film: &Path,
        camera_arguments: &[&str],
        config: impl FnOnce(&str, &str) -> String,
    ) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let broker = Broker::start(folder.path())?;
        let room = Room::start(&broker.url(), folder.path())?;
        let camera = SimulatedCamera::start(film, camera_arguments, folder.path())?;
        let config = config(&camera.url(), &broker.url());
        let mut chain = Self { daemon: None, camera, room, broker, config, folder };
        chain.restart_daemon()?;
        Ok(chain)
    }

    /// Starts the box anew, with the spool and the configuration it had.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart_daemon(&mut self) -> Result<()> {
        let variable = format!("{TROUBLE_VARIABLE}={}", self.npu_trouble().display());
        self.daemon = Some(Daemon::start_with(&self.config, &[&variable], self.folder.path())?);
        Ok(())
    }

    /// Where a simulated NPU of the box reads its trouble; no file is no trouble.
    #[must_use]
    pub fn npu_trouble(&self) -> PathBuf {
        self.folder.path().join("npu-trouble")
    }

    /// Waits until the box has an alarm and its still on its disk, synced: the still is put into the
    /// spool after its alarm, under its name only when it is whole.
    ///
    /// # Errors
    /// When none is raised.
    pub fn wait_for_spooled_alarm(&self) -> Result<()> {
        let media = self.folder.path().join("spool/media");
        wait_for("an alarm and its still in the spool", Self::LIMIT, || {
            let mut files = fs::read_dir(&media).into_iter().flatten().flatten();
            let whole = |file: &fs::DirEntry| file.path().extension().is_some_and(|x| x == "still");
            Ok(files.any(|file| whole(&file)).then_some(()))
        })
    }

    /// Where every part keeps its files and logs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}
