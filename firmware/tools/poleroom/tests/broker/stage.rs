//! A real broker and a real room, each a process of its own.
//!
//! Promises: what a test waits for is a fact the room prints or a deadline that fails it; everything
//! started is ended with the test. Refuses: to run without mosquitto.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tls::files::Files;

use crate::authority::Authority;

/// Nothing here takes a second; a loaded machine may take its time.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A mosquitto on a free port of this machine.
pub(crate) struct Broker {
    pub(crate) port: u16,
    folder: tempfile::TempDir,
    process: Option<Child>,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self::with("allow_anonymous true\n")
    }

    /// With more configuration lines.
    pub(crate) fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!("listener {port} 127.0.0.1\nset_tcp_nodelay true\n{lines}");
        std::fs::write(folder.path().join("mosquitto.conf"), config).unwrap();
        let mut broker = Self { port, folder, process: None };
        broker.start_again();
        broker
    }

    /// With the documented configuration and access list, and the certificates of `authority`.
    pub(crate) fn secured(authority: &Authority) -> Self {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../scripts/broker");
        let folder = authority.folder().to_str().unwrap();
        std::fs::copy(scripts.join("acl"), authority.path("acl")).unwrap();
        let documented = std::fs::read_to_string(scripts.join("mosquitto.conf")).unwrap();
        let (_, rest) = documented.split_once("listener 8883\n").unwrap();
        let rest = rest.replace("/etc/mosquitto/polewatch", folder);
        let rest = rest.replace("/var/lib/mosquitto", folder).replace("set_tcp_nodelay true\n", "");
        // A broker that root starts becomes another user otherwise, whose these folders are not.
        Self::with(&(rest + "user root\n"))
    }

    pub(crate) fn start_again(&mut self) {
        let mut command = Command::new(mosquitto());
        command.arg("-c").arg(self.folder.path().join("mosquitto.conf"));
        let silent = command.stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(silent.spawn().expect("mosquitto starts"));
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(started.elapsed() < DEADLINE, "mosquitto does not listen");
            thread::yield_now();
        }
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) {
        end(&mut self.process);
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Where Debian puts the broker is not on every user's path.
fn mosquitto() -> PathBuf {
    let found = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"];
    let found = found.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.expect("this test needs the MQTT broker: apt-get install mosquitto")
}

/// A running poleroom and what it has said.
pub(crate) struct Room {
    process: Option<Child>,
    said: Arc<(Mutex<Vec<Value>>, Condvar)>,
}

impl Room {
    /// Started and connected.
    pub(crate) fn start(broker: &Broker, store: &Path) -> Self {
        let address = format!("mqtt://127.0.0.1:{}", broker.port);
        Self::start_with(store, &["--broker", &address])
    }

    /// Over TLS, with these files.
    pub(crate) fn start_secured(broker: &Broker, store: &Path, files: &Files) -> Self {
        let address = format!("mqtts://localhost:{}", broker.port);
        let [ca, certificate, key] =
            [&files.ca, &files.certificate, &files.key].map(|path| path.to_str().unwrap());
        let files = ["--ca", ca, "--certificate", certificate, "--key", key];
        Self::start_with(store, &[&["--broker", &address][..], &files].concat())
    }

    fn start_with(store: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poleroom"));
        command.args(["run", "--json", "--store"]).arg(store).args(arguments);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("poleroom starts");
        let said = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (lines, heard) = (process.stdout.take().unwrap(), said.clone());
        thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let fact = serde_json::from_str(&line).expect("every line is JSON");
                heard.0.lock().unwrap().push(fact);
                heard.1.notify_all();
            }
        });
        let room = Self { process: Some(process), said };
        room.wait_for(1, |fact| fact["what"] == "broker" && fact["state"] == "connected");
        room
    }

    /// Waits until `count` facts are as wanted; returns all that are.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let (facts, heard) = &*self.said;
        let started = Instant::now();
        let mut facts = facts.lock().unwrap();
        loop {
            let matching: Vec<Value> = facts.iter().filter(|fact| wanted(fact)).cloned().collect();
            if matching.len() >= count {
                matching.iter().for_each(assert_documented);
                return matching;
            }
            let left = DEADLINE.checked_sub(started.elapsed());
            let left = left.unwrap_or_else(|| panic!("not said in time; said: {facts:#?}"));
            facts = heard.wait_timeout(facts, left).unwrap().0;
        }
    }

    #[track_caller]
    pub(crate) fn wait_for_what(&self, what: &str) -> Value {
        self.wait_for(1, |fact| fact["what"] == what).remove(0)
    }

    /// How many facts of this kind were said so far.
    pub(crate) fn count(&self, what: &str) -> usize {
        let facts = self.said.0.lock().unwrap();
        facts.iter().filter(|fact| fact["what"] == what).count()
    }

    /// As a power cut would, but for the page cache.
    pub(crate) fn kill(&mut self) {
        end(&mut self.process);
    }

    /// SIGTERM; returns whether it ended well.
    pub(crate) fn terminate(mut self) -> bool {
        let mut process = self.process.take().unwrap();
        let id = process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let good = process.wait().unwrap().success();
        self.wait_for_what("stopped");
        good
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.kill();
    }
}

fn end(process: &mut Option<Child>) {
    if let Some(mut process) = process.take() {
        let _ = process.kill();
        let _ = process.wait();
    }
    let _ = std::io::stderr().flush();
}

/// Scripts rely on docs/poleroom.md: every field of every fact stands there.
#[track_caller]
fn assert_documented(fact: &Value) {
    let document = include_str!("../../../../../docs/poleroom.md");
    for name in fact.as_object().unwrap().keys() {
        let named = [format!("`{name}`"), format!("\"{name}\":")];
        let found = named.iter().any(|name| document.contains(name.as_str()));
        assert!(found, "docs/poleroom.md lacks the field {name}");
    }
}

/// All stored alarms, in order.
pub(crate) fn stored_alarms(store: &Path) -> Vec<Value> {
    let mut days: Vec<PathBuf> =
        std::fs::read_dir(store.join("alarms")).unwrap().map(|day| day.unwrap().path()).collect();
    days.sort();
    let text: String = days.iter().map(|day| std::fs::read_to_string(day).unwrap()).collect();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
