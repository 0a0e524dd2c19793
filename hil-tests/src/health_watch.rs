//! Somebody who listens to a box's health: every report of it, where the control room tells of changes alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{Client, Connection, Event, Incoming, MqttOptions};
use wire::health::{Part, Report};
use wire::{BoxAddress, Health, Message, Tag};

use crate::broker::Broker;
use crate::daemon::{BOX, SITE};
use crate::deadline::wait_for;

/// A listener, until it is dropped or the broker goes.
pub struct HealthWatch {
    newest: Arc<Mutex<Option<Report>>>,
    client: Client,
}

impl HealthWatch {
    /// Listens to the tested box at `broker`.
    ///
    /// # Errors
    /// When no thread can be started for it.
    pub fn start(broker: &Broker) -> Result<Self> {
        let mut options = MqttOptions::new("health-watch", "127.0.0.1", broker.port());
        options.set_keep_alive(Duration::from_secs(5));
        let (client, connection) = Client::new(options, 4);
        let topic = BoxAddress::new(SITE, BOX)?.topic(Tag::Health);
        client.subscribe(topic.as_str(), QoS::AtLeastOnce)?;
        let newest = Arc::new(Mutex::new(None));
        let heard = newest.clone();
        thread::Builder::new()
            .name("health-watch".to_owned())
            .spawn(move || listen(connection, &heard))
            .context("no thread for the listener")?;
        Ok(Self { newest, client })
    }

    /// The newest report, once there is one.
    #[must_use]
    pub fn newest(&self) -> Option<Report> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `look` finds what it looks for, which `what` names, in the newest report.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for<T>(
        &self,
        what: &str,
        limit: Duration,
        look: impl Fn(&Report) -> Option<T>,
    ) -> Result<T> {
        wait_for(what, limit, || Ok(self.newest().as_ref().and_then(&look)))
    }
}

impl Drop for HealthWatch {
    fn drop(&mut self) {
        // A listener whose broker has gone has ended already.
        let _ = self.client.disconnect();
    }
}

/// What `report` says of a `part`.
#[must_use]
pub fn part<'r>(report: &'r Report, part: &str) -> Option<&'r Part> {
    report.parts.iter().find(|found| found.name == part)
}

fn listen(mut connection: Connection, heard: &Mutex<Option<Report>>) {
    for event in connection.iter() {
        match event {
            Ok(Event::Incoming(Incoming::Publish(published))) => {
                if let Ok(Message::Health(Health::Online(report))) =
                    wire::decode(&published.payload)
                {
                    *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
                }
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
