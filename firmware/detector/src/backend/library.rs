//! A shared library's file, before it is opened.
//!
//! Promises: a name without a folder is looked for where the loader would look; what is half written,
//! for another processor or no library at all is named so. Refuses: to unload what was opened.
//!
//! `dlopen` maps the file and then writes relocations into it: on a half-written copy (power lost
//! while installing) that is a SIGBUS, which nothing can catch. The ELF header tells enough to
//! refuse such a file first. Source: System V ABI, chapter 4 (ELF-64).

#![allow(unsafe_code, reason = "opening a library runs it")]

use std::env;
use std::error::Error as _;
use std::fmt::{self, Display};
use std::fs::File;
use std::io::Read;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use libloading::Library;

/// Why a file is not a library this process could open.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("is not a shared library, expected a 64-bit little-endian ELF file")]
    NotElf,
    #[error("is built for {got}, expected {THIS_MACHINE} (this processor)")]
    OtherMachine { got: Machine },
    #[error("is cut short: {got} bytes, expected at least {expected}")]
    CutShort { expected: u64, got: u64 },
}

/// A processor by its number in ELF files, `e_machine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Machine(u16);

const THIS_MACHINE: Machine = Machine(if cfg!(target_arch = "aarch64") { 183 } else { 62 });

/// Where Debian keeps this processor's libraries.
const MULTIARCH: &str =
    if cfg!(target_arch = "aarch64") { "aarch64-linux-gnu" } else { "x86_64-linux-gnu" };

/// Where vendors and distributions install libraries.
const FOLDERS: [&str; 5] = ["/usr/local/lib", "/lib", "/usr/lib", "/lib64", "/usr/lib64"];

const HEADER_BYTES: usize = 64;

/// The file to open for `library`, examined. A bare name that is in none of the usual folders is given
/// back as it is: the loader may have been told of others.
pub(super) fn found(library: &Path) -> Result<PathBuf, Unfit> {
    let is_bare = library.parent().is_some_and(|folder| folder.as_os_str().is_empty());
    let file = if is_bare { in_folders(library, folders()) } else { Some(library.to_owned()) };
    let Some(file) = file else { return Ok(library.to_owned()) };
    examine(&file)?;
    Ok(file)
}

/// Checks the header of the file at `path`.
pub(super) fn examine(path: &Path) -> Result<(), Unfit> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut header = Vec::with_capacity(HEADER_BYTES);
    file.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut header)?;
    let header: &[u8; HEADER_BYTES] = header.as_slice().try_into().map_err(|_| Unfit::NotElf)?;
    verdict(header, length)
}

/// Opens `file` for good, with the loader's own words where it cannot: vendors' libraries have threads and
/// exit functions of their own, and must not be unloaded.
pub(super) fn opened(file: &Path) -> Result<ManuallyDrop<Library>, String> {
    // SAFETY: loading runs the library's initializers. The path is the configuration's; whose library it
    // is, is as trusted as this program's own file.
    let library = unsafe { Library::new(file) };
    library.map(ManuallyDrop::new).map_err(|error| {
        // What the loader says stands in the source of the error.
        error.source().map_or_else(|| error.to_string(), |words| format!("{error}: {words}"))
    })
}

/// Where the loader looks, in its order; what the environment names comes first.
fn folders() -> impl Iterator<Item = PathBuf> {
    let told = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let told: Vec<PathBuf> = env::split_paths(&told).collect();
    let usual =
        FOLDERS.iter().flat_map(|folder| [Path::new(folder).join(MULTIARCH), folder.into()]);
    told.into_iter().chain(usual)
}

fn in_folders(name: &Path, mut folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    folders.find_map(|folder| Some(folder.join(name)).filter(|file| file.is_file()))
}

fn verdict(header: &[u8; HEADER_BYTES], length: u64) -> Result<(), Unfit> {
    const ELF: &[u8; 4] = b"\x7fELF";
    const BITS_64: u8 = 2;
    const LITTLE_ENDIAN: u8 = 1;
    const SHARED_OBJECT: u16 = 3;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    if !header.starts_with(ELF) || header[5] != LITTLE_ENDIAN || half(16) != SHARED_OBJECT {
        return Err(Unfit::NotElf);
    }
    let got = Machine(half(18));
    if got != THIS_MACHINE {
        return Err(Unfit::OtherMachine { got });
    }
    if header[4] != BITS_64 {
        return Err(Unfit::NotElf);
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

impl Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            3 => f.write_str("32-bit x86"),
            // What a vendor's download has in the folder beside the right one.
            40 => f.write_str("32-bit ARM"),
            62 => f.write_str("x86-64"),
            183 => f.write_str("64-bit ARM"),
            other => write!(f, "ELF machine {other}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The head of a library and a table of one section.
    fn library() -> Vec<u8> {
        let mut bytes = vec![0; 128];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[16] = 3;
        bytes[18..20].copy_from_slice(&THIS_MACHINE.0.to_le_bytes());
        (bytes[40], bytes[58], bytes[60]) = (64, 64, 1);
        bytes
    }

    fn with(at: usize, byte: u8) -> Vec<u8> {
        let mut bytes = library();
        bytes[at] = byte;
        bytes
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_told_by_its_head() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (bytes, expected) in [
            (library(), None),
            (b"404: Not Found\n".to_vec(), Some("is not a shared library")),
            (Vec::new(), Some("is not a shared library")),
            (library()[..63].to_vec(), Some("is not a shared library")),
            (library()[..127].to_vec(), Some("is cut short: 127 bytes, expected at least 128")),
            (with(16, 2), Some("is not a shared library")), // a program
            (with(5, 2), Some("is not a shared library")),  // big-endian
            (with(4, 1), Some("is not a shared library")),  // 32 bits
            (with(18, 40), Some("is built for 32-bit ARM, expected ")),
            (with(18, 8), Some("is built for ELF machine 8, expected ")),
            (with(47, 0xff), Some("is cut short: 128 bytes")), // a table far beyond
        ] {
            fs::write(file.path(), &bytes).unwrap();
            let said = found(file.path()).err().map(|unfit| unfit.to_string());
            let fits = match expected {
                None => said.is_none(),
                Some(expected) => said.as_ref().is_some_and(|said| said.starts_with(expected)),
            };
            assert!(fits, "{said:?}, expected {expected:?}");
        }
        let gone = found(Path::new("/nowhere/librknnrt.so")).unwrap_err().to_string();
        assert!(gone.starts_with("cannot be read: No such file"), "{gone}");
    }

    #[test]
    fn a_bare_name_is_looked_for_in_the_folders_in_their_order() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let folders = || [one.path().to_owned(), other.path().to_owned()].into_iter();
        let name = Path::new("librknnrt.so");
        assert_eq!(in_folders(name, folders()), None);
        for folder in [&other, &one] {
            let file = folder.path().join(name);
            fs::write(&file, "").unwrap();
            assert_eq!(in_folders(name, folders()), Some(file));
        }
    }

    #[test]
    fn what_the_loader_alone_may_know_is_left_to_it() {
        let name = Path::new("libnobody-has-this.so");
        assert_eq!(found(name).unwrap(), name);
        assert!(found(Path::new("libc.so.6")).unwrap().is_absolute());
    }
}
