//! How long one inference takes: `detector_bench MODEL_FOLDER BACKEND PRECISION RUNS`.
//!
//! Opens the detector as the daemon does, for a 768x576 picture and one thread, and prints one JSON
//! object: `choice` in words, and `ms`, the milliseconds of each run of the network alone, without
//! letterbox and head. Two runs before do not count. scripts/bench reads it.
#![allow(clippy::print_stdout, reason = "its line is its interface")]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use detector::attention::Look;
use detector::{Detector, Options, Picture, PixelLayout, Plane, Precision};

const WIDTH: usize = 768;
const HEIGHT: usize = 576;
const UNCOUNTED: usize = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [model, backend, precision, runs] = &words[..] else {
        return Err("expected MODEL_FOLDER BACKEND PRECISION RUNS".into());
    };
    let options = Options {
        model: Some(PathBuf::from(model)),
        backend: Some(backend.parse()?),
        precision: Some(precision_of(precision)?),
        ..Options::default()
    };
    let mut detector = Detector::open(&options, WIDTH, HEIGHT)?;
    detector.letterbox(&grey(&[128; WIDTH * HEIGHT * 3 / 2])?, Look::Whole)?;
    let mut ms = Vec::new();
    for _ in 0..UNCOUNTED + runs.parse::<usize>()? {
        let began = Instant::now();
        detector.infer()?;
        ms.push(began.elapsed().as_secs_f64() * 1e3);
    }
    let choice = detector.choice().to_string();
    println!("{}", serde_json::json!({ "choice": choice, "ms": ms[UNCOUNTED..] }));
    Ok(())
}

fn precision_of(word: &str) -> Result<Precision, String> {
    match word {
        "fp32" => Ok(Precision::Fp32),
        "int8" => Ok(Precision::Int8),
        _ => Err(format!("precision is {word:?}, expected fp32 or int8")),
    }
}

fn grey(bytes: &[u8]) -> Result<Picture<'_>, Box<dyn Error>> {
    let (luma, chroma) = bytes.split_at(WIDTH * HEIGHT);
    let (u, v) = chroma.split_at(chroma.len() / 2);
    let plane = |data, stride| Plane { data, stride };
    let planes = [plane(luma, WIDTH), plane(u, WIDTH / 2), plane(v, WIDTH / 2)];
    Ok(Picture::new(PixelLayout::I420, WIDTH, HEIGHT, planes)?)
}
