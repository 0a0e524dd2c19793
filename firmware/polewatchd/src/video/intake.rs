//! The intake: what GStreamer's own threads call for every picture, encoded and decoded.
//!
//! Promises: stamps each picture once, hands encoded ones to the recorder and picked ones to the
//! analysis, and never waits for either. Refuses: pictures of a pipeline that has been given up,
//! whose threads may still run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use analytics::time::FrameTime;
use gstreamer as gst;

use super::admission::Admission;
use super::axis::Axis;
use super::codec::Codec;
use super::error::VideoError;
use super::frame::Frame;
use super::packet::{Packet, PacketOutlet};
use super::rate::RateGate;
use super::silence::Progress;
use super::status::StatusBoard;
use crate::slot::SlotWriter;

/// Reads the monotonic clock.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;

/// Where pictures go.
#[derive(Debug)]
pub struct Outlets {
    /// Picked, decoded pictures.
    pub frames: SlotWriter<Frame>,
    /// Every encoded picture.
    pub packets: PacketOutlet,
}

/// Takes in the pictures of one connection after the other.
pub(crate) struct Intake {
    peer: String,
    now: Now,
    board: StatusBoard,
    frames: SlotWriter<Frame>,
    state: Mutex<State>,
}

struct State {
    session: u64,
    axis: Axis,
    gate: RateGate,
    packets: PacketOutlet,
    admission: Admission,
    progress: Progress,
    caps: Option<gst::Caps>,
    trouble: Option<VideoError>,
}

/// One connection's claim on the intake; void once the next one begins.
#[derive(Clone)]
pub(crate) struct Session {
    intake: Arc<Intake>,
    number: u64,
}

impl Intake {
    pub(crate) fn new(
        peer: String,
        fps: f64,
        outlets: Outlets,
        now: Now,
        board: StatusBoard,
    ) -> Self {
        let epoch = now();
        let state = State {
            session: 0,
            axis: Axis::new(epoch),
            gate: RateGate::new(fps),
            packets: outlets.packets,
            admission: Admission::default(),
            progress: Progress { started: epoch, packet: None, picture: None },
            caps: None,
            trouble: None,
        };
        Self { peer, now, board, frames: outlets.frames, state: Mutex::new(state) }
    }

    /// The instant of frame time zero.
    pub(crate) fn epoch(&self) -> Instant {
        self.lock().axis.epoch()
    }

    /// A new connection begins; whatever an older one still delivers is dropped from here on.
    pub(crate) fn begin(self: &Arc<Self>) -> Session {
        let mut state = self.lock();
        state.session += 1;
        state.axis.reconnect();
        state.packets.reconnect();
        state.admission = Admission::default();
        state.progress = Progress { started: (self.now)(), packet: None, picture: None };
        state.caps = None;
        state.trouble = None;
        Session { intake: self.clone(), number: state.session }
    }

    /// The connection is over; whatever it still delivers is dropped.
    pub(crate) fn end(&self) {
        self.lock().session += 1;
    }

    /// No connection follows: both ways end.
    pub(crate) fn close(&self) {
        self.end();
        self.lock().packets.close();
        self.frames.close();
    }

    pub(crate) fn progress(&self) -> Progress {
        self.lock().progress
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    pub(crate) fn peer(&self) -> &str {
        &self.intake.peer
    }

    /// The pipeline found out why it cannot go on; the first reason stands.
    pub(crate) fn fail(&self, error: VideoError) {
        if let Some(mut state) = self.state() {
            state.trouble.get_or_insert(error);
        }
    }

    /// Why the pipeline cannot go on.
    pub(crate) fn trouble(&self) -> Option<VideoError> {
        self.state()?.trouble.take()
    }

    /// An encoded picture of a pipeline whose clock shows `running`; whether it is to be decoded.
    pub(crate) fn encoded(
        &self,
        data: &gst::BufferRef,
        caps: Option<gst::Caps>,
        running: Option<gst::ClockTime>,
    ) -> bool {
        let now = (self.intake.now)();
        let Some(mut state) = self.state() else { return false };
        let Some((pts, caps)) = data.pts().or(data.dts()).zip(caps) else { return false };
        let age = running.map_or(gst::ClockTime::ZERO, |running| running.saturating_sub(pts));
        let stamp = state.axis.stamp(pts.into(), now, age.into());
        let time = match stamp {
            Ok(time) => time,
            Err(jump) => {
                let peer = self.intake.peer.clone();
                state.trouble.get_or_insert(VideoError::TimeJump { peer, jump_ms: jump.ms });
                return false;
            }
        };
        state.progress.packet = Some(now);
        if state.caps.as_ref() != Some(&caps) {
            self.describe(&caps);
            state.caps = Some(caps.clone());
        }
        let key = !data.flags().contains(gst::BufferFlags::DELTA_UNIT);
        state.packets.offer(Packet { data: data.to_owned(), caps, time, key });
        let lag = state.axis.lag(time, now);
        let decoded = state.admission.step(now, key, lag);
        let dropped = state.packets.dropped();
        self.intake.board.update(|status| {
            status.packets += 1;
            status.packets_dropped = dropped;
            status.packets_skipped += u64::from(!decoded);
        });
        decoded
    }

    /// A decoded picture.
    pub(crate) fn decoded(&self, sample: &gst::Sample) {
        let now = (self.intake.now)();
        let Some(pts) = sample.buffer().and_then(|buffer| buffer.pts()) else { return };
        let Some(picked) = self.pick(pts.into(), now) else { return };
        match Frame::new(sample, picked, Some(now)) {
            Ok(frame) => self.intake.frames.put(frame),
            Err(detail) => {
                self.fail(VideoError::Picture { peer: self.intake.peer.clone(), detail });
            }
        }
    }

    /// Counts a decoded picture; its time when the analysis rate picks it.
    fn pick(&self, pts: Duration, now: Instant) -> Option<FrameTime> {
        let mut state = self.state()?;
        state.progress.picture = Some(now);
        let time = state.axis.time_of(pts)?;
        let picked = state.gate.pick(time);
        drop(state);
        let overwritten = self.intake.frames.overwritten();
        self.intake.board.update(|status| {
            status.pictures += 1;
            status.frames += u64::from(picked);
            status.frames_overwritten = overwritten;
        });
        picked.then_some(time)
    }

    fn describe(&self, caps: &gst::Caps) {
        let codec = Codec::from_caps(caps).map(|codec| codec.name().to_owned());
        let side = |name| caps.structure(0)?.get::<i32>(name).ok()?.try_into().ok();
        let size = side("width").zip(side("height"));
        self.intake.board.update(|status| {
            status.codec = codec;
            status.size = size;
        });
    }

    pub(crate) fn decodes_with(&self, element: &str) {
        self.intake.board.update(|status| status.decoder = Some(element.to_owned()));
    }

    /// The intake's state, unless another connection has begun.
    fn state(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.intake.lock();
        (state.session == self.number).then_some(state)
    }
}
