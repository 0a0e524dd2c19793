//! A box reduced to its MQTT side: publishes what a test says and collects answers.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
use rumqttc::v5::{Client, Event, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use sha2::{Digest, Sha256};
use tls::files::Files;
use wire::alarm::{Alarm, ClockQuality, Kind, Measurement, Phase, WallTime};
use wire::envelope::Body;
use wire::media::{MAX_CHUNK_BYTES, MediaChunk, MediaKind};
use wire::text::shortened;
use wire::{BoxAddress, EventRef, Message, RecordId, Tag, Verdict, decode, encode};

use crate::stage::{Broker, DEADLINE};

/// What has come back so far.
#[derive(Default)]
struct Heard {
    subscribed: bool,
    /// Publishes the broker has confirmed, and those it has refused.
    confirmed: usize,
    refused: usize,
    answers: HashMap<RecordId, Vec<Verdict>>,
}

pub(crate) struct Pole {
    client: Client,
    address: BoxAddress,
    heard: Arc<(Mutex<Heard>, Condvar)>,
    published: usize,
}

impl Pole {
    /// Connected and listening for answers.
    pub(crate) fn connect(broker: &Broker, name: &str) -> Self {
        let address = BoxAddress::new("gangnam", name).unwrap();
        Self::join(MqttOptions::new(name, "127.0.0.1", broker.port), address)
    }

    /// Over TLS, with these files, whatever client id it claims.
    pub(crate) fn connect_secured(broker: &Broker, name: &str, id: &str, files: &Files) -> Self {
        let address = BoxAddress::new("gangnam", name).unwrap();
        let mut options = MqttOptions::new(id, "localhost", broker.port);
        let client = files.read().unwrap().client();
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(client)));
        Self::join(options, address)
    }

    /// Listens for the answers to `address`.
    fn join(mut options: MqttOptions, address: BoxAddress) -> Self {
        options.set_max_packet_size(Some(1 << 20)).set_keep_alive(Duration::from_secs(30));
        let (client, mut connection) = Client::new(options, 200);
        let heard = Arc::new((Mutex::new(Heard::default()), Condvar::new()));
        let ears = heard.clone();
        client.subscribe(address.topic(Tag::Ack).as_str(), QoS::AtLeastOnce).unwrap();
        thread::spawn(move || {
            for event in connection.iter() {
                let Ok(event) = event else { return };
                if let Event::Incoming(packet) = event {
                    ears.0.lock().unwrap().hear(&packet);
                    ears.1.notify_all();
                }
            }
        });
        let pole = Self { client, address, heard, published: 0 };
        pole.wait(|heard| heard.subscribed.then_some(()));
        pole
    }

    pub(crate) fn send<B: Body>(&mut self, body: &B) {
        let mut buffer = vec![0; B::TAG.max_bytes()];
        let payload = encode(body, &mut buffer).unwrap().to_vec();
        self.send_bytes(B::TAG, payload);
    }

    /// Without waiting for the broker in between.
    pub(crate) fn flood(&mut self, alarms: impl Iterator<Item = Alarm>) {
        let topic = self.address.topic(Tag::Alarm);
        for alarm in alarms {
            let mut buffer = [0; 4096];
            let payload = encode(&alarm, &mut buffer).unwrap().to_vec();
            self.client.publish(topic.as_str(), QoS::AtLeastOnce, false, payload).unwrap();
            self.published += 1;
        }
    }

    pub(crate) fn send_bytes(&mut self, leaf: Tag, payload: Vec<u8>) {
        let topic = self.address.topic(leaf).to_string();
        self.publish(&topic, payload);
    }

    /// On any topic; returns when the broker has answered, whether it took it.
    pub(crate) fn publish(&mut self, topic: &str, payload: Vec<u8>) -> bool {
        let refused_before = self.heard.0.lock().unwrap().refused;
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
        self.published += 1;
        let published = self.published;
        self.wait(|heard| (heard.confirmed + heard.refused >= published).then_some(heard.refused))
            == refused_before
    }

    /// The `count`th answer for a record.
    #[track_caller]
    pub(crate) fn answer(&self, record: RecordId, count: usize) -> Verdict {
        self.wait(|heard| heard.answers.get(&record)?.get(count - 1).copied())
    }

    /// The answers for a record so far.
    pub(crate) fn answers(&self, record: RecordId) -> Vec<Verdict> {
        self.heard.0.lock().unwrap().answers.get(&record).cloned().unwrap_or_default()
    }

    #[track_caller]
    fn wait<T>(&self, wanted: impl Fn(&Heard) -> Option<T>) -> T {
        let (heard, changed) = &*self.heard;
        let started = Instant::now();
        let mut heard = heard.lock().unwrap();
        loop {
            if let Some(found) = wanted(&heard) {
                return found;
            }
            let left = DEADLINE.checked_sub(started.elapsed()).expect("not heard in time");
            heard = changed.wait_timeout(heard, left).unwrap().0;
        }
    }
}

impl Heard {
    fn hear(&mut self, packet: &Packet) {
        match packet {
            Packet::SubAck(_) => self.subscribed = true,
            Packet::PubAck(ack) => match ack.reason {
                PubAckReason::Success | PubAckReason::NoMatchingSubscribers => self.confirmed += 1,
                _ => self.refused += 1,
            },
            Packet::Publish(publish) => match decode(&publish.payload) {
                Ok(Message::Ack(ack)) => {
                    for (record, verdict) in ack.answers {
                        self.answers.entry(record).or_default().push(verdict);
                    }
                }
                other => panic!("the room sent {other:?}"),
            },
            _ => {}
        }
    }
}

pub(crate) fn record(number: u64) -> RecordId {
    RecordId { boot: 1, number }
}

pub(crate) fn alarm(number: u64) -> Alarm {
    let at = WallTime { unix_ms: 1_764_000_000_000, quality: ClockQuality::Synchronized };
    let (quantity, unit) = (shortened("dwell"), shortened("s"));
    Alarm {
        record: record(number),
        event: EventRef { boot: 1, number },
        phase: Phase::Begin,
        kind: Kind::Loitering,
        camera: shortened("역삼로 12"),
        rule: shortened("lawn-loitering"),
        zone: None,
        onset: at,
        detected: at,
        measurement: Some(Measurement { quantity, value: 14.2, threshold: 10.0, unit }),
        objects: [].into_iter().collect(),
        still_follows: true,
        clip_follows: true,
        model: [0; 8],
        config: [0; 8],
        firmware: shortened("0.1.0"),
    }
}

/// A file's pieces in order.
pub(crate) fn pieces(number: u64, kind: MediaKind, bytes: &[u8]) -> Vec<MediaChunk<'_>> {
    let sha256 = Sha256::digest(bytes).into();
    let piece = |(index, bytes): (usize, _)| MediaChunk {
        record: record(number),
        event: EventRef { boot: 1, number: 1 },
        kind,
        total_bytes: 0,
        sha256,
        offset: (index * MAX_CHUNK_BYTES) as u32,
        bytes,
    };
    let total_bytes = bytes.len() as u32;
    let chunks = bytes.chunks(MAX_CHUNK_BYTES).enumerate().map(piece);
    chunks.map(|chunk| MediaChunk { total_bytes, ..chunk }).collect()
}

/// Bytes without a pattern a misplaced piece could hide in.
pub(crate) fn footage(length: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}
