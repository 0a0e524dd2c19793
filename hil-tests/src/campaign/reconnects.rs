//! A line that breaks again and again: what the box holds on to from one connection to the next.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::broker::Broker;
use crate::deadline::wait_for;
use crate::proxy::Proxy;
use crate::room::Room;
use crate::simulated_box::SimulatedBox;

/// Connections before the first count: every buffer and thread has been needed by then.
const WARM_UP: u64 = 5;
const CONNECTED_WITHIN: Duration = Duration::from_secs(120);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// Connections made.
    pub reconnects: u64,
    /// Open files and sockets after the first few, and after the last.
    pub descriptors: [usize; 2],
    /// Threads, likewise.
    pub threads: [usize; 2],
    /// Resident memory in MiB, likewise.
    pub rss_mib: [f64; 2],
}

/// Breaks the line between box and broker `reconnects` times, each with an alarm delivered before.
///
/// # Errors
/// When a part does not start or the box does not come back.
pub fn run(reconnects: u64, mut progress: impl FnMut(u64)) -> Result<Outcome> {
    let folder = tempfile::tempdir()?;
    let broker = Broker::start(folder.path())?;
    let line = Proxy::start(broker.port())?;
    let _room = Room::start(&broker.url(), folder.path())?;
    let mut pole = SimulatedBox::start(folder.path(), line.port())?;
    let mut first = pole.footprint()?;
    for number in 1..=reconnects {
        wait_for("a connection", CONNECTED_WITHIN, || {
            Ok((pole.status("connections")? >= number).then_some(()))
        })?;
        pole.ask("latency 1")?;
        if number == WARM_UP.min(reconnects) {
            first = pole.footprint()?;
        }
        progress(number);
        if number < reconnects {
            line.drop_all();
        }
    }
    let last = pole.footprint()?;
    let mib = |kib: u64| kib as f64 / 1024.0;
    Ok(Outcome {
        reconnects,
        descriptors: [first.descriptors, last.descriptors],
        threads: [first.threads, last.threads],
        rss_mib: [mib(first.resident_kib), mib(last.resident_kib)],
    })
}
