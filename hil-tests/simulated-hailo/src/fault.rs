//! The troubles that were ordered: what stands in the file `POLEWATCH_SIM_NPU_FAULT` names.
//!
//! Promises: read anew at each question, so that trouble begins and ends while a process lives.
//! Refuses: a line that means nothing, by ending the process: a test that asks for what there is not
//! would pass for the wrong reason.

use std::time::Duration;

/// One trouble; see the table in [`crate`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    Version,
    Driver(i32),
    OpenHang,
    OpenCrash,
    Magic,
    Platform,
    Size,
    Timeout,
    Hang,
    Crash,
    Garbage,
    Stale,
    Blank,
    Slow(Duration),
    Gone,
    Idle,
    Temperature(f32),
}

/// The variable that names the file.
const FILE: &str = "POLEWATCH_SIM_NPU_FAULT";

/// What is ordered now.
pub(crate) fn standing() -> Vec<Fault> {
    let text = std::env::var_os(FILE).and_then(|path| std::fs::read_to_string(path).ok());
    text.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).map(told).collect()
}

/// Stays as long as `fault` is ordered.
pub(crate) fn stay(fault: Fault) {
    while stands(fault) {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether `fault` is ordered now.
pub(crate) fn stands(fault: Fault) -> bool {
    standing().contains(&fault)
}

fn told(line: &str) -> Fault {
    parsed(line).unwrap_or_else(|| {
        eprintln!("simulated libhailort: {FILE} says {line:?}, which is no trouble it knows");
        std::process::abort()
    })
}

fn parsed(line: &str) -> Option<Fault> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Some(match words[..] {
        ["init", "version"] => Fault::Version,
        ["init", "hang"] => Fault::OpenHang,
        ["init", "crash"] => Fault::OpenCrash,
        ["init", "magic"] => Fault::Magic,
        ["init", "platform"] => Fault::Platform,
        ["query", "size"] => Fault::Size,
        ["driver", status] => Fault::Driver(status.parse().ok()?),
        ["run", "timeout"] => Fault::Timeout,
        ["run", "hang"] => Fault::Hang,
        ["run", "crash"] => Fault::Crash,
        ["run", "garbage"] => Fault::Garbage,
        ["run", "stale"] => Fault::Stale,
        ["run", "blank"] => Fault::Blank,
        ["run", "gone"] => Fault::Gone,
        ["run", "idle"] => Fault::Idle,
        ["run", "slow", time] => {
            Fault::Slow(Duration::from_millis(time.strip_suffix("ms")?.parse().ok()?))
        }
        ["temperature", celsius] => Fault::Temperature(celsius.parse().ok()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_one_trouble() {
        for (line, expected) in [
            ("driver 76", Some(Fault::Driver(76))),
            ("run slow 200ms", Some(Fault::Slow(Duration::from_millis(200)))),
            (" run  hang ", Some(Fault::Hang)),
            ("temperature 95.5", Some(Fault::Temperature(95.5))),
            ("run slow", None),
            ("run slow 2 s", None),
            ("run", None),
        ] {
            assert_eq!(parsed(line), expected, "{line}");
        }
    }
}
