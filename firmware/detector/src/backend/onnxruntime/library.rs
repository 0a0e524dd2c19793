//! A look at a shared library before it is opened.
//!
//! `dlopen` maps the file and then writes relocations into it: on a half-written copy (power lost
//! while installing) that is a SIGBUS, which nothing can catch. The ELF header tells enough to
//! refuse such a file first. Source: System V ABI, chapter 4 (ELF-64).

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Why a file is not a library this process could open.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is not a shared library, expected a 64-bit little-endian ELF file")]
    NotElf,
    #[error("is built for ELF machine {got}, expected {expected} (this processor)")]
    OtherMachine { expected: u16, got: u16 },
    #[error("is cut short: {got} bytes, expected at least {expected}")]
    CutShort { expected: u64, got: u64 },
}

/// `e_machine` of the processor this program was built for.
const MACHINE: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };

const HEADER_BYTES: usize = 64;

/// Checks the header of the file at `path`.
pub(super) fn examine(path: &Path) -> Result<(), Unfit> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    let header: &[u8; HEADER_BYTES] = header.as_slice().try_into().map_err(|_| Unfit::NotElf)?;
    verdict(header, length)
}

fn verdict(header: &[u8; HEADER_BYTES], length: u64) -> Result<(), Unfit> {
    const ELF64_LITTLE_ENDIAN: [u8; 6] = [0x7f, b'E', b'L', b'F', 2, 1];
    const SHARED_OBJECT: u16 = 3;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    if header[..6] != ELF64_LITTLE_ENDIAN || half(16) != SHARED_OBJECT {
        return Err(Unfit::NotElf);
    }
    let machine = half(18);
    if machine != MACHINE {
        return Err(Unfit::OtherMachine { expected: MACHINE, got: machine });
    }
    // The table of sections is the last thing linkers write: with it the file is whole.
    let mut offset = [0; 8];
    offset.copy_from_slice(&header[40..48]);
    let sections = u64::from(half(58)) * u64::from(half(60));
    let expected = u64::from_le_bytes(offset).saturating_add(sections);
    if length < expected {
        return Err(Unfit::CutShort { expected, got: length });
    }
    Ok(())
}
