//! Trouble on command: what the file named in the environment says of a function.

use std::fs;
use std::thread;
use std::time::Duration;

/// Names the file of faults.
const VARIABLE: &str = "POLEWATCH_SIM_NPU_FAULT";

/// What a function is to do beside its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Answer(i32),
    Hang,
    Crash,
    Slow(Duration),
    /// Wrong results, or another word the function understands.
    Word(String),
}

/// What the file says of `function` now.
pub(crate) fn of(function: &str) -> Option<Fault> {
    let path = std::env::var_os(VARIABLE)?;
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| said(line, function))
}

/// What becomes of a call of `function` that can do nothing but answer.
pub(crate) fn answer(function: &str) -> Option<i32> {
    match of(function)? {
        Fault::Answer(code) => Some(code),
        Fault::Crash => std::process::abort(),
        Fault::Hang => {
            eprintln!("simulated-rknn: {function} hangs");
            loop {
                thread::sleep(Duration::from_secs(3600));
            }
        }
        Fault::Slow(longer) => {
            thread::sleep(longer);
            None
        }
        Fault::Word(_) => None,
    }
}

/// The word the file says of `function`.
pub(crate) fn word(function: &str) -> Option<String> {
    match of(function)? {
        Fault::Word(word) => Some(word),
        _ => None,
    }
}

/// What `line` says, when it speaks of `function`.
fn said(line: &str, function: &str) -> Option<Fault> {
    let mut words = line.split_whitespace();
    if words.next()? != function {
        return None;
    }
    let (word, amount) = (words.next().unwrap_or_default(), words.next());
    let code = |code| Some(Fault::Answer(code));
    match (function, word) {
        ("init", "magic") => code(-6),
        ("init", "version") => code(-1),
        ("init", "platform") => code(-13),
        ("init", "memory") => code(-4),
        ("query", "size") => code(-5),
        ("run", "timeout") => code(-2),
        ("run", "gone") => code(-3),
        ("run" | "init", "hang") => Some(Fault::Hang),
        ("run" | "init", "crash") => Some(Fault::Crash),
        ("run", "slow") => {
            let milliseconds = amount.and_then(|amount| amount.strip_suffix("ms")?.parse().ok());
            Some(Fault::Slow(Duration::from_millis(milliseconds.unwrap_or_else(|| unknown(line)))))
        }
        ("run", "garbage" | "stale" | "blank")
        | ("query", "nonsense")
        | ("memory", "none" | "nowhere") => Some(Fault::Word(word.to_owned())),
        ("library" | "driver", version) if !version.is_empty() => {
            Some(Fault::Word(version.to_owned()))
        }
        _ => code(word.parse().unwrap_or_else(|_| unknown(line))),
    }
}

/// A test that asks for what there is not would pass for the wrong reason.
fn unknown<T>(line: &str) -> T {
    eprintln!("simulated-rknn: {VARIABLE} says {line:?}, which is no fault known here");
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_speaks_of_one_function() {
        for (line, function, expected) in [
            ("run timeout", "run", Some(Fault::Answer(-2))),
            ("run timeout", "init", None),
            ("run slow 200ms", "run", Some(Fault::Slow(Duration::from_millis(200)))),
            ("run garbage", "run", Some(Fault::Word("garbage".to_owned()))),
            ("run hang", "run", Some(Fault::Hang)),
            ("outputs_get -9", "outputs_get", Some(Fault::Answer(-9))),
            ("driver 0.9.3", "driver", Some(Fault::Word("0.9.3".to_owned()))),
            ("", "run", None),
        ] {
            assert_eq!(said(line, function), expected, "{line}");
        }
    }
}
