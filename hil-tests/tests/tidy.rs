//! Tidy: what good intentions could break, read off the source tree.
//!
//! Promises: each rule is a test of its own that lists every offence and says what to do; each scanner
//! is shown to find one. Refuses: judging taste, and needing anything but the tree and the standard
//! library. In a clone it looks at tracked files, elsewhere at all of them.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/tree.rs"]
mod tree;
#[path = "tidy/writing.rs"]
mod writing;

use std::path::{Path, PathBuf};

use source::{code, has_condition, is_empty_name, lines_with, module_names, without_tests};
use tree::{read, root, sources, texts};
use writing::{
    configuration_keys, documented_keys, forbidden_imports, links, machine_path, missing, pages,
};

const MAX_LINES: usize = 500;

// --- The rules -----------------------------------------------------------------------------------

#[test]
fn every_file_opens_with_its_noun() {
    let silent = sources().filter(|(_, text)| !text.starts_with("//! "));
    none("open the file with `//!`: its noun, what it promises, what it refuses", silent.map(name));
}

#[test]
fn no_file_is_over_500_lines() {
    let long = sources().filter(|(_, text)| text.lines().count() > MAX_LINES);
    none("split the file where its nouns part", long.map(name));
}

#[test]
fn no_file_or_module_has_an_empty_name() {
    let advice = "name it after what it holds; `foo.rs` beside `foo/` instead of `mod.rs`";
    none(
        advice,
        sources().flat_map(|(path, text)| {
            let modules = module_names(&code(&text));
            let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
            let empty = modules.into_iter().chain([stem]).filter(|name| is_empty_name(name));
            empty.map(move |name| format!("{}: {name}", path.display())).collect::<Vec<_>>()
        }),
    );
}

#[test]
fn unsafe_stays_under_the_detectors_backends() {
    // The simulated runtimes are C libraries, as those the backends call.
    let inside = [
        "firmware/detector/src/backend",
        "hil-tests/simulated-rknn/src",
        "hil-tests/simulated-hailo/src",
    ];
    let outside =
        sources().filter(|(path, _)| !inside.iter().any(|folder| path.starts_with(folder)));
    let advice = "`unsafe` belongs under firmware/detector/src/backend/ (invariant 8)";
    none(advice, saying(&["unsafe"], outside.map(|(path, text)| (path, code(&text)))));
}

#[test]
fn only_clock_rs_reads_a_clock() {
    let words = ["Instant::now", "SystemTime::now", "elapsed()", "clock_gettime"];
    for tree in ["firmware/polewatchd/src", "firmware/tools/poleroom/src"] {
        let advice = "take the time as an argument, or a Clock from clock.rs (invariant 4)";
        none(advice, saying(&words, shipped(tree, "clock.rs")));
    }
}

#[test]
fn only_durable_rs_syncs_to_disk() {
    let words = ["sync_data", "sync_all", "fdatasync", "fsync"];
    for tree in ["firmware/polewatchd/src", "firmware/tools/poleroom/src"] {
        let advice = "write through durable.rs, which knows what to sync when (invariant 4)";
        none(advice, saying(&words, shipped(tree, "durable.rs")));
    }
}

#[test]
fn analytics_reaches_for_nothing_outside() {
    let outside = [
        "std::fs",
        "std::io",
        "std::net",
        "std::env",
        "std::thread",
        "std::process",
        "std::sync::mpsc",
        "Instant",
        "SystemTime",
        "println!",
        "eprintln!",
        "tracing",
        "log",
    ];
    let advice = "hand it in as a value: analytics has no I/O, clock, thread or log (invariant 2)";
    none(advice, saying(&outside, shipped("firmware/analytics/src", "")));
}

#[test]
fn the_tested_program_is_the_shipped_program() {
    let daemon = sources().filter(|(path, _)| path.starts_with("firmware/polewatchd/src"));
    let conditional = daemon.filter(|(_, text)| has_condition(&code(text)));
    none("make it configuration, not a second program (invariant 9)", conditional.map(name));
}

#[test]
fn crates_import_along_the_arrows() {
    let manifests = texts("Cargo.toml").filter(|(path, _)| path != Path::new("Cargo.toml"));
    none(
        "turn the import round, or change ARCHITECTURE.md and the table ARROWS with a reason",
        manifests.flat_map(|(_, text)| forbidden_imports(&text)),
    );
}

#[test]
fn every_configuration_key_is_documented() {
    let wanted = configuration_keys(&read("firmware/polewatchd/src/config/raw.rs"));
    let described = documented_keys(&read("docs/config.md"));
    assert!(wanted.len() > 20, "config/raw.rs has changed its form; teach configuration_keys");
    none("describe the key in docs/config.md", missing(&wanted, &described));
    none("docs/config.md describes a key that is gone", missing(&described, &wanted));
}

#[test]
fn every_link_leads_to_a_file() {
    none(
        "correct the link or write the page",
        texts(".md").flat_map(|(path, text)| {
            let folder = path.parent().unwrap().to_owned();
            let broken =
                links(&text).into_iter().filter(move |to| !root().join(&folder).join(to).exists());
            broken.map(|to| format!("{}: {to}", path.display())).collect::<Vec<_>>()
        }),
    );
}

#[test]
fn every_page_that_is_named_exists() {
    none(
        "correct the name or write the page",
        texts("").filter(|(path, _)| !is_this(path)).flat_map(|(path, text)| {
            let gone = pages(&text).into_iter().filter(|page| !root().join(page).exists());
            gone.map(|page| format!("{}: {page}", path.display())).collect::<Vec<_>>()
        }),
    );
}

#[test]
fn no_file_names_a_developers_machine() {
    let advice = "write a path relative to the repository, or what the place is for";
    let ours = texts("").filter(|(path, _)| path != Path::new("Cargo.lock") && !is_this(path));
    none(
        advice,
        ours.filter_map(|(path, text)| {
            let found = machine_path(&text)?;
            Some(format!("{}: {found}", path.display()))
        }),
    );
}

/// The code under `tree` that ships, without the file that may do what the others may not and the folder
/// beside it.
fn shipped(tree: &str, except: &str) -> impl Iterator<Item = (PathBuf, String)> {
    let wanted = move |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        let within = path
            .parent()
            .is_some_and(|folder| folder.ends_with(Path::new(except).with_extension("")));
        path.starts_with(tree)
            && name != except
            && name != "tests.rs"
            && (except.is_empty() || !within)
    };
    sources()
        .filter(move |(path, _)| wanted(path))
        .map(|(path, text)| (path, without_tests(&code(&text))))
}

/// Where files of code say one of `words`.
fn saying(words: &[&str], files: impl Iterator<Item = (PathBuf, String)>) -> Vec<String> {
    let mut found = Vec::new();
    for (path, code) in files {
        for word in words {
            let lines = lines_with(&code, word).into_iter();
            found.extend(lines.map(|line| format!("{}:{line}: {word}", path.display())));
        }
    }
    found
}

fn is_this(path: &Path) -> bool {
    path.starts_with("hil-tests/tests/tidy") || path == Path::new("hil-tests/tests/tidy.rs")
}

fn name((path, _): (PathBuf, String)) -> String {
    path.display().to_string()
}

#[track_caller]
fn none(advice: &str, offences: impl IntoIterator<Item = String>) {
    let offences: Vec<String> = offences.into_iter().collect();
    assert!(offences.is_empty(), "{advice}:\n  {}", offences.join("\n  "));
}
