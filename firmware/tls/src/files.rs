//! The three files a connection hangs on: the authority, our certificate, its key.
//!
//! Promises: every file that cannot be used is named in one line with what was expected and what was
//! found; that line never holds a byte of a file. Refuses: keys that anybody on the machine may read,
//! keys under a password nobody would be there to enter, and files larger than any certificate.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::certificate::Certificate;
use crate::moment::Moment;

/// Largest file read: a bundle of authorities has some kilobytes.
const MAX_BYTES: u64 = 256 * 1024;

/// What a file may hold, for people.
const CERTIFICATE: &str = "a certificate";
const PRIVATE_KEY: &str = "a private key";

/// Where authority, certificate and key lie, each as PEM.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Files {
    /// The authority, or authorities, that vouch for the broker.
    pub ca: PathBuf,
    /// Our certificate, and after it any between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Which of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The authority.
    Ca,
    /// Our certificate.
    Certificate,
    /// Its key.
    Key,
}

/// A file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}, found {found}", path.display())]
pub struct FileError {
    /// What it should be.
    pub role: Role,
    /// The file.
    pub path: PathBuf,
    /// What a good one is or holds.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// What was read from the three files, ready for a connection. Prints its certificate only.
#[derive(Clone)]
pub struct Credentials {
    files: Files,
    certificate: Certificate,
    client: Arc<ClientConfig>,
}

/// Whether files have changed since: what the file system says of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp([Option<(u64, u64, i64, i64)>; 3]);

impl Files {
    /// Reads all three.
    ///
    /// # Errors
    /// Every file that cannot be used, in the order authority, certificate, key.
    pub fn read(&self) -> Result<Credentials, Vec<FileError>> {
        let authority = self.authority();
        let chain = self.chain();
        let key = self.private_key();
        let (roots, (certificate, chain), key) = match (authority, chain, key) {
            (Ok(roots), Ok(chain), Ok(key)) => (roots, chain, key),
            (authority, chain, key) => {
                let errors = [authority.err(), chain.err(), key.err()];
                return Err(errors.into_iter().flatten().collect());
            }
        };
        let mut client = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| vec![self.wrong(Role::Key, "TLS 1.3", &error.to_string())])?
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .map_err(|error| vec![self.unfit(&error)])?;
        // A resumed session is one whose certificates nobody looks at again.
        client.resumption = Resumption::disabled();
        Ok(Credentials { files: self.clone(), certificate, client: Arc::new(client) })
    }

    /// What the file system says of them now.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp([&self.ca, &self.certificate, &self.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            // The time of change tells of a new owner or mode too.
            Some((metadata.ino(), metadata.size(), metadata.ctime(), metadata.ctime_nsec()))
        }))
    }

    fn authority(&self) -> Result<RootCertStore, FileError> {
        let text = self.text(Role::Ca)?;
        let certificates = self.certificates(Role::Ca, &text)?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            roots.add(certificate).map_err(|_| self.garbled(Role::Ca))?;
        }
        Ok(roots)
    }

    fn chain(&self) -> Result<(Certificate, Vec<CertificateDer<'static>>), FileError> {
        let text = self.text(Role::Certificate)?;
        let chain = self.certificates(Role::Certificate, &text)?;
        let ours = chain.first().and_then(|first| Certificate::of_der(first));
        ours.map(|ours| (ours, chain)).ok_or_else(|| self.garbled(Role::Certificate))
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, FileError> {
        let text = self.text(Role::Key)?;
        // Not what the PEM reader says: its errors quote the line.
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| self.foreign(Role::Key, &text))
    }

    fn certificates(
        &self,
        role: Role,
        text: &[u8],
    ) -> Result<Vec<CertificateDer<'static>>, FileError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
        found.ok().filter(|found| !found.is_empty()).ok_or_else(|| self.foreign(role, text))
    }

    fn text(&self, role: Role) -> Result<Vec<u8>, FileError> {
        let unreadable =
            |error: std::io::Error| self.wrong(role, role.wanted(), &error.to_string());
        // Before it is opened: opening a pipe would wait for whoever writes to it.
        let metadata = fs::metadata(self.path(role)).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(self.wrong(role, role.wanted(), "no regular file"));
        }
        let mode = metadata.permissions().mode() & 0o777;
        if role == Role::Key && mode & 0o007 != 0 {
            let found = format!("mode {mode:03o}, which lets anybody read or change it");
            return Err(self.wrong(role, "mode 600", &found));
        }
        let mut text = Vec::new();
        let file = File::open(self.path(role)).map_err(unreadable)?;
        file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > MAX_BYTES {
            let found = format!("more than {MAX_BYTES} bytes");
            return Err(self.wrong(role, role.wanted(), &found));
        }
        Ok(text)
    }

    /// Certificate and key do not make a pair that can be used.
    fn unfit(&self, error: &rustls::Error) -> FileError {
        match error {
            rustls::Error::InconsistentKeys(_) => {
                let expected = format!("the key of {}", self.certificate.display());
                self.wrong(Role::Key, &expected, "another key")
            }
            rustls::Error::General(_) => {
                let expected = "an ECDSA (P-256, P-384), Ed25519 or RSA key";
                self.wrong(Role::Key, expected, "one of another kind")
            }
            _ => self.garbled(Role::Certificate),
        }
    }

    /// A file of something else, or of the right kind and spoilt.
    fn foreign(&self, role: Role, text: &[u8]) -> FileError {
        match (role, contents(text)) {
            (Role::Ca | Role::Certificate, CERTIFICATE) | (Role::Key, PRIVATE_KEY) => {
                self.garbled(role)
            }
            (_, found) => self.wrong(role, role.wanted(), found),
        }
    }

    /// PEM of the right kind whose inside is not.
    fn garbled(&self, role: Role) -> FileError {
        self.wrong(role, role.wanted(), "one that is damaged")
    }

    fn wrong(&self, role: Role, expected: &str, found: &str) -> FileError {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        FileError { role, path: self.path(role).to_owned(), expected, found }
    }

    fn path(&self, role: Role) -> &Path {
        match role {
            Role::Ca => &self.ca,
            Role::Certificate => &self.certificate,
            Role::Key => &self.key,
        }
    }
}

impl Credentials {
    /// What `rustls` needs for a connection.
    #[must_use]
    pub fn client(&self) -> Arc<ClientConfig> {
        self.client.clone()
    }

    /// Our certificate.
    #[must_use]
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Whether the certificate is `holder`'s.
    ///
    /// # Errors
    /// When its common name is another.
    pub fn check_holder(&self, holder: &str) -> Result<(), FileError> {
        let found = &self.certificate.common_name;
        if found == holder {
            return Ok(());
        }
        let (expected, found) =
            (format!("the common name {holder:?}"), format!("{:?}", shortened(found)));
        Err(self.files.wrong(Role::Certificate, &expected, &found))
    }

    /// Whether the certificate holds at `now`.
    ///
    /// # Errors
    /// When it has ended or has yet to begin.
    pub fn check_dates(&self, now: Moment) -> Result<(), FileError> {
        let Certificate { not_before, not_after, .. } = &self.certificate;
        let found = if now > *not_after {
            format!("one that ended {not_after}")
        } else if now < *not_before {
            format!("one that begins {not_before}")
        } else {
            return Ok(());
        };
        let expected = format!("a certificate that holds now, {now}");
        Err(self.files.wrong(Role::Certificate, &expected, &found))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("certificate", &self.certificate)
            .finish_non_exhaustive()
    }
}

impl Role {
    fn wanted(self) -> &'static str {
        match self {
            Self::Ca => "the certificate of the broker's authority in PEM",
            Self::Certificate => "a certificate in PEM",
            Self::Key => "a private key in PEM, without a password",
        }
    }
}

/// What a file holds, in a word of ours: never one of the file's.
fn contents(text: &[u8]) -> &'static str {
    const KINDS: [(&str, &str); 6] = [
        ("ENCRYPTED PRIVATE KEY-----", "a private key under a password"),
        ("Proc-Type: 4,ENCRYPTED", "a private key under a password"),
        ("PRIVATE KEY-----", PRIVATE_KEY),
        ("CERTIFICATE REQUEST-----", "a request for a certificate"),
        ("BEGIN CERTIFICATE-----", CERTIFICATE),
        ("PUBLIC KEY-----", "a public key"),
    ];
    let text = String::from_utf8_lossy(text);
    let kind = KINDS.iter().find(|(mark, _)| text.contains(mark));
    match kind {
        Some((_, kind)) => kind,
        None if text.trim().is_empty() => "an empty file",
        None => "no PEM",
    }
}

/// A name that may have come from anywhere, for a line.
fn shortened(name: &str) -> String {
    name.chars().take(65).collect()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
