//! A mosquitto of our own on a free loopback port, killed when dropped.
#![allow(dead_code, reason = "shared by tests that need different parts of it")]

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::pole::until;

/// A broker that can be killed and started again at the same place.
pub(crate) struct Broker {
    port: u16,
    config: String,
    dir: tempfile::TempDir,
    process: Option<Child>,
}

impl Broker {
    /// One that does not run yet.
    pub(crate) fn new() -> Self {
        let port = free_port();
        let config = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n\
             set_tcp_nodelay true\n"
        );
        Self::with(port, config)
    }

    /// One that does not run yet, with the documented configuration and access list, and the
    /// certificates in `folder`.
    pub(crate) fn secured(folder: &Path) -> Self {
        let port = free_port();
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/broker");
        std::fs::copy(scripts.join("acl"), folder.join("acl")).unwrap();
        let documented = std::fs::read_to_string(scripts.join("mosquitto.conf")).unwrap();
        let config = documented
            .replace("listener 8883", &format!("listener {port} 127.0.0.1"))
            .replace("/etc/mosquitto/polewatch", folder.to_str().unwrap())
            .replace("/var/lib/mosquitto", folder.to_str().unwrap());
        // A broker that root starts becomes another user otherwise, whose these folders are not.
        Self::with(port, config + "user root\n")
    }

    /// The same with its list of who is locked out.
    pub(crate) fn with_revocations(mut self) -> Self {
        self.config = self.config.replace("# crlfile", "crlfile");
        self
    }

    /// The same, refusing longer packets.
    pub(crate) fn with_packets_of(mut self, most_bytes: u32) -> Self {
        self.config += &format!("max_packet_size {most_bytes}\n");
        self
    }

    fn with(port: u16, config: String) -> Self {
        Self { port, config, dir: tempfile::tempdir().unwrap(), process: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(&mut self) {
        let config = self.dir.path().join("mosquitto.conf");
        std::fs::write(&config, &self.config).unwrap();
        let mut command = Command::new("mosquitto");
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let spawned = command.spawn().or_else(|error| match error.kind() {
            ErrorKind::NotFound => Command::new("/usr/sbin/mosquitto")
                .arg("-c")
                .arg(&config)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn(),
            _ => Err(error),
        });
        self.process = Some(spawned.expect("mosquitto, from the package of that name"));
        let address = (Ipv4Addr::LOCALHOST, self.port).into();
        until("mosquitto listens", || {
            TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_ok()
        });
    }

    /// Ends it as a power cut would (SIGKILL).
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }
}

fn free_port() -> u16 {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    free.local_addr().unwrap().port()
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
