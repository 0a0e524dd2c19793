//! The broker's address: `mqtts://host[:port]`, or `mqtt://[user@]host[:port]` on this machine.
//!
//! Promises: an address that cannot be meant is refused with the expected form. Refuses: passwords,
//! which would stand in the process list, and a plain connection to another machine.

use std::fmt;
use std::str::FromStr;

use tls::broker::{PLAIN_PORT, TLS_PORT, is_certifiable, is_this_machine};

/// What is accepted.
const EXPECTED: &str =
    "expected mqtts://host[:port], or mqtt://[user@]host[:port] and a broker on this machine";

/// Where the broker is, and as whom to ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
    /// Over TLS.
    pub(crate) secured: bool,
}

impl FromStr for BrokerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Somebody may have put a password there.
        let shown = if text.contains('@') { "the address" } else { text };
        let wrong = |why| format!("{shown:?}: {why}, {EXPECTED}");
        let (secured, rest) = match (text.strip_prefix("mqtts://"), text.strip_prefix("mqtt://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(wrong("no broker address")),
        };
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, rest),
        };
        if user.as_ref().is_some_and(|user| user.is_empty() || user.contains(':')) {
            return Err(wrong("a user name and no password"));
        }
        if secured && user.is_some() {
            return Err(wrong("a user name where the certificate tells it"));
        }
        let default = if secured { TLS_PORT } else { PLAIN_PORT };
        let (host, port) = host_and_port(place, default).map_err(wrong)?;
        if secured && !is_certifiable(host) {
            return Err(wrong("no name or IPv4 address, as a certificate holds it"));
        }
        if !secured && !is_this_machine(host) {
            return Err(wrong("a broker on another machine and no TLS"));
        }
        Ok(Self { host: host.to_owned(), port, user, secured })
    }
}

fn host_and_port(place: &str, default: u16) -> Result<(&str, u16), &'static str> {
    let (host, port) = match place.rsplit_once(':') {
        // The colons of an IPv6 address stand inside brackets.
        Some((host, port)) if !port.ends_with(']') => {
            (host, port.parse().map_err(|_| "the port is no number up to 65535")?)
        }
        _ => (place, default),
    };
    if host.is_empty() || host.contains(['/', '?', ' ']) || port == 0 {
        return Err("the host is missing or more follows it");
    }
    Ok((host, port))
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let table = [
            ("mqtt://127.0.0.1:1884", "127.0.0.1", 1884, None, false),
            ("mqtt://localhost", "localhost", 1883, None, false),
            ("mqtt://poleroom@127.0.0.1:1", "127.0.0.1", 1, Some("poleroom"), false),
            ("mqtt://[::1]:1884", "[::1]", 1884, None, false),
            ("mqtt://[::1]", "[::1]", 1883, None, false),
            ("mqtts://broker.local", "broker.local", 8883, None, true),
            ("mqtts://10.0.0.1:1", "10.0.0.1", 1, None, true),
        ];
        for (text, host, port, user, secured) in table {
            let (host, user) = (host.to_owned(), user.map(str::to_owned));
            assert_eq!(text.parse(), Ok(BrokerAddress { host, port, user, secured }));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:1883",
            "http://broker",
            "mqtt://broker",
            "mqtt://10.0.0.1:1883",
            "mqtts://poleroom@broker",
            "mqtts://[::1]",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://localhost:0",
            "mqtt://localhost:port",
            "mqtt://localhost:70000",
            "mqtt://localhost/path",
            "mqtt://@localhost",
            "mqtt://user:secret@localhost",
        ] {
            let error = text.parse::<BrokerAddress>().unwrap_err();
            assert!(error.contains(EXPECTED) && !error.contains("secret"), "{error}");
        }
    }
}
