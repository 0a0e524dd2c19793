//! The shipped daemon on a disk without a byte left, and nothing of its own to give up.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::chain::Chain;
use crate::daemon::lawn_config;
use crate::deadline::wait_for;
use crate::lawn;
use crate::room::Media;
use crate::small_disk::SmallDisk;

const DISK_BYTES: u64 = 32 << 20;
const LIMIT: Duration = Duration::from_secs(120);

/// An alarm that finds no room waits for it, its clip is told as missing, and the next clip is there.
pub(super) fn waits_for_room() -> Result<()> {
    let place = tempfile::tempdir()?;
    let spool = place.path().join("spool");
    let disk = SmallDisk::mount(&spool, DISK_BYTES)?;
    let [film, _] = lawn::intrusion_films()?;
    let config = |camera: &str, broker: &str| {
        lawn_config(camera, broker).replace("dir = \"spool\"", &format!("dir = {spool:?}"))
    };
    let mut chain = Chain::watching(&film, &[], config)?;
    let first = chain.room.wait_for_begin("intrusion", LIMIT)?;
    chain.room.wait_for_media(Media::Clip, &first, LIMIT)?;

    // All is delivered, so there is no clip that could make way.
    disk.fill()?;
    let door = chain.folder().join("board/door");
    let daemon = chain.daemon.as_mut().context("the box is up")?;
    let mut stands = ["open\n", "closed\n"].into_iter().cycle();
    // Some fit into the last page of the segment.
    wait_for("an alarm that finds no room", LIMIT, || {
        fs::write(&door, stands.next().unwrap_or_default())?;
        Ok(daemon.process().log().contains("alarms not stored, trying on").then_some(()))
    })?;
    daemon.wait_for_line("no clip:", LIMIT)?;
    ensure!(parts(&spool)?.is_empty(), "left of a clip: {:?}", parts(&spool)?);
    let before = chain.room.begins("intrusion")?.len();
    disk.relieve()?;
    daemon.wait_for_line("stored after all", LIMIT)?;
    wait_for("the alarm that waited", LIMIT, || {
        Ok((chain.room.begins("intrusion")?.len() > before).then_some(()))
    })?;
    wait_for("another alarm with its clip", LIMIT, || {
        let newest = chain.room.begins("intrusion")?.pop();
        Ok(newest.filter(|alarm| !chain.room.media(Media::Clip, alarm).is_empty()))
    })?;
    let daemon = chain.daemon.as_mut().context("the box is up")?;
    ensure!(daemon.process().is_running()?, "the daemon has ended");
    Ok(())
}

/// Files a recorder has begun and not finished.
fn parts(spool: &Path) -> Result<Vec<String>> {
    let names = fs::read_dir(spool.join("recording"))?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    Ok(names.into_iter().filter(|name| !name.ends_with(".mp4")).collect())
}
