//! The simulated camera as a process: `rtsp-camera` on a port that stays the same when it is killed
//! and started again, as a camera's address does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::broker::free_port;
use crate::process::Process;
use crate::programs;

const START: Duration = Duration::from_secs(30);

/// A camera that can be lost and come back.
pub struct SimulatedCamera {
    port: u16,
    arguments: Vec<String>,
    folder: PathBuf,
    process: Option<Process>,
}

impl SimulatedCamera {
    /// A camera that plays `film` in a loop, with more `arguments` of `rtsp-camera`; its log goes to
    /// `folder`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(film: &Path, arguments: &[&str], folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let film = film.to_str().context("the film's path is not UTF-8")?;
        let own = ["--port", &port.to_string(), "--file", film].map(str::to_owned);
        let arguments = own.into_iter().chain(arguments.iter().map(|word| (*word).to_owned()));
        let mut camera =
            Self { port, arguments: arguments.collect(), folder: folder.to_owned(), process: None };
        camera.start_again()?;
        Ok(camera)
    }

    /// Where its stream is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.port)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Gives it an order: `stall`, `freeze`, `resume`, `swap`, `drop`.
    ///
    /// # Errors
    /// When it does not run.
    pub fn order(&mut self, order: &str) -> Result<()> {
        self.process.as_mut().context("the camera does not run")?.tell(order)
    }

    /// Ends it at once, with every connection.
    ///
    /// # Errors
    /// When it was not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("the camera does not run")?.kill()
    }

    /// Starts it anew on the same port, its film from the beginning.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        let program = programs::shipped("rtsp-camera")?;
        let mut process = Process::start("camera", &program, &self.arguments, &self.folder)?;
        process.wait_for_line("listening", START)?;
        self.process = Some(process);
        Ok(())
    }
}
