//! What became of every case: run, passed, or ignored with the reason.
//!
//! Where `POLEWATCH_CONFORMANCE_LOG` names a file, a JSON line is added to it for each case;
//! `scripts/conformance` makes its report of them.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Mutex;

use detector::{BackendKind, Precision};
use serde_json::{Value, json};

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

/// Puts every subject with `model` through `run`, and fails at the end when one did.
pub(crate) fn each(case: &str, model: (&str, &Path), run: impl Fn(&Case) -> Value) {
    let mut failed = None;
    for subject in Subject::ALL {
        let why_not = IGNORED.iter().find(|it| it.case == case && (it.whom)(subject));
        let why_not = why_not.map(|it| it.reason.to_owned());
        let line = json!({ "case": case, "model": model.0, "subject": subject.to_string() });
        if let Some(reason) = why_not.or_else(|| subject.missing()) {
            println!("ignored: {case}, {} on {subject}: {reason}", model.0);
            write(line, json!({ "outcome": "ignored", "reason": reason }));
            continue;
        }
        let subject = Case::new(subject, model.0, model.1);
        match catch_unwind(AssertUnwindSafe(|| run(&subject))) {
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
        write(line, json!({ "outcome": "ignored", "reason": reason }));
    }
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
