//! The cabinet around the box: its door, its lamp, and the hand on its switch.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::fs;
use std::time::Duration;

use hil_tests::chain::Chain;
use hil_tests::deadline::wait_for;

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
