//! The feed: footage pushed into a media's `appsrc` at real time, over and over.
//!
//! Promises: pictures leave at their times, time stamps rise by the footage's length at every
//! start over; a closed [`Tap`] stops pictures and sound while every connection stays open, a frozen
//! one sends one picture over and over.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;

use super::Ending;
use super::footage::Footage;

/// What becomes of pictures; clones are the same tap.
#[derive(Clone, Default)]
pub struct Tap(Arc<(Mutex<Flow>, Condvar)>);

/// What a tap does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flow {
    held: bool,
    frozen: bool,
    other: bool,
}

impl Tap {
    /// An open tap.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds everything from now on.
    pub fn close(&self) {
        self.set(|flow| flow.held = true);
    }

    /// Sends one picture over and over from now on.
    pub fn freeze(&self) {
        self.set(|flow| flow.frozen = true);
    }

    /// Lets everything through again.
    pub fn open(&self) {
        self.set(|flow| (flow.held, flow.frozen) = (false, false));
    }

    /// Goes on with the other footage, from its start.
    pub fn swap(&self) {
        self.set(|flow| flow.other = !flow.other);
    }

    fn set(&self, change: impl FnOnce(&mut Flow)) {
        change(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.1.notify_all();
    }

    /// Waits while the tap is closed; how long it was, and what it does now.
    fn pass(&self) -> (Duration, Flow) {
        let mut flow = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let since = Instant::now();
        while flow.held {
            flow = self.0.1.wait(flow).unwrap_or_else(PoisonError::into_inner);
        }
        (since.elapsed(), *flow)
    }
}

/// What one feed plays, and under which control.
pub struct Plan {
    /// The pictures.
    pub footage: Arc<Footage>,
    /// Others of the same codec, of another size as a rule; their parameter sets stand in the stream.
    pub other: Option<Arc<Footage>>,
    /// What can hold them.
    pub tap: Tap,
    /// What happens at their end.
    pub ending: Ending,
}

/// Where a feed's streams go; what is absent is not offered.
pub struct Outlets {
    /// Takes the footage's pictures.
    pub picture: Option<gst_app::AppSrc>,
    /// Takes a tone as A-law samples.
    pub sound: Option<gst_app::AppSrc>,
}

/// Feeds `outlets` from their first request for data until their media ends. `on_end` runs after
/// the last picture when the plan's ending is [`Ending::Once`].
pub fn start(outlets: Outlets, plan: Plan, on_end: impl FnOnce() + Send + 'static) {
    let Some(first) = outlets.picture.as_ref().or(outlets.sound.as_ref()).cloned() else { return };
    if let Some(picture) = &outlets.picture {
        picture.set_caps(Some(plan.footage.caps()));
    }
    if let Some(sound) = &outlets.sound {
        sound.set_caps(Some(&Tone::caps()));
    }
    let mut start = Some((outlets, plan, on_end));
    let callbacks = gst_app::AppSrcCallbacks::builder()
        .need_data(move |_, _| {
            let Some((outlets, plan, on_end)) = start.take() else { return };
            std::thread::spawn(move || {
                if play(&outlets, &plan).is_ok() {
                    on_end();
                }
            });
        })
        .build();
    first.set_callbacks(callbacks);
}

/// Plays until the footage's end has been sent, or fails when the media is gone.
fn play(outlets: &Outlets, plan: &Plan) -> Result<(), gst::FlowError> {
    let clock = outlets.picture.as_ref().or(outlets.sound.as_ref());
    let shift =
        clock.and_then(|source| source.current_running_time()).map_or(Duration::ZERO, duration);
    let mut run = Run {
        origin: Instant::now(),
        shift,
        tone: Tone { until: shift },
        key: None,
        frozen: false,
    };
    loop {
        let (_, flow) = plan.tap.pass();
        let footage = match &plan.other {
            Some(other) if flow.other => other,
            _ => &plan.footage,
        };
        let swapped = run.through(footage, flow, outlets, plan)?;
        if plan.ending == Ending::Once && !swapped {
            for source in [&outlets.picture, &outlets.sound].into_iter().flatten() {
                source.end_of_stream()?;
            }
            return Ok(());
        }
    }
}

/// Where a feed is.
struct Run {
    /// When the footage's first picture left, or would have.
    origin: Instant,
    /// The same in the stream's time.
    shift: Duration,
    tone: Tone,
    /// The key picture that was sent last.
    key: Option<gst::Buffer>,
    /// Whether nothing but that is sent.
    frozen: bool,
}

impl Run {
    /// Plays `footage` once, or until the tap wants the other; says whether it did.
    fn through(
        &mut self,
        footage: &Footage,
        began: Flow,
        outlets: &Outlets,
        plan: &Plan,
    ) -> Result<bool, gst::FlowError> {
        let lead = footage.pictures().iter().filter_map(|unit| unit.dts_or_pts()).min();
        let lead = lead.map_or(Duration::ZERO, duration);
        for unit in footage.pictures() {
            let due = unit.dts_or_pts().map_or(lead, duration) - lead;
            std::thread::sleep((self.origin + due).saturating_duration_since(Instant::now()));
            let (held, flow) = plan.tap.pass();
            // Time went by at the camera too: what comes next is stamped later, not late.
            self.origin += held;
            self.shift += held;
            if flow.other != began.other {
                self.origin += due;
                self.shift += due;
                return Ok(true);
            }
            if let Some(picture) = &outlets.picture {
                let seen = self.seen(unit, flow);
                picture.push_buffer(restamped(&seen, unit, self.shift, lead))?;
            }
            if let Some(sound) = &outlets.sound {
                self.tone.push_until(sound, self.shift + due)?;
            }
        }
        self.origin += footage.duration();
        self.shift += footage.duration();
        Ok(false)
    }

    /// The picture that is sent in the place of `unit`. One that froze is sent until the next key
    /// picture, on which alone others can build.
    fn seen(&mut self, unit: &gst::Buffer, flow: Flow) -> gst::Buffer {
        self.frozen |= flow.frozen;
        if !flow.frozen && !unit.flags().contains(gst::BufferFlags::DELTA_UNIT) {
            self.frozen = false;
            self.key = Some(unit.clone());
        }
        match &self.key {
            Some(key) if self.frozen => key.clone(),
            _ => unit.clone(),
        }
    }
}

/// A 400 Hz square tone in A-law at 8000 samples per second.
struct Tone {
    until: Duration,
}

impl Tone {
    const PACKET: Duration = Duration::from_millis(20);

    fn caps() -> gst::Caps {
        gst::Caps::builder("audio/x-alaw").field("rate", 8000).field("channels", 1).build()
    }

    /// Sends whole packets up to `end`; a gap of more than a second is left silent.
    fn push_until(&mut self, sound: &gst_app::AppSrc, end: Duration) -> Result<(), gst::FlowError> {
        if end.saturating_sub(self.until) > Duration::from_secs(1) {
            self.until = end;
        }
        while self.until + Self::PACKET <= end {
            // Ten samples up, ten down: 0xB5 and 0x35 are the same A-law level with either sign.
            let samples = (0..160).map(|n| if n / 10 % 2 == 0 { 0xB5_u8 } else { 0x35 });
            let mut packet = gst::Buffer::from_slice(samples.collect::<Vec<_>>());
            let fields = packet.make_mut();
            fields.set_pts(clock_time(self.until));
            fields.set_duration(clock_time(Self::PACKET));
            sound.push_buffer(packet)?;
            self.until += Self::PACKET;
        }
        Ok(())
    }
}

/// `seen` at the time of `unit` moved by `shift`, counted from `lead`; the bytes are shared, not copied.
fn restamped(
    seen: &gst::Buffer,
    unit: &gst::Buffer,
    shift: Duration,
    lead: Duration,
) -> gst::Buffer {
    let moved = |time: gst::ClockTime| clock_time((duration(time) + shift).saturating_sub(lead));
    let mut copy = seen.copy();
    let (pts, dts) = (unit.pts().map(moved), unit.dts().map(moved));
    let fields = copy.make_mut();
    fields.set_pts(pts);
    fields.set_dts(dts);
    copy
}

fn duration(time: gst::ClockTime) -> Duration {
    Duration::from_nanos(time.nseconds())
}

fn clock_time(time: Duration) -> gst::ClockTime {
    gst::ClockTime::from_nseconds(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX - 1))
}
