//! The room's certificate: read at each attempt to connect, watched in between.
//!
//! Promises: the room connects anew when its certificate has been renewed, and keeps its connection
//! when the new one cannot be used, which it says once.

use std::time::Duration;

use rumqttc::v5::MqttOptions;
use rumqttc::{TlsConfiguration, Transport};
use tls::keyring::{Keyring, Look};
use tls::moment::Moment;

use crate::clock;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The room's side of TLS; without files the way is a plain one.
#[derive(Debug)]
pub(super) struct Secured {
    keyring: Option<Keyring>,
    /// What was last said of the files.
    said: Option<String>,
}

impl Secured {
    pub(super) fn new(keyring: Option<Keyring>) -> Self {
        Self { keyring, said: None }
    }

    /// Puts the newest certificate into the options of a new connection.
    ///
    /// # Errors
    /// When there is none: such a connection must not be made.
    pub(super) fn apply(&mut self, options: &mut MqttOptions) -> Result<(), String> {
        let Some(keyring) = &mut self.keyring else { return Ok(()) };
        keyring.look();
        let Some(credentials) = keyring.credentials() else {
            return Err(keyring.trouble().unwrap_or_default().to_owned());
        };
        let secured = TlsConfiguration::Rustls(credentials.client());
        options.set_transport(Transport::tls_with_config(secured));
        Ok(())
    }

    /// Comes back when the files have changed: with nothing once they are renewed, with a sentence when
    /// somebody should do something about them.
    pub(super) async fn changed(&mut self) -> Option<String> {
        let Some(keyring) = &mut self.keyring else { return std::future::pending().await };
        loop {
            let notice = keyring.notice(Moment::of_unix_ms(clock::now_unix_ms()));
            if notice.is_some() && notice != self.said {
                self.said.clone_from(&notice);
                return notice;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            if keyring.look() == Look::Renewed {
                self.said = None;
                return None;
            }
        }
    }
}
