//! `polewatch-npu`: the process in which an NPU's runtime lives and may die.
//!
//! Started by `polewatchd`, with a socket as its standard input; nobody starts it by hand.

use std::os::fd::AsFd;
use std::process::ExitCode;

use detector::backend::isolated::{ServeError, serve};

fn main() -> ExitCode {
    // Into the daemon's journal, whose standard error this process shares.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let served = socket.map_err(ServeError::from).and_then(serve);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("polewatch-npu: {error}");
            ExitCode::FAILURE
        }
    }
}
