//! Which brokers may be spoken to how: plainly only on this machine, elsewhere over TLS.

use std::net::IpAddr;

use rustls::pki_types::ServerName;

/// The port of MQTT in the clear, as registered with IANA.
pub const PLAIN_PORT: u16 = 1883;
/// The port of MQTT over TLS, as registered with IANA.
pub const TLS_PORT: u16 = 8883;

/// Whether what is sent to `host` stays on this machine, so that it may go in the clear.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    // An IPv6 address stands in brackets in a URL.
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether `host` is a name or an IPv4 address that a certificate can hold; the client does not know
/// how to compare an IPv6 address.
#[must_use]
pub fn is_certifiable(host: &str) -> bool {
    !host.contains(':') && ServerName::try_from(host).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.8.8.8", true),
            ("::1", true),
            ("[::1]", true),
            ("localhost.example", false),
            ("127.0.0.1.example", false),
            ("127.1", false),
            ("0.0.0.0", false),
            ("10.0.0.1", false),
            ("broker", false),
            ("", false),
        ] {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }

    #[test]
    fn a_certificate_holds_names_and_addresses() {
        for (host, expected) in
            [("broker.example", true), ("10.0.0.1", true), ("[::1]", false), ("-", false)]
        {
            assert_eq!(is_certifiable(host), expected, "{host}");
        }
    }
}
