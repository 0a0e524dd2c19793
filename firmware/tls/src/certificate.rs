//! What a certificate says of its holder: the name the broker knows it by, and from when to when.
//!
//! Promises: any bytes are a certificate or refused. Refuses: judging signatures, which is `rustls`'s
//! business; what is read here is for people and for our own file.

use crate::der::{INTEGER, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET};
use crate::moment::Moment;

/// id-at-commonName, 2.5.4.3.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
/// `[0]`, constructed: the version, which stands first unless it is 1.
const VERSION: u8 = 0xa0;

/// The part of a certificate that people ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is; empty when it does not say.
    pub common_name: String,
    /// It holds from here.
    pub not_before: Moment,
    /// It ends here.
    pub not_after: Moment,
}

impl Certificate {
    /// Reads an X.509 certificate in DER (RFC 5280, section 4.1); `None` when it is none.
    #[must_use]
    pub fn of_der(der: &[u8]) -> Option<Self> {
        let mut body = Reader(der).enter(SEQUENCE)?.enter(SEQUENCE)?;
        let (tag, _) = Reader(body.0).element()?;
        if tag == VERSION {
            body.element()?;
        }
        body.expect(INTEGER)?; // Serial number.
        body.expect(SEQUENCE)?; // Signature algorithm.
        body.expect(SEQUENCE)?; // Issuer.
        let mut validity = body.enter(SEQUENCE)?;
        let not_before = Moment::of_asn1(validity.element()?.1)?;
        let not_after = Moment::of_asn1(validity.element()?.1)?;
        let common_name = common_name(body.enter(SEQUENCE)?).unwrap_or_default();
        Some(Self { common_name, not_before, not_after })
    }
}

/// The first common name of a subject, which is the one mosquitto takes.
fn common_name(mut subject: Reader<'_>) -> Option<String> {
    while let Some(mut attributes) = subject.enter(SET) {
        while let Some(mut attribute) = attributes.enter(SEQUENCE) {
            if attribute.expect(OBJECT_IDENTIFIER)? == COMMON_NAME {
                let (_, text) = attribute.element()?;
                return String::from_utf8(text.to_vec()).ok();
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_none(bytes in proptest::collection::vec(0u8.., 0..300)) {
            let _ = Certificate::of_der(&bytes);
            let wrapped = [&[0x30, 0x82, 0x01, 0x00, 0x30, 0x82, 0x00, 0xf0][..], &bytes].concat();
            let _ = Certificate::of_der(&wrapped);
        }
    }
}
