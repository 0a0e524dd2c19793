//! The broker's address: `mqtt://[user@]host[:port]`.
//!
//! Promises: an address that cannot be meant is refused with the expected form. Refuses: passwords,
//! which would stand in the process list.

use std::fmt;
use std::str::FromStr;

const DEFAULT_PORT: u16 = 1883;

/// Where the broker is, and as whom to ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerAddress {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: Option<String>,
}

impl FromStr for BrokerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why| format!("{text:?}: {why}, expected mqtt://[user@]host[:port]");
        let rest = text.strip_prefix("mqtt://").ok_or_else(|| wrong("no broker address"))?;
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, rest),
        };
        if user.as_ref().is_some_and(|user| user.is_empty() || user.contains(':')) {
            return Err(wrong("a user name and no password"));
        }
        let (host, port) = match place.rsplit_once(':') {
            // The colons of an IPv6 address stand inside brackets.
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong("the port is no number up to 65535"))?)
            }
            _ => (place, DEFAULT_PORT),
        };
        if host.is_empty() || host.contains(['/', '?', ' ']) || port == 0 {
            return Err(wrong("the host is missing or more follows it"));
        }
        Ok(Self { host: host.to_owned(), port, user })
    }
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
            ("mqtt://127.0.0.1:1884", "127.0.0.1", 1884, None),
            ("mqtt://broker.local", "broker.local", 1883, None),
            ("mqtt://poleroom@broker:1", "broker", 1, Some("poleroom")),
            ("mqtt://[::1]:1884", "[::1]", 1884, None),
            ("mqtt://[::1]", "[::1]", 1883, None),
        ];
        for (text, host, port, user) in table {
            let (host, user) = (host.to_owned(), user.map(str::to_owned));
            assert_eq!(text.parse(), Ok(BrokerAddress { host, port, user }));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "127.0.0.1:1883",
            "mqtts://broker",
            "mqtt://",
            "mqtt://:1883",
            "mqtt://broker:0",
            "mqtt://broker:port",
            "mqtt://broker:70000",
            "mqtt://broker/path",
            "mqtt://@broker",
            "mqtt://user:secret@broker",
        ] {
            let error = text.parse::<BrokerAddress>().unwrap_err();
            assert!(error.contains("expected mqtt://"), "{error}");
        }
    }
}
