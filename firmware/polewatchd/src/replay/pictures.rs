//! A replay's pictures: a file's, as fast as they can be analysed, or a stream's, once, as they come.
//!
//! Promises: the first picture of a stream is time zero, as in the recording that is played there;
//! its end, or a silence, ends the replay. Refuses: connecting again: what was missed would be
//! counted as seen.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use analytics::time::FrameTime;
use crossbeam_channel::{Receiver, Sender, bounded};

use super::ReplayError;
use crate::clock::Clock;
use crate::config::{Config, Source};
use crate::slot::{self, SlotReader, Taken};
use crate::video::{
    self, FileFrames, Frame, Hung, Outlets, Packet, Settings, StatusBoard, Video, VideoState,
};

/// How often a stream that sends nothing is asked whether it has ended.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long a stream is waited for that has sent nothing yet.
const FIRST: Duration = Duration::from_secs(30);

/// Where the pictures come from.
pub(super) enum Pictures {
    File(Box<FileFrames>),
    Stream(Stream),
}

/// One run of a stream.
pub(super) struct Stream {
    frames: SlotReader<Frame>,
    /// Nobody records: encoded pictures are dropped and counted where they come in.
    _packets: Receiver<Packet>,
    board: StatusBoard,
    clock: Clock,
    opened: std::time::Instant,
    /// The time of the first picture, and the connections made until then.
    first: Option<(FrameTime, u64)>,
    stop: Option<Sender<()>>,
    source: Option<JoinHandle<Result<(), Hung>>>,
}

impl Pictures {
    pub(super) fn open(source: &Source, config: &Config) -> Result<Self, ReplayError> {
        match source {
            Source::File(path) => {
                Ok(Self::File(Box::new(FileFrames::open(path, config.analysis_fps)?)))
            }
            Source::Rtsp(_) => Ok(Self::Stream(Stream::open(source.clone(), config))),
        }
    }

    /// Their size, where it is known before the first.
    pub(super) fn size(&self) -> Option<(usize, usize)> {
        match self {
            Self::File(frames) => frames.size(),
            Self::Stream(_) => None,
        }
    }
}

impl Iterator for Pictures {
    type Item = Result<Frame, ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::File(frames) => frames.next().map(|frame| frame.map_err(ReplayError::from)),
            Self::Stream(stream) => stream.next(),
        }
    }
}

impl Stream {
    fn open(source: Source, config: &Config) -> Self {
        let (frames_in, frames) = slot::slot();
        let (packets_in, packets) = video::packets(1);
        let clock = Clock::system();
        let reads = clock.clone();
        let outlets = Outlets { frames: frames_in, packets: packets_in };
        let video =
            Video::new(Settings::of(config, source), outlets, Arc::new(move || reads.now()));
        let (stop, stopped) = bounded(0);
        Self {
            frames,
            _packets: packets,
            board: video.board(),
            opened: clock.now(),
            clock,
            first: None,
            stop: Some(stop),
            source: Some(thread::spawn(move || video.run(&stopped))),
        }
    }

    fn next(&mut self) -> Option<Result<Frame, ReplayError>> {
        loop {
            match self.frames.take(PATIENCE) {
                Taken::Item(frame) => {
                    let (first, _) = *self
                        .first
                        .get_or_insert_with(|| (frame.time(), self.board.read().reconnects));
                    let since = frame.time().since(first).as_micros();
                    let at = u64::try_from(since).map_or(frame.time(), FrameTime::from_micros);
                    return Some(Ok(frame.restamped(at)));
                }
                Taken::TimedOut if !self.has_ended() => {}
                Taken::TimedOut | Taken::Closed if self.first.is_some() => return None,
                Taken::TimedOut | Taken::Closed => {
                    let why = self.board.read().last_error;
                    let why = why.unwrap_or_else(|| "no picture came".to_owned());
                    return Some(Err(ReplayError::Stream(why)));
                }
            }
        }
    }

    fn has_ended(&self) -> bool {
        let status = self.board.read();
        match self.first {
            Some((_, connections)) => {
                status.state == VideoState::Stopped || status.reconnects > connections
            }
            None => self.clock.now().duration_since(self.opened) >= FIRST,
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop = None;
        // How the source ended changes nothing any more.
        let _ = self.source.take().map(JoinHandle::join);
    }
}
