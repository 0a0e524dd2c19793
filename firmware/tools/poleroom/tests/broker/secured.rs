//! Boxes and room over TLS, each as its certificate names it, under the documented access list.

use std::fs;
use std::process::Command;

use wire::Verdict;

use crate::authority::Authority;
use crate::pole::{Pole, alarm, record};
use crate::stage::{Broker, Room, stored_alarms};

/// An authority with two boxes, a broker that knows it, and the room.
fn stage() -> (Authority, Broker, tempfile::TempDir, Room) {
    let authority = Authority::of_a_chain();
    authority.issue(&["--box", "gangnam/pole-1", "--box", "gangnam/pole-2"]);
    let (broker, store) = (Broker::secured(&authority), tempfile::tempdir().unwrap());
    let room = Room::start_secured(&broker, store.path(), &authority.files("poleroom"));
    (authority, broker, store, room)
}

#[test]
fn a_box_can_neither_speak_nor_listen_as_another() {
    let (authority, broker, _store, room) = stage();
    let (ours, theirs) = (authority.files("gangnam_pole-1"), authority.files("gangnam_pole-2"));
    let mut pole = Pole::connect_secured(&broker, "pole-1", "pole-1", &ours);
    // The other claims the first one's client id and listens for its answers.
    let mut other = Pole::connect_secured(&broker, "pole-1", "gangnam/pole-1", &theirs);
    pole.send(&alarm(1));
    assert_eq!(pole.answer(record(1), 1), Verdict::Stored);
    for topic in ["alarm", "media", "health", "ack"] {
        let topic = format!("polewatch/gangnam/pole-1/{topic}");
        assert!(!other.publish(&topic, vec![1]), "{topic}");
    }
    assert_eq!(other.answers(record(1)), [], "heard by another");
    // What the room is answered with, and what is nobody's, is not for boxes either.
    assert!(!pole.publish("polewatch/gangnam/pole-1/ack", vec![1]));
    assert!(!pole.publish("anything/else", vec![1]));
    assert!(pole.publish("polewatch/gangnam/pole-1/media", vec![1]));
    room.wait_for_what("garbage");
}

#[test]
fn a_room_with_a_renewed_certificate_connects_anew_and_hears_everything_once() {
    let (authority, broker, store, room) = stage();
    let ours = authority.files("gangnam_pole-1");
    let mut pole = Pole::connect_secured(&broker, "pole-1", "pole-1", &ours);
    pole.send(&alarm(1));
    // One that cannot be used is told and changes nothing.
    let certificate = authority.path("poleroom.crt");
    fs::copy(authority.path("ca.crt"), &certificate).unwrap();
    let told = room.wait_for(1, |fact| fact["state"] == "certificate").remove(0);
    assert!(told["detail"].as_str().unwrap().contains("the certificate before is kept"), "{told}");
    pole.send(&alarm(2));
    assert_eq!(pole.answer(record(2), 1), Verdict::Stored);

    authority.issue(&["--room", "poleroom"]);
    room.wait_for(2, |fact| fact["what"] == "broker" && fact["state"] == "connected");
    for number in 3..=50 {
        pole.send(&alarm(number));
    }
    assert_eq!(pole.answer(record(50), 1), Verdict::Stored);
    assert!(room.terminate());
    let mut numbers: Vec<u64> =
        stored_alarms(store.path()).iter().map(|alarm| alarm["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=50).collect::<Vec<u64>>());
}

#[test]
fn a_room_without_what_tls_needs_does_not_start() {
    let (authority, store) = (Authority::of_a_chain(), tempfile::tempdir().unwrap());
    let missing = authority.path("nowhere.crt");
    let (ca, key) = (authority.path("ca.crt"), authority.path("poleroom.key"));
    let files = ["--ca", ca.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let certificate = ["--certificate", missing.to_str().unwrap()];
    for (arguments, expected) in [
        (vec!["--broker", "mqtts://localhost"], "needs --ca, --certificate and --key"),
        ([&["--broker", "mqtts://localhost"][..], &files].concat(), "needs --ca, --certificate"),
        (files.to_vec(), "need an mqtts:// broker"),
        (
            [&["--broker", "mqtts://localhost"][..], &files, &certificate].concat(),
            "nowhere.crt: expected a certificate in PEM, found No such file",
        ),
        (vec!["--broker", "mqtt://10.0.0.1"], "a broker on another machine and no TLS"),
    ] {
        let mut room = Command::new(env!("CARGO_BIN_EXE_poleroom"));
        let output = room.args(["run", "--store"]).arg(store.path()).args(&arguments).output();
        let output = output.unwrap();
        assert!(!output.status.success(), "{arguments:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(error.contains(expected), "{arguments:?}: {error}");
    }
}
