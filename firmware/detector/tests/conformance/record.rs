//! What became of every case: run, passed, or ignored with the reason.
//!
//! Where `POLEWATCH_CONFORMANCE_LOG` names a file, a JSON line is added to it for each case;
//! `scripts/conformance` makes its report of them.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use detector::{BackendKind, Precision};
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::subject::{Case, Subject};

/// A case that some need not pass.
struct Ignored {
    case: &'static str,
    whom: fn(Subject) -> bool,
    reason: &'static str,
}

const IGNORED: [Ignored; 4] = [
    Ignored {
        case: "a_closer_look_finds_who_is_there_and_leaves_the_whole_alone",
        whom: |subject| subject.backend.is_npu(),
        reason: "an NPU's model has one shape for good: closer looks are the CPU's",
    },
    Ignored {
        case: "fp32_outputs_are_tracts_logit_by_logit",
        whom: |subject| subject.precision != Precision::Fp32,
        reason: "INT8 moves logits; its detections are compared instead",
    },
    Ignored {
        case: "int8_finds_the_sure_persons_of_fp32",
        whom: |subject| subject.precision != Precision::Int8,
        reason: "it is about INT8",
    },
    Ignored {
        case: "the_vendors_simulator_finds_the_same",
        whom: |Subject { backend, precision }| {
            backend == BackendKind::Tract && precision == Precision::Int8
        },
        reason: "tract 0.23 computes INT8 convolutions in float: auto never pairs the two",
    },
];

/// What a case looked at.
pub(crate) struct Compared {
    /// How much there was to compare: a case that had nothing has shown nothing.
    pub(crate) count: usize,
    pub(crate) figures: Value,
}

impl Compared {
    /// `count` objects, without figures of their own.
    pub(crate) fn objects(count: usize) -> Self {
        Self { count, figures: json!({ "compared": count }) }
    }
}

/// Puts every subject with `model` through `run`, and fails at the end when one did or had nothing to
/// compare.
pub(crate) fn each(case: &str, model: (&str, &Path), run: impl Fn(&Case) -> Compared) {
    let mut failed = None;
    for subject in Subject::ALL {
        let excuse = IGNORED.iter().find(|it| it.case == case && (it.whom)(subject));
        let line = json!({ "case": case, "model": model.0, "subject": subject.to_string() });
        let why_not = match excuse {
            Some(excuse) => Some(json!({ "outcome": "ignored", "reason": excuse.reason })),
            None => subject.missing().or_else(|| footage_missing(model.0)).map(lacking),
        };
        if let Some(why_not) = why_not {
            println!("ignored: {case}, {} on {subject}: {}", model.0, why_not["reason"]);
            write(line, why_not);
            continue;
        }
        let subject = Case::new(subject, model.0, model.1);
        let compared = || {
            let compared = run(&subject);
            assert!(compared.count > 0, "{subject}: nothing was compared");
            compared.figures
        };
        match catch_unwind(AssertUnwindSafe(compared)) {
            Ok(figures) => {
                println!("passed: {case}, {subject}: {figures}");
                write(line, json!({ "outcome": "passed", "figures": figures }));
            }
            Err(panic) => {
                println!("failed: {case}, {subject}");
                write(line, json!({ "outcome": "failed" }));
                failed.get_or_insert(panic);
            }
        }
    }
    if let Some(panic) = failed {
        resume_unwind(panic);
    }
}

/// A case that this machine cannot run for anybody.
pub(crate) fn ignored(case: &str, model: &str, reason: &str) {
    println!("ignored: {case}, {model}: {reason}");
    for subject in Subject::ALL {
        let line = json!({ "case": case, "model": model, "subject": subject.to_string() });
        write(line, lacking(reason));
    }
}

/// Ignored since the machine lacks something, which `scripts/conformance --require-all` does not take.
fn lacking(reason: impl std::fmt::Display) -> Value {
    json!({ "outcome": "ignored", "reason": reason.to_string(), "lacking": true })
}

/// Why there is nothing to detect for `model` here; the tiny one's pictures are drawn.
fn footage_missing(model: &str) -> Option<String> {
    static IS_THERE: LazyLock<bool> = LazyLock::new(|| !Scene::street_frames(&[0]).is_empty());
    (model != "tiny" && !*IS_THERE).then(|| "no vtest.avi or no ffmpeg".to_owned())
}

fn write(mut line: Value, outcome: Value) {
    static TURN: Mutex<()> = Mutex::new(());
    let Some(path) = std::env::var_os("POLEWATCH_CONFORMANCE_LOG") else { return };
    if let (Some(line), Value::Object(outcome)) = (line.as_object_mut(), outcome) {
        line.extend(outcome);
    }
    let _turn = TURN.lock();
    let mut log = OpenOptions::new().append(true).create(true).open(path).unwrap();
    writeln!(log, "{line}").unwrap();
}
