//! One connection to the broker: a disposable MQTT 5 client.
//!
//! Promises: nothing but the spool is trusted to remember, so on any error the client is dropped,
//! with whatever rumqttc still had queued; every limit is set; a publish is known by what it carries
//! when the broker takes or refuses it. Refuses: retained messages on the acknowledgement topic,
//! which would come again with every connection.
//!
//! This file and its callers in `line.rs` are the only async code of the daemon.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnectProperties, Filter, LastWill, PubAck, PubAckReason, Publish, RetainForwardRule,
};
use rumqttc::v5::{AsyncClient, Event, EventLoop, Incoming, MqttOptions};
use rumqttc::{NetworkOptions, Outgoing, TlsConfiguration, Transport};
use tls::files::Credentials;
use wire::envelope::{MAX_ACK_BYTES, MAX_PACKET_BYTES};

use super::session::{Parcel, Refusal};

/// Publishes the broker has not taken: the session's window, a piece and a health report fit twice.
const INFLIGHT: u16 = 20;
/// Requests between us and the client's loop.
const REQUESTS: usize = 32;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const CONNECT_WITHIN_S: u64 = 10;

/// The client takes no more requests: its loop does not get on, so the connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more queued than the {REQUESTS} requests the client takes")]
pub(super) struct QueueFull;

/// Whom to call, and what to say there.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The broker's name or address.
    pub(super) host: String,
    /// Its port.
    pub(super) port: u16,
    /// Who we are to the broker.
    pub(super) client_id: String,
    /// Where health goes, and the last will.
    pub(super) health_topic: String,
    /// Where answers come from.
    pub(super) ack_topic: String,
    /// The last will's payload.
    pub(super) offline: Vec<u8>,
}

/// The half of a connection that sends.
#[derive(Debug)]
pub(super) struct Outlet {
    client: AsyncClient,
    /// In the order they were published, until the client numbers them.
    unnumbered: VecDeque<Option<Parcel>>,
    numbered: BTreeMap<u16, Option<Parcel>>,
    /// The longest packet the broker has said it takes.
    most_bytes: Option<u32>,
}

/// What came from the broker.
#[derive(Debug)]
pub(super) enum News {
    /// The connection is accepted.
    Connected,
    /// A parcel was taken or refused.
    Taken(Parcel, Option<Refusal>),
    /// Something came on a topic we listen to.
    Message(Publish),
    /// We have said goodbye.
    Parted,
    /// Nothing to act on.
    Nothing,
}

/// A connection that has yet to be made: the outlet, and the loop that must be polled. Without
/// credentials it is a plain one.
#[must_use]
pub(super) fn dial(line: &Line, credentials: Option<&Credentials>) -> (Outlet, EventLoop) {
    let mut options = options(line);
    if let Some(credentials) = credentials {
        let secured = TlsConfiguration::Rustls(credentials.client());
        options.set_transport(Transport::tls_with_config(secured));
    }
    let (client, event_loop) = AsyncClient::new(options, REQUESTS);
    let (unnumbered, numbered) = (VecDeque::new(), BTreeMap::new());
    (Outlet { client, unnumbered, numbered, most_bytes: None }, event_loop)
}

impl Outlet {
    /// Listens for the control room's answers.
    ///
    /// # Errors
    /// When the request queue is full, which is a lost connection.
    pub(super) fn listen(&self, line: &Line) -> Result<(), QueueFull> {
        let mut filter = Filter::new(&line.ack_topic, QoS::AtLeastOnce);
        filter.retain_forward_rule = RetainForwardRule::Never;
        self.client.try_subscribe_many([filter]).map_err(|_| QueueFull)
    }

    /// Whether the broker takes a packet of this length. One that is longer would end the connection.
    pub(super) fn takes(&self, topic: &str, payload: &[u8]) -> bool {
        let bytes = packet_bytes(topic.len(), payload.len());
        self.most_bytes.is_none_or(|most| bytes <= u64::from(most))
    }

    /// Publishes a parcel.
    ///
    /// # Errors
    /// When the request queue is full, which is a lost connection.
    pub(super) fn publish(
        &mut self,
        topic: &str,
        parcel: Parcel,
        payload: Vec<u8>,
    ) -> Result<(), QueueFull> {
        self.client.try_publish(topic, QoS::AtLeastOnce, false, payload).map_err(|_| QueueFull)?;
        self.unnumbered.push_back(Some(parcel));
        Ok(())
    }

    /// Publishes health, which the broker keeps for whoever comes later.
    ///
    /// # Errors
    /// When the request queue is full, which is a lost connection.
    pub(super) fn retain(&mut self, topic: &str, payload: Vec<u8>) -> Result<(), QueueFull> {
        self.client.try_publish(topic, QoS::AtLeastOnce, true, payload).map_err(|_| QueueFull)?;
        self.unnumbered.push_back(None);
        Ok(())
    }

    /// Says goodbye, so that the broker does not publish the last will.
    ///
    /// # Errors
    /// When the request queue is full, which is a lost connection.
    pub(super) fn part(&self) -> Result<(), QueueFull> {
        self.client.try_disconnect().map_err(|_| QueueFull)
    }

    /// What an event of the loop means.
    pub(super) fn read(&mut self, event: Event) -> News {
        match event {
            Event::Incoming(Incoming::ConnAck(accepted)) => {
                self.most_bytes = accepted.properties.and_then(|said| said.max_packet_size);
                News::Connected
            }
            Event::Incoming(Incoming::Publish(publish)) => News::Message(publish),
            Event::Incoming(Incoming::PubAck(ack)) => self.taken(&ack),
            Event::Outgoing(Outgoing::Publish(id)) => {
                let parcel = self.unnumbered.pop_front().flatten();
                self.numbered.insert(id, parcel);
                News::Nothing
            }
            Event::Outgoing(Outgoing::Disconnect) => News::Parted,
            _ => News::Nothing,
        }
    }

    fn taken(&mut self, ack: &PubAck) -> News {
        match self.numbered.remove(&ack.pkid).flatten() {
            Some(parcel) => News::Taken(parcel, refusal(ack.reason)),
            None => News::Nothing,
        }
    }
}

fn options(line: &Line) -> MqttOptions {
    let mut options = MqttOptions::new(&line.client_id, &line.host, line.port);
    let will =
        LastWill::new(&line.health_topic, line.offline.clone(), QoS::AtLeastOnce, true, None);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    let properties = ConnectProperties {
        max_packet_size: Some(incoming_limit()),
        receive_maximum: Some(INFLIGHT),
        session_expiry_interval: Some(0),
        ..ConnectProperties::new()
    };
    options
        .set_keep_alive(KEEP_ALIVE)
        .set_clean_start(true)
        .set_connection_timeout(CONNECT_WITHIN_S)
        .set_outgoing_inflight_upper_limit(INFLIGHT)
        .set_connect_properties(properties)
        .set_network_options(network)
        .set_last_will(will);
    options
}

/// A publish as it goes over the line: MQTT 5, sections 2.1 and 3.3, without properties.
const fn packet_bytes(topic: usize, payload: usize) -> u64 {
    let rest = (2 + topic + 2 + 1 + payload) as u64;
    let length = match rest {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    };
    1 + length + rest
}

/// What may come in is an acknowledgement and its topic; the broker is told, and drops the rest.
const fn incoming_limit() -> u32 {
    const { assert!(2 * MAX_ACK_BYTES <= MAX_PACKET_BYTES) };
    2 * MAX_ACK_BYTES as u32
}

/// MQTT 5, section 3.4.2.1. What speaks of the message is about the record; the rest, a missing
/// right or a full quota, an operator can mend while the record waits.
fn refusal(reason: PubAckReason) -> Option<Refusal> {
    match reason {
        PubAckReason::Success | PubAckReason::NoMatchingSubscribers => None,
        PubAckReason::TopicNameInvalid => Some(Refusal::Record("topic name invalid (0x90)")),
        PubAckReason::PayloadFormatInvalid => {
            Some(Refusal::Record("payload format invalid (0x99)"))
        }
        PubAckReason::UnspecifiedError => Some(Refusal::Broker("unspecified error (0x80)")),
        PubAckReason::ImplementationSpecificError => {
            Some(Refusal::Broker("implementation specific error (0x83)"))
        }
        PubAckReason::NotAuthorized => Some(Refusal::Broker("not authorized (0x87)")),
        PubAckReason::PacketIdentifierInUse => {
            Some(Refusal::Broker("packet identifier in use (0x91)"))
        }
        PubAckReason::QuotaExceeded => Some(Refusal::Broker("quota exceeded (0x97)")),
    }
}
