//! What is lost and comes back: the camera, the broker, the box's own life. No alarm goes with it.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

use std::time::Duration;

use hil_tests::chain::Chain;
use hil_tests::daemon::lawn_config;
use hil_tests::deadline::wait_for;
use hil_tests::lawn;
use hil_tests::room::Media;

#[test]
fn a_camera_that_is_lost_and_comes_back_is_watched_again() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.camera.kill().unwrap();
    chain.room.wait_for_state("camera", &["warn", "fail"], Chain::LIMIT).unwrap();
    chain.camera.start_again().unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    let alarm = chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    chain.room.wait_for_media(Media::Clip, &alarm, Chain::LIMIT).unwrap();
}

#[test]
fn a_camera_that_goes_silent_on_an_open_connection_is_watched_again() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.camera.order("stall").unwrap();
    chain.room.wait_for_state("camera", &["warn", "fail"], Chain::LIMIT).unwrap();
    chain.camera.order("resume").unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
}

/// A rule that tells of a lost camera, in a quarter of its usual time.
const LOST: &str = r#"
[[rule]]
name = "camera"
kind = "camera_fault"
faults = ["lost"]
after = "2500ms"
"#;

#[test]
fn a_lost_camera_is_one_alarm_that_ends_when_it_is_back() {
    let film = lawn::film_from(Duration::ZERO).unwrap();
    let config = |camera: &str, broker: &str| lawn_config(camera, broker) + LOST;
    let mut chain = Chain::watching(&film, &[], config).unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.camera.kill().unwrap();
    let begin = chain.room.wait_for_begin("camera_fault", Chain::LIMIT).unwrap();
    assert_eq!((begin.rule.as_str(), begin.zone.as_deref()), ("camera", None));
    assert!(begin.detected_unix_ms - begin.onset_unix_ms >= 2500);

    chain.camera.start_again().unwrap();
    let end = wait_for("the end of the camera's fault", Chain::LIMIT, || {
        let alarms = chain.room.alarms()?.into_iter();
        Ok(alarms.filter(|alarm| alarm.kind == "camera_fault").find(|alarm| alarm.phase == "end"))
    });
    assert_eq!(end.unwrap().event(), begin.event());
    assert_eq!(chain.room.begins("camera_fault").unwrap().len(), 1);
}

#[test]
fn alarms_of_the_time_without_a_broker_arrive_when_it_is_back() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.broker.kill().unwrap();
    chain.wait_for_spooled_alarm().unwrap();
    assert_eq!(chain.room.alarms().unwrap().len(), 0);
    chain.broker.start_again().unwrap();
    let alarm = chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    chain.room.wait_for_media(Media::Still, &alarm, Chain::LIMIT).unwrap();
    chain.room.wait_for_media(Media::Clip, &alarm, Chain::LIMIT).unwrap();
    assert!(alarm.received_unix_ms > alarm.detected_unix_ms);
    assert_eq!(chain.room.duplicates().unwrap(), 0);
}

#[test]
fn an_alarm_survives_the_daemon_that_was_killed_before_it_could_deliver() {
    let mut chain = Chain::start(&[]).unwrap();
    chain.room.wait_for_state("camera", &["ok"], Chain::LIMIT).unwrap();
    chain.broker.kill().unwrap();
    chain.wait_for_spooled_alarm().unwrap();
    chain.daemon.take().unwrap().kill().unwrap();
    // The camera is gone too: what arrives now was on the disk.
    chain.camera.kill().unwrap();
    chain.broker.start_again().unwrap();
    chain.restart_daemon().unwrap();

    let alarm = chain.room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    chain.room.wait_for_media(Media::Still, &alarm, Chain::LIMIT).unwrap();
    assert!(chain.daemon.as_mut().unwrap().process().is_running().unwrap());
    assert_eq!(chain.room.begins("intrusion").unwrap().len(), 1);
    assert_eq!(chain.room.duplicates().unwrap(), 0);
}
