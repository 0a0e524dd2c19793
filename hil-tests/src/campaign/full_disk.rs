//! A disk that is full, and then read-only, under a box that goes on raising alarms.
//!
//! Promises: the shipped dispatch, spool, uplink, control room and mosquitto on a small real file
//! system (tmpfs), which is filled by the box and by another program to the last byte; only alarms,
//! stills and clips are made up, and the recorder. What the box gives up is read from its folder, not
//! from its word, and compared with its word. Then the shipped daemon as a whole, with a camera.

mod daemon;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::ledger::Balance;
use super::plan::Draws;
use super::scene::damaged_files;
use crate::broker::Broker;
use crate::deadline::wait_for;
use crate::room::{Media, Room};
use crate::simulated_box::SimulatedBox;
use crate::small_disk::SmallDisk;

const DISK_BYTES: u64 = 24 << 20;
/// Events with a still and a clip: about twice what the disk holds.
const EVENTS: u64 = 80;
/// Events once there is room again: about half of what the disk holds.
const EVENTS_LATER: u64 = 15;
/// Alarms raised at a time on a disk with no byte left: more than fit into one page.
const AT_A_TIME: u64 = 16;
/// Alarms handed over while the disk is read-only: fewer than the queue before it holds.
const WHILE_READ_ONLY: u64 = 40;
const LIMIT: Duration = Duration::from_secs(300);

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The seed of the files' sizes.
    pub seed: u64,
    /// How large the disk was.
    pub disk_bytes: u64,
    /// Alarms.
    #[serde(flatten)]
    pub balance: Balance,
    /// What became of the stills.
    pub stills: Fate,
    /// What became of the clips.
    pub clips: Fate,
    /// Clips made way before stills, both the oldest first, and no alarm did.
    pub in_order: bool,
    /// Times the room's answers could not be written down.
    pub answers_unwritten: usize,
    /// Files of the spool that were set aside as damaged.
    pub spools_unreadable: usize,
    /// Times the box was killed; it never ended by itself.
    pub kills: usize,
}

/// What became of files of one kind.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Fate {
    /// Handed to the box, or for a clip, to the recorder.
    pub raised: u64,
    /// Stored by the room.
    pub stored: u64,
    /// Given up by the box, which counts them.
    pub dropped: u64,
    /// Clips the recorder found no room for, which is in the log.
    pub unwritten: u64,
}

impl Fate {
    /// Those nobody has told of.
    #[must_use]
    pub const fn unaccounted(&self) -> u64 {
        self.raised.saturating_sub(self.stored + self.dropped + self.unwritten)
    }
}

/// Fills the disk, makes it read-only, and drains it; `progress` is told what happens.
///
/// # Errors
/// When nothing may be mounted here, a part does not start, or the drain does not end.
pub fn run(seed: u64, mut progress: impl FnMut(&str)) -> Result<Outcome> {
    let mut story = Story::start(seed)?;
    progress("the broker is away, and stills and clips pile up");
    story.pile_up()?;
    progress("another program takes every byte that is left");
    story.squeeze()?;
    progress("killed, and started on a full disk");
    story.start_anew()?;
    progress("the disk is read-only");
    story.through_a_read_only_disk()?;
    story.squeeze()?;
    progress("there is room for a while");
    story.breathe()?;
    progress("the broker is back, the disk full again");
    story.drain()?;
    let outcome = story.outcome(seed)?;
    progress("the shipped daemon, with nothing to give up");
    daemon::waits_for_room()?;
    Ok(outcome)
}

struct Story {
    draws: Draws,
    pole: SimulatedBox,
    shelves: Shelves,
    room: Room,
    broker: Broker,
    /// What boxes that were killed have counted.
    before: Counts,
    stills: u64,
    clips: u64,
    kills: usize,
    disk: SmallDisk,
    folder: tempfile::TempDir,
}

impl Story {
    fn start(seed: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let spool = folder.path().join("spool");
        let disk = SmallDisk::mount(&spool, DISK_BYTES)?;
        let mut broker = Broker::start(folder.path())?;
        let room = Room::start(&broker.url(), folder.path())?;
        let mut pole = SimulatedBox::start(folder.path(), broker.port())?;
        // Without an alarm: the file of its answers would be there already when the disk is full.
        wait_for("a connection", LIMIT, || Ok((pole.status("connections")? > 0).then_some(())))?;
        broker.kill()?;
        Ok(Self {
            draws: Draws::of_seed(seed),
            pole,
            shelves: Shelves { folder: spool.join("media"), ..Shelves::default() },
            room,
            broker,
            before: Counts::default(),
            stills: 0,
            clips: 0,
            kills: 0,
            disk,
            folder,
        })
    }

    fn pile_up(&mut self) -> Result<()> {
        for _ in 0..EVENTS {
            self.event()?;
        }
        let counts = Counts::of(&mut self.pole)?;
        ensure!(counts.clips_dropped > 0, "the disk was never full: {counts:?}");
        ensure!(counts.stills_dropped == 0, "stills made way though there were clips: {counts:?}");
        Ok(())
    }

    fn event(&mut self) -> Result<()> {
        let (still, clip) =
            (20_000 + self.draws.below(40_000), 300_000 + self.draws.below(600_000));
        self.pole.ask(&format!("event {still} {clip}"))?;
        (self.stills, self.clips) = (self.stills + 1, self.clips + 1);
        self.shelves.look()
    }

    /// Alarms on a disk with no byte left, until clips and some stills have made way for them.
    fn squeeze(&mut self) -> Result<()> {
        let stills = Counts::of(&mut self.pole)?.stills_dropped;
        while Counts::of(&mut self.pole)?.stills_dropped < stills + 3 {
            self.disk.fill()?;
            self.pole.ask(&format!("raise {AT_A_TIME}"))?;
            self.shelves.look()?;
        }
        Ok(())
    }

    /// The start is counted, and a segment begun, on a disk without a byte.
    fn start_anew(&mut self) -> Result<()> {
        self.disk.fill()?;
        let counts = Counts::of(&mut self.pole)?;
        self.before.add(counts);
        self.kills += 1;
        self.pole.kill_and_start_again()?;
        // Its answer means that it has opened the spool.
        self.pole.ask("status").map(drop)
    }

    /// No alarm has been raised since the start, so no file is open for writing: the kernel would
    /// refuse otherwise.
    fn through_a_read_only_disk(&mut self) -> Result<()> {
        self.disk.make_read_only()?;
        self.pole.ask(&format!("hand {WHILE_READ_ONLY}"))?;
        wait_for("the box to tell of the disk", LIMIT, || {
            Ok((self.pole.status("trouble")? > 0).then_some(()))
        })?;
        let waiting = self.pole.status("waiting")?;
        self.disk.make_writable()?;
        self.disk.fill()?;
        wait_for("the alarms to be stored after all", LIMIT, || {
            Ok((self.pole.status("waiting")? == waiting + WHILE_READ_ONLY).then_some(()))
        })?;
        self.shelves.look()
    }

    fn breathe(&mut self) -> Result<()> {
        self.disk.relieve()?;
        (0..EVENTS_LATER).try_for_each(|_| self.event())
    }

    /// With one more kill on the way, while no answer can be written down.
    fn drain(&mut self) -> Result<()> {
        self.disk.fill()?;
        self.broker.start_again()?;
        let waiting = self.pole.status("waiting")?;
        wait_for("the first half", LIMIT, || {
            Ok((self.pole.status("waiting")? < waiting / 2).then_some(()))
        })?;
        self.start_anew()?;
        wait_for("an empty spool", LIMIT, || {
            let left = ["waiting", "stills", "clips"].map(|what| self.pole.status(what));
            let left = left.into_iter().sum::<Result<u64>>()?;
            Ok((left == 0).then_some(()))
        })
    }

    fn outcome(mut self, seed: u64) -> Result<Outcome> {
        self.before.add(Counts::of(&mut self.pole)?);
        let (counts, stored) = (self.before, self.room.alarms()?);
        let distinct: BTreeSet<_> = stored.iter().map(|alarm| (alarm.boot, alarm.number)).collect();
        let raised = counts.raised as usize;
        let fate = |raised, media, dropped, unwritten| Fate {
            raised,
            stored: self.room.files(media) as u64,
            dropped,
            unwritten,
        };
        Ok(Outcome {
            seed,
            disk_bytes: DISK_BYTES,
            balance: Balance {
                raised,
                stored: distinct.len(),
                lost: raised.saturating_sub(distinct.len()),
                duplicates: stored.len() - distinct.len(),
            },
            stills: fate(self.stills, Media::Still, counts.stills_dropped, 0),
            clips: fate(self.clips, Media::Clip, counts.clips_dropped, counts.clips_unwritten),
            in_order: self.shelves.in_order && counts.alarms_dropped == 0,
            answers_unwritten: self.pole.log().matches("answers only in memory").count(),
            spools_unreadable: damaged_files(&self.folder.path().join("spool"))?,
            kills: self.kills,
        })
    }
}

/// What a box has counted since its start.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    raised: u64,
    alarms_dropped: u64,
    stills_dropped: u64,
    clips_dropped: u64,
    clips_unwritten: u64,
}

impl Counts {
    fn of(pole: &mut SimulatedBox) -> Result<Self> {
        let status = pole.ask("status")?;
        let count = |key: &str| status[key].as_u64().with_context(|| format!("no {key}"));
        Ok(Self {
            raised: count("raised")?,
            alarms_dropped: count("alarms_dropped")?,
            stills_dropped: count("stills_dropped")?,
            clips_dropped: count("clips_dropped")?,
            clips_unwritten: count("clips_unwritten")?,
        })
    }

    fn add(&mut self, other: Self) {
        self.raised += other.raised;
        self.alarms_dropped += other.alarms_dropped;
        self.stills_dropped += other.stills_dropped;
        self.clips_dropped += other.clips_dropped;
        self.clips_unwritten += other.clips_unwritten;
    }
}

/// What has been seen in the folder of stills and clips while nobody answered for any.
#[derive(Debug)]
struct Shelves {
    folder: PathBuf,
    stills: BTreeSet<String>,
    clips: BTreeSet<String>,
    /// How many stills were missing at the last look.
    stills_gone: usize,
    in_order: bool,
}

impl Default for Shelves {
    fn default() -> Self {
        let (stills, clips) = (BTreeSet::new(), BTreeSet::new());
        Self { folder: PathBuf::new(), stills, clips, stills_gone: 0, in_order: true }
    }
}

impl Shelves {
    /// Names rise with age, so what is gone must lie before what is there.
    fn look(&mut self) -> Result<()> {
        let [stills, clips] = [names(&self.folder, "still")?, names(&self.folder, "clip")?];
        self.stills.extend(stills.iter().cloned());
        self.clips.extend(clips.iter().cloned());
        let oldest_gone = |seen: &BTreeSet<String>, there: &BTreeSet<String>| {
            let newest_gone = seen.difference(there).last();
            there.first().zip(newest_gone).is_none_or(|(oldest, gone)| gone < oldest)
        };
        let gone = self.stills.len() - stills.len();
        self.in_order &= oldest_gone(&self.stills, &stills) && oldest_gone(&self.clips, &clips);
        self.in_order &= gone == self.stills_gone || clips.is_empty();
        self.stills_gone = gone;
        Ok(())
    }
}

fn names(folder: &Path, suffix: &str) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == suffix) {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    Ok(names)
}
