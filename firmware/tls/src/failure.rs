//! Why a connection over TLS failed, as one sentence that says which end refused what.
//!
//! Promises: the cases an installer can do something about each have words of their own. Refuses:
//! guessing; a connection that just ends is said to have just ended.
//!
//! In TLS 1.3 a client is through with the handshake before the broker has looked at its certificate
//! (RFC 8446, section 2), so that a refusal of ours comes as an alert after it.

use std::io;

use rumqttc::TlsError;
use rumqttc::v5::{ConnectionError, StateError, mqttbytes};
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

use crate::moment::Moment;

/// How far a connection had come when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The broker had not accepted it.
    Dialing,
    /// It had.
    Accepted,
}

/// Why it failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The broker's certificate has ended.
    #[error("the broker's certificate expired {ended}; the clock here says {now}")]
    BrokerExpired {
        /// When.
        ended: Moment,
        /// By our clock.
        now: Moment,
    },
    /// The broker's certificate has yet to begin; more likely our clock is not set.
    #[error("the broker's certificate begins {begins}; the clock here says {now}")]
    BrokerEarly {
        /// When.
        begins: Moment,
        /// By our clock.
        now: Moment,
    },
    /// Nobody we believe vouches for the broker.
    #[error("wrong CA: the broker's certificate is not from the authority expected here")]
    BrokerAuthority,
    /// The broker is somebody else.
    #[error("wrong name: expected a broker with a certificate for {expected}, got {presented}")]
    BrokerName {
        /// Whom we called.
        expected: String,
        /// Whom its certificate names.
        presented: String,
    },
    /// The broker shows a certificate that is not for brokers, such as a box's.
    #[error("the broker's certificate is not one for brokers (no serverAuth in it)")]
    BrokerPurpose,
    /// Any other fault of the broker's certificate.
    #[error("the broker's certificate cannot be accepted: {0}")]
    BrokerOther(String),
    /// The broker is older than TLS 1.3.
    #[error("the broker does not speak TLS 1.3, and nothing older is accepted here")]
    OldVersion,
    /// Something else than TLS answers, or nothing.
    #[error("no TLS there: expected the broker's TLS port, got one that is plaintext or closes")]
    Plaintext,
    /// The broker wants a certificate and has got none.
    #[error("no certificate: the broker asks for one and got none")]
    OursMissing,
    /// Ours has ended, says the broker.
    #[error("our certificate has expired, says the broker")]
    OursExpired,
    /// Nobody the broker believes vouches for us.
    #[error("our certificate is not from an authority the broker knows")]
    OursAuthority,
    /// Ours has been revoked.
    #[error("our certificate has been revoked, says the broker")]
    OursRevoked,
    /// Any other reason the broker has against ours.
    #[error("the broker refuses our certificate: {0}")]
    OursOther(String),
    /// The broker went without a word where it would have looked at our certificate.
    #[error("the broker ended the connection before it answered; its log may say why")]
    Ended,
    /// The broker went without a word, and nobody spoke of TLS.
    #[error("the broker ended the connection before it answered: does this port expect mqtts://?")]
    NotSecured,
    /// Any other fault of the protocol.
    #[error("TLS failed: {0}")]
    Protocol(String),
}

impl Failure {
    /// What ended a secured connection; `None` when it is not of TLS, such as a port where nobody
    /// listens.
    #[must_use]
    pub fn of(error: &ConnectionError, stage: Stage) -> Option<Self> {
        match error {
            ConnectionError::Tls(TlsError::Io(error)) => {
                told(error).or_else(|| has_ended(error).then_some(Self::Plaintext))
            }
            _ if stage == Stage::Accepted => None,
            error => match io_of(error) {
                Some(io) => told(io).or_else(|| has_ended(io).then_some(Self::Ended)),
                None => None,
            },
        }
    }

    /// What ended a plain connection, where TLS may have been expected.
    #[must_use]
    pub fn of_plain(error: &ConnectionError, stage: Stage) -> Option<Self> {
        let ended = io_of(error).is_some_and(has_ended);
        (stage == Stage::Dialing && ended).then_some(Self::NotSecured)
    }
}

/// The system's error within the client's, which wraps it in one of three.
fn io_of(error: &ConnectionError) -> Option<&io::Error> {
    match error {
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqttbytes::Error::Io(error)),
        ) => Some(error),
        _ => None,
    }
}

/// What TLS says within the system's error.
fn told(error: &io::Error) -> Option<Failure> {
    error.get_ref()?.downcast_ref::<Error>().map(of_protocol)
}

/// Whether the other side has ended the connection without a word.
fn has_ended(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
    )
}

fn of_protocol(error: &Error) -> Failure {
    match error {
        Error::InvalidCertificate(fault) => of_certificate(fault),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Failure::OldVersion,
        Error::InvalidMessage(_) => Failure::Plaintext,
        other => Failure::Protocol(other.to_string()),
    }
}

fn of_certificate(fault: &CertificateError) -> Failure {
    match fault {
        CertificateError::ExpiredContext { time, not_after } => {
            Failure::BrokerExpired { ended: (*not_after).into(), now: (*time).into() }
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            Failure::BrokerEarly { begins: (*not_before).into(), now: (*time).into() }
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            Failure::BrokerAuthority
        }
        CertificateError::NotValidForNameContext { expected, presented } => Failure::BrokerName {
            expected: expected.to_str().into_owned(),
            presented: names(presented),
        },
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            Failure::BrokerPurpose
        }
        other => Failure::BrokerOther(other.to_string()),
    }
}

/// The names of a certificate, which come as `DnsName("broker.example")`.
fn names(presented: &[String]) -> String {
    let name = |text: &String| {
        let inner = text.split_once('(').map_or(text.as_str(), |(_, inner)| inner);
        inner.trim_matches(['"', ')']).to_owned()
    };
    match presented {
        [] => "one without a name".to_owned(),
        _ => presented.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}

/// RFC 8446, section 6.2.
fn of_alert(alert: AlertDescription) -> Failure {
    match alert {
        AlertDescription::ProtocolVersion => Failure::OldVersion,
        AlertDescription::CertificateRequired => Failure::OursMissing,
        AlertDescription::CertificateExpired => Failure::OursExpired,
        AlertDescription::UnknownCA => Failure::OursAuthority,
        AlertDescription::CertificateRevoked => Failure::OursRevoked,
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => Failure::OursOther(format!("{alert:?}")),
        other => Failure::Protocol(format!("the broker says {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_the_handshake(error: io::Error) -> Option<Failure> {
        Failure::of(&ConnectionError::Tls(TlsError::Io(error)), Stage::Dialing)
    }

    fn after_it(error: io::Error, stage: Stage) -> Option<Failure> {
        Failure::of(&ConnectionError::MqttState(StateError::Io(error)), stage)
    }

    #[test]
    fn what_is_not_of_tls_is_left_to_others() {
        for kind in [io::ErrorKind::ConnectionRefused, io::ErrorKind::TimedOut] {
            assert_eq!(Failure::of(&ConnectionError::Io(kind.into()), Stage::Dialing), None);
        }
        let reset = io::ErrorKind::ConnectionReset;
        assert_eq!(after_it(reset.into(), Stage::Accepted), None);
    }

    #[test]
    fn an_end_without_a_word_is_told_by_where_it_came() {
        for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
            assert_eq!(in_the_handshake(kind.into()), Some(Failure::Plaintext));
            assert_eq!(after_it(kind.into(), Stage::Dialing), Some(Failure::Ended));
            let plain = ConnectionError::Io(kind.into());
            assert_eq!(Failure::of_plain(&plain, Stage::Dialing), Some(Failure::NotSecured));
            assert_eq!(Failure::of_plain(&plain, Stage::Accepted), None);
        }
    }

    #[test]
    fn a_broker_of_another_name_is_told_by_both() {
        let presented = ["DnsName(\"a.example\")", "IpAddress(10.0.0.1)"].map(str::to_owned);
        assert_eq!(names(&presented), "a.example, 10.0.0.1");
        assert_eq!(names(&[]), "one without a name");
    }

    #[test]
    fn alerts_after_the_handshake_are_about_our_certificate() {
        for (alert, expected) in [
            (AlertDescription::CertificateRequired, Failure::OursMissing),
            (AlertDescription::CertificateExpired, Failure::OursExpired),
            (AlertDescription::UnknownCA, Failure::OursAuthority),
            (AlertDescription::CertificateRevoked, Failure::OursRevoked),
            (AlertDescription::ProtocolVersion, Failure::OldVersion),
        ] {
            let error = io::Error::new(io::ErrorKind::InvalidData, Error::AlertReceived(alert));
            assert_eq!(after_it(error, Stage::Dialing), Some(expected));
        }
    }
}
