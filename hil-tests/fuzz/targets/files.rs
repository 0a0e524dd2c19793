//! Any bytes where the box reads a file a person wrote or brought: the configuration, a model's
//! manifest, KISA's zones, and what was seen in a recording.
//!
//! Promises: shows that nothing panics, that a refusal names the file and that a configuration that is
//! taken is written out as one that means the same. The first byte says which file it is.
#![no_main]

use std::fs;
use std::path::Path;

use detector::manifest::Manifest;
use libfuzzer_sys::fuzz_target;
use polewatchd::config::Config;
use polewatchd::kisa::Zones;
use polewatchd::replay::{Outputs, decide};

/// What a configuration needs at the least.
const LEAST: &str = "site = \"s\"\nbox = \"b\"\n[camera]\nname = \"c\"\n";

fuzz_target!(|bytes: &[u8]| {
    let Some((which, bytes)) = bytes.split_first() else { return };
    let place = fuzz::memory_folder();
    let path = place.path().join("file");
    fs::write(&path, bytes).expect("a file in memory");
    match which % 4 {
        0 => configuration(&path),
        1 => manifest(&path, bytes),
        2 => zones(&path),
        _ => seen(&path),
    }
});

fn configuration(path: &Path) {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(refusal) => return refused(path, &refusal.to_string()),
    };
    let _ = config.for_run(path);
    let _ = config.rules_with_hours();
    let written = config.written_out().expect("what TOML said, TOML says");
    fs::write(path, &written).expect("a file in memory");
    let again = match Config::load(path) {
        Ok(again) => again,
        Err(refusal) => panic!("{refusal}\nof {written}"),
    };
    // The scene stands in a comment on top, its rules in the file.
    let said = written.lines().skip_while(|line| line.starts_with('#'));
    assert!(again.written_out().expect("again").lines().eq(said), "{written}");
}

fn manifest(path: &Path, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Err(refusal) = Manifest::parse(path, text) {
        refused(path, &refusal.to_string());
    }
}

fn zones(path: &Path) {
    match Zones::read(path) {
        Ok(zones) => zones.apply(&mut least(path)),
        Err(refusal) => {
            refused(path, &refusal.to_string());
            assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}");
        }
    }
}

/// Rules decide on what was seen as long as it can be read.
fn seen(path: &Path) {
    let out = Outputs { events: path.with_extension("jsonl"), ..Outputs::default() };
    if let Err(refusal) = decide(path, &least(&path.with_extension("toml")), &out) {
        refused(path, &refusal.to_string());
    }
}

fn least(path: &Path) -> Config {
    fs::write(path, LEAST).expect("a file in memory");
    Config::load(path).expect("a configuration")
}

fn refused(path: &Path, refusal: &str) {
    assert!(refusal.contains(&path.display().to_string()), "{refusal}");
}
