//! The whole chain with an NPU that gets into trouble just before somebody comes: its runtime is simulated,
//! camera, broker and control room are real. The alarms arrive all the same, and health says who detects.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]
#![allow(clippy::print_stdout, reason = "the table of troubles is for docs/npu.md")]

use std::fs;
use std::time::{Duration, Instant};

use hil_tests::chain::Chain;
use hil_tests::deadline::wait_for;
use hil_tests::health_watch::{HealthWatch, part};
use hil_tests::media;
use hil_tests::room::{Media, StoredAlarm};
use hil_tests::simulated_npu::SimulatedNpu;
use tempfile::TempDir;
use wire::health::{Report, State};

/// The camera's film begins again after that, and with it everything that happens.
const PASS_MS: u64 = 30_000;
/// What the daemon logs when the CPU takes over, with the reason.
const TAKES_OVER: &str = "the CPU stands in for the NPU: ";
/// How long nobody may detect.
const LONGEST: Duration = Duration::from_secs(2);
/// What health says first while the CPU stands in.
const STANDS_IN: &str = "the CPU stands in: ";

/// A chain whose box has an NPU, and the folder of the NPU's models.
struct Stage {
    health: HealthWatch,
    chain: Chain,
    npu: SimulatedNpu,
    _models: TempDir,
}

impl Stage {
    /// Everything started, with somebody eight seconds away from the lawn; `simulated` is what the box is told
    /// to do with a simulated runtime.
    fn set(npu: SimulatedNpu, simulated: &str) -> Self {
        let models = tempfile::tempdir().unwrap();
        npu.prepare_halved(models.path()).unwrap();
        let detector = npu.config(models.path(), simulated).unwrap();
        let chain = Chain::start_with(|config| config + &detector).unwrap();
        let health = HealthWatch::start(&chain.broker).unwrap();
        Self { health, chain, npu, _models: models }
    }

    /// Waits until the NPU detects and pictures have come; the report that says so.
    fn wait_until_it_works(&self) -> Report {
        let on_npu = format!(" on {} ", self.npu.backend);
        let what = format!("{} to detect", self.npu.backend);
        self.health
            .wait_for(&what, Chain::LIMIT, |report| {
                let detector = part(report, "detector").filter(|it| it.state == State::Ok)?;
                let works = detector.detail.contains(&on_npu) && report.frames > 0;
                works.then(|| report.clone())
            })
            .unwrap()
    }

    /// Waits until health says that the CPU stands in, with `reason`.
    fn wait_until_the_cpu_stands_in(&self, reason: &str) {
        let what = format!("{STANDS_IN}{reason}");
        self.health
            .wait_for(&what, Chain::LIMIT, |report| {
                let detector = part(report, "detector").filter(|it| it.state == State::Warn)?;
                let said = detector.detail.strip_prefix(STANDS_IN)?;
                said.contains(reason).then_some(())
            })
            .unwrap();
    }

    /// The newest report, in which the CPU stands in.
    fn standing_in(&self) -> Report {
        let report = self.health.newest().unwrap();
        let detector = part(&report, "detector").unwrap();
        assert!(detector.detail.starts_with(STANDS_IN), "{detector:?}");
        report
    }

    fn trouble(&self, trouble: &str) -> Instant {
        fs::write(self.chain.npu_trouble(), trouble).unwrap();
        Instant::now()
    }

    /// The first alarm that begins an event of this `kind` whose onset is not before `since`.
    fn told(&self, kind: &str, since: i64) -> StoredAlarm {
        wait_for(&format!("an alarm of {kind}"), Chain::LIMIT, || {
            let begins = self.chain.room.begins(kind)?.into_iter();
            Ok(begins.filter(|it| it.onset_unix_ms >= since).min_by_key(|it| it.onset_unix_ms))
        })
        .unwrap()
    }

    /// The room has a still and a clip of the `alarm`, which open, and no other alarm of the same.
    fn is_told_once(&self, alarm: &StoredAlarm) {
        let room = &self.chain.room;
        for file in [Media::Still, Media::Clip] {
            let file = room.wait_for_media(file, alarm, Chain::LIMIT).unwrap();
            media::open(&file).unwrap();
        }
        let begins = room.begins(&alarm.kind).unwrap();
        let near = |it: &&StoredAlarm| it.onset_unix_ms.abs_diff(alarm.onset_unix_ms) < PASS_MS;
        assert_eq!(begins.iter().filter(near).count(), 1, "{begins:?}");
        assert_eq!(room.duplicates().unwrap(), 0);
    }
}

/// From just before somebody steps onto the lawn until they are told of, `npu` has `trouble`, of which
/// `expected` is said.
fn the_alarms_arrive_all_the_same(npu: SimulatedNpu, trouble: &str, expected: &str) {
    let mut stage = Stage::set(npu, "accept");
    let since = stage.wait_until_it_works().at.unix_ms;
    let began = stage.trouble(trouble);
    let taking_over = format!("{TAKES_OVER}{}: running: {expected}", npu.backend);
    let daemon = stage.chain.daemon.as_mut().unwrap();
    daemon.wait_for_line(&taking_over, Chain::LIMIT).unwrap();
    let noticed = began.elapsed();
    assert!(noticed <= LONGEST, "nobody detected for {noticed:?}");
    stage.wait_until_the_cpu_stands_in(expected);
    let before = stage.standing_in();

    let intrusion = stage.told("intrusion", since);
    let after = stage.standing_in();
    let over = stage.trouble("");
    stage.wait_until_it_works();
    let (back, degraded) = (over.elapsed(), began.elapsed());

    let loitering = stage.told("loitering", intrusion.onset_unix_ms);
    for alarm in [&intrusion, &loitering] {
        stage.is_told_once(alarm);
    }
    // By eye 10 s lie between the two; each was labelled to a second, and may be told 10 s late.
    let between_s = (loitering.onset_unix_ms - intrusion.onset_unix_ms) / 1000;
    assert!((5..=20).contains(&between_s), "{between_s} s");
    println!(
        "| {}: {trouble} | {} ms | {} pictures in {:.1} s | {:.1} s | {:.1} s |",
        stage.npu.backend,
        noticed.as_millis(),
        after.frames - before.frames,
        (after.at.unix_ms - before.at.unix_ms) as f64 / 1000.0,
        degraded.as_secs_f64(),
        back.as_secs_f64(),
    );
}

#[test]
fn an_intrusion_is_told_of_while_rockchips_runtime_crashes() {
    let said = "the helper process crashed (signal 6)";
    the_alarms_arrive_all_the_same(SimulatedNpu::RKNN, "run crash", said);
}

#[test]
fn an_intrusion_is_told_of_while_rockchips_runtime_hangs() {
    let said = "no answer within 500 ms: killed";
    the_alarms_arrive_all_the_same(SimulatedNpu::RKNN, "run hang", said);
}

#[test]
fn an_intrusion_is_told_of_while_hailos_runtime_crashes() {
    let said = "the helper process crashed (signal 6)";
    the_alarms_arrive_all_the_same(SimulatedNpu::HAILO, "run crash", said);
}

#[test]
fn a_simulated_runtime_that_is_not_allowed_leaves_the_cpu_at_work() {
    let stage = Stage::set(SimulatedNpu::RKNN, "refuse");
    stage.wait_until_the_cpu_stands_in("is a simulation");
    stage.is_told_once(&stage.told("intrusion", 0));
    stage.standing_in();
}
