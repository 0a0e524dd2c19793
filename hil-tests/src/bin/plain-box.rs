//! `plain-box`: a box that trusts rumqttc's memory: its defaults, QoS 1, its own queue and reconnects.
//!
//! Publishes an alarm for every line on its standard input and says of each, once rumqttc has taken it,
//! that it was handed over. Simulated, for `scripts/soak --compare`: what the library's examples do.
#![allow(clippy::print_stdout, reason = "its lines are its interface")]

use std::io::BufRead;
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use hil_tests::campaign::subject::{self, HANDED_OVER};
use polewatchd::clock::Clock;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{Client, MqttOptions};
use wire::RecordId;

/// How long a lost connection waits for the next, as in rumqttc's examples.
const PAUSE: Duration = Duration::from_secs(1);

/// A simulated box that publishes through rumqttc used plainly.
#[derive(Parser)]
struct Options {
    /// The broker's port on 127.0.0.1.
    port: u16,
}

fn main() -> Result<()> {
    let port = Options::parse().port;
    let boot = u32::try_from(Clock::system().wall().unix_ms / 1000)?;
    let mut options = MqttOptions::new("plain-box", "127.0.0.1", port);
    options.set_keep_alive(Duration::from_secs(5));
    let (client, mut connection) = Client::new(options, 10);
    thread::spawn(move || {
        for event in connection.iter() {
            if event.is_err() {
                thread::sleep(PAUSE);
            }
        }
    });
    for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
        line?;
        let payload = subject::payload(RecordId { boot, number })?;
        client.publish(subject::topic(), QoS::AtLeastOnce, false, payload)?;
        println!("{HANDED_OVER} boot={boot} number={number}");
    }
    Ok(())
}
