//! The camera's address, whose user and password must reach the camera and nobody else.
//!
//! Promises: however an address is printed, logged or quoted, it is without them; only
//! [`CameraAddress::with_credentials`] gives them out, by name. Refuses: sparing a harmless `@` in a
//! path, behind which a password could stand.

use std::fmt;

/// What stands in place of a secret.
const MASK: &str = "***";
/// A parameter whose name holds one of these has a secret for a value: many cameras take the password
/// as `?user=admin&password=secret`, some within the path.
const SECRET_PARAMETERS: [&str; 7] = ["pass", "pwd", "pw", "secret", "token", "auth", "key"];

/// An RTSP address. Written and printed without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct CameraAddress(String);

impl CameraAddress {
    /// The address as the installer wrote it.
    #[must_use]
    pub fn new(written: impl Into<String>) -> Self {
        Self(written.into())
    }

    /// The whole of it, for the camera: never to be printed.
    #[must_use]
    pub fn with_credentials(&self) -> &str {
        &self.0
    }

    /// As a configuration would say it, with a mask for each secret.
    #[must_use]
    pub fn masked(&self) -> String {
        let shown = self.to_string();
        match (shown.split_once("://"), self.0.contains('@')) {
            (Some((scheme, rest)), true) => format!("{scheme}://{MASK}:{MASK}@{rest}"),
            _ => shown,
        }
    }

    /// The last part of its path.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.to_string().rsplit('/').next().unwrap_or_default().to_owned()
    }
}

/// `rtsp://a:b@host/x` is shown as `rtsp://host/x`.
impl fmt::Display for CameraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("rtsp", &self.0));
        // A user or password may hold an unescaped `/` or `@`: the last `@` is the one that ends them.
        let rest = rest.rfind('@').map_or(rest, |at| &rest[at + 1..]);
        write!(f, "{scheme}://{}", without_secret_parameters(rest))
    }
}

impl fmt::Debug for CameraAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// A text that may quote an address, with a mask for every secret of it.
#[must_use]
pub fn masked(text: &str) -> String {
    let Some((before, rest)) = text.split_once("://") else { return text.to_owned() };
    let hidden = rest.rfind('@').map(|at| &rest[at..]);
    let shown = hidden.map_or_else(|| rest.to_owned(), |rest| format!("{MASK}{rest}"));
    format!("{before}://{}", without_secret_parameters(&shown))
}

/// A path and query with a mask in place of each parameter's value that is a secret by its name.
fn without_secret_parameters(rest: &str) -> String {
    let parts = rest.split_inclusive(['/', '?', '&', ';']).map(|part| {
        let (body, end) = match part.char_indices().next_back() {
            Some((at, '/' | '?' | '&' | ';')) => part.split_at(at),
            _ => (part, ""),
        };
        let lower = body.to_ascii_lowercase();
        let marks = SECRET_PARAMETERS.iter().filter_map(|name| lower.find(name));
        let value = marks.min().and_then(|at| body[at..].find('=').map(|equals| at + equals + 1));
        match value {
            Some(value) => format!("{}{MASK}{end}", &body[..value]),
            None => part.to_owned(),
        }
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_never_reach_a_line() {
        for (address, shown) in [
            ("rtsp://cam/1", "rtsp://cam/1"),
            ("rtsp://admin:secret@10.0.0.2:554/h264", "rtsp://10.0.0.2:554/h264"),
            ("rtsp://admin:p@ss@10.0.0.2/a", "rtsp://10.0.0.2/a"),
            ("rtsp://admin:p/ss@10.0.0.2/a", "rtsp://10.0.0.2/a"),
            ("rtsp://ad@min:p/ss@10.0.0.2/a", "rtsp://10.0.0.2/a"),
            ("rtsp://ad:p?s#s@10.0.0.2/a", "rtsp://10.0.0.2/a"),
            ("rtsp://10.0.0.2", "rtsp://10.0.0.2"),
            ("rtsp://cam/live?channel=1&subtype=0", "rtsp://cam/live?channel=1&subtype=0"),
            ("rtsp://cam/?user=a&Password=b/c=d&ch=1", "rtsp://cam/?user=a&Password=***/c=d&ch=1"),
            ("rtsp://cam/user=a_password=b_ch=1.sdp", "rtsp://cam/user=a_password=***"),
        ] {
            let address = CameraAddress::new(address);
            assert_eq!(address.to_string(), shown);
            assert_eq!(format!("{address:?}"), format!("{shown:?}"));
        }
    }

    #[test]
    fn a_configuration_written_out_shows_that_there_is_a_password() {
        for (address, shown) in [
            ("rtsp://admin:p/ss@10.0.0.2/a", "rtsp://***:***@10.0.0.2/a"),
            ("rtsp://10.0.0.2/a?b=1", "rtsp://10.0.0.2/a?b=1"),
        ] {
            assert_eq!(CameraAddress::new(address).masked(), shown);
        }
    }

    #[test]
    fn a_text_that_quotes_an_address_is_masked() {
        for (text, expected) in [
            ("invalid type: string \"rtsp://u:p@h/1\"", "invalid type: string \"rtsp://***@h/1\""),
            ("a://b c://u:p@h", "a://***@h"),
            ("mqtt://broker:99999", "mqtt://broker:99999"),
            ("nothing to hide, a@b", "nothing to hide, a@b"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn the_last_part_of_an_address_is_a_name_without_credentials() {
        for (address, expected) in
            [("rtsp://u:p@h/a/C001.mp4", "C001.mp4"), ("rtsp://u:p/q@h", "h")]
        {
            assert_eq!(CameraAddress::new(address).file_name(), expected);
        }
    }
}
