//! Files on their way in: which pieces of which still or clip are on disk.
//!
//! Promises: pieces in any order, twice, interleaved with other files; bounded in number, in bytes on
//! disk and in memory, whatever boxes send. Refuses: to hold a piece's bytes; they go to disk at once.

use std::collections::BTreeMap;

use wire::{BoxAddress, EventRef, MediaChunk, MediaKind, RecordId};

use crate::ranges::Ranges;

/// The most files on their way at once, all boxes together.
const MAX_FILES: usize = 1024;
/// The most files on their way from one box.
const MAX_FILES_PER_BOX: usize = 8;
/// The most bytes files on their way may take on disk.
const MAX_BYTES: u64 = 8 << 30;
/// The most separate ranges of one file: a box that sends a file in order needs one.
const MAX_RANGES: usize = 4096;
/// How often a file may arrive with the wrong SHA-256 before it is refused.
const MAX_WRONG: u8 = 3;

/// Names a file on its way: the record of a box.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileKey {
    /// Whose.
    pub(crate) address: BoxAddress,
    /// Which.
    pub(crate) record: RecordId,
}

/// What all pieces of a file must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The event it shows.
    pub(crate) event: EventRef,
    /// Still or clip.
    pub(crate) kind: MediaKind,
    /// Its length.
    pub(crate) total_bytes: u32,
    /// Its SHA-256.
    pub(crate) sha256: [u8; 32],
}

impl Claim {
    /// What this piece says of its file.
    pub(crate) fn of(chunk: &MediaChunk<'_>) -> Self {
        let MediaChunk { event, kind, total_bytes, sha256, .. } = *chunk;
        Self { event, kind, total_bytes, sha256 }
    }
}

/// What a piece did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placed {
    /// Write it; more is to come.
    Piece,
    /// Write it; the file is whole then and can be checked.
    Last,
    /// Nothing new.
    Again,
    /// It disagrees with earlier pieces of its record: the file was dropped.
    Contradiction,
    /// Too many gaps: the file was dropped.
    Scattered,
}

/// What a wrong SHA-256 leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The box may try again.
    SendAgain,
    /// It has tried often enough.
    Refuse,
}

/// The files on their way.
#[derive(Debug, Default)]
pub(crate) struct Assemblies {
    files: BTreeMap<FileKey, Assembly>,
    bytes: u64,
}

#[derive(Debug)]
struct Assembly {
    claim: Claim,
    received: Ranges,
    touched_ms: i64,
    checking: bool,
    wrong: u8,
}

impl Assemblies {
    /// Takes note of a piece without a [`MediaChunk::fault`]. Also returns the files that had to make
    /// room for it, longest untouched first.
    pub(crate) fn place(
        &mut self,
        now_ms: i64,
        key: &FileKey,
        chunk: &MediaChunk<'_>,
    ) -> (Placed, Vec<FileKey>) {
        let claim = Claim::of(chunk);
        let evicted = match self.files.get(key) {
            None => self.open(now_ms, key, claim),
            Some(assembly) if assembly.claim != claim => {
                self.drop_file(key);
                return (Placed::Contradiction, Vec::new());
            }
            Some(_) => Vec::new(),
        };
        (self.receive(now_ms, key, chunk), evicted)
    }

    fn receive(&mut self, now_ms: i64, key: &FileKey, chunk: &MediaChunk<'_>) -> Placed {
        let Some(assembly) = self.files.get_mut(key) else {
            return Placed::Again;
        };
        assembly.touched_ms = now_ms;
        let first = u64::from(chunk.offset);
        let last = first + (chunk.bytes.len() as u64).saturating_sub(1);
        if assembly.checking || !assembly.received.insert(first, last) {
            return Placed::Again;
        }
        if assembly.received.pieces() > MAX_RANGES {
            self.drop_file(key);
            return Placed::Scattered;
        }
        assembly.checking = assembly.received.covers(0, u64::from(chunk.total_bytes) - 1);
        if assembly.checking { Placed::Last } else { Placed::Piece }
    }

    /// The whole file's SHA-256 was wrong: start it over, or give it up.
    pub(crate) fn wrong(&mut self, key: &FileKey) -> Wrong {
        let Some(assembly) = self.files.get_mut(key) else {
            return Wrong::SendAgain;
        };
        assembly.wrong += 1;
        if assembly.wrong >= MAX_WRONG {
            self.drop_file(key);
            return Wrong::Refuse;
        }
        assembly.received.clear();
        assembly.checking = false;
        Wrong::SendAgain
    }

    /// The file is stored, or its pieces cannot be kept.
    pub(crate) fn drop_file(&mut self, key: &FileKey) {
        if let Some(assembly) = self.files.remove(key) {
            self.bytes -= u64::from(assembly.claim.total_bytes);
        }
    }

    /// Makes a place for a new file, at the cost of those longest untouched.
    fn open(&mut self, now_ms: i64, key: &FileKey, claim: Claim) -> Vec<FileKey> {
        let mut evicted = Vec::new();
        let needs = u64::from(claim.total_bytes);
        let of_box = |files: &BTreeMap<FileKey, Assembly>| {
            files.keys().filter(|other| other.address == key.address).count()
        };
        while of_box(&self.files) >= MAX_FILES_PER_BOX {
            let Some(oldest) = self.oldest(|other| other.address == key.address) else { break };
            self.drop_file(&oldest);
            evicted.push(oldest);
        }
        while self.files.len() >= MAX_FILES || self.bytes + needs > MAX_BYTES {
            let Some(oldest) = self.oldest(|_| true) else { break };
            self.drop_file(&oldest);
            evicted.push(oldest);
        }
        self.bytes += needs;
        let received = Ranges::default();
        let assembly = Assembly { claim, received, touched_ms: now_ms, checking: false, wrong: 0 };
        self.files.insert(key.clone(), assembly);
        evicted
    }

    /// The longest untouched of those `among`; a file being checked is never given up.
    fn oldest(&self, among: impl Fn(&FileKey) -> bool) -> Option<FileKey> {
        let candidates = self.files.iter().filter(|(key, file)| among(key) && !file.checking);
        candidates.min_by_key(|(_, file)| file.touched_ms).map(|(key, _)| key.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_piece_that_closes_the_last_gap_is_the_last() {
        let mut files = Assemblies::default();
        let mut place = |offset, bytes| files.place(0, &key(1, 1), &chunk(10, offset, bytes)).0;
        assert_eq!(place(6, &[0; 4]), Placed::Piece);
        assert_eq!(place(6, &[0; 4]), Placed::Again);
        assert_eq!(place(0, &[0; 2]), Placed::Piece);
        assert_eq!(place(1, &[0; 5]), Placed::Last);
        assert_eq!(place(0, &[0; 2]), Placed::Again);
    }

    #[test]
    fn a_file_starts_over_when_its_hash_is_wrong_until_it_is_refused() {
        let mut files = Assemblies::default();
        let key = key(1, 1);
        for expected in [Wrong::SendAgain, Wrong::SendAgain, Wrong::Refuse] {
            assert_eq!(files.place(0, &key, &chunk(4, 0, &[0; 4])).0, Placed::Last);
            assert_eq!(files.wrong(&key), expected);
        }
        assert!(files.files.is_empty());
        assert_eq!(files.bytes, 0);
    }

    #[test]
    fn pieces_that_contradict_each_other_drop_the_file() {
        let mut files = Assemblies::default();
        files.place(0, &key(1, 1), &chunk(10, 0, &[0; 2]));
        let other = chunk(11, 2, &[0; 2]);
        assert_eq!(files.place(0, &key(1, 1), &other).0, Placed::Contradiction);
        assert_eq!(files.place(0, &key(1, 1), &other).0, Placed::Piece);
    }

    #[test]
    fn too_many_gaps_drop_the_file() {
        let mut files = Assemblies::default();
        let gappy = (0..=MAX_RANGES as u32)
            .map(|n| files.place(0, &key(1, 1), &chunk(1 << 20, 2 * n, &[0])).0);
        assert_eq!(gappy.last(), Some(Placed::Scattered));
    }

    #[test]
    fn a_box_with_too_many_files_gives_up_its_own_oldest() {
        let mut files = Assemblies::default();
        files.place(0, &key(2, 1), &chunk(10, 0, &[0]));
        for number in 1..=MAX_FILES_PER_BOX as u64 {
            let now_ms = 100 - number as i64;
            files.place(now_ms, &key(1, number), &chunk(10, 0, &[0]));
        }
        let (_, evicted) = files.place(200, &key(1, 99), &chunk(10, 0, &[0]));
        assert_eq!(evicted, [key(1, MAX_FILES_PER_BOX as u64)]);
    }

    #[test]
    fn the_bytes_on_disk_are_bounded() {
        let mut files = Assemblies::default();
        let mut evicted = 0;
        for number in 0..300 {
            let clip = chunk(64 << 20, 0, &[0]);
            evicted += files.place(number, &key(number as u32, 1), &clip).1.len();
            assert!(files.bytes <= MAX_BYTES);
        }
        assert_eq!(evicted, 300 - 128);
    }

    fn key(pole: u32, number: u64) -> FileKey {
        let address = BoxAddress::new("gangnam", &format!("pole-{pole}")).unwrap();
        FileKey { address, record: RecordId { boot: 1, number } }
    }

    fn chunk(total_bytes: u32, offset: u32, bytes: &[u8]) -> MediaChunk<'_> {
        MediaChunk {
            record: RecordId { boot: 1, number: 1 },
            event: EventRef { boot: 1, number: 1 },
            kind: MediaKind::Clip,
            total_bytes,
            sha256: [0; 32],
            offset,
            bytes,
        }
    }
}
