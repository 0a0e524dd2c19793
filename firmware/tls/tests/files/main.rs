//! Files of an authority made by `scripts/test-ca`, whole and spoilt in every way an installer has.

#![allow(clippy::unwrap_used, reason = "tests")]

mod authority;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use authority::Authority;
use tls::files::{FileError, Files, Role};
use tls::keyring::{Keyring, Look};
use tls::moment::Moment;

const POLE: &str = "gangnam_pole-0412";
const HOLDER: &str = "gangnam/pole-0412";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// The one problem of `files`.
fn problem(files: &Files) -> FileError {
    let mut errors = files.read().unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn a_boxs_files_are_read_and_say_whose_they_are_and_until_when() {
    let authority = Authority::of_a_chain();
    let credentials = authority.files(POLE).read().unwrap();
    let certificate = credentials.certificate();
    assert_eq!(certificate.common_name, HOLDER);
    let middle = certificate.not_before.after_days(180);
    assert!(credentials.check_dates(middle).is_ok());
    assert!(credentials.check_holder(HOLDER).is_ok());
    assert!(format!("{credentials:?}").contains(HOLDER));

    let early = certificate.not_before.after_days(-1);
    let late = certificate.not_after.after_days(1);
    for (now, expected) in [
        (early, format!("found one that begins {}", certificate.not_before)),
        (late, format!("found one that ended {}", certificate.not_after)),
    ] {
        let line = credentials.check_dates(now).unwrap_err().to_string();
        assert!(line.ends_with(&expected) && line.contains(&now.to_string()), "{line}");
    }
    let line = credentials.check_holder("gangnam/pole-2").unwrap_err().to_string();
    let expected = "expected the common name \"gangnam/pole-2\", found \"gangnam/pole-0412\"";
    assert!(line.ends_with(expected), "{line}");
}

#[test]
fn each_spoilt_file_is_named_with_what_was_expected_and_found() {
    let authority = Authority::of_a_chain();
    let good = authority.files(POLE);
    let certificate = read(&good.certificate);
    let damaged = certificate.replacen("MII", "MIJ", 1);
    let torn = certificate[..certificate.len() / 2].to_owned();
    let key = read(&good.key);
    let locked = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let other = read(&authority.path("poleroom.key"));
    let table: [(Role, &str, String, &str); 12] = [
        (Role::Ca, "empty", String::new(), "found an empty file"),
        (Role::Ca, "a key", key.clone(), "found a private key"),
        (Role::Ca, "damaged", damaged.clone(), "found one that is damaged"),
        (
            Role::Certificate,
            "a key",
            key.clone(),
            "expected a certificate in PEM, found a private key",
        ),
        (Role::Certificate, "words", "secret".to_owned(), "found no PEM"),
        (Role::Certificate, "torn", torn, "found one that is damaged"),
        (Role::Certificate, "damaged", damaged, "found one that is damaged"),
        (Role::Key, "a certificate", certificate, "found a certificate"),
        (Role::Key, "locked", locked, "found a private key under a password"),
        (Role::Key, "torn", key[..key.len() / 2].to_owned(), "found one that is damaged"),
        (Role::Key, "another's", other, "found another key"),
        (Role::Key, "too long", "x".repeat(300_000), "found more than 262144 bytes"),
    ];
    for (role, name, text, expected) in table {
        let spoilt = authority.path("spoilt");
        fs::write(&spoilt, text).unwrap();
        fs::set_permissions(&spoilt, Permissions::from_mode(0o600)).unwrap();
        let mut files = good.clone();
        match role {
            Role::Ca => files.ca.clone_from(&spoilt),
            Role::Certificate => files.certificate.clone_from(&spoilt),
            Role::Key => files.key.clone_from(&spoilt),
        }
        let problem = problem(&files);
        assert_eq!((problem.role, &problem.path), (role, &spoilt), "{name}");
        assert!(problem.to_string().ends_with(expected), "{role:?} {name}: {problem}");
    }
}

#[test]
fn files_that_are_not_there_are_all_named_at_once() {
    let files = Authority::new().files(POLE);
    let errors = files.read().unwrap_err();
    let roles: Vec<Role> = errors.iter().map(|error| error.role).collect();
    assert_eq!(roles, [Role::Ca, Role::Certificate, Role::Key]);
    assert!(errors.iter().all(|error| error.found.contains("No such file")), "{errors:?}");
}

#[test]
fn a_folder_or_a_pipe_is_no_file() {
    let authority = Authority::of_a_chain();
    let pipe = authority.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [authority.folder().to_owned(), pipe] {
        let files = Files { ca: path, ..authority.files(POLE) };
        assert!(problem(&files).to_string().ends_with("found no regular file"));
    }
}

#[test]
fn a_key_that_anybody_may_read_is_refused() {
    let authority = Authority::of_a_chain();
    let files = authority.files(POLE);
    for (mode, refused) in [(0o644, true), (0o606, true), (0o640, false), (0o600, false)] {
        fs::set_permissions(&files.key, Permissions::from_mode(mode)).unwrap();
        match files.read() {
            Ok(_) => assert!(!refused, "{mode:o}"),
            Err(errors) => {
                assert!(
                    refused && errors[0].to_string().contains("expected mode 600"),
                    "{errors:?}"
                );
            }
        }
    }
}

#[test]
fn a_keyring_follows_its_files_and_keeps_what_works() {
    let authority = Authority::of_a_chain();
    authority.issue(&["--box", "gangnam/pole-2"]);
    let files = authority.files(POLE);
    let mut keyring = Keyring::new(files.clone(), Some(HOLDER.to_owned()));
    assert_eq!((keyring.look(), keyring.look()), (Look::Renewed, Look::Unchanged));

    // Somebody copies the certificate of another box, and takes it back.
    let own = read(&files.certificate);
    fs::copy(authority.path("gangnam_pole-2.crt"), &files.certificate).unwrap();
    assert_eq!((keyring.look(), keyring.look()), (Look::Unusable, Look::Unchanged));
    let trouble = keyring.trouble().unwrap();
    assert!(trouble.contains("another key"), "{trouble}");
    assert_eq!(keyring.credentials().unwrap().certificate().common_name, HOLDER);
    fs::write(&files.certificate, own).unwrap();
    assert_eq!((keyring.look(), keyring.trouble()), (Look::Renewed, None));

    authority.issue(&["--box", HOLDER, "--days", "500"]);
    assert_eq!(keyring.look(), Look::Renewed);
    fs::remove_file(&files.key).unwrap();
    assert_eq!(keyring.look(), Look::Unusable);
    let now = keyring.credentials().unwrap().certificate().not_before;
    let notice = keyring.notice(now).unwrap();
    assert!(notice.ends_with("; the certificate before is kept"), "{notice}");
}

#[test]
fn a_keyring_takes_no_certificate_of_another_box() {
    let authority = Authority::of_a_chain();
    let files = authority.files("poleroom");
    let mut keyring = Keyring::new(files.clone(), Some(HOLDER.to_owned()));
    assert_eq!(keyring.look(), Look::Unusable);
    assert!(keyring.credentials().is_none());
    assert!(keyring.trouble().unwrap().contains("common name"), "{:?}", keyring.trouble());
    assert_eq!(Keyring::new(files, None).look(), Look::Renewed);
}

#[test]
fn a_certificate_about_to_end_is_worth_a_word() {
    let authority = Authority::of_a_chain();
    let mut keyring = Keyring::new(authority.files(POLE), None);
    keyring.look();
    let not_after = keyring.credentials().unwrap().certificate().not_after;
    for (days_before, word) in [(31, false), (29, true), (-1, true)] {
        let now: Moment = not_after.after_days(-days_before);
        assert_eq!(keyring.notice(now).is_some(), word, "{days_before} days before");
    }
}

#[test]
fn no_line_holds_a_byte_of_a_key() {
    let authority = Authority::of_a_chain();
    let files = authority.files(POLE);
    let key = read(&files.key);
    let secret = key.lines().nth(1).unwrap();
    // The beginning of a section, spoilt in the way that makes PEM readers quote the line.
    let spoilt = [
        key.replace("-----BEGIN PRIVATE KEY-----", &format!("-----BEGIN {secret}")),
        key.replace(secret, &format!("{secret}!!")),
        key.replace("-----END PRIVATE KEY-----", secret),
        secret.to_owned(),
    ];
    for text in spoilt {
        fs::write(&files.key, text).unwrap();
        let error = problem(&files);
        for said in [error.to_string(), format!("{error:?}")] {
            assert!(!said.contains(&secret[..12]), "{said}");
        }
        let mut keyring = Keyring::new(files.clone(), None);
        keyring.look();
        assert!(!format!("{keyring:?}").contains(&secret[..12]));
    }
    fs::write(&files.key, key.as_bytes()).unwrap();
    let credentials = files.read().unwrap();
    let said = format!("{credentials:?} {:?}", credentials.client());
    assert!(!said.contains(&secret[..12]), "{said}");
}
