//! `polewatchd`: the command line, and how the process ends.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use crossbeam_channel::Receiver;
use polewatchd::calendar;
use polewatchd::clock::Clock;
use polewatchd::config::{CameraAddress, Config, Source};
use polewatchd::daemon;
use polewatchd::kisa::Zones;
use polewatchd::npu_check;
use polewatchd::replay::{self, Outputs};
use tracing_subscriber::EnvFilter;
use wire::alarm::WallTime;

#[derive(Parser)]
#[command(version, about = "Watches one camera and reports what happens to the control room")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Watches the configured camera until it is told to end (SIGTERM or SIGINT).
    Run {
        /// The configuration file.
        #[arg(long)]
        config: PathBuf,
    },
    /// Says whether a configuration file can be used, one line a problem.
    CheckConfig {
        /// The configuration file.
        config: PathBuf,
        /// Writes out what is in effect, defaults and the scene's rules included; passwords are
        /// masked.
        #[arg(long)]
        print: bool,
    },
    /// Analyses a recording as fast as it goes and writes what would have been alarms.
    Replay {
        /// The recording: a file of any container and codec GStreamer decodes, or rtsp://HOST/PATH,
        /// which is watched once, to its end, as KISA's test sends its clips.
        #[arg(value_parser = recording)]
        recording: Source,
        /// The configuration; only its zones, rules, analysis and detector parts matter.
        #[arg(long)]
        config: PathBuf,
        /// When the recording began, such as 2026-11-23T22:00:00+09:00: rules that have hours need
        /// to know, otherwise they watch all of it.
        #[arg(long, value_parser = calendar::moment)]
        began: Option<WallTime>,
        /// Where events go, one JSON object a line.
        #[arg(long)]
        events: PathBuf,
        /// Where the replay's cost goes, as one JSON object.
        #[arg(long)]
        stats: Option<PathBuf>,
        /// Where it goes what was seen in every frame, one JSON object a line; `decide` reads it.
        #[arg(long)]
        detections: Option<PathBuf>,
        /// Where it goes why each alarm was told and why the nearest others were not; without
        /// a file the standard output.
        #[arg(long, num_args = 0..=1, default_missing_value = "/dev/stdout")]
        explain: Option<PathBuf>,
        /// A KISA zone file: its areas take the place of the configured zones.
        #[arg(long)]
        kisa_map: Option<PathBuf>,
        /// Where the clip's alarms go as a KISA result file.
        #[arg(long)]
        kisa_out: Option<PathBuf>,
    },
    /// Tests the NPU of this box: whether it opens, how fast it is, whether it finds whom the CPU finds.
    NpuCheck {
        /// The configuration; only its detector part matters.
        #[arg(long)]
        config: PathBuf,
        /// A recording with people in it, on which NPU and CPU are compared.
        #[arg(long)]
        film: Option<PathBuf>,
        /// Where the report goes as one JSON object, to be sent back.
        #[arg(long)]
        report: Option<PathBuf>,
    },
    /// Decides again on what a replay has seen, without the recording: by the same rules the same.
    Decide {
        /// What `replay --detections` wrote.
        detections: PathBuf,
        /// The configuration; only its zones and rules matter.
        #[arg(long)]
        config: PathBuf,
        /// Where events go, one JSON object a line.
        #[arg(long)]
        events: PathBuf,
        /// Where it goes why each alarm was told and why the nearest others were not; without
        /// a file the standard output.
        #[arg(long, num_args = 0..=1, default_missing_value = "/dev/stdout")]
        explain: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    end_on_panic();
    log_to_stderr();
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
        Command::Run { config: file } => {
            let config = Config::load(&file)?;
            daemon::run(&config, &file, &told_to_end()?)?;
            tracing::info!("ended as told");
        }
        Command::CheckConfig { config: file, print } => {
            let config = Config::load(&file)?;
            config.check_files(&file, Clock::system().wall())?;
            let scene = config.scene.as_ref().map_or_else(String::new, |it| format!("; {it}"));
            eprintln!("{}: good{scene}", file.display());
            if print {
                std::io::stdout().write_all(config.written_out()?.as_bytes())?;
            }
        }
        Command::Replay {
            recording,
            config,
            began,
            events,
            stats,
            detections,
            explain: explanation,
            kisa_map,
            kisa_out: kisa,
        } => {
            let mut config = Config::load(&config)?;
            if let Some(map) = kisa_map {
                Zones::read(&map)?.apply(&mut config);
            }
            let outputs = Outputs { events, stats, detections, explanation, kisa };
            let stats = replay::replay(&recording, &config, began, &outputs)?;
            tracing::info!("{} frames of {:.1} s of video", stats.frames, stats.video_s);
        }
        Command::NpuCheck { config, film, report: file } => {
            let config = Config::load(&config)?;
            let report = npu_check::run(&config, film.as_deref())?;
            eprintln!("{report}");
            if let Some(file) = file {
                std::fs::write(&file, serde_json::to_string_pretty(&report)?)
                    .with_context(|| format!("{}", file.display()))?;
            }
            anyhow::ensure!(report.passed, "the NPU did not pass its self-test");
        }
        Command::Decide { detections, config, events, explain: explanation } => {
            let config = Config::load(&config)?;
            let outputs = Outputs { events, explanation, ..Outputs::default() };
            let frames = replay::decide(&detections, &config, &outputs)?;
            tracing::info!("decided on {frames} frames");
        }
    }
    Ok(())
}

/// A recording on the command line.
#[expect(clippy::unnecessary_wraps, reason = "clap's parsers may fail")]
fn recording(text: &str) -> Result<Source, String> {
    let is_stream = text.starts_with("rtsp://");
    Ok(if is_stream { Source::Rtsp(CameraAddress::new(text)) } else { Source::File(text.into()) })
}

/// Brings something once the process is told to end.
fn told_to_end() -> anyhow::Result<Receiver<()>> {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    ctrlc::set_handler(move || {
        // Told twice is told.
        let _ = sender.try_send(());
    })?;
    Ok(receiver)
}

/// A panic is a fault nobody foresaw: the process ends at once, whichever thread it was, and systemd
/// starts it anew onto a whole spool (docs/decisions/0001-panic-hook.md).
fn end_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        report(panic);
        std::process::abort();
    }));
}

/// Lines for the journal: no colours unless a person watches, `RUST_LOG` decides how much.
fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,ort=warn,rumqttc=warn,tract=warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
