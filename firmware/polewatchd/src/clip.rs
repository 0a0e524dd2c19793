//! The clip recorder: the camera's own pictures around every event, as an MP4 file.
//!
//! Promises: nothing is encoded anew; a clip begins at a key picture at or before the wanted
//! pre-roll, as far back as the ring reaches; overlapping events each get their own clip; a clip
//! that cannot be made is reported as lost, with the reason. Refuses: sound, making the camera or
//! the analysis wait, more than [`Settings::at_once`] clips at a time.

mod mux;
mod ring;
mod schedule;

use std::path::{Path, PathBuf};
use std::time::Duration;

use analytics::event::{Event, EventId, Phase};
use analytics::time::FrameTime;
use crossbeam_channel::{Receiver, Sender, never, select};

use crate::video::Packet;
use ring::Ring;
pub use schedule::Lengths;
use schedule::{Input, Output, Schedule};

/// The camera is gone when no packet came for this long: clips end with what there is.
const SILENCE: Duration = Duration::from_secs(5);

/// What the recorder is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long clips are.
    pub lengths: Lengths,
    /// How far back the ring reaches: the pre-roll and the longest time a rule needs to decide.
    pub reach: Duration,
    /// The most the ring holds, and the most one clip may weigh.
    pub max_bytes: usize,
    /// The most clips recorded at a time.
    pub at_once: usize,
    /// Where finished clips are put; whoever takes a report owns its file.
    pub folder: PathBuf,
}

/// What the recorder needs to know of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cue {
    /// Which event.
    pub event: EventId,
    /// Where it stands.
    pub phase: Phase,
    /// When it happened.
    pub onset: FrameTime,
    /// The frame that decided this phase.
    pub decided: FrameTime,
}

impl From<&Event> for Cue {
    fn from(event: &Event) -> Self {
        let Event { id, phase, onset, decided, .. } = *event;
        Self { event: id, phase, onset, decided }
    }
}

/// What became of an event's clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClipReport {
    /// It is there.
    Ready(Clip),
    /// It will not come.
    Lost {
        /// Which event's.
        event: EventId,
        /// Why, on one line.
        reason: String,
    },
}

/// A finished clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clip {
    /// Which event it shows.
    pub event: EventId,
    /// An MP4 file of H.264 or H.265 video and nothing else.
    pub path: PathBuf,
    /// The file's size.
    pub bytes: u64,
    /// When its first picture was taken.
    pub start: FrameTime,
    /// How long it plays.
    pub duration: Duration,
    /// Video before the onset; less than asked for when the ring did not reach back.
    pub pre_roll: Duration,
}

/// A recorder that has not been started.
pub struct Recorder {
    settings: Settings,
    packets: Receiver<Packet>,
    cues: Receiver<Cue>,
    reports: Sender<ClipReport>,
    ring: Ring,
    schedule: Schedule,
    takes: Vec<Take>,
}

/// A clip being recorded. Its packets share their memory with the ring and with other takes.
struct Take {
    event: EventId,
    onset: FrameTime,
    packets: Vec<Packet>,
    bytes: usize,
}

impl Recorder {
    /// A recorder of `packets` that hands finished clips to `reports`.
    #[must_use]
    pub fn new(
        settings: Settings,
        packets: Receiver<Packet>,
        cues: Receiver<Cue>,
        reports: Sender<ClipReport>,
    ) -> Self {
        let ring = Ring::new(settings.reach, settings.max_bytes);
        let schedule = Schedule::new(settings.lengths, settings.at_once);
        Self { settings, packets, cues, reports, ring, schedule, takes: Vec::new() }
    }

    /// Runs until the packets end; open clips are finished with what there is.
    pub fn run(mut self) {
        clear(&self.settings.folder);
        loop {
            select! {
                recv(self.packets) -> packet => match packet {
                    Ok(packet) => self.record(packet),
                    Err(_) => break,
                },
                recv(self.cues) -> cue => match cue {
                    Ok(cue) => self.cue(cue),
                    Err(_) => self.cues = never(),
                },
                default(SILENCE) => self.step(Input::Silence),
            }
        }
        // Cues that were sent before the camera's end still have their pre-roll in the ring.
        for cue in self.cues.clone().try_iter() {
            self.cue(cue);
        }
        self.step(Input::Silence);
    }

    fn record(&mut self, packet: Packet) {
        // First, so that a clip does not end with a picture shown after others still to be sent.
        self.step(Input::Packet(packet.time));
        let mut full = Vec::new();
        for take in &mut self.takes {
            if !take.push(&packet, self.settings.max_bytes) {
                full.push(take.event);
            }
        }
        self.ring.push(packet);
        full.into_iter().for_each(|event| self.step(Input::Full(event)));
    }

    fn cue(&mut self, cue: Cue) {
        match cue.phase {
            Phase::Begin => self.step(Input::Begin(cue)),
            Phase::Update => {}
            Phase::End => self.step(Input::End(cue)),
        }
    }

    fn step(&mut self, input: Input) {
        for output in self.schedule.step(input) {
            match output {
                Output::Open { cue, from } => self.open(cue, from),
                Output::Close { event } => self.close(event),
                Output::Refuse { event } => {
                    let reason = format!("{} clips are being recorded", self.settings.at_once);
                    self.report(ClipReport::Lost { event, reason });
                }
            }
        }
    }

    fn open(&mut self, cue: Cue, from: FrameTime) {
        let mut take = Take { event: cue.event, onset: cue.onset, packets: Vec::new(), bytes: 0 };
        for packet in self.ring.since(from) {
            take.push(packet, self.settings.max_bytes);
        }
        self.takes.push(take);
    }

    fn close(&mut self, event: EventId) {
        let Some(at) = self.takes.iter().position(|take| take.event == event) else { return };
        let take = self.takes.swap_remove(at);
        let path = self.settings.folder.join(format!("clip-{}.mp4", event.0));
        let report = match take.write(&path) {
            Ok(clip) => ClipReport::Ready(clip),
            Err(reason) => ClipReport::Lost { event, reason },
        };
        self.report(report);
    }

    /// Never waits: when nobody takes reports, the clip is as good as lost.
    fn report(&self, report: ClipReport) {
        if let ClipReport::Lost { event, reason } = &report {
            tracing::warn!("event {}: no clip: {reason}", event.0);
        }
        let Err(refused) = self.reports.try_send(report) else { return };
        if let ClipReport::Ready(clip) = refused.into_inner() {
            tracing::warn!("event {}: no clip: nobody takes it", clip.event.0);
            // The folder is cleared at the next start in any case.
            let _ = std::fs::remove_file(&clip.path);
        }
    }
}

impl Take {
    /// Adds `packet`; false when the take cannot go on: too large, or another format.
    fn push(&mut self, packet: &Packet, max_bytes: usize) -> bool {
        match self.packets.first() {
            None if !packet.key => return true,
            Some(first) if first.caps != packet.caps => return false,
            // Shown before the first key picture and built on what came before it.
            Some(first) if packet.time < first.time => return true,
            _ => {}
        }
        if self.bytes + packet.bytes() > max_bytes {
            return false;
        }
        self.bytes += packet.bytes();
        self.packets.push(packet.clone());
        true
    }

    fn write(&self, path: &Path) -> Result<Clip, String> {
        let first = self.packets.first().ok_or("no picture came from the camera")?;
        let file = mux::write(&self.packets, path).map_err(|error| error.to_string())?;
        Ok(Clip {
            event: self.event,
            path: path.to_owned(),
            bytes: file.bytes,
            start: first.time,
            duration: file.duration,
            pre_roll: self.onset.since(first.time),
        })
    }
}

/// Removes the clips an earlier run left behind: event ids begin anew, so they belong to nobody.
fn clear(folder: &Path) {
    if let Err(error) = std::fs::create_dir_all(folder) {
        tracing::warn!("{}: cannot be made: {error}", folder.display());
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with("clip-")) {
            // What cannot be removed is overwritten by the next clip of its name.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
