//! A broker of the test's own: mosquitto on a free loopback port.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::deadline::wait_for;
use crate::process::Process;
use crate::programs;

const START: Duration = Duration::from_secs(20);

/// The documented configuration and access list, relative to this crate.
const DOCUMENTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/broker");

/// What a broker knows after it was killed and started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Memory {
    /// Nothing: what the chain does not keep itself is lost.
    #[default]
    None,
    /// What it last wrote to its disk, which mosquitto does every second here.
    Disk,
}

/// A broker that can be stopped and started again on the same port.
pub struct Broker {
    port: u16,
    /// All but what it keeps.
    config: String,
    folder: PathBuf,
    process: Option<Process>,
}

impl Broker {
    /// A running broker; its configuration and log go to `folder`.
    ///
    /// # Errors
    /// When mosquitto is missing or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        // `user`: a broker that root starts changes to another user otherwise, and with that forgets
        // to end with the test.
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\nuser root\n"
        );
        Self::with(port, config, folder)
    }

    /// A running broker with the documented configuration and access list, and the certificates that
    /// lie in `certificates`.
    ///
    /// # Errors
    /// When mosquitto is missing or does not start.
    pub fn start_secured(folder: &Path, certificates: &Path) -> Result<Self> {
        let port = free_port()?;
        let documented = fs::read_to_string(Path::new(DOCUMENTED).join("mosquitto.conf"))?;
        fs::copy(Path::new(DOCUMENTED).join("acl"), certificates.join("acl"))?;
        let shown = certificates.to_str().context("the certificates' path is not UTF-8")?;
        let config = documented
            .replace("listener 8883", &format!("listener {port} 127.0.0.1"))
            .replace("/etc/mosquitto/polewatch", shown)
            .replace("persistence true\n", "")
            .replace("persistence_location /var/lib/mosquitto/\n", "");
        Self::with(port, config + "user root\n", folder)
    }

    fn with(port: u16, config: String, folder: &Path) -> Result<Self> {
        let mut broker = Self { port, config, folder: folder.to_owned(), process: None };
        broker.start_with(Memory::None)?;
        Ok(broker)
    }

    /// Where clients find it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Where clients find it over TLS.
    #[must_use]
    pub fn secured_url(&self) -> String {
        format!("mqtts://localhost:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Ends it at once, with every connection.
    ///
    /// # Errors
    /// When it was not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("the broker is not running")?.kill()
    }

    /// Starts it anew on the same port, with no memory, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.start_with(Memory::None)
    }

    /// The same with a memory of the test's choice.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_with(&mut self, memory: Memory) -> Result<()> {
        self.write_config(memory)?;
        let mosquitto = programs::installed("mosquitto")?;
        let config = self.folder.join("mosquitto.conf");
        let arguments = ["-c".as_ref(), config.as_os_str()];
        let mut process = Process::start("mosquitto", &mosquitto, arguments, &self.folder)?;
        wait_for("the broker to listen", START, || {
            if !process.is_running()? {
                bail!("mosquitto ended: {}", process.log().trim());
            }
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok())
        })?;
        self.process = Some(process);
        Ok(())
    }

    fn write_config(&self, memory: Memory) -> Result<()> {
        let memory = match memory {
            Memory::None => "persistence false\n".to_owned(),
            Memory::Disk => {
                let store = self.folder.join("broker");
                fs::create_dir_all(&store)?;
                let store = store.display();
                format!("persistence true\npersistence_location {store}/\nautosave_interval 1\n")
            }
        };
        let config = format!("{}{memory}", self.config);
        Ok(fs::write(self.folder.join("mosquitto.conf"), config)?)
    }
}

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
/// When there is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
