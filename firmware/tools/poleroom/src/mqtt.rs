//! The room's connection to the broker.
//!
//! Promises: a session that outlives the connection and this program, so that the broker keeps what
//! arrives meanwhile; a lost connection is named and rebuilt with jittered back-off; answers the
//! broker has not confirmed are sent again. Refuses: to confirm a message before it is durable, and to
//! hold more than [`INBOX`] of them; the rest stay with the broker.

mod address;
mod secured;
mod unconfirmed;

use std::cell::RefCell;
use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    Filter, Packet, PubAck, PubAckReason, Publish, SubAck, SubscribeReasonCode,
};
use rumqttc::v5::{AsyncClient, ClientError, ConnectionError, Event, EventLoop, MqttOptions};
use rumqttc::{NetworkOptions, Outgoing};
use tls::failure::{Failure, Stage};
use tls::keyring::Keyring;
use tokio::sync::mpsc::{Receiver, Sender};
use wire::envelope::MAX_PACKET_BYTES;

pub(crate) use address::BrokerAddress;
use secured::Secured;
use unconfirmed::Unconfirmed;

use crate::backoff::Backoff;
use crate::civil::UtcOffset;
use crate::clock;
use crate::duty::{Answer, Input, Output, Receipt};
use crate::fact::{Broker, Fact, Garbage};
use crate::tally::Tally;

/// The most messages the broker is asked to send before the first is durable.
const RECEIVE_MAX: u16 = 64;
/// The most messages that wait for the disk.
pub(crate) const INBOX: usize = 256;
/// Requests on their way into the client, which takes none while [`Line::deliver`] waits: all that the
/// inbox's messages can lead to must fit, or room and client would wait for each other.
const REQUESTS: usize = 4 * INBOX;
/// How long the broker keeps the session of a room that is away: a long weekend.
const SESSION_EXPIRY_S: u32 = 4 * 24 * 3600;
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT_S: u64 = 5;

/// Where and as whom to connect, and what to hear.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) broker: BrokerAddress,
    pub(crate) client_id: String,
    pub(crate) filters: Vec<String>,
    pub(crate) offset: UtcOffset,
}

/// Connects, and connects again, for ever; over TLS where there is a keyring.
pub(crate) async fn run(
    link: Link,
    keyring: Option<Keyring>,
    inbox: Sender<Input>,
    mut outbox: Receiver<Output>,
) -> Infallible {
    let mut backoff = Backoff::default();
    let unconfirmed = RefCell::new(Unconfirmed::default());
    let mut secured = Secured::new(keyring);
    for connection in 1.. {
        let mut line = Line { link: &link, inbox: &inbox, connection, unconfirmed: &unconfirmed };
        let why = match link.options(&mut secured) {
            Ok(options) => {
                let (client, events) = AsyncClient::new(options, REQUESTS);
                let resent = unconfirmed.borrow_mut().take_all();
                tokio::select! {
                    why = line.receive(events, &mut backoff) => why,
                    why = renewed(&link, &mut secured, &inbox) => why.to_owned(),
                    _ = send(&link, client, connection, &unconfirmed, (resent, &mut outbox)) => {
                        "the client has stopped".to_owned()
                    }
                }
            }
            Err(why) => why,
        };
        let wait = backoff.wait(dice());
        let _ = inbox.send(Input::Say(link.fact("lost", why, Some(wait)))).await;
        tokio::time::sleep(wait).await;
    }
    std::future::pending().await
}

impl Link {
    fn options(&self, secured: &mut Secured) -> Result<MqttOptions, String> {
        let BrokerAddress { host, port, user, .. } = &self.broker;
        let mut options = MqttOptions::new(&self.client_id, host, *port);
        let mut network = NetworkOptions::new();
        // An answer is a small packet: without this it may wait 40 ms for the next one.
        network.set_tcp_nodelay(true);
        options
            .set_network_options(network)
            .set_keep_alive(KEEP_ALIVE)
            .set_connection_timeout(CONNECT_TIMEOUT_S)
            .set_clean_start(false)
            .set_session_expiry_interval(Some(SESSION_EXPIRY_S))
            .set_receive_maximum(Some(RECEIVE_MAX))
            .set_max_packet_size(Some(MAX_PACKET_BYTES as u32))
            .set_manual_acks(true);
        if let Some(user) = user {
            options.set_credentials(user, "");
        }
        secured.apply(&mut options)?;
        Ok(options)
    }

    /// Why a connection ended.
    fn describe(&self, error: &ConnectionError, stage: Stage) -> String {
        let failure = if self.broker.secured {
            Failure::of(error, stage)
        } else {
            Failure::of_plain(error, stage)
        };
        failure.map_or_else(|| error.to_string(), |failure| failure.to_string())
    }

    fn fact(&self, state: &'static str, detail: String, retry: Option<Duration>) -> Fact {
        let at = self.offset.civil(clock::now_unix_ms()).stamp();
        let retry_ms = retry.map(|wait| wait.as_millis() as u64);
        Fact::Broker(Broker { at, broker: self.broker.to_string(), state, detail, retry_ms })
    }
}

/// Comes back when the certificate has been renewed; says what else becomes of it.
async fn renewed(link: &Link, secured: &mut Secured, inbox: &Sender<Input>) -> &'static str {
    while let Some(notice) = secured.changed().await {
        let _ = inbox.send(Input::Say(link.fact("certificate", notice, None))).await;
    }
    "left for a connection with the renewed certificate"
}

/// The receiving side of one connection.
struct Line<'a> {
    link: &'a Link,
    inbox: &'a Sender<Input>,
    connection: u64,
    unconfirmed: &'a RefCell<Unconfirmed>,
}

impl Line<'_> {
    /// Takes what comes until the connection is lost; returns why.
    async fn receive(&mut self, mut events: EventLoop, backoff: &mut Backoff) -> String {
        let mut session = "";
        let mut dropped = Tally::default();
        loop {
            let event = match events.poll().await {
                Ok(event) => event,
                Err(error) => {
                    let stage = if session.is_empty() { Stage::Dialing } else { Stage::Accepted };
                    return self.link.describe(&error, stage);
                }
            };
            let done = match event {
                Event::Incoming(Packet::ConnAck(ack)) => {
                    session = if ack.session_present { "session resumed" } else { "new session" };
                    Ok(())
                }
                Event::Incoming(Packet::SubAck(ack)) => {
                    backoff.succeeded();
                    self.subscribed(&ack, session).await
                }
                Event::Incoming(Packet::Publish(publish)) => {
                    self.deliver(publish, &mut dropped).await
                }
                Event::Incoming(Packet::PubAck(ack)) => self.confirmed(&ack),
                Event::Outgoing(Outgoing::Publish(packet_id)) => {
                    self.unconfirmed.borrow_mut().sent(packet_id);
                    Ok(())
                }
                _ => Ok(()),
            };
            if let Err(why) = done {
                return why;
            }
        }
    }

    async fn subscribed(&self, ack: &SubAck, session: &str) -> Result<(), String> {
        let refused =
            ack.return_codes.iter().find(|c| !matches!(c, SubscribeReasonCode::Success(_)));
        if let Some(reason) = refused {
            return Err(format!("subscription refused: {reason:?}"));
        }
        let connected = self.link.fact("connected", session.to_owned(), None);
        for input in [Input::Say(connected), Input::Connected] {
            self.inbox.send(input).await.map_err(|_| "the room has stopped".to_owned())?;
        }
        Ok(())
    }

    /// Hands a message on. Waiting here for the disk stops the reading, and TCP slows the broker down:
    /// mosquitto 2.0.11 sends far more than the receive maximum. Only QoS 0 is never waited for.
    async fn deliver(&self, publish: Publish, dropped: &mut Tally) -> Result<(), String> {
        if publish.qos == QoS::AtMostOnce && self.inbox.capacity() <= INBOX / 2 {
            if let Some(count) = dropped.count(None, "qos0") {
                let _ = self.inbox.try_send(Input::Say(self.dropped_fact(&publish, count)));
            }
            return Ok(());
        }
        let receipt = Receipt { connection: self.connection, publish };
        let handed_on = self.inbox.send(Input::Message(receipt)).await;
        handed_on.map_err(|_| "the room has stopped".to_owned())
    }

    fn dropped_fact(&self, publish: &Publish, count: u64) -> Fact {
        Fact::Garbage(Garbage {
            at: self.link.offset.civil(clock::now_unix_ms()).stamp(),
            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
            reason: "qos0",
            detail: "messages with QoS 0 come faster than they can be read".to_owned(),
            count,
        })
    }

    fn confirmed(&self, ack: &PubAck) -> Result<(), String> {
        let answer = self.unconfirmed.borrow_mut().confirmed(ack.pkid);
        match ack.reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => {}
            reason => {
                let topic = answer.map(|answer| answer.topic).unwrap_or_default();
                let detail = format!("answer on {topic} refused: {reason:?}");
                let _ = self.inbox.try_send(Input::Say(self.link.fact("refused", detail, None)));
            }
        }
        Ok(())
    }
}

/// Subscribes, repeats what was not confirmed, then sends what the room hands over. Within one batch
/// answers go first: a broker that has a message's receipt then has its answer too.
async fn send(
    link: &Link,
    client: AsyncClient,
    connection: u64,
    unconfirmed: &RefCell<Unconfirmed>,
    (resent, outbox): (Vec<Answer>, &mut Receiver<Output>),
) -> Result<Infallible, ClientError> {
    let filters = link.filters.iter().map(|filter| Filter::new(filter, QoS::AtLeastOnce));
    client.subscribe_many(filters).await?;
    let mut output = Output { answers: resent, receipts: Vec::new() };
    loop {
        for answer in output.answers {
            unconfirmed.borrow_mut().handed_over(answer.clone());
            client.publish(answer.topic, QoS::AtLeastOnce, false, answer.payload).await?;
        }
        for receipt in output.receipts {
            if receipt.connection == connection {
                client.ack(&receipt.publish).await?;
            }
        }
        output = match outbox.recv().await {
            Some(output) => output,
            None => std::future::pending().await,
        };
    }
}

/// A number from 0 to 1, different in every process and at every call.
fn dice() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    random as f64 / u64::MAX as f64
}
