//! A folder that looks like a spool: whole records among torn and foreign bytes, since no fuzzer
//! guesses a checksum.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use arbitrary::Arbitrary;
use polewatchd::spool::acks::AckFile;
use polewatchd::spool::footer::{self, Media};
use polewatchd::spool::record::{self, Header};
use wire::media::MediaKind;
use wire::record::{EventRef, RecordId};

/// The most segments, files and pieces looked at.
const MOST: usize = 6;

/// What lies in the folder.
#[derive(Arbitrary, Debug)]
pub struct Folder {
    segments: Vec<Segment>,
    media: Vec<File>,
    boot: Option<Vec<u8>>,
    letter: Option<Vec<u8>>,
}

#[derive(Arbitrary, Debug)]
struct Segment {
    boot: u8,
    first: u16,
    headless: bool,
    pieces: Vec<Piece>,
    answers: Option<Answers>,
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Whole { ahead: u16, bytes: u8 },
    Torn { ahead: u16, bytes: u8, cut: u8 },
    Spoiled { ahead: u16, at: u8, mask: u8 },
    Foreign(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Answers {
    /// Of these records, with a byte of the file changed.
    Spoiled {
        ahead: Vec<u16>,
        at: u16,
        mask: u8,
    },
    Foreign(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
struct File {
    clip: bool,
    number: u8,
    bytes: Vec<u8>,
    /// Without its footer, or with one of another file.
    footer: Option<u8>,
    unfinished: bool,
}

impl Folder {
    /// Writes it all; gives the records that must be found again and wait.
    pub fn write(&self, folder: &Path) -> BTreeSet<RecordId> {
        for lane in ["alarms", "media", "dead", "staging"] {
            fs::create_dir_all(folder.join(lane)).expect("a folder in memory");
        }
        let put = |name: &str, bytes: &[u8]| fs::write(folder.join(name), bytes);
        for (name, bytes) in [("boot", &self.boot), ("dead/x.letter", &self.letter)] {
            bytes.iter().for_each(|bytes| put(name, bytes).expect("a file in memory"));
        }
        for file in self.media.iter().take(MOST) {
            let (name, bytes) = file.spelled();
            put(&name, &bytes).expect("a file in memory");
        }
        let mut names = BTreeSet::new();
        let mut waiting = BTreeSet::new();
        for segment in self.segments.iter().take(MOST) {
            // Two of one name are one file, and ranges that overlap hold a record twice.
            if names.insert(segment.boot) {
                waiting.extend(segment.write(&folder.join("alarms")));
            }
        }
        waiting
    }
}

impl Segment {
    fn record(&self, ahead: u16) -> RecordId {
        let number = u64::from(self.first) + u64::from(ahead % 2048);
        RecordId { boot: self.boot.into(), number }
    }

    fn write(&self, lane: &Path) -> BTreeSet<RecordId> {
        let mut bytes = if self.headless { Vec::new() } else { b"PWLOG001".to_vec() };
        let mut whole = BTreeSet::new();
        for piece in self.pieces.iter().take(MOST) {
            match piece {
                Piece::Whole { ahead, bytes: length } => {
                    bytes.extend(self.spelled(*ahead, *length));
                    whole.insert(self.record(*ahead));
                }
                Piece::Torn { ahead, bytes: length, cut } => {
                    let torn = self.spelled(*ahead, *length);
                    bytes.extend(&torn[..usize::from(*cut) % torn.len()]);
                }
                Piece::Spoiled { ahead, at, mask } => {
                    let mut spoiled = self.spelled(*ahead, 8);
                    let at = usize::from(*at) % spoiled.len();
                    // A record nobody has spoiled is a whole one.
                    spoiled[at] ^= (*mask).max(1);
                    bytes.extend(spoiled);
                }
                Piece::Foreign(foreign) => bytes.extend(foreign),
            }
        }
        let stem = format!("{:08x}-{:016x}", u32::from(self.boot), u64::from(self.first));
        fs::write(lane.join(format!("{stem}.log")), bytes).expect("a file in memory");
        let Some(answers) = &self.answers else { return whole };
        let path = lane.join(format!("{stem}.acks"));
        answers.write(&path, self.record(0), &mut whole);
        whole
    }

    fn spelled(&self, ahead: u16, bytes: u8) -> Vec<u8> {
        let header = Header { record: self.record(ahead), stored_ms: 0 };
        record::encode(header, &vec![bytes; bytes.into()])
    }
}

impl Answers {
    /// Takes out of `whole` what is answered for, or may be.
    fn write(&self, path: &Path, first: RecordId, whole: &mut BTreeSet<RecordId>) {
        match self {
            Self::Foreign(bytes) => fs::write(path, bytes).expect("a file in memory"),
            Self::Spoiled { ahead, at, mask } => {
                let mut acks = AckFile::open(path.to_path_buf(), first);
                for ahead in ahead.iter().take(MOST).map(|ahead| u64::from(*ahead) % 2048) {
                    acks.note(&[ahead]).and_then(|()| acks.sync()).expect("a file in memory");
                    whole.remove(&RecordId { number: first.number + ahead, ..first });
                }
                let Ok(mut bytes) = fs::read(path) else { return };
                let at = usize::from(*at) % bytes.len();
                bytes[at] ^= mask;
                fs::write(path, bytes).expect("a file in memory");
            }
        }
    }
}

impl File {
    fn spelled(&self) -> (String, Vec<u8>) {
        let record = RecordId { boot: 7, number: self.number.into() };
        let kind = if self.clip { MediaKind::Clip } else { MediaKind::Still };
        let mut bytes = self.bytes.clone();
        if let Some(number) = self.footer {
            bytes.extend(footer::encode(&Media {
                record: RecordId { number: number.into(), ..record },
                event: EventRef { boot: 7, number: 1 },
                kind,
                total_bytes: self.bytes.len() as u32,
                sha256: [0; 32],
                stored_ms: 0,
            }));
        }
        let suffix = if self.clip { "clip" } else { "still" };
        let draft = if self.unfinished { ".new" } else { "" };
        (format!("media/{:08x}-{:016x}.{suffix}{draft}", record.boot, record.number), bytes)
    }
}
