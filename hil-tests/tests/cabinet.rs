//! The cabinet around the box: its door, its lamp, and the hand on its switch, and the sun on its roof.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]
#![allow(clippy::print_stdout, reason = "how much less often is for docs/npu.md")]

use std::fs;
use std::time::Duration;

use hil_tests::chain::Chain;
use hil_tests::deadline::wait_for;
use hil_tests::health_watch::{HealthWatch, part};
use wire::health::State;

#[test]
fn a_door_that_is_opened_is_told_and_so_is_its_closing() {
    let chain = Chain::start(&[]).unwrap();
    let door = chain.folder().join("board/door");
    wait_for("the simulated board", Chain::LIMIT, || Ok(door.is_file().then_some(()))).unwrap();
    fs::write(&door, "open\n").unwrap();
    let opened = chain.room.wait_for_begin("tamper", Chain::LIMIT).unwrap();
    fs::write(&door, "closed\n").unwrap();
    let closed = wait_for("the door to be closed", Chain::LIMIT, || {
        let alarms = chain.room.alarms()?;
        let ended = |kind: &str, phase: &str| kind == "tamper" && phase == "end";
        Ok(alarms.into_iter().find(|alarm| ended(&alarm.kind, &alarm.phase)))
    });
    assert_eq!(closed.unwrap().event(), opened.event());
}

/// How many pictures the box looks at in a second, by two of its reports some seconds apart.
fn rate(health: &HealthWatch) -> f64 {
    let report = |not_before| {
        health.wait_for("a report of the box", Chain::LIMIT, |report| {
            (report.frames > 0 && report.at.unix_ms >= not_before).then(|| report.clone())
        })
    };
    let first = report(0).unwrap();
    let last = report(first.at.unix_ms + 4000).unwrap();
    (last.frames - first.frames) as f64 * 1000.0 / (last.at.unix_ms - first.at.unix_ms) as f64
}

#[test]
fn a_box_that_is_hot_looks_less_often_until_it_has_cooled() {
    let chain = Chain::start(&[]).unwrap();
    let health = HealthWatch::start(&chain.broker).unwrap();
    let temperature = chain.folder().join("board/temperature");
    let full = (State::Ok, " thread", 6.5..=11.0);
    let half = (State::Warn, "the box is hot: one look every 200 ms", 4.0..=6.0);
    let quarter = (State::Warn, "the box is hot: one look every 400 ms", 2.0..=3.0);
    rate(&health);
    for (celsius, (state, said, expected)) in
        [(60.0, &full), (81.5, &half), (92.0, &quarter), (78.0, &half), (74.0, &full)]
    {
        fs::write(&temperature, format!("{celsius}\n")).unwrap();
        let what = format!("{said:?} at {celsius} degrees Celsius");
        let heard = health.wait_for(&what, Chain::LIMIT, |report| {
            let detector = part(report, "detector")?;
            (detector.state == *state && detector.detail.contains(said)).then_some(())
        });
        heard.unwrap();
        let rate = rate(&health);
        println!("{celsius} degrees Celsius: {rate:.1} looks a second");
        assert!(expected.contains(&rate), "{rate} looks a second at {celsius} degrees Celsius");
    }
}

#[test]
fn a_box_that_is_told_to_end_says_goodbye() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_fact("health", Chain::LIMIT, |_| Some(())).unwrap();
    let lamp = chain.folder().join("board/lamp");
    assert!(["on \n", "off\n"].contains(&fs::read_to_string(lamp).unwrap().as_str()));
    let status = chain.daemon.take().unwrap().stop(Duration::from_secs(10)).unwrap();
    assert!(status.success(), "{status}");
    let offline = chain.room.wait_for_fact("health", Chain::LIMIT, |health| {
        (health["state"] == "offline").then_some(())
    });
    offline.unwrap();
}
