//! The NPU's self-test: what an installer runs on a new kind of box, and sends back.
//!
//! Promises: what cannot be opened is named as the daemon would name it; speed is measured over the
//! very path the daemon uses, helper process included; answers are compared with the CPU's on the same
//! pictures. Refuses: to pass an NPU that is slower than it is worth, answers one picture in two ways,
//! or does not find whom the CPU finds.

use std::path::Path;
use std::time::Duration;

use detector::agreement::Agreement;
use detector::attention::Look;
use detector::prepared::PreparedError;
use detector::{BackendKind, Detector, DetectorError, Options, Picture};
use serde::Serialize;

use crate::analysis;
use crate::clock::Clock;
use crate::config::Config;
use crate::video::{FileFrames, VideoError};

mod likeness;
mod pattern;
mod surroundings;

use likeness::cosine;
use pattern::Pattern;
use surroundings::Surroundings;

/// Runs that are measured: twenty seconds of a usual stream.
const RUNS: usize = 200;
/// The picture sizes of nearly all cameras: 16:9 and 4:3. A box has one camera, whose shape is not known here:
/// one of them is enough.
const SIZES: [(usize, usize); 2] = [(1280, 720), (640, 480)];
/// What an NPU must reach: analysis at 10 frames a second with as much left for other work.
const SLOWEST_MS: f64 = 50.0;
/// How alike an NPU's raw outputs are to the CPU's, on a picture without anybody: INT8 made by two
/// converters differs in every value a little.
const LEAST_COSINE: f64 = 0.95;
/// How many of the CPU's sure detections an NPU must find, and the other way round.
const LEAST_AGREEMENT: f64 = 0.95;
/// The score from which the other's detection counts for one of .5: two ways of computing differ by a few
/// hundredths, and an installer's film may show the same person at .5 in every frame.
const PARTNER_FROM: f32 = 0.45;

/// What the self-test found. Its JSON is what is sent back.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The daemon's version.
    pub firmware: &'static str,
    /// What the kernel says of the box.
    pub box_is: Surroundings,
    /// One for each engine and picture size that was tried.
    pub trials: Vec<Trial>,
    /// Whether some NPU passed at every size there is a model for, and there is one.
    pub passed: bool,
}

/// One engine at one picture size.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// `rknn` or `hailo`.
    pub engine: String,
    /// Width and height of the pictures.
    pub picture: (usize, usize),
    /// What ran, when something did.
    pub ran: Option<Ran>,
    /// What is wrong, a sentence each; none when it passed.
    pub problems: Vec<String>,
    /// Why nothing was tried, where that need not be wrong: no model for pictures of this shape.
    pub note: Option<String>,
}

/// What was measured of an NPU that opened.
#[derive(Debug, Default, Serialize)]
pub struct Ran {
    /// Model, engine, versions.
    pub choice: String,
    /// SHA-256 of the vendor's model file.
    pub model_sha256: String,
    /// How long a run took, helper process included: the median and the slowest of a hundred.
    pub median_ms: f64,
    /// The same, of the slowest hundredth.
    pub p99_ms: f64,
    /// Whether the first and the last run gave the same to the bit.
    pub repeats: bool,
    /// What the CPU ran for comparison.
    pub compared_with: String,
    /// How alike each raw output is, -1 to 1.
    pub cosine: Vec<f64>,
    /// Detections in the film, where there is one.
    pub film: Option<Agreement>,
}

/// Why a self-test could not go on.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The CPU's detector, which is the measure.
    #[error("the CPU's detector: {0}")]
    Cpu(#[from] DetectorError),
    /// The film.
    #[error(transparent)]
    Film(#[from] VideoError),
}

/// Tests the NPU that `config` names, or those this box has, on drawn pictures and on `film`.
///
/// # Errors
/// What the NPU is measured with cannot be used; what is wrong with the NPU stands in the report.
pub fn run(config: &Config, film: Option<&Path>) -> Result<Report, CheckError> {
    let options = analysis::options(config);
    let kinds = match (options.backend, options.npu.kinds()) {
        (Some(kind), _) if kind.is_npu() => vec![kind],
        // So that it is said of each that there is none.
        (_, none) if none.is_empty() => vec![BackendKind::Rknn, BackendKind::Hailo],
        (_, kinds) => kinds,
    };
    let (mut trials, mut passed) = (Vec::new(), false);
    for kind in kinds {
        let of_kind = SIZES.map(|size| trial(&options, kind, size, film));
        let of_kind = judged(of_kind.into_iter().collect::<Result<_, _>>()?);
        passed |= of_kind.iter().all(|trial| trial.problems.is_empty());
        trials.extend(of_kind);
    }
    let box_is = Surroundings::read(&config.board);
    Ok(Report { firmware: env!("CARGO_PKG_VERSION"), box_is, trials, passed })
}

/// The trials of one engine: that there is no model is wrong when there is none for any shape.
fn judged(mut trials: Vec<Trial>) -> Vec<Trial> {
    if trials.iter().all(|trial| trial.note.is_some()) {
        for trial in &mut trials {
            trial.problems.extend(trial.note.take());
        }
    }
    trials
}

fn trial(
    options: &Options,
    kind: BackendKind,
    size: (usize, usize),
    film: Option<&Path>,
) -> Result<Trial, CheckError> {
    let (width, height) = size;
    let engine = kind.to_string();
    let npu = Options { backend: Some(kind), ..options.clone() };
    let mut npu = match Detector::open(&npu, width, height) {
        Ok(npu) => npu,
        Err(error @ DetectorError::Prepared(PreparedError::NoSuchConversion { .. })) => {
            let note = Some(error.to_string());
            return Ok(Trial { engine, picture: size, ran: None, problems: Vec::new(), note });
        }
        Err(error) => {
            let problems = vec![error.to_string()];
            return Ok(Trial { engine, picture: size, ran: None, problems, note: None });
        }
    };
    let cpu = Options { backend: None, ..options.clone() };
    let mut cpu = Detector::open(&cpu, width, height)?;
    let (ran, problems) = compare(&mut npu, &mut cpu, size, film)?;
    Ok(Trial { engine, picture: size, ran: Some(ran), problems, note: None })
}

/// What an NPU that opened does beside the CPU, and what is wrong with that.
fn compare(
    npu: &mut Detector,
    cpu: &mut Detector,
    (width, height): (usize, usize),
    film: Option<&Path>,
) -> Result<(Ran, Vec<String>), CheckError> {
    let mut ran = Ran {
        choice: npu.choice().to_string(),
        model_sha256: npu.choice().model_sha256.clone(),
        compared_with: cpu.choice().to_string(),
        ..Ran::default()
    };
    let pattern = Pattern::new(width, height);
    if let Err(error) = measure(npu, cpu, &pattern.picture(), &mut ran)? {
        return Ok((ran, vec![format!("while running: {error}")]));
    }
    let mut problems = ran.problems();
    if let Some(film) = film {
        match watch(npu, cpu, film)? {
            Ok(agreement) => {
                problems.extend(disagreement(&agreement));
                ran.film = Some(agreement);
            }
            Err(error) => problems.push(format!("in the film: {error}")),
        }
    }
    Ok((ran, problems))
}

/// Speed, repeatability and likeness on one picture; the inner error is the NPU's.
fn measure(
    npu: &mut Detector,
    cpu: &mut Detector,
    picture: &Picture<'_>,
    ran: &mut Ran,
) -> Result<Result<(), DetectorError>, CheckError> {
    cpu.letterbox(picture, Look::Whole)?;
    cpu.infer()?;
    let (mut times, mut first) = (Vec::with_capacity(RUNS), Vec::new());
    let clock = Clock::system();
    for run in 0..RUNS {
        let outcome = npu.letterbox(picture, Look::Whole).and_then(|_| {
            let began = clock.now();
            npu.infer()?;
            Ok(clock.now().duration_since(began))
        });
        match outcome {
            Ok(time) => times.push(time),
            Err(error) => return Ok(Err(error)),
        }
        if run == 0 {
            first = outputs(npu)?;
        }
    }
    let last = outputs(npu)?;
    ran.repeats = first == last;
    ran.cosine = last.iter().zip(outputs(cpu)?).map(|(one, other)| cosine(one, &other)).collect();
    times.sort_unstable();
    (ran.median_ms, ran.p99_ms) = (ms(times[RUNS / 2]), ms(times[RUNS * 99 / 100]));
    Ok(Ok(()))
}

/// Both over a film, frame by frame; the inner error is the NPU's.
fn watch(
    npu: &mut Detector,
    cpu: &mut Detector,
    film: &Path,
) -> Result<Result<Agreement, DetectorError>, CheckError> {
    /// Frames compared, one a second.
    const FRAMES: usize = 100;
    let mut agreement = Agreement::new(PARTNER_FROM);
    for frame in FileFrames::open(film, 1.0)?.take(FRAMES) {
        let frame = frame?;
        let expected = cpu.detect(&frame.picture())?;
        match npu.detect(&frame.picture()) {
            Ok(found) => agreement.add(found, expected),
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(agreement))
}

fn disagreement(agreement: &Agreement) -> Option<String> {
    let disagrees = !agreement.reaches(LEAST_AGREEMENT);
    disagrees.then(|| {
        format!(
            "beside the CPU, {agreement}; expected {LEAST_AGREEMENT} of each at least, and somebody \
             in it"
        )
    })
}

fn outputs(detector: &Detector) -> Result<Vec<Vec<f32>>, DetectorError> {
    (0..detector.outputs()).map(|at| detector.output(at).map(<[f32]>::to_vec)).collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

impl Ran {
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.median_ms > SLOWEST_MS {
            let median = self.median_ms;
            problems.push(format!("a run takes {median:.1} ms, expected {SLOWEST_MS} at most"));
        }
        if !self.repeats {
            problems.push("the same picture gave different answers".to_owned());
        }
        for (output, cosine) in self.cosine.iter().enumerate() {
            if cosine.is_nan() || *cosine < LEAST_COSINE {
                problems.push(format!(
                    "output {output} is like the CPU's by {cosine:.3}, expected {LEAST_COSINE} at least"
                ));
            }
        }
        problems
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.box_is)?;
        for Trial { engine, picture: (width, height), ran, problems, note } in &self.trials {
            writeln!(f, "{engine}, pictures of {width}x{height}:")?;
            if let Some(ran) = ran {
                writeln!(f, "  {}", ran.choice)?;
                let (median, p99) = (ran.median_ms, ran.p99_ms);
                writeln!(f, "  {median:.1} ms a run (p99 {p99:.1}), helper process included")?;
                ran.film.iter().try_for_each(|film| writeln!(f, "  film: {film}"))?;
            }
            note.iter().try_for_each(|note| writeln!(f, "  not tried: {note}"))?;
            problems.iter().try_for_each(|problem| writeln!(f, "  PROBLEM: {problem}"))?;
        }
        let verdict = if self.passed { "passed" } else { "FAILED" };
        write!(f, "self-test of the NPU: {verdict}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(note: Option<&str>, problem: Option<&str>) -> Trial {
        Trial {
            engine: "hailo".to_owned(),
            picture: (640, 480),
            ran: None,
            problems: problem.map(str::to_owned).into_iter().collect(),
            note: note.map(str::to_owned),
        }
    }

    #[test]
    fn one_shape_without_a_model_is_noted_and_none_with_one_is_wrong() {
        let (lacks, passed, failed) = (
            || trial(Some("no model"), None),
            || trial(None, None),
            || trial(None, Some("too slow")),
        );
        for (trials, problems, notes) in [
            (vec![passed(), passed()], 0, 0),
            (vec![passed(), lacks()], 0, 1),
            (vec![failed(), lacks()], 1, 1),
            (vec![lacks(), lacks()], 2, 0),
        ] {
            let judged = judged(trials);
            assert_eq!(judged.iter().flat_map(|trial| &trial.problems).count(), problems);
            assert_eq!(judged.iter().flat_map(|trial| &trial.note).count(), notes);
        }
    }
}
