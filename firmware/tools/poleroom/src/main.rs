//! poleroom, the control-room service: receives, keeps, answers and tells alarms.
//!
//! Promises: what it has answered is on its disk. Refuses: to judge alarms; people do.
//!
//! Flow: broker -> `mqtt` -> `duty` (one thread: `room` decides, `store` keeps) -> `mqtt` -> broker,
//! with `voice` telling people and scripts. Files are checked on a thread of their own, so that a
//! large clip never holds up an alarm.

mod action;
mod assembly;
mod backoff;
mod civil;
mod clock;
mod durable;
mod duty;
mod fact;
mod gaps;
mod incoming;
mod mqtt;
mod ranges;
mod room;
mod seen;
mod store;
mod tally;
mod voice;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use tls::files::Files;
use tls::keyring::Keyring;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::Sender;
use wire::{Level, topic::ROOM_FILTERS};

use crate::civil::UtcOffset;
use crate::duty::{Duty, Input};
use crate::fact::{Fact, Started, Stopped};
use crate::mqtt::{BrokerAddress, INBOX, Link};
use crate::room::Room;
use crate::store::{CheckJob, Store};
use crate::voice::Voice;

/// Receives the alarms of Polewatch boxes, keeps them, acknowledges them and prints them.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run until SIGINT or SIGTERM.
    Run(RunArgs),
}

#[derive(Args)]
struct RunArgs {
    /// The MQTT broker: mqtts://host[:port], or mqtt://[user@]host[:port] on this machine
    #[arg(long, default_value = "mqtt://127.0.0.1:1883")]
    broker: BrokerAddress,
    /// The broker's authority, a PEM file: with mqtts://
    #[arg(long)]
    ca: Option<PathBuf>,
    /// This room's certificate, a PEM file: with mqtts://
    #[arg(long)]
    certificate: Option<PathBuf>,
    /// Its private key, a PEM file: with mqtts://
    #[arg(long)]
    key: Option<PathBuf>,
    /// The folder alarms, stills and clips are kept in; made if missing
    #[arg(long)]
    store: PathBuf,
    /// Only this site's boxes [default: all sites]
    #[arg(long)]
    site: Option<Level>,
    /// Print one JSON object a line instead of words (docs/poleroom.md)
    #[arg(long)]
    json: bool,
    /// The MQTT client id: keep it, the broker's session hangs on it; two rooms need two
    #[arg(long, default_value = "poleroom", value_parser = NonEmptyStringValueParser::new())]
    client_id: String,
    /// The distance of local time from UTC
    #[arg(long, default_value = "+09:00", allow_hyphen_values = true)]
    utc_offset: UtcOffset,
}

fn main() -> ExitCode {
    let Cli { command: Command::Run(args) } = Cli::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("poleroom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &RunArgs) -> anyhow::Result<()> {
    let keyring = keyring(args)?;
    let voice = if args.json { Voice::Json } else { Voice::Words };
    let offset = args.utc_offset;
    let (store, kept) = Store::open(&args.store)?;
    let started = Started {
        at: offset.civil(clock::now_unix_ms()).stamp(),
        store: args.store.display().to_string(),
        alarms: kept.alarms.count(),
        files: kept.files.count(),
    };
    voice.say(&Fact::Started(started), offset);

    let (inbox_in, inbox) = tokio::sync::mpsc::channel(INBOX);
    let (outbox, outbox_out) = tokio::sync::mpsc::channel(INBOX);
    let (checker, jobs) = mpsc::channel();
    let (keep_running, running) = mpsc::channel();
    let room = Room::new(kept, offset);
    let duty = Duty { room, store, inbox, outbox, checker, running, voice, offset };
    let link = link(args);
    let results = inbox_in.clone();
    thread::spawn(move || check_files(&jobs, &results));
    let duty = thread::spawn(move || duty.run());

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let reason = runtime.block_on(async {
        tokio::select! {
            never = mqtt::run(link, keyring, inbox_in.clone(), outbox_out) => match never {},
            never = ticks(&inbox_in) => match never {},
            reason = asked_to_stop() => reason,
            // Its thread has panicked; joining it tells.
            () = inbox_in.closed() => Ok("the room's thread has ended"),
        }
    })?;
    drop(keep_running);
    let _ = inbox_in.blocking_send(Input::Stop);
    let ended = duty.join();
    let at = offset.civil(clock::now_unix_ms()).stamp();
    voice.say(&Fact::Stopped(Stopped { at, reason: reason.to_owned() }), offset);
    ended.map_err(|_| anyhow::anyhow!("the room's thread has panicked"))
}

/// The room's certificate, which must be good at the start; a plain connection needs none.
fn keyring(args: &RunArgs) -> anyhow::Result<Option<Keyring>> {
    let files = match (args.broker.secured, &args.ca, &args.certificate, &args.key) {
        (true, Some(ca), Some(certificate), Some(key)) => {
            Files { ca: ca.clone(), certificate: certificate.clone(), key: key.clone() }
        }
        (false, None, None, None) => return Ok(None),
        (true, ..) => anyhow::bail!("an mqtts:// broker needs --ca, --certificate and --key"),
        (false, ..) => {
            anyhow::bail!("--ca, --certificate and --key need an mqtts:// broker, got mqtt://")
        }
    };
    let mut keyring = Keyring::new(files, None);
    keyring.look();
    match keyring.trouble() {
        Some(trouble) => anyhow::bail!("{trouble}"),
        None => Ok(Some(keyring)),
    }
}

fn link(args: &RunArgs) -> Link {
    let all = ROOM_FILTERS.iter();
    let filters = match &args.site {
        None => all.map(ToString::to_string).collect(),
        Some(site) => all.map(|filter| filter.replacen('+', site.as_str(), 1)).collect(),
    };
    let (broker, client_id) = (args.broker.clone(), args.client_id.clone());
    Link { broker, client_id, filters, offset: args.utc_offset }
}

/// Checks files until the room's thread ends.
fn check_files(jobs: &mpsc::Receiver<CheckJob>, results: &Sender<Input>) {
    for job in jobs {
        let outcome = store::check(&job);
        if results.blocking_send(Input::Checked(job, outcome)).is_err() {
            return;
        }
    }
}

/// A tick a second; one that finds no room is not missed.
async fn ticks(inbox: &Sender<Input>) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _ = inbox.try_send(Input::Tick);
    }
}

async fn asked_to_stop() -> anyhow::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = interrupt.recv() => Ok("SIGINT"),
    }
}
