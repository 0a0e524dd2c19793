//! The way to the control room: which broker, and with which certificate.
//!
//! Refuses: a broker on another machine without TLS, and half of what TLS needs.

use std::path::PathBuf;

use tls::broker::{PLAIN_PORT, TLS_PORT, is_certifiable, is_this_machine};
use tls::files::Files;

use super::super::raw::{RawConfig, RawUplink};
use super::super::{Broker, Uplink};
use super::Check;
use crate::uplink::rate::{Rate, RateError};

pub(in super::super) const BROKER_ALLOWED: &str =
    "\"mqtts://host[:port]\", or \"mqtt://\" and a broker on this machine";
const NO_FILE_ALLOWED: &str = "no such key without a \"mqtts://\" broker";
/// What a certificate's common name holds (ub-common-name, RFC 5280 appendix A.1), less the slash.
const MAX_HOLDER_BYTES: usize = 63;

impl Check<'_> {
    pub(super) fn uplink(&mut self, raw: &RawConfig) -> Uplink {
        let interval = raw.uplink.health_interval.as_deref();
        Uplink {
            broker: self.broker(raw),
            health_interval: self.duration("uplink.health_interval", interval, "30s", ("1s", "1h")),
            max_rate: raw.uplink.max_rate.as_deref().and_then(|text| self.max_rate(text)),
        }
    }

    fn max_rate(&mut self, text: &str) -> Option<Rate> {
        let rate = text.parse();
        if let Err(allowed) = &rate {
            let allowed: &RateError = allowed;
            self.refuse("uplink.max_rate", format_args!("{text:?}"), allowed.to_string());
        }
        rate.ok()
    }

    fn broker(&mut self, raw: &RawConfig) -> Option<Broker> {
        let Some(text) = raw.uplink.broker.as_deref() else {
            self.no_files(&raw.uplink);
            return None;
        };
        if let Some(place) = text.strip_prefix("mqtts://") {
            let files = self.files(&raw.uplink);
            self.holder(raw);
            let place = host_and_port(place, TLS_PORT).filter(|(host, _)| is_certifiable(host));
            return match (place, files) {
                (Some((host, port)), files) => Some(Broker { host, port, tls: files }),
                (None, _) => self.no_broker(text),
            };
        }
        self.no_files(&raw.uplink);
        let place = text.strip_prefix("mqtt://").and_then(|place| host_and_port(place, PLAIN_PORT));
        match place.filter(|(host, _)| is_this_machine(host)) {
            Some((host, port)) => Some(Broker { host, port, tls: None }),
            None => self.no_broker(text),
        }
    }

    fn no_broker(&mut self, text: &str) -> Option<Broker> {
        // Credentials do not belong here, but somebody may have put them here.
        let shown =
            if text.contains('@') { "\"mqtt://...@...\"".to_owned() } else { format!("{text:?}") };
        self.refuse("uplink.broker", shown, BROKER_ALLOWED);
        None
    }

    /// The three files of a secured connection, all of which there must be.
    fn files(&mut self, raw: &RawUplink) -> Option<Files> {
        let ca = self.file("uplink.ca", raw.ca.as_deref(), "the broker's authority");
        let certificate = self.file("uplink.certificate", raw.certificate.as_deref(), "this box");
        let key = self.file("uplink.key", raw.key.as_deref(), "its private key");
        Some(Files { ca: ca?, certificate: certificate?, key: key? })
    }

    fn file(&mut self, key: &str, text: Option<&str>, whose: &str) -> Option<PathBuf> {
        let path = text.filter(|text| !text.is_empty()).map(|text| self.path(text));
        if path.is_none() {
            let allowed = format!("a PEM file ({whose}), as the broker is \"mqtts://\"");
            self.missing(key, allowed);
        }
        path
    }

    fn no_files(&mut self, raw: &RawUplink) {
        let keys = [
            ("uplink.ca", &raw.ca),
            ("uplink.certificate", &raw.certificate),
            ("uplink.key", &raw.key),
        ];
        for (key, value) in keys {
            if let Some(value) = value {
                self.refuse(key, format_args!("{value:?}"), NO_FILE_ALLOWED);
            }
        }
    }

    /// The certificate's name is `SITE/BOX`, which must fit.
    fn holder(&mut self, raw: &RawConfig) {
        let bytes = raw.site.len() + raw.box_name.len();
        if bytes > MAX_HOLDER_BYTES {
            let allowed = format!(
                "at most {MAX_HOLDER_BYTES} characters together with `site`: they are the name in \
                 the box's certificate"
            );
            self.refuse("box", format_args!("{:?}", raw.box_name), allowed);
        }
    }
}

fn host_and_port(text: &str, default: u16) -> Option<(String, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (text, default),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    (!host.is_empty() && host.chars().all(plain)).then(|| (host.to_owned(), port))
}
