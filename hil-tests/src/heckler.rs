//! Somebody on the broker who sends what no box and no control room would.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{Client, Event, Incoming, MqttOptions};

use crate::broker::Broker;

/// Publishes each payload on each topic, and returns when the broker has taken them all.
///
/// # Errors
/// When the broker cannot be reached or does not take them.
pub fn shout(broker: &Broker, topics: &[String], payloads: &[Vec<u8>]) -> Result<()> {
    let mut options = MqttOptions::new("heckler", "127.0.0.1", broker.port());
    options.set_keep_alive(Duration::from_secs(5));
    let count = topics.len() * payloads.len();
    let (client, mut connection) = Client::new(options, count.max(1));
    for topic in topics {
        for payload in payloads {
            client
                .publish(topic, QoS::AtLeastOnce, false, payload.clone())
                .with_context(|| format!("{topic} cannot be published on"))?;
        }
    }
    let mut taken = 0;
    for event in connection.iter() {
        if let Event::Incoming(Incoming::PubAck(_)) = event.context("the broker is gone")? {
            taken += 1;
        }
        if taken == count {
            return Ok(());
        }
    }
    bail!("the broker took {taken} of {count} messages")
}
