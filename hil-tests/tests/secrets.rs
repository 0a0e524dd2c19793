//! The chain over TLS, with a camera that asks for a password: the alarm arrives, and in all that was
//! written by then and after every fault there is neither password nor key.
#![allow(clippy::unwrap_used, reason = "the functions shared by these tests are tests too")]

#[path = "../../firmware/tls/tests/files/authority.rs"]
mod authority;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authority::Authority;
use hil_tests::broker::Broker;
use hil_tests::chain::Chain;
use hil_tests::daemon::{Daemon, lawn_config, run_once};
use hil_tests::lawn;
use hil_tests::room::{Media, Room};
use hil_tests::simulated_camera::SimulatedCamera;

const USER: &str = "canary-user";
const PASSWORD: &str = "canary-word";
const WRONG: &str = "canary-wrong";
const POLE: &str = "gangnam_pole-0412";

/// The lawn's configuration with TLS; `password` is the camera's.
fn config(camera: &SimulatedCamera, password: &str, broker: &Broker, ca: &Authority) -> String {
    let files = ca.files(POLE);
    let source = camera.url().replace("rtsp://", &format!("rtsp://{USER}:{password}@"));
    let plain = format!("broker = \"{}\"", broker.secured_url());
    let secured = format!(
        "{plain}\nca = {:?}\ncertificate = {:?}\nkey = {:?}",
        files.ca, files.certificate, files.key
    );
    lawn_config(&source, &broker.secured_url()).replace(&plain, &secured)
}

/// Every file below `folder`.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let nested = entries.map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    nested.flatten().collect()
}

/// That nothing the programs have written holds a secret; what the test itself has written does.
fn assert_silent(folder: &Path, key: &str) {
    let ours = ["polewatch.toml", "camera.log"];
    let written =
        files(folder).into_iter().filter(|path| !ours.iter().any(|our| path.ends_with(our)));
    let written: Vec<PathBuf> = written.collect();
    assert!(written.iter().any(|path| path.ends_with("polewatchd.log")), "{written:?}");
    for path in written {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for secret in [USER, PASSWORD, WRONG, key] {
            let line = text.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{} holds {secret:?}: {line:?}", path.display());
        }
    }
}

#[test]
fn an_alarm_arrives_over_tls_and_no_secret_is_written_anywhere() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::of_a_chain());
    let files = authority.files(POLE);
    let key = fs::read_to_string(&files.key).unwrap();
    let secret = key.lines().nth(1).unwrap().to_owned();
    let mut broker = Broker::start_secured(folder.path(), authority.folder()).unwrap();
    let room = authority.files("poleroom");
    let paths = [&room.ca, &room.certificate, &room.key].map(|path| path.to_str().unwrap());
    let arguments = ["--ca", paths[0], "--certificate", paths[1], "--key", paths[2]];
    let room = Room::start_with(&broker.secured_url(), &arguments, folder.path()).unwrap();
    let film = lawn::film_from(Duration::from_secs(44)).unwrap();
    let account = ["--user", USER, "--password", PASSWORD];
    let mut camera = SimulatedCamera::start(&film, &account, folder.path()).unwrap();

    let right = config(&camera, PASSWORD, &broker, &authority);
    let mut daemon = Daemon::start_talkative(&right, folder.path()).unwrap();
    let alarm = room.wait_for_begin("intrusion", Chain::LIMIT).unwrap();
    room.wait_for_media(Media::Still, &alarm, Chain::LIMIT).unwrap();
    room.wait_for_media(Media::Clip, &alarm, Chain::LIMIT).unwrap();

    // The new certificate is taken without anybody being told that the box is off.
    authority.issue(&["--box", "gangnam/pole-0412"]);
    daemon.wait_for_line("renewed certificate", Chain::LIMIT).unwrap();
    room.wait_for_detail("uplink", "acknowledged", Chain::LIMIT).unwrap();
    let offline = room.facts("health").iter().filter(|fact| fact["state"] == "offline").count();
    assert_eq!(offline, 0);

    // Whatever can fail, fails once.
    fs::write(&files.key, key.replace("-----END", &format!("{secret}\n-----END"))).unwrap();
    room.wait_for_detail("uplink", "the certificate before is kept", Chain::LIMIT).unwrap();
    camera.kill().unwrap();
    room.wait_for_state("camera", &["fail"], Chain::LIMIT).unwrap();
    daemon.wait_for_line("no connection", Chain::LIMIT).unwrap();
    broker.kill().unwrap();
    daemon.wait_for_line("broker lost", Chain::LIMIT).unwrap();
    daemon.stop(Chain::LIMIT).unwrap();
    assert_silent(folder.path(), &secret);
}

#[test]
fn a_refused_password_is_not_told_and_neither_is_that_of_a_command() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::of_a_chain());
    let broker = Broker::start_secured(folder.path(), authority.folder()).unwrap();
    let film = lawn::film_from(Duration::from_secs(44)).unwrap();
    let account = ["--user", USER, "--password", PASSWORD];
    let camera = SimulatedCamera::start(&film, &account, folder.path()).unwrap();
    let wrong = config(&camera, WRONG, &broker, &authority);
    let mut daemon = Daemon::start_talkative(&wrong, folder.path()).unwrap();
    daemon.wait_for_line("401", Chain::LIMIT).unwrap();
    daemon.stop(Chain::LIMIT).unwrap();

    let file = folder.path().join("polewatch.toml");
    let (file, events) = (file.to_str().unwrap(), folder.path().join("events.jsonl"));
    let recording = format!("rtsp://{USER}:{WRONG}@127.0.0.1:{}/cam", camera.port());
    let events = events.to_str().unwrap();
    let replay = ["replay", &recording, "--config", file, "--events", events];
    let commands: [&[&str]; 3] =
        [&["check-config", "--print", file], &replay, &["run", "--config", ""]];
    for (number, command) in commands.into_iter().enumerate() {
        let output = run_once(command).unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.is_empty());
        fs::write(folder.path().join(format!("{number}.said")), said).unwrap();
    }
    let key = fs::read_to_string(authority.files(POLE).key).unwrap();
    assert_silent(folder.path(), key.lines().nth(1).unwrap());
}
