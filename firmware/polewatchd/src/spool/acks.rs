//! Which records of one segment the control room has answered for, kept beside the segment.
//!
//! Promises: an answer written here survives the end of the process at once and a power cut after
//! the next [`AckFile::sync`]; the file always holds one slot that was synced whole, whatever tears
//! the other; a file that cannot be believed counts as no answer, which costs a resending and never
//! an alarm.
//!
//! Layout: two slots of 512 bytes, a sector each. A slot, little-endian: magic `PWAK`, CRC32C `u32`
//! of the rest, generation `u64`, boot `u32`, zero `u32`, first number `u64`, 256 bytes of bits (bit
//! `n` of the segment = bit `n % 8` of byte `n / 8`). The valid slot of the higher generation counts.

use std::fs;
use std::path::PathBuf;

use wire::record::RecordId;

use super::record::{u32_at, u64_at};
use crate::durable::{self, DiskError};

/// Records a segment can number: its first, and this many less one behind it.
pub const SPAN: u64 = 2048;

const SLOT_BYTES: usize = 512;
const BITS_AT: usize = 32;
const WORDS: usize = SPAN as usize / 64;
const MAGIC: [u8; 4] = *b"PWAK";

/// One bit for each number of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits([u64; WORDS]);

impl Bits {
    /// No bit set.
    #[must_use]
    pub const fn none() -> Self {
        Self([0; WORDS])
    }

    /// Sets bit `index`, below [`SPAN`]; tells whether it was clear.
    pub fn set(&mut self, index: u64) -> bool {
        let (word, mask) = (&mut self.0[index as usize / 64], 1 << (index % 64));
        let was_clear = *word & mask == 0;
        *word |= mask;
        was_clear
    }

    /// Whether bit `index`, below [`SPAN`], is set.
    #[must_use]
    pub fn get(&self, index: u64) -> bool {
        self.0[index as usize / 64] & (1 << (index % 64)) != 0
    }

    /// How many are set.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Those set here and not in `other`.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|word| self.0[word] & !other.0[word]))
    }

    /// The first set bit at or behind `from`.
    #[must_use]
    pub fn first_from(&self, from: u64) -> Option<u64> {
        (from..SPAN).find(|index| self.get(*index))
    }
}

/// The answers of one segment.
#[derive(Debug)]
pub struct AckFile {
    path: PathBuf,
    first: RecordId,
    bits: Bits,
    /// Of the slot that was synced last; the next one goes to the other slot.
    generation: u64,
    kept: Kept,
}

/// How far the answers known in memory have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// The disk refused them.
    InMemory,
    /// They survive the process.
    Written,
    /// They survive a power cut.
    Synced,
}

impl AckFile {
    /// The answers kept at `path` for the segment that starts at `first`; none when the file is not
    /// there or cannot be believed.
    #[must_use]
    pub fn open(path: PathBuf, first: RecordId) -> Self {
        let bytes = fs::read(&path).unwrap_or_default();
        let slots = bytes.chunks(SLOT_BYTES).take(2).filter_map(|slot| decode(slot, first));
        let (generation, bits) =
            slots.max_by_key(|(generation, _)| *generation).unwrap_or((0, Bits::none()));
        Self { path, first, bits, generation, kept: Kept::Synced }
    }

    /// The answered numbers, counted from the segment's first.
    #[must_use]
    pub fn bits(&self) -> &Bits {
        &self.bits
    }

    /// Notes the answers for `indices`.
    ///
    /// # Errors
    /// When the file cannot be written; the answers are known all the same, and written by the next
    /// call that can.
    pub fn note(&mut self, indices: &[u64]) -> Result<(), DiskError> {
        for index in indices {
            self.bits.set(*index);
        }
        self.kept = Kept::InMemory;
        self.write()
    }

    /// Makes what was noted survive a power cut.
    ///
    /// # Errors
    /// When the file cannot be written or synced; it is tried again with the next call.
    pub fn sync(&mut self) -> Result<(), DiskError> {
        if self.kept == Kept::InMemory {
            self.write()?;
        }
        if self.kept == Kept::Written {
            durable::sync(&self.path)?;
            self.generation += 1;
            self.kept = Kept::Synced;
        }
        Ok(())
    }

    fn write(&mut self) -> Result<(), DiskError> {
        let generation = self.generation + 1;
        let slot = encode(generation, self.first, &self.bits);
        durable::write_later(&self.path, slot_offset(generation), &slot)?;
        self.kept = Kept::Written;
        Ok(())
    }
}

fn slot_offset(generation: u64) -> u64 {
    (generation % 2) * SLOT_BYTES as u64
}

fn encode(generation: u64, first: RecordId, bits: &Bits) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[8..16].copy_from_slice(&generation.to_le_bytes());
    slot[16..20].copy_from_slice(&first.boot.to_le_bytes());
    slot[24..32].copy_from_slice(&first.number.to_le_bytes());
    for (word, at) in bits.0.iter().zip((BITS_AT..).step_by(8)) {
        slot[at..at + 8].copy_from_slice(&word.to_le_bytes());
    }
    slot[..4].copy_from_slice(&MAGIC);
    let crc = crc32c::crc32c(&slot[8..]);
    slot[4..8].copy_from_slice(&crc.to_le_bytes());
    slot
}

fn decode(slot: &[u8], first: RecordId) -> Option<(u64, Bits)> {
    let believable = slot.len() == SLOT_BYTES
        && slot[..4] == MAGIC
        && u32_at(slot, 4)? == crc32c::crc32c(&slot[8..])
        && u32_at(slot, 16)? == first.boot
        && u64_at(slot, 24)? == first.number;
    if !believable {
        return None;
    }
    let mut bits = Bits::none();
    for (word, at) in bits.0.iter_mut().zip((BITS_AT..).step_by(8)) {
        *word = u64_at(slot, at)?;
    }
    Some((u64_at(slot, 8)?, bits))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FIRST: RecordId = RecordId { boot: 3, number: 100 };

    fn file_with(rounds: &[&[u64]]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("acks");
        let mut acks = AckFile::open(path.clone(), FIRST);
        for indices in rounds {
            acks.note(indices).unwrap();
            acks.sync().unwrap();
        }
        (dir, path)
    }

    fn answered(path: &Path) -> Vec<u64> {
        let acks = AckFile::open(path.to_path_buf(), FIRST);
        (0..SPAN).filter(|index| acks.bits().get(*index)).collect()
    }

    #[test]
    fn answers_are_read_back() {
        let (_dir, path) = file_with(&[&[0, 63], &[64, 2047], &[5]]);
        assert_eq!(answered(&path), [0, 5, 63, 64, 2047]);
    }

    #[test]
    fn answers_not_yet_synced_survive_the_process() {
        let (_dir, path) = file_with(&[&[1]]);
        let mut acks = AckFile::open(path.clone(), FIRST);
        acks.note(&[2]).unwrap();
        acks.note(&[3]).unwrap();
        drop(acks);
        assert_eq!(answered(&path), [1, 2, 3]);
    }

    #[test]
    fn answers_a_full_disk_refused_are_written_when_it_takes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("not yet there/acks");
        let mut acks = AckFile::open(path.clone(), FIRST);
        assert!(acks.note(&[1]).is_err() && acks.sync().is_err());
        assert!(acks.bits().get(1), "known all the same");
        fs::create_dir(path.parent().unwrap()).unwrap();
        acks.sync().unwrap();
        assert_eq!(answered(&path), [1]);
    }

    #[test]
    fn whatever_tears_the_slot_being_written_the_synced_one_counts() {
        let (_dir, path) = file_with(&[&[1], &[2]]);
        let mut acks = AckFile::open(path.clone(), FIRST);
        acks.note(&[3]).unwrap();
        acks.note(&[4]).unwrap();
        let torn = slot_offset(acks.generation + 1) as usize;
        let whole = fs::read(&path).unwrap();
        for at in torn..torn + SLOT_BYTES {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            fs::write(&path, bytes).unwrap();
            assert_eq!(answered(&path), [1, 2], "byte {at}");
        }
    }

    #[test]
    fn answers_of_another_segment_or_of_noise_are_none() {
        let (_dir, path) = file_with(&[&[1]]);
        let other = RecordId { boot: 3, number: 101 };
        assert_eq!(AckFile::open(path.clone(), other).bits().count(), 0);
        for noise in [vec![], vec![0xa5; 7], vec![0xff; 1024], vec![0; 4096]] {
            fs::write(&path, noise).unwrap();
            assert_eq!(answered(&path), [] as [u64; 0]);
        }
    }
}
