//! An NPU in trouble, with the vendors' runtimes simulated: detection goes on, the NPU comes back, and
//! docs/npu.md explains what is said.
#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]
#![allow(clippy::print_stdout, reason = "the table of troubles is for docs/npu.md")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use hil_tests::programs;
use hil_tests::simulated_npu::{SimulatedNpu, TROUBLE_VARIABLE};
use serde_json::Value;

/// A vendor's simulated runtime, and its troubles.
struct Runtime {
    npu: SimulatedNpu,
    /// The vendor's name of its library.
    usual: &'static str,
    /// What it can be told to do wrong while it runs, and what is then said.
    troubles: &'static [(&'static str, &'static str)],
    /// What it can be told to refuse to open, and what to fail in at once.
    refusals: &'static [&'static str],
}

const RKNN: Runtime = Runtime {
    npu: SimulatedNpu::RKNN,
    usual: "librknnrt.so",
    troubles: &[
        ("run timeout", "rknn_run answered -2 (TIMEOUT)"),
        ("run gone", "rknn_run answered -3 (DEVICE_UNAVAILABLE)"),
        ("run hang", "no answer within 500 ms: killed"),
        ("run crash", "the helper process crashed (signal 6)"),
        ("run garbage", "its answers cannot be right"),
        ("run stale", "it gives the same answer to pictures that differ"),
        ("run blank", "its answers cannot be right"),
        ("run slow 800ms", "no answer within 500 ms: killed"),
    ],
    refusals: &[
        "init version",
        "library 1.4.0-sim",
        "driver 0.9.3",
        "run timeout",
        "run gone",
        "run crash",
    ],
};

const HAILO: Runtime = Runtime {
    npu: SimulatedNpu::HAILO,
    usual: "libhailort.so",
    troubles: &[
        ("run timeout", "HAILO_TIMEOUT"),
        ("run gone", "HAILO_COMMUNICATION_CLOSED"),
        ("run hang", "no answer within 500 ms: killed"),
        ("run crash", "the helper process crashed (signal 6)"),
        ("run garbage", "its answers cannot be right"),
        ("run stale", "it gives the same answer to pictures that differ"),
        ("run blank", "it gives the same answer to pictures that differ"),
        ("run slow 800ms", "no answer within 500 ms: killed"),
    ],
    refusals: &[
        "init version",
        "driver 64",
        "driver 74",
        "driver 76",
        "init platform",
        "run timeout",
        "run gone",
        "run crash",
    ],
};

/// The longest a picture may go unanswered.
const LONGEST_GAP_MS: u64 = 2000;

fn the_cpu_stands_in_and_the_npu_comes_back(runtime: &Runtime) {
    let folder = tempfile::tempdir().unwrap();
    runtime.npu.prepare_tiny(folder.path()).unwrap();
    let output = Command::new(programs::shipped("npu-trouble").unwrap())
        .env(TROUBLE_VARIABLE, folder.path().join("fault"))
        .arg("--model")
        .arg(folder.path())
        .arg("--library")
        .arg(runtime.npu.library().unwrap())
        .arg("--process")
        .arg(programs::shipped("polewatch-npu").unwrap())
        .args(["--platform", runtime.npu.platform])
        .args(runtime.troubles.iter().map(|(trouble, _)| trouble))
        .output()
        .unwrap();
    let (said, errors) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&errors));
    println!("| trouble | reported | longest gap | back after |\n|---|---|---|---|");
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), runtime.troubles.len());
    for (line, (trouble, expected)) in lines.iter().zip(runtime.troubles) {
        let reported = line["reported"].as_str().unwrap();
        let (gap, back) = (&line["longest_gap_ms"], &line["back_after_ms"]);
        println!("| {trouble} | {reported} | {gap} ms | {back} ms |");
        assert!(reported.contains(expected), "{trouble}: {reported}");
        assert!(gap.as_u64().unwrap() <= LONGEST_GAP_MS, "{trouble}: {gap} ms without an answer");
    }
}

#[test]
fn the_cpu_stands_in_for_hailos_npu_and_it_comes_back() {
    the_cpu_stands_in_and_the_npu_comes_back(&HAILO);
}

#[test]
fn the_cpu_stands_in_for_rockchips_npu_and_it_comes_back() {
    the_cpu_stands_in_and_the_npu_comes_back(&RKNN);
}

/// The shipped self-test with the tiny model in `folder` and `settings` of the detector, while the simulated
/// runtime has `trouble`: its report.
fn self_test(runtime: &Runtime, folder: &Path, settings: &str, trouble: &str) -> Value {
    let SimulatedNpu { backend, platform, .. } = runtime.npu;
    let config = format!(
        "site = \"gangnam\"\nbox = \"pole-0412\"\n[camera]\nsource = \"file:none.mp4\"\n[detector]\n\
         model = \".\"\nbackend = {backend:?}\nnpu_platform = {platform:?}\n{settings}\n"
    );
    let [file, report, fault] = ["box.toml", "report.json", "fault"].map(|name| folder.join(name));
    fs::write(&file, config).unwrap();
    fs::write(&fault, trouble).unwrap();
    let output = Command::new(programs::shipped("polewatchd").unwrap())
        .env("LD_LIBRARY_PATH", folder)
        .env(TROUBLE_VARIABLE, fault)
        .args(["npu-check", "--config"])
        .arg(&file)
        .arg("--report")
        .arg(&report)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(report["passed"], output.status.success(), "{errors}");
    assert_eq!(report["trials"].as_array().unwrap().len(), 2, "{errors}");
    report
}

#[test]
fn a_simulated_runtime_is_refused_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    RKNN.npu.prepare_tiny(folder.path()).unwrap();
    let library = RKNN.npu.library().unwrap();
    for (word, is_refused) in [("refuse", true), ("accept", false)] {
        let settings = format!("npu_library = {library:?}\nnpu_simulated = {word:?}");
        let report = self_test(&RKNN, folder.path(), &settings, "");
        let said = report["trials"].to_string();
        assert_eq!(said.contains("version 2.5.0-sim is a simulation"), is_refused, "{said}");
        // Nothing was converted for 16:9, which is noted: pictures of 4:3 are enough.
        let [wide, narrow] = [0, 1].map(|at| &report["trials"][at]);
        assert!(wide["note"].to_string().contains("has no model for"), "{said}");
        assert_eq!((wide["problems"].to_string(), narrow["note"].is_null()), ("[]".into(), true));
    }
}

#[test]
fn a_runtime_is_found_by_its_usual_name() {
    for runtime in [RKNN, HAILO] {
        let folder = tempfile::tempdir().unwrap();
        runtime.npu.prepare_tiny(folder.path()).unwrap();
        let installed = folder.path().join(runtime.usual);
        symlink(runtime.npu.library().unwrap(), &installed).unwrap();
        let said = self_test(&runtime, folder.path(), "", "")["trials"].to_string();
        assert!(said.contains("is a simulation, expected a real runtime"), "{said}");
    }
}

/// What an installer may read in health, trouble by trouble: docs/npu.md explains it, and nothing else.
#[test]
fn what_is_said_of_an_npu_in_trouble_is_explained_on_its_page() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/npu.md"));
    let page = page.unwrap();
    let explained = explained(&page);
    assert!(explained.len() > 20, "{explained:?}");
    let mut said: Vec<String> = Vec::new();
    for runtime in [RKNN, HAILO] {
        said.extend(runtime.troubles.iter().map(|(_, reported)| (*reported).to_owned()));
        let folder = tempfile::tempdir().unwrap();
        runtime.npu.prepare_tiny(folder.path()).unwrap();
        let library = runtime.npu.library().unwrap();
        let simulated = format!("npu_library = {library:?}\nnpu_simulated = \"accept\"");
        for trouble in runtime.refusals {
            let report = self_test(&runtime, folder.path(), &simulated, trouble);
            said.extend(problems(&report));
        }
        let refused = format!("npu_library = {library:?}");
        said.extend(problems(&self_test(&runtime, folder.path(), &refused, "")));
        said.extend(problems(&self_test(&runtime, folder.path(), "", "")));
        for library in broken(&library) {
            fs::write(folder.path().join(runtime.usual), library).unwrap();
            said.extend(problems(&self_test(&runtime, folder.path(), "", "")));
        }
    }
    for said in &said {
        assert!(explained.iter().any(|row| speaks_of(row, said)), "docs/npu.md lacks: {said}");
    }
    // One needs a board with another chip, one a driver that holds on to what was killed.
    let elsewhere = ["chip of this board is", "has not ended"];
    for row in explained.iter().filter(|row| !elsewhere.iter().any(|it| row.contains(it))) {
        assert!(said.iter().any(|said| speaks_of(row, said)), "nothing says: {row}");
    }
}

/// What stands in the first column of the page's table of what health says.
fn explained(page: &str) -> Vec<&str> {
    let (_, table) = page.split_once("| health says |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    // Every second piece of a cell stands between backquotes.
    rows.flat_map(|row| row[1..].split('|').next().unwrap().split('`').skip(1).step_by(2)).collect()
}

/// Whether `said` has everything that `row` has between its dots, in that order.
fn speaks_of(row: &str, said: &str) -> bool {
    let mut rest = said;
    row.split("...").all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, behind)| behind);
        found.is_some()
    })
}

fn problems(report: &Value) -> Vec<String> {
    let trials = report["trials"].as_array().unwrap().iter();
    let problems = trials.flat_map(|trial| {
        trial["problems"]
            .as_array()
            .unwrap()
            .iter()
            .chain(trial.get("note").filter(|it| it.is_string()))
    });
    problems.map(|problem| problem.as_str().unwrap().to_owned()).collect()
}

/// `library` as it may come out of an installation that went wrong: of another processor, half, no library.
fn broken(library: &Path) -> [Vec<u8>; 3] {
    let whole = fs::read(library).unwrap();
    let mut foreign = whole.clone();
    foreign[18] = 40;
    [foreign, whole[..whole.len() / 2].to_vec(), b"404: Not Found\n".to_vec()]
}
