//! The uplink: drains the spool to the control room through the broker.
//!
//! Promises: whatever happens to broker, network or control room, a record is sent until the control
//! room answers for it, and freed only then; alarms go first and in order; stopping takes a second at
//! most. Refuses: to remember anything a restart must know, which is the spool's business.
//!
//! `session` decides, `line` does, `postmark` says how late, `promises` what follows, `mqtt` speaks.

pub mod backoff;
pub mod bell;
mod broken;
pub mod health;
mod line;
mod mqtt;
pub mod postmark;
mod promises;
pub mod rate;
pub mod session;
pub mod status;

use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tls::files::Files;
use tls::keyring::Keyring;
use wire::health::Health;
use wire::{BoxAddress, Tag};

use self::bell::Bell;
use self::health::{HealthBoard, HealthDesk};
use self::line::Worker;
use self::mqtt::Line;
use self::postmark::Postmark;
use self::session::{Pace, Session};
use self::status::{StatusBoard, UplinkStatus};
use crate::clock::Clock;
use crate::spool::Spool;
use crate::watchdog::Beat;

/// To whom, as whom, and how.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which box this is.
    pub address: BoxAddress,
    /// The broker's name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What a secured connection hangs on; `None` is a plain one.
    pub tls: Option<Files>,
    /// How often health is published when nothing changes.
    pub health_interval: Duration,
    /// How fast and how patient.
    pub pace: Pace,
}

impl Settings {
    fn broker_name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    fn line(&self) -> Line {
        let mut buffer = [0; 16];
        let offline = wire::encode(&Health::Offline, &mut buffer);
        Line {
            host: self.host.clone(),
            port: self.port,
            client_id: format!("polewatch-{}-{}", self.address.site, self.address.box_name),
            health_topic: self.address.topic(Tag::Health).as_str().to_owned(),
            ack_topic: self.address.topic(Tag::Ack).as_str().to_owned(),
            offline: offline.expect("three bytes fit into sixteen").to_vec(),
        }
    }
}

/// The running uplink.
#[derive(Debug)]
pub struct Uplink {
    bell: Bell,
    desk: HealthDesk,
    status: StatusBoard,
    thread: JoinHandle<()>,
}

impl Uplink {
    /// Starts the uplink thread, which ticks `beat`. There need be no broker yet.
    ///
    /// # Errors
    /// When the system gives no thread or no event queue.
    pub fn start(settings: Settings, spool: Spool, clock: Clock, beat: Beat) -> io::Result<Self> {
        let (bell, status) = (Bell::default(), StatusBoard::default());
        let (health, desk) = HealthBoard::new(settings.health_interval, bell.clone());
        let holder = settings.address.to_string();
        let keyring = settings.tls.clone().map(|files| Keyring::new(files, Some(holder)));
        let worker = Worker {
            line: settings.line(),
            session: Session::new(settings.pace),
            postmark: Postmark::new(spool.boot()),
            settings,
            spool,
            clock,
            bell: bell.clone(),
            status: status.clone(),
            health,
            keyring,
            looked: None,
            outlet: None,
            beat,
            pause_until: None,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = thread::Builder::new()
            .name("uplink".to_owned())
            .spawn(move || runtime.block_on(worker.run()))?;
        Ok(Self { bell, desk, status, thread })
    }

    /// To be rung whenever something new lies in the spool.
    #[must_use]
    pub fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Where health reports are posted.
    #[must_use]
    pub fn health_desk(&self) -> HealthDesk {
        self.desk.clone()
    }

    /// Where the status can be read after this value is gone.
    #[must_use]
    pub fn status_board(&self) -> StatusBoard {
        self.status.clone()
    }

    /// The status now.
    #[must_use]
    pub fn status(&self) -> UplinkStatus {
        self.status.read()
    }

    /// Whether the thread has ended without being told to.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Says goodbye to the broker and ends the thread, within a second.
    pub fn stop(self) {
        self.bell.stop();
        if self.thread.join().is_err() {
            tracing::error!("the uplink ended with a panic");
        }
    }
}
