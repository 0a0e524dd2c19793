//! `soak`: the fault campaign, the long outage, the line that keeps breaking and the full disk, for as
//! long as one likes.
//!
//! Tells what happens while it happens, then the outcome as JSON on its last line and into
//! `--json FILE`. Ends with an error when an alarm was lost or stored twice, or a spool was damaged.
#![allow(clippy::print_stdout, reason = "its last line is its interface")]
#![allow(clippy::print_stderr, reason = "progress, for whoever watches")]

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hil_tests::campaign::ledger::Balance;
use hil_tests::campaign::subject::Kind;
use hil_tests::campaign::{
    self, Outcome, Security, Setting, camera, clock, full_disk, outage, reconnects,
};
use serde::Serialize;

/// Kills the box, the broker and the control room under load, again and again, treats the line between
/// them badly, and counts what was raised and what was stored.
#[derive(Parser)]
struct Options {
    /// How many processes are killed; the default when nothing else is asked for is 50.
    #[arg(long)]
    kills: Option<usize>,
    /// The plan's seed; the same seed is the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which box: the shipped one, or one it is compared with.
    #[arg(long = "box", value_enum, default_value_t)]
    kind: Kind,
    /// Box and control room speak TLS to a broker with the documented configuration.
    #[arg(long, conflicts_with_all = ["outage", "reconnects", "compare", "kind"])]
    tls: bool,
    /// Lets this many alarms pile up while the broker is away; a day at one a second is 86400.
    #[arg(long, conflicts_with_all = ["kills", "reconnects"])]
    outage: Option<u64>,
    /// Breaks the line between box and broker this many times.
    #[arg(long, conflicts_with = "kills")]
    reconnects: Option<u64>,
    /// Fills the spool's disk, a small tmpfs (which takes root's rights), and makes it read-only.
    #[arg(long, conflicts_with_all = ["kills", "outage", "reconnects"])]
    full_disk: bool,
    /// Sets the box's clock by hours, forward and back, before and after a time server has spoken.
    #[arg(long, conflicts_with_all = ["kills", "outage", "reconnects", "full_disk", "camera"])]
    clock: bool,
    /// Does this many faults to the camera: gone, silent, frozen, another size of the picture.
    #[arg(long, conflicts_with_all = ["kills", "outage", "reconnects", "full_disk"])]
    camera: Option<usize>,
    /// Runs the same plan against every box and prints a table of what each lost.
    #[arg(long, conflicts_with_all = ["outage", "reconnects", "kind"])]
    compare: bool,
    /// With --compare: put the table into this page, between its marks.
    #[arg(long, requires = "compare")]
    write_docs: Option<PathBuf>,
    /// Write the outcome here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Where the table stands in the page.
const MARKS: [&str; 2] = ["<!-- compared: scripts/soak --compare -->\n", "<!-- end -->"];

fn main() -> Result<()> {
    let options = Options::parse();
    if let Some(troubles) = options.camera {
        return with_a_bad_camera(&options, troubles);
    }
    if options.clock {
        return with_a_clock_that_is_set(&options);
    }
    match (options.outage, options.reconnects) {
        (Some(alarms), _) => through_an_outage(&options, alarms),
        (None, Some(times)) => over_a_broken_line(&options, times),
        (None, None) if options.full_disk => on_a_full_disk(&options),
        (None, None) if options.compare => side_by_side(&options),
        (None, None) => through_kills(&options),
    }
}

fn through_kills(options: &Options) -> Result<()> {
    let outcome = kill(options, options.kind)?;
    report(options, &outcome)?;
    let balance = outcome.balance;
    ensure!(balance.raised > 0, "no alarm was raised: the campaign shows nothing");
    if options.kind != Kind::Shipped {
        return Ok(());
    }
    ensure!(balance.lost == 0, "{} of {} alarms lost", balance.lost, balance.raised);
    ensure!(balance.duplicates == 0, "{} alarms stored twice", balance.duplicates);
    ensure!(outcome.spools_unreadable == 0, "{} spools unreadable", outcome.spools_unreadable);
    Ok(())
}

/// The same plan against each box.
fn side_by_side(options: &Options) -> Result<()> {
    let mut outcomes = Vec::new();
    for kind in [Kind::Shipped, Kind::Rumqttc, Kind::Paho] {
        outcomes.push((kind, kill(options, kind)?));
    }
    let (seed, kills) = (options.seed, outcomes.first().map_or(0, |(_, outcome)| outcome.kills));
    let mut table = format!(
        "`scripts/soak --compare --kills {kills} --seed {seed}`\n\n\
         | box | alarms raised | stored | lost | kills of box, broker, room |\n|---|---|---|---|---|\n"
    );
    for (kind, outcome) in &outcomes {
        let Balance { raised, stored, lost, .. } = outcome.balance;
        let [of_box, of_broker, of_room] = outcome.kills_of;
        table += &format!(
            "| {} | {raised} | {stored} | **{lost}** | {of_box}, {of_broker}, {of_room} |\n",
            kind.words()
        );
    }
    println!("{table}");
    let lost = outcomes[0].1.balance.lost;
    ensure!(lost == 0, "the shipped box lost {lost} alarms");
    options.write_docs.as_ref().map_or(Ok(()), |page| put(&table, page))
}

/// Puts the table between the page's marks.
fn put(table: &str, page: &Path) -> Result<()> {
    let text = fs::read_to_string(page)?;
    let (before, rest) = text.split_once(MARKS[0]).context("the page has no mark for the table")?;
    let (_, after) = rest.split_once(MARKS[1]).context("the page has no mark behind the table")?;
    Ok(fs::write(page, format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1]))?)
}

fn kill(options: &Options, kind: Kind) -> Result<Outcome> {
    let kills = options.kills.unwrap_or(50);
    let security = if options.tls { Security::Tls } else { Security::Plain };
    campaign::run(Setting { kind, security }, options.seed, kills, |killed, fault| {
        eprintln!("[{kind:?} {killed}/{kills}] {fault:?}");
    })
}

fn through_an_outage(options: &Options, alarms: u64) -> Result<()> {
    let outcome = outage::run(alarms, |what| eprintln!("{what}"))?;
    report(options, &outcome)?;
    ensure!(outcome.spooled == alarms, "{} of {alarms} alarms spooled", outcome.spooled);
    ensure!(outcome.drained == alarms, "{} of {alarms} alarms drained", outcome.drained);
    ensure!(outcome.in_order, "the alarms were not stored in the order they were made");
    ensure!(outcome.duplicates == 0, "{} alarms stored twice", outcome.duplicates);
    Ok(())
}

fn over_a_broken_line(options: &Options, times: u64) -> Result<()> {
    let outcome = reconnects::run(times, |done| {
        if done % 20 == 0 {
            eprintln!("[{done}/{times}] connections");
        }
    })?;
    report(options, &outcome)?;
    ensure!(outcome.threads[0] == outcome.threads[1], "threads: {:?}", outcome.threads);
    let [first, last] = outcome.descriptors;
    ensure!(
        first == last,
        "descriptors: {first} after the first connections, {last} after the last"
    );
    Ok(())
}

fn on_a_full_disk(options: &Options) -> Result<()> {
    let outcome = full_disk::run(options.seed, |what| eprintln!("{what}"))?;
    report(options, &outcome)?;
    let balance = outcome.balance;
    ensure!(balance.lost == 0, "{} of {} alarms lost", balance.lost, balance.raised);
    ensure!(balance.duplicates == 0, "{} alarms stored twice", balance.duplicates);
    ensure!(outcome.answers_unwritten > 0, "every answer was written: the disk was never full");
    ensure!(outcome.in_order, "what made way was not the oldest clip, then the oldest still");
    ensure!(outcome.spools_unreadable == 0, "{} files set aside", outcome.spools_unreadable);
    for (what, fate) in [("stills", outcome.stills), ("clips", outcome.clips)] {
        ensure!(fate.dropped > 0, "no {what} made way: the disk was never full");
        ensure!(fate.unaccounted() == 0, "{} {what} are gone untold", fate.unaccounted());
    }
    Ok(())
}

fn with_a_bad_camera(options: &Options, troubles: usize) -> Result<()> {
    let outcome = camera::run(options.seed, troubles, |trouble| eprintln!("{trouble:?}"))?;
    report(options, &outcome)?;
    ensure!(outcome.duplicates == 0, "{} alarms stored twice", outcome.duplicates);
    Ok(())
}

fn with_a_clock_that_is_set(options: &Options) -> Result<()> {
    let outcome = clock::run(options.seed, |hours| eprintln!("{hours} h"))?;
    report(options, &outcome)?;
    let balance = outcome.balance;
    ensure!(balance.lost == 0, "{} of {} alarms lost", balance.lost, balance.raised);
    ensure!(balance.duplicates == 0, "{} alarms stored twice", balance.duplicates);
    ensure!(outcome.in_order, "the alarms were not stored in the order they were made");
    ensure!(outcome.dated_wrong == 0, "{} alarms are dated wrong", outcome.dated_wrong);
    Ok(())
}

fn report(options: &Options, outcome: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(outcome)?;
    println!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, text + "\n")
            .with_context(|| format!("{} is not written", path.display()))?;
    }
    Ok(())
}
