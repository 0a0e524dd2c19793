//! A small disk of its own: a tmpfs that can be filled to the last byte and made read-only.
//!
//! Promises: unmounted when dropped. Refuses: machines where this process may not mount, by an error
//! that says so; a disk that is made read-only while a file is open for writing, which the kernel
//! refuses.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// What the other program writes in one go.
const GULP: [u8; 4096] = [0xb5; 4096];

/// A mounted tmpfs.
pub struct SmallDisk {
    mounted: PathBuf,
}

impl SmallDisk {
    /// A disk of so many bytes at `folder`, which is made.
    ///
    /// # Errors
    /// When it cannot be mounted, which takes root's rights.
    pub fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "polewatch-small-disk"], folder)?;
        Ok(Self { mounted: folder.to_owned() })
    }

    /// Makes it read-only, as a kernel does that has met errors.
    ///
    /// # Errors
    /// When a file on it is open for writing.
    pub fn make_read_only(&self) -> Result<()> {
        mount(&["-o", "remount,ro"], &self.mounted)
    }

    /// Lets it be written to again.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn make_writable(&self) -> Result<()> {
        mount(&["-o", "remount,rw"], &self.mounted)
    }

    /// Another program takes every byte that is left.
    ///
    /// # Errors
    /// When anything but the room ends it.
    pub fn fill(&self) -> Result<()> {
        let mut ballast = File::options().create(true).append(true).open(self.ballast())?;
        loop {
            match ballast.write(&GULP) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error).context("the disk is not filled"),
            }
        }
    }

    /// The other program gives back what it took.
    ///
    /// # Errors
    /// When it had taken nothing.
    pub fn relieve(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.mounted.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is about to end may still be on it.
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(folder).output();
    let output = output.context("the program mount is missing")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("mount {} {}: {}", arguments.join(" "), folder.display(), said.trim());
    }
    Ok(())
}
