//! The uplink over TLS: a real mosquitto with the documented configuration, an authority made by
//! `scripts/test-ca`, and everything that must not be let through.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../tls/tests/files/authority.rs"]
mod authority;
#[path = "uplink/broker.rs"]
mod broker;
#[path = "tls/impostor.rs"]
mod impostor;
#[path = "uplink/pole.rs"]
mod pole;
#[path = "uplink/room.rs"]
mod room;

use std::fs;
use std::sync::Arc;

use polewatchd::uplink::Settings;
use rumqttc::v5::{AsyncClient, ConnectionError, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tls::failure::{Failure, Stage};
use tls::files::Files;

use crate::authority::Authority;
use crate::broker::Broker;
use crate::impostor::Impostor;
use crate::pole::{Pole, ms, settings, until};
use crate::room::Room;

const POLE: &str = "gangnam_pole-0412";

/// A box that dials `localhost` over TLS.
fn secured(port: u16, files: Files) -> Settings {
    Settings { host: "localhost".to_owned(), tls: Some(files), ..settings(port) }
}

/// An authority, a broker of it that runs, and the room.
fn control_room() -> (Authority, Broker, Room) {
    let authority = Authority::of_a_chain();
    let mut broker = Broker::secured(authority.folder());
    broker.start();
    let room = Room::open_secured(broker.port(), &authority.files("poleroom"));
    (authority, broker, room)
}

#[test]
fn alarms_arrive_over_tls_and_are_acknowledged() {
    let (authority, broker, room) = control_room();
    let pole = Pole::start_with(secured(broker.port(), authority.files(POLE)));
    (1..=20).for_each(|number| pole.raise(number));
    pole.drained(20);
    assert_eq!(room.heard().events(), (1..=20).collect::<Vec<_>>());
    let delays = pole.delays(&room, 21..=220);
    println!("event to subscriber over TLS: p50 {:?}, p99 {:?}", delays[100], delays[198]);
    assert!(delays[198] < ms(250), "{delays:?}");
    assert_eq!((pole.uplink.status().notice, pole.uplink.status().trouble), (None, None));
    pole.stop();
}

#[test]
fn certificates_renewed_under_load_cost_no_alarm_and_double_none() {
    let (authority, broker, room) = control_room();
    let files = authority.files(POLE);
    let pole = Pole::start_with(secured(broker.port(), files.clone()));
    until("it is connected", || pole.uplink.status().connected);
    let mut raised = 0;
    for renewal in 1..=3 {
        authority.issue(&["--box", "gangnam/pole-0412"]);
        if renewal == 2 {
            // With a new key, as a careful authority wants it.
            fs::remove_file(&files.key).unwrap();
            authority.issue(&["--box", "gangnam/pole-0412"]);
        }
        until("it is connected with the new certificate", || {
            raised += 1;
            pole.raise(raised);
            std::thread::sleep(ms(5));
            pole.uplink.status().connections > renewal
        });
    }
    pole.drained(raised);
    let mut events = room.heard().events();
    events.sort_unstable();
    assert_eq!(events, (1..=raised).collect::<Vec<_>>());
    println!("3 renewals under load: {raised} alarms raised, {} stored", events.len());
    pole.stop();
}

#[test]
fn a_broken_new_certificate_keeps_the_connection_and_is_told() {
    let (authority, broker, _room) = control_room();
    let files = authority.files(POLE);
    let pole = Pole::start_with(secured(broker.port(), files.clone()));
    until("it is connected", || pole.uplink.status().connected);
    fs::copy(authority.path("poleroom.crt"), &files.certificate).unwrap();
    until("it is told", || pole.uplink.status().notice.is_some());
    let notice = pole.uplink.status().notice.unwrap();
    assert!(notice.contains("another key") && notice.contains("is kept"), "{notice}");
    pole.raise(1);
    pole.drained(1);
    assert_eq!(pole.uplink.status().connections, 1);

    authority.issue(&["--box", "gangnam/pole-0412"]);
    until("the good one is taken", || pole.uplink.status().connections == 2);
    assert_eq!(pole.uplink.status().notice, None);
    pole.stop();
}

#[test]
fn alarms_wait_for_a_certificate_that_is_yet_to_come() {
    let (authority, broker, room) = control_room();
    let files = Files { key: authority.path("later.key"), ..authority.files(POLE) };
    let pole = Pole::start_with(secured(broker.port(), files.clone()));
    (1..=3).for_each(|number| pole.raise(number));
    until("the missing file is named", || pole.uplink.status().trouble.is_some());
    let trouble = pole.uplink.status().trouble.unwrap();
    assert!(trouble.contains("later.key: expected a private key"), "{trouble}");
    until("the alarms are on the disk", || pole.spool.status().alarms == 3);

    fs::copy(authority.path(&format!("{POLE}.key")), &files.key).unwrap();
    pole.drained(3);
    assert_eq!(room.heard().events(), [1, 2, 3]);
    pole.stop();
}

/// Who answers at the broker's port.
enum Peer {
    Mosquitto(Broker),
    Impostor(Impostor),
}

impl Peer {
    /// A broker with the documented configuration.
    fn secured(authority: &Authority) -> Self {
        Self::mosquitto(Broker::secured(authority.folder()))
    }

    fn mosquitto(mut broker: Broker) -> Self {
        broker.start();
        Self::Mosquitto(broker)
    }

    fn port(&self) -> u16 {
        match self {
            Self::Mosquitto(broker) => broker.port(),
            Self::Impostor(impostor) => impostor.port(),
        }
    }
}

/// What a box with an alarm says of a connection that must not be; the alarm stays on its disk.
fn refusal(settings: Settings) -> String {
    let pole = Pole::start_with(settings);
    pole.raise(1);
    until("the refusal is told", || pole.uplink.status().trouble.is_some());
    let status = pole.uplink.status();
    assert_eq!((status.connections, status.sent), (0, 0), "{status:?}");
    until("the alarm is on the disk", || pole.spool.status().alarms == 1);
    pole.stop();
    status.trouble.unwrap()
}

/// What a client without a certificate is told, which a box with `mqtts` never is.
fn refusal_without_a_certificate(authority: &Authority, port: u16) -> String {
    let mut roots = rustls::RootCertStore::empty();
    let text = fs::read(authority.path("ca.crt")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&text).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut options = MqttOptions::new("nobody", "localhost", port);
    options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))));
    let (_client, mut events) = AsyncClient::new(options, 10);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error: ConnectionError = runtime.block_on(async { events.poll().await.unwrap_err() });
    Failure::of(&error, Stage::Dialing).map_or_else(|| error.to_string(), |it| it.to_string())
}

#[test]
fn whatever_is_not_the_agreed_tls_is_refused_with_a_sentence_that_says_which() {
    let (ours, other) = (Authority::of_a_chain(), Authority::of_a_chain());
    let expired =
        ours.branch(&["--box", "gangnam/pole-0412", "--expired", "--broker", "localhost"]);
    let elsewhere = ours.branch(&["--broker", "broker.example"]);
    let good = Peer::secured(&ours);
    let own = ours.files(POLE);
    let posing = Impostor::start(&own, "-tls1_3");
    let old = Impostor::start(&ours.files("broker"), "-tls1_2");
    let table = [
        ("broker expired", Peer::secured(&expired), "the broker's certificate expired 2"),
        ("broker of a wrong CA", Peer::secured(&other), "wrong CA"),
        ("broker of a wrong name", Peer::secured(&elsewhere), "for localhost, got broker.example"),
        ("a box posing as broker", Peer::Impostor(posing), "not one for brokers"),
        ("TLS 1.2", Peer::Impostor(old), "does not speak TLS 1.3"),
        ("plaintext broker", Peer::mosquitto(Broker::new()), "no TLS there"),
    ];
    println!("{:<24} what the box says", "");
    let row = |name: &str, said: &str, expected: &str| {
        println!("{name:<24} {said}");
        assert!(said.contains(expected), "{name}: expected {expected:?} in {said:?}");
        assert!(said.len() <= 160, "{name}: more than health carries: {} bytes", said.len());
    };
    for (name, peer, expected) in table {
        row(name, &refusal(secured(peer.port(), own.clone())), expected);
    }
    let port = good.port();
    let late = expired.files(POLE);
    row("box expired", &refusal(secured(port, late)), "our certificate has expired");
    // A box that believes our authority and shows the certificate of another.
    let foreign = Files { ca: own.ca.clone(), ..other.files(POLE) };
    row("box of a wrong CA", &refusal(secured(port, foreign)), "our certificate is not from");
    let revoked = ours.branch(&["--broker", "localhost", "--box", "gangnam/pole-0412"]);
    revoked.issue(&["--revoke", "gangnam/pole-0412"]);
    let strict = Peer::mosquitto(Broker::secured(revoked.folder()).with_revocations());
    let said = refusal(secured(strict.port(), revoked.files(POLE)));
    row("box revoked", &said, "our certificate has been revoked");
    row("no certificate", &refusal_without_a_certificate(&ours, port), "no certificate");
    row("box without TLS", &refusal(settings(port)), "does this port expect mqtts://?");

    let pole = Pole::start_with(secured(port, own));
    until("the good one is let in", || pole.uplink.status().connected);
    pole.stop();
}
