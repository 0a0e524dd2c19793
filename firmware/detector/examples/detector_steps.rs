//! Milliseconds of one picture, step by step, for every backend and precision of a model.
//!
//! Promises: the median of the runs, each engine on the same pictures, with what is needed to
//! repeat it: processor, versions, checksum. The first [`WARM_UP`] runs of each do not count.
#![allow(clippy::print_stdout, reason = "its lines are its interface")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::{Duration, Instant};

use detector::attention::Look;
use detector::{BackendKind, Detector, Options, Picture, PixelLayout, Plane, Precision};
use serde_json::{Value, json};

const USAGE: &str = "usage: detector_steps --model DIR [--width W] [--height H] [--seconds S] \
[--threads N] [--i420 FILE] [--json FILE]; FILE of --i420 holds raw pictures of W x H, taken in \
turn, otherwise one is drawn";

const WARM_UP: usize = 3;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let bench = Bench::from_arguments(std::env::args().skip(1))?;
    let mut figures = BTreeMap::<&str, BTreeMap<&str, Value>>::new();
    for backend in [BackendKind::OnnxRuntime, BackendKind::Tract] {
        for precision in Precision::ALL {
            let figure = bench.measure(backend, precision)?;
            println!("{backend} {precision}: {figure}");
            figures.entry(backend.word()).or_default().insert(precision.word(), figure);
        }
    }
    let report = json!({
        "cpu": processor(),
        "width": bench.width,
        "height": bench.height,
        "threads": bench.threads,
        "figures": figures,
    });
    if let Some(path) = &bench.json {
        std::fs::write(path, format!("{report:#}\n")).map_err(|e| format!("{path}: {e}"))?;
    }
    Ok(())
}

/// What to measure.
struct Bench {
    model: String,
    width: usize,
    height: usize,
    pictures: Vec<u8>,
    budget: Duration,
    threads: usize,
    json: Option<String>,
}

impl Bench {
    fn from_arguments(mut arguments: impl Iterator<Item = String>) -> Result<Self> {
        let known =
            ["--model", "--width", "--height", "--seconds", "--threads", "--i420", "--json"];
        let mut given = BTreeMap::new();
        while let Some(name) = arguments.next() {
            let value = arguments.next().filter(|_| known.contains(&name.as_str()));
            given.insert(name, value.ok_or(USAGE)?);
        }
        let number = |name: &str, otherwise: usize| {
            let word = given.get(name);
            word.map_or(Ok(otherwise), |word| word.parse().map_err(|e| format!("{name}: {e}")))
        };
        let (width, height) = (number("--width", 768)?, number("--height", 576)?);
        let pictures = match given.get("--i420") {
            Some(path) => std::fs::read(path).map_err(|e| format!("{path}: {e}"))?,
            None => drawn(width, height),
        };
        if pictures.len() < length(width, height) {
            return Err(format!("--i420 holds no whole picture of {width}x{height}").into());
        }
        Ok(Self {
            model: given.get("--model").ok_or(USAGE)?.clone(),
            budget: Duration::from_secs(number("--seconds", 5)? as u64),
            threads: number("--threads", 1)?,
            json: given.get("--json").cloned(),
            width,
            height,
            pictures,
        })
    }

    fn measure(&self, backend: BackendKind, precision: Precision) -> Result<Value> {
        let options = Options {
            model: Some(self.model.clone().into()),
            backend: Some(backend),
            precision: Some(precision),
            threads: self.threads,
            ..Options::default()
        };
        let opening = Instant::now();
        let mut detector = Detector::open(&options, self.width, self.height)?;
        let open_ms = milliseconds(opening.elapsed());
        let (steps, found) = self.run(&mut detector)?;
        let runs = steps[0].len();
        let [letterbox, infer, decode] = steps.map(median);
        let choice = detector.choice();
        Ok(json!({
            "letterbox_ms": letterbox,
            "infer_ms": infer,
            "decode_ms": decode,
            "open_ms": open_ms,
            "runs": runs,
            "detections_per_frame": found as f64 / runs as f64,
            "version": choice.backend_version,
            "model": choice.model,
            "model_sha256": choice.model_sha256,
        }))
    }

    /// The milliseconds of each step of each run, and how many were found in all.
    fn run(&self, detector: &mut Detector) -> Result<([Vec<f64>; 3], usize)> {
        let mut steps: [Vec<f64>; 3] = Default::default();
        let mut found = 0;
        let started = Instant::now();
        let pictures = self.pictures.chunks_exact(length(self.width, self.height)).cycle();
        for (run, bytes) in pictures.enumerate() {
            let picture = picture(bytes, self.width, self.height)?;
            let begun = Instant::now();
            detector.letterbox(&picture, Look::Whole)?;
            let painted = Instant::now();
            detector.infer()?;
            let inferred = Instant::now();
            let detections = detector.decode()?.len();
            let decoded = Instant::now();
            if run >= WARM_UP {
                let taken = [painted - begun, inferred - painted, decoded - inferred];
                steps.iter_mut().zip(taken).for_each(|(step, t)| step.push(milliseconds(t)));
                found += detections;
            }
            if run >= WARM_UP && started.elapsed() >= self.budget {
                break;
            }
        }
        Ok((steps, found))
    }
}

/// Bytes of one raw picture.
fn length(width: usize, height: usize) -> usize {
    width * height + 2 * width.div_ceil(2) * height.div_ceil(2)
}

/// Gradients and edges, the same each time.
fn drawn(width: usize, height: usize) -> Vec<u8> {
    (0..length(width, height)).map(|at| (at * 7 + at / width * 13) as u8 / 2 + 60).collect()
}

fn picture(bytes: &[u8], width: usize, height: usize) -> Result<Picture<'_>> {
    let chroma = width.div_ceil(2);
    let (luma, rest) = bytes.split_at(width * height);
    let (blue, red) = rest.split_at(chroma * height.div_ceil(2));
    let plane = |data, stride| Plane { data, stride };
    let planes = [plane(luma, width), plane(blue, chroma), plane(red, chroma)];
    Ok(Picture::new(PixelLayout::I420, width, height, planes)?)
}

fn milliseconds(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The processor's own name.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(": ")).map_or(std::env::consts::ARCH, |(_, n)| n).into()
}
