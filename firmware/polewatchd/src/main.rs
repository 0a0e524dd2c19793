//! `polewatchd`: the command line, and how the process ends.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use polewatchd::config::Config;

#[derive(Parser)]
#[command(version, about = "Watches one camera and reports what happens to the control room")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says whether a configuration file can be used, one line a problem.
    CheckConfig {
        /// The configuration file.
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("polewatchd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::CheckConfig { config } => {
            Config::load(&config)?;
            Ok(())
        }
    }
}
