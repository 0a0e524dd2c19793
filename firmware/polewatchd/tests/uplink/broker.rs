//! A mosquitto of our own on a free loopback port, killed when dropped.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::until;

/// A broker that can be killed and started again at the same place.
pub(crate) struct Broker {
    port: u16,
    dir: tempfile::TempDir,
    process: Option<Child>,
}

impl Broker {
    /// One that does not run yet.
    pub(crate) fn new() -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        Self { port, dir: tempfile::tempdir().unwrap(), process: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(&mut self) {
        let config = self.dir.path().join("mosquitto.conf");
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n",
            self.port
        );
        std::fs::write(&config, text).unwrap();
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

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}
