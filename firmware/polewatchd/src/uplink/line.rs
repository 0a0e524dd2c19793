//! The line: the loop around the session, with the broker on one side and the spool on the other.
//!
//! Promises: an alarm that is stored is on the wire within milliseconds, because the line sleeps on
//! its bell, the network and one timer and polls nothing; a client that fails is dropped and built
//! anew; leaving takes a second at most. Refuses: garbage on the acknowledgement topic, which is
//! counted, named in the log and never fatal.

use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::v5::Publish;
use rumqttc::v5::{ConnectionError, Event, EventLoop};
use tls::failure::Stage;
use tls::keyring::{Keyring, Look};
use tls::moment::Moment;
use tokio::time::{sleep_until, timeout};
use wire::health::{Health, Report};
use wire::media::MediaChunk;
use wire::record::RecordId;
use wire::{Corrections, EncodeError, Message, Tag};

use super::Settings;
use super::bell::Bell;
use super::broken::Broken;
use super::health::HealthBoard;
use super::mqtt::{self, Line, News, Outlet};
use super::postmark::Postmark;
use super::promises;
use super::session::media::Piece;
use super::session::{Input, Output, Parcel, Refusal, Session};
use super::status::StatusBoard;
use crate::clock::Clock;
use crate::spool::{Spool, SpoolError};
use crate::watchdog::Beat;

/// How long saying goodbye may take.
const LEAVE_WITHIN: Duration = Duration::from_millis(900);
/// How long to sleep at most: the watchdog wants to hear of the line even when nothing is to be sent.
const ROUND: Duration = Duration::from_secs(5);
/// How often the files of a secured connection are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After a disk error the spool is asked again so much later.
const DISK_PAUSE: Duration = Duration::from_secs(1);

/// What the uplink thread owns.
pub(super) struct Worker {
    pub(super) settings: Settings,
    pub(super) spool: Spool,
    pub(super) clock: Clock,
    pub(super) bell: Bell,
    pub(super) status: StatusBoard,
    pub(super) health: HealthBoard,
    pub(super) line: Line,
    pub(super) session: Session,
    /// Who we are over TLS; `None` where the way is a plain one.
    pub(super) keyring: Option<Keyring>,
    /// When its files were last looked at.
    pub(super) looked: Option<Instant>,
    /// What is said of an alarm at each sending.
    pub(super) postmark: Postmark,
    /// Where to send; `None` while there is no connection.
    pub(super) outlet: Option<Outlet>,
    /// Proof of progress, for the watchdog.
    pub(super) beat: Beat,
    /// No sending before, because the spool could not be read.
    pub(super) pause_until: Option<Instant>,
}

impl Worker {
    /// Works until the bell says stop.
    pub(super) async fn run(mut self) {
        while !self.bell.stopping() {
            self.beat.tick();
            if self.step(Input::Tick).contains(&Output::Connect) {
                let ended = self.converse().await;
                self.outlet = None;
                if let Err(broken) = ended {
                    self.lost(&broken.to_string());
                }
            } else {
                self.idle().await;
            }
        }
    }

    /// Waits for the next attempt to connect.
    async fn idle(&self) {
        tokio::select! {
            () = sleep_until(self.wake_at().into()) => {}
            () = self.bell.rung() => {}
        }
    }

    /// One connection, from dialing to its end.
    async fn converse(&mut self) -> Result<(), Broken> {
        self.look();
        let credentials = self.keyring.as_ref().and_then(Keyring::credentials);
        if let (Some(keyring), None) = (&self.keyring, credentials) {
            return Err(Broken::Files(keyring.trouble().unwrap_or_default().to_owned()));
        }
        let (outlet, mut events) = mqtt::dial(&self.line, credentials);
        self.outlet = Some(outlet);
        loop {
            let Some(event) = self.next_event(&mut events).await? else {
                if self.bell.stopping() {
                    return self.leave(&mut events).await;
                }
                return self.move_over(&mut events).await;
            };
            let news = self.outlet.as_mut().map_or(News::Nothing, |outlet| outlet.read(event));
            self.hear(news)?;
        }
    }

    /// The next event of the client's loop, everything else being done meanwhile; `None` when it is
    /// time to leave, for good or for a connection with a new certificate. The loop's future is kept until it is done: dropped half way, it could take a
    /// half-written packet with it.
    async fn next_event(&mut self, events: &mut EventLoop) -> Result<Option<Event>, Broken> {
        let poll = events.poll();
        tokio::pin!(poll);
        loop {
            tokio::select! {
                event = &mut poll => return Ok(Some(event.map_err(|error| self.broken(&error))?)),
                () = self.bell.rung() => {}
                () = sleep_until(self.wake_at().into()) => {}
            }
            self.beat.tick();
            if self.bell.stopping() || (self.session.is_up() && self.renewed()) {
                return Ok(None);
            }
            self.send()?;
        }
    }

    fn broken(&self, error: &ConnectionError) -> Broken {
        let stage = if self.session.is_up() { Stage::Accepted } else { Stage::Dialing };
        match self.keyring {
            Some(_) => Broken::of_secured(error, stage),
            None => Broken::of_plain(error, stage),
        }
    }

    /// Whether the files of a secured connection have changed into others that can be used; looks
    /// from time to time.
    fn renewed(&mut self) -> bool {
        let due = self.looked.is_none_or(|looked| self.clock.now() >= looked + LOOK_EVERY);
        due && self.look() == Look::Renewed
    }

    /// Looks at the files, and notes what is to be done about them.
    fn look(&mut self) -> Look {
        let Some(keyring) = &mut self.keyring else { return Look::Unchanged };
        self.looked = Some(self.clock.now());
        let look = keyring.look();
        match (look, keyring.trouble()) {
            (Look::Renewed, _) => tracing::info!("certificate read: {}", shown(keyring)),
            (Look::Unusable, Some(trouble)) => tracing::warn!("certificate not usable: {trouble}"),
            _ => {}
        }
        let notice = keyring.notice(Moment::of_unix_ms(self.clock.wall().unix_ms));
        self.status.note(|status| status.notice = notice);
        look
    }

    fn hear(&mut self, news: News) -> Result<(), Broken> {
        let input = match news {
            News::Connected => {
                self.connected()?;
                Input::Connected
            }
            News::Taken(parcel, refusal) => Input::Taken(parcel, refusal),
            News::Message(publish) => match self.answers(&publish) {
                Some(input) => input,
                None => return Ok(()),
            },
            News::Parted | News::Nothing => return Ok(()),
        };
        self.execute(input)?;
        self.send()
    }

    fn connected(&mut self) -> Result<(), Broken> {
        self.status.note(|status| {
            status.connected = true;
            status.connections += 1;
            status.trouble = None;
        });
        tracing::info!(broker = %self.settings.broker_name(), "connected to the broker");
        self.health.forget_published();
        if let Some(outlet) = &self.outlet {
            outlet.listen(&self.line)?;
        }
        Ok(())
    }

    fn lost(&mut self, why: &str) {
        let before = self.status.read();
        if before.connected || before.trouble.as_deref() != Some(why) {
            tracing::warn!(broker = %self.settings.broker_name(), "broker lost: {why}");
        }
        self.status.note(|status| {
            status.connected = false;
            status.trouble = Some(why.to_owned());
        });
        // Nothing can be sent now, so all there may be to do is the spool's.
        if let Err(broken) = self.execute(Input::Lost) {
            tracing::error!("{broken}");
        }
    }

    fn answers(&self, publish: &Publish) -> Option<Input> {
        match wire::decode(&publish.payload) {
            Ok(Message::Ack(ack)) => Some(Input::Answers(ack.answers.into_iter().collect())),
            Ok(other) => {
                self.garbage(&format!("a message of kind {:?}, expected Ack", other.tag()));
                None
            }
            Err(error) => {
                self.garbage(&error.to_string());
                None
            }
        }
    }

    fn garbage(&self, what: &str) {
        self.status.note(|status| status.garbage += 1);
        tracing::warn!("{}: ignored {what}", self.line.ack_topic);
    }

    /// Sends what is due: health, then whatever the session wants.
    fn send(&mut self) -> Result<(), Broken> {
        let now = self.clock.now();
        if self.session.is_up() {
            self.send_health(now)?;
        }
        if self.pause_until.is_some_and(|until| now < until) {
            return Ok(());
        }
        while self.execute(Input::Tick)? {}
        Ok(())
    }

    fn send_health(&mut self, now: Instant) -> Result<(), Broken> {
        let Some(report) = self.health.due(now) else { return Ok(()) };
        match (encode_report(&report, &self.clock.corrections()), &mut self.outlet) {
            (Ok(payload), Some(outlet)) if !outlet.takes(&self.line.health_topic, &payload) => {
                tracing::error!(
                    "health report not sent: the broker takes no {} bytes",
                    payload.len()
                );
            }
            (Ok(payload), Some(outlet)) => outlet.retain(&self.line.health_topic, payload)?,
            (Err(error), _) => tracing::error!("health report not sent: {error}"),
            (Ok(_), None) => {}
        }
        Ok(())
    }

    /// Steps the session and does what it says; tells whether a tick may bring more, because a
    /// record was not there to be sent, or could not be.
    fn execute(&mut self, input: Input) -> Result<bool, Broken> {
        let mut unsent = false;
        for output in self.step(input) {
            let done = match output {
                Output::Connect => Ok(()),
                Output::Send(parcel) => match self.payload(&parcel) {
                    Ok(Some(payload)) => {
                        unsent |= self.publish(parcel, payload)?;
                        Ok(())
                    }
                    Ok(None) => {
                        unsent = true;
                        self.step(Input::Gone(parcel.record()));
                        Ok(())
                    }
                    Err(error) => self.unreadable(&parcel, error),
                },
                Output::Free(records) => {
                    self.free(&records);
                    Ok(())
                }
                Output::SetAside(record, reason) => self.set_aside(record, &reason),
            };
            if let Err(error) = done {
                tracing::error!("{error}");
                self.pause_until = Some(self.clock.now() + DISK_PAUSE);
                return Ok(false);
            }
        }
        Ok(unsent)
    }

    /// An answer that cannot be kept holds until the process ends, and costs a resending after it:
    /// nothing need wait for that.
    fn free(&self, records: &[RecordId]) {
        match self.spool.acknowledge(records) {
            Ok(freed) => self.status.note(|status| status.acknowledged += u64::from(freed)),
            Err(error) => tracing::warn!("{} answers only in memory: {error}", records.len()),
        }
    }

    fn set_aside(&self, record: RecordId, reason: &str) -> Result<(), SpoolError> {
        self.status.note(|status| status.dead_letters += 1);
        self.spool.set_aside(record, reason)
    }

    /// Publishes a parcel, unless the broker takes none so long; tells whether that was so.
    fn publish(&mut self, parcel: Parcel, payload: Vec<u8>) -> Result<bool, Broken> {
        let address = &self.settings.address;
        let topic = match parcel {
            Parcel::Alarm(_) => address.topic(Tag::Alarm),
            Parcel::Piece(_) => address.topic(Tag::Media),
        };
        let Some(outlet) = &mut self.outlet else { return Ok(false) };
        if !outlet.takes(&topic, &payload) {
            // As if it had said so itself: it would end the connection.
            let refusal = Refusal::Broker("packet too large (0x95)");
            return self.execute(Input::Taken(parcel, Some(refusal))).map(|_| true);
        }
        self.session.spent(self.clock.now(), topic.len() + payload.len());
        outlet.publish(&topic, parcel, payload)?;
        self.status.note(|status| status.sent += 1);
        Ok(false)
    }

    /// The bytes of a parcel; `None` when the spool no longer has the record.
    fn payload(&self, parcel: &Parcel) -> Result<Option<Vec<u8>>, SpoolError> {
        match parcel {
            Parcel::Alarm(record) => {
                let Some(mut payload) = self.spool.read_alarm(*record)? else { return Ok(None) };
                if record.boot != self.spool.boot() {
                    payload =
                        promises::kept(payload, |event, kind| self.spool.has_media(event, kind));
                }
                let shift_ms = self.clock.shift_ms(record.number);
                Ok(Some(self.postmark.marked(*record, shift_ms, payload)))
            }
            Parcel::Piece(piece) => {
                let read = self.spool.read_media(&piece.media, piece.offset, piece.length())?;
                Ok(read.and_then(|bytes| encode_piece(piece, &bytes)))
            }
        }
    }

    /// A record that is no longer whole is set aside; any other trouble may pass.
    fn unreadable(&mut self, parcel: &Parcel, error: SpoolError) -> Result<(), SpoolError> {
        if !matches!(&error, SpoolError::Disk(error) if error.is_damage()) {
            return Err(error);
        }
        self.step(Input::Gone(parcel.record()));
        self.set_aside(parcel.record(), &error.to_string())
    }

    fn step(&mut self, input: Input) -> Vec<Output> {
        let now = self.clock.now();
        if let Some((at, newest)) = self.spool.newest_alarm() {
            self.postmark.stored(at, newest);
        }
        self.postmark.pass(now);
        self.session.step(now, input, &self.spool)
    }

    fn wake_at(&self) -> Instant {
        let now = self.clock.now();
        let health = self.session.is_up().then(|| self.health.due_at()).flatten();
        let look = self.looked.filter(|_| self.session.is_up()).map(|looked| looked + LOOK_EVERY);
        let paused = self.pause_until.filter(|until| *until > now);
        let timers = [self.session.wake_at(now), health, look, paused];
        let due = timers.into_iter().flatten().min();
        due.unwrap_or(now + ROUND).min(now + ROUND)
    }

    /// Says that the box is going, so that nobody takes the silence for a fault.
    async fn leave(&mut self, events: &mut EventLoop) -> Result<(), Broken> {
        if !self.session.is_up() {
            return Ok(());
        }
        if let Some(outlet) = &mut self.outlet {
            outlet.retain(&self.line.health_topic, self.line.offline.clone())?;
        }
        self.part(events).await
    }

    /// Leaves a connection for one with the new certificate. The box does not go, and nobody is told
    /// that it does; what was not acknowledged is sent again.
    async fn move_over(&mut self, events: &mut EventLoop) -> Result<(), Broken> {
        self.part(events).await?;
        Err(Broken::Renewed)
    }

    async fn part(&mut self, events: &mut EventLoop) -> Result<(), Broken> {
        let Some(mut outlet) = self.outlet.take() else { return Ok(()) };
        outlet.part()?;
        let parting = async {
            while !matches!(outlet.read(events.poll().await?), News::Parted) {}
            Ok::<_, ConnectionError>(())
        };
        let parted = timeout(LEAVE_WITHIN, parting).await;
        self.status.note(|status| status.connected = false);
        match parted {
            Ok(result) => result.map_err(|error| self.broken(&error)),
            Err(_) => {
                tracing::warn!("the broker did not take our leave in time");
                Ok(())
            }
        }
    }
}

/// Whose the newest certificate is, and until when.
fn shown(keyring: &Keyring) -> String {
    keyring.credentials().map_or_else(String::new, |credentials| {
        let certificate = credentials.certificate();
        format!("{}, ends {}", certificate.common_name, certificate.not_after)
    })
}

/// A report, and behind it what is known of alarms dated before the clock was synchronized.
fn encode_report(report: &Report, corrections: &Corrections) -> Result<Vec<u8>, EncodeError> {
    let mut buffer = vec![0; Tag::Health.max_bytes()];
    let mut written = wire::encode(&Health::Online(report.clone()), &mut buffer)?.len();
    if !corrections.is_empty() {
        written = wire::append_corrections(corrections, written, &mut buffer)?.len();
    }
    buffer.truncate(written);
    Ok(buffer)
}

fn encode_piece(piece: &Piece, bytes: &[u8]) -> Option<Vec<u8>> {
    let media = &piece.media;
    let chunk = MediaChunk {
        record: media.record,
        event: media.event,
        kind: media.kind,
        total_bytes: media.total_bytes,
        sha256: media.sha256,
        offset: piece.offset,
        bytes,
    };
    let mut buffer = vec![0; Tag::Media.max_bytes()];
    Some(wire::encode(&chunk, &mut buffer).ok()?.to_vec())
}
