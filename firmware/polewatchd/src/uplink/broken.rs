//! Why a connection to the broker cannot go on, in the words of an installer rather than of the
//! client's states.

use rumqttc::v5::{ConnectionError, StateError, mqttbytes};
use tls::failure::{Failure, Stage};

use super::mqtt::QueueFull;

/// Why a connection cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// Something went wrong on the way.
    #[error("{0}")]
    Connection(String),
    /// The broker or we refused the other.
    #[error(transparent)]
    Tls(#[from] Failure),
    /// There is no certificate to connect with.
    #[error("{0}")]
    Files(String),
    /// Not broken at all: left for one with a new certificate.
    #[error("left for a connection with the renewed certificate")]
    Renewed,
    /// The client does not get on.
    #[error(transparent)]
    Queue(#[from] QueueFull),
}

impl Broken {
    /// What ended a plain connection.
    pub(super) fn of_plain(error: &ConnectionError, stage: Stage) -> Self {
        Failure::of_plain(error, stage).map_or_else(|| Self::of_mqtt(error), Self::Tls)
    }

    /// What ended a secured connection.
    pub(super) fn of_secured(error: &ConnectionError, stage: Stage) -> Self {
        Failure::of(error, stage).map_or_else(|| Self::of_mqtt(error), Self::Tls)
    }

    fn of_mqtt(error: &ConnectionError) -> Self {
        Self::Connection(describe(error))
    }
}

fn describe(error: &ConnectionError) -> String {
    match error {
        ConnectionError::Timeout(_) => "no answer to the connection attempt".to_owned(),
        ConnectionError::Io(error)
        | ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqttbytes::Error::Io(error)),
        ) => error.to_string(),
        ConnectionError::MqttState(StateError::ConnectionAborted) => {
            "closed by the broker".to_owned()
        }
        ConnectionError::ConnectionRefused(code) => format!("refused by the broker: {code:?}"),
        ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
            format!("sent away by the broker: {reason_code:?}")
        }
        ConnectionError::MqttState(StateError::AwaitPingResp) => "silent".to_owned(),
        other => other.to_string(),
    }
}
