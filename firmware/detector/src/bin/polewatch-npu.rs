//! `polewatch-npu`: the process in which an NPU's runtime lives and may die.
//!
//! Started by `polewatchd`, with a socket as its standard input; nobody starts it by hand.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Into the daemon's journal, whose standard error this process shares.
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let socket = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from);
    let served = match socket {
        Ok(socket) if socket.peer_addr().is_ok() => detector::backend::isolated::serve(socket),
        _ => {
            eprintln!(
                "polewatch-npu: the standard input is no socket: polewatchd starts this program"
            );
            return ExitCode::FAILURE;
        }
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("polewatch-npu: {error}");
            ExitCode::FAILURE
        }
    }
}
