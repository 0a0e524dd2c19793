//! `soak`: the fault campaign and the long outage, run for as long as one likes.
//!
//! Prints what goes wrong while it goes wrong, then the outcome as JSON on its last line and into
//! `--json FILE`. Ends with an error when an alarm was lost or stored twice, or a spool was damaged.
#![allow(clippy::print_stdout, reason = "its last line is its interface")]

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use hil_tests::campaign::{self, Outcome};

/// Kills the box, the broker and the control room under load, again and again, treats the line between
/// them badly, and counts what was raised and what was stored.
#[derive(Parser)]
struct Options {
    /// How many processes are killed.
    #[arg(long, default_value_t = 50)]
    kills: usize,
    /// The plan's seed; the same seed is the same plan.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write the outcome here too.
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let outcome = campaign::run(options.seed, options.kills, |kills, fault| {
        eprintln!("[{kills}/{}] {fault:?}", options.kills);
    })?;
    let text = serde_json::to_string(&outcome)?;
    println!("{text}");
    if let Some(path) = &options.json {
        fs::write(path, text + "\n")
            .with_context(|| format!("{} is not written", path.display()))?;
    }
    judge(&outcome)
}

fn judge(outcome: &Outcome) -> Result<()> {
    let balance = outcome.balance;
    ensure!(balance.raised > 0, "no alarm was raised: the campaign shows nothing");
    ensure!(balance.lost == 0, "{} of {} alarms lost", balance.lost, balance.raised);
    ensure!(balance.duplicates == 0, "{} alarms stored twice", balance.duplicates);
    ensure!(outcome.spools_unreadable == 0, "{} spools unreadable", outcome.spools_unreadable);
    Ok(())
}
