//! Somebody else at the broker's port: `openssl s_server`, which does what mosquitto does not.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use tls::files::Files;

use crate::pole::until;

/// A running TLS server; ended when dropped.
pub(crate) struct Impostor {
    port: u16,
    process: Child,
}

impl Impostor {
    /// Serves with the certificate of `files`, speaking only `version`, such as `-tls1_2`.
    pub(crate) fn start(files: &Files, version: &str) -> Self {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let process = Command::new("openssl")
            .args(["s_server", "-quiet", version, "-accept", &format!("127.0.0.1:{port}")])
            .arg("-cert")
            .arg(&files.certificate)
            .arg("-key")
            .arg(&files.key)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl, from the package of that name");
        let impostor = Self { port, process };
        until("openssl listens", || TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
        impostor
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
