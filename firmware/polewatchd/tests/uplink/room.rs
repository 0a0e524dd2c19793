//! A control room of the simplest kind: hears everything, answers for what it has.
#![allow(dead_code, reason = "shared by tests that need different parts of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::{Client, Connection, Event, Incoming, MqttOptions};
use rumqttc::{TlsConfiguration, Transport};
use sha2::{Digest, Sha256};
use tls::files::Files;
use wire::media::MediaChunk;
use wire::topic::ROOM_FILTERS;
use wire::{Ack, Alarm, EventRef, Health, MediaKind, Message, RecordId, Tag, Verdict};

/// What the room has heard so far.
#[derive(Default)]
pub(crate) struct Heard {
    /// Every alarm, repetitions included.
    pub(crate) alarms: Vec<Alarm>,
    /// Those of their events that were said to be sent late.
    pub(crate) historical: BTreeSet<u64>,
    /// What each event's alarm was said to be dated wrong by.
    pub(crate) shifts_ms: BTreeMap<u64, Option<i64>>,
    /// The number of the alarm before, of each event's alarm.
    pub(crate) previous: BTreeMap<u64, u64>,
    /// What health said of alarms dated wrong: first, last, shift.
    pub(crate) corrections: Vec<(u64, u64, i64)>,
    /// When the first alarm of an event came.
    pub(crate) arrivals: BTreeMap<u64, Instant>,
    /// Files that arrived whole.
    pub(crate) files: BTreeMap<RecordId, File>,
    pieces: BTreeMap<RecordId, BTreeMap<u32, Vec<u8>>>,
    health: Vec<bool>,
}

/// A file that arrived whole and was checked.
pub(crate) struct File {
    pub(crate) event: EventRef,
    pub(crate) kind: MediaKind,
    pub(crate) bytes: Vec<u8>,
}

pub(crate) struct Room {
    client: Client,
    heard: Arc<Mutex<Heard>>,
    silent: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
}

impl Room {
    /// Connects, again and again if need be, and listens on a thread of its own.
    pub(crate) fn open(port: u16) -> Self {
        Self::join(port, None)
    }

    /// The same over TLS, with these files.
    pub(crate) fn open_secured(port: u16, files: &Files) -> Self {
        let client = files.read().unwrap().client();
        Self::join(port, Some(Transport::tls_with_config(TlsConfiguration::Rustls(client))))
    }

    fn join(port: u16, secured: Option<Transport>) -> Self {
        let name = format!("room-{:?}", Instant::now());
        let mut options = MqttOptions::new(name, "127.0.0.1", port);
        options.set_max_packet_size(Some(wire::envelope::MAX_PACKET_BYTES as u32));
        let mut network = rumqttc::NetworkOptions::new();
        network.set_tcp_nodelay(true);
        options.set_network_options(network);
        if let Some(transport) = secured {
            options.set_transport(transport);
        }
        let (client, connection) = Client::new(options, 100);
        let room =
            Self { client, heard: Arc::default(), silent: Arc::default(), closing: Arc::default() };
        let duty = Duty {
            client: room.client.clone(),
            heard: room.heard.clone(),
            silent: room.silent.clone(),
            closing: room.closing.clone(),
        };
        thread::spawn(move || duty.run(connection));
        room
    }

    pub(crate) fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap()
    }

    /// Hears on but answers nothing.
    pub(crate) fn be_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    /// Publishes anything.
    pub(crate) fn say(&self, topic: &str, payload: &[u8]) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload.to_vec()).unwrap();
    }

    /// Whether the first health heard said the box is online.
    pub(crate) fn first_health(self) -> Option<bool> {
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if let Some(online) = self.heard().health.first() {
                return Some(*online);
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        let _ = self.client.try_disconnect();
    }
}

struct Duty {
    client: Client,
    heard: Arc<Mutex<Heard>>,
    silent: Arc<AtomicBool>,
    closing: Arc<AtomicBool>,
}

impl Duty {
    fn run(self, mut connection: Connection) {
        for event in connection.iter() {
            if self.closing.load(Ordering::SeqCst) {
                break;
            }
            match event {
                Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                    for filter in ROOM_FILTERS {
                        self.client.subscribe(filter, QoS::AtLeastOnce).unwrap();
                    }
                }
                Ok(Event::Incoming(Incoming::Publish(publish))) => self.take(&publish.payload),
                Ok(_) => {}
                Err(_) => thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn take(&self, payload: &[u8]) {
        let now = Instant::now();
        let mut heard = self.heard.lock().unwrap();
        let verdict = match wire::decode(payload).unwrap() {
            Message::Alarm(alarm) => {
                heard.arrivals.entry(alarm.event.number).or_insert(now);
                let record = alarm.record;
                heard.note(alarm.event.number, &wire::appended_of(payload));
                heard.alarms.push(alarm);
                Some((record, Verdict::Stored))
            }
            Message::Media(chunk) => heard.place(&chunk).map(|verdict| (chunk.record, verdict)),
            Message::Health(health) => {
                heard.health.push(matches!(health, Health::Online(_)));
                let corrections = wire::corrections_of(payload);
                heard.corrections.extend(corrections.iter().map(|c| (c.first, c.last, c.shift_ms)));
                None
            }
            Message::Ack(_) => None,
        };
        drop(heard);
        if let Some(answer) = verdict.filter(|_| !self.silent.load(Ordering::SeqCst)) {
            self.answer(answer);
        }
    }

    fn answer(&self, answer: (RecordId, Verdict)) {
        let mut ack = Ack::default();
        ack.answers.push(answer).unwrap();
        let mut buffer = [0; 256];
        let payload = wire::encode(&ack, &mut buffer).unwrap();
        let pole = wire::BoxAddress::new("gangnam", "pole-0412").unwrap();
        let topic = pole.topic(Tag::Ack);
        self.client.publish(topic.as_str(), QoS::AtLeastOnce, false, payload.to_vec()).unwrap();
    }
}

impl Heard {
    /// Each alarm once, in the order they came, by its event.
    pub(crate) fn events(&self) -> Vec<u64> {
        let mut seen: Vec<RecordId> = Vec::new();
        let mut events = Vec::new();
        for alarm in &self.alarms {
            if !seen.contains(&alarm.record) {
                seen.push(alarm.record);
                events.push(alarm.event.number);
            }
        }
        events
    }

    fn note(&mut self, event: u64, appended: &wire::Appended) {
        let delivery = appended.delivery.unwrap();
        if delivery.historical {
            self.historical.insert(event);
        }
        self.shifts_ms.insert(event, delivery.shift_ms);
        self.previous.insert(event, appended.sequence.unwrap().previous);
    }

    /// Keeps a piece; the verdict when the file is complete.
    fn place(&mut self, chunk: &MediaChunk<'_>) -> Option<Verdict> {
        let pieces = self.pieces.entry(chunk.record).or_default();
        pieces.insert(chunk.offset, chunk.bytes.to_vec());
        let bytes: Vec<u8> = pieces.values().flatten().copied().collect();
        if bytes.len() < chunk.total_bytes as usize {
            return None;
        }
        if <[u8; 32]>::from(Sha256::digest(&bytes)) != chunk.sha256 {
            return Some(Verdict::SendAgain);
        }
        let file = File { event: chunk.event, kind: chunk.kind, bytes };
        self.files.insert(chunk.record, file);
        Some(Verdict::Stored)
    }
}
