//! The only place that reads a clock.
//!
//! Promises: timers run on monotonic time, which no one can set; wall time always comes with how far
//! it can be trusted; a frame's wall time is worked out from the wall clock of *now*, so an alarm
//! made after the clock was corrected is dated right even when its frame is older than the
//! correction; [`dating`] remembers those made before. Refuses: a wall time without a quality, and
//! guessing that a clock is right.

pub mod dating;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use analytics::time::FrameTime;
use rustix::time::{ClockId, Timespec, clock_gettime};
use wire::alarm::{ClockQuality, WallTime};
use wire::delivery::Corrections;

use self::dating::Dating;

/// Files whose presence says that a time server has set the clock since the machine started: the
/// first is systemd-timesyncd's (systemd-timesyncd.service(8)), the second is for an installer who
/// runs chrony or a GPS receiver instead and touches it when that is in step.
const SYNCHRONIZED_MARKS: [&str; 2] =
    ["/run/systemd/timesync/synchronized", "/run/polewatch/time-synchronized"];

/// 2026-11-01T00:00:00Z. This firmware did not exist before, so an earlier clock is an unset one.
const FIRMWARE_EPOCH_MS: i64 = 1_793_491_200_000;

/// Where the time comes from: the machine, or a test's hand. Its clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    source: Source,
    dating: Arc<Mutex<Dating>>,
}

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Manual(Hands),
}

impl Clock {
    /// The machine's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands still at `wall` until its hands are moved.
    #[must_use]
    pub fn manual(wall: WallTime) -> (Self, Hands) {
        let hands = Hands(Arc::new(Mutex::new(Reading { monotonic: Instant::now(), wall })));
        let source = Source::Manual(hands.clone());
        (Self { source, dating: Arc::default() }, hands)
    }

    /// Monotonic time, for timers and durations.
    #[must_use]
    pub fn now(&self) -> Instant {
        match &self.source {
            Source::System => Instant::now(),
            Source::Manual(hands) => hands.read().monotonic,
        }
    }

    /// Wall time and its quality.
    #[must_use]
    pub fn wall(&self) -> WallTime {
        match &self.source {
            Source::System => system_wall(),
            Source::Manual(hands) => hands.read().wall,
        }
    }

    /// Both clocks at once: what is dated by one reading keeps its distances.
    #[must_use]
    pub fn read(&self) -> Reading {
        Reading { monotonic: self.now(), wall: self.wall() }
    }

    /// Notes that the alarm `number` of this start was dated by `reading`; numbers ascend.
    pub fn dated(&self, number: u64, reading: &Reading) {
        self.dating().dated(number, reading);
    }

    /// What is to be added to the times of the alarm `number` of this start, because the clock was
    /// synchronized since; `None` when they need nothing, or nothing is known.
    #[must_use]
    pub fn shift_ms(&self, number: u64) -> Option<i64> {
        self.settled().shift_ms(number)
    }

    /// All such shifts of this start.
    #[must_use]
    pub fn corrections(&self) -> Corrections {
        self.settled().corrections()
    }

    fn settled(&self) -> MutexGuard<'_, Dating> {
        let reading = self.read();
        let mut dating = self.dating();
        dating.settle(&reading);
        dating
    }

    fn dating(&self) -> MutexGuard<'_, Dating> {
        self.dating.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What both clocks said at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    monotonic: Instant,
    wall: WallTime,
}

impl Reading {
    /// The wall time of a monotonic instant, by what the wall clock says now.
    #[must_use]
    pub fn wall_at(&self, at: Instant) -> WallTime {
        let WallTime { unix_ms, quality } = self.wall;
        let ahead_us = match at.checked_duration_since(self.monotonic) {
            Some(ahead) => whole_us(ahead),
            None => -whole_us(self.monotonic.duration_since(at)),
        };
        // Rounded down on both sides of now, so that distances stay what they are.
        let unix_ms = unix_ms.saturating_add(ahead_us.div_euclid(1000));
        WallTime { unix_ms, quality }
    }

    /// The wall time at which `frame` was taken.
    #[must_use]
    pub fn wall_of(&self, frame: FrameTime, anchor: Anchor) -> WallTime {
        self.wall_at(anchor.instant_of(frame))
    }
}

/// Ties a stream's frame times to the monotonic clock: the frame stamped `frame` was taken `at`.
/// One per camera session; where it comes from is the video source's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// A frame's stamp.
    pub frame: FrameTime,
    /// When that frame was taken.
    pub at: Instant,
}

impl Anchor {
    /// When a frame of the same session was taken. Frames before the anchor are earlier, as far as
    /// the monotonic clock reaches back.
    #[must_use]
    pub fn instant_of(&self, frame: FrameTime) -> Instant {
        let reached = if frame >= self.frame {
            self.at.checked_add(frame.since(self.frame))
        } else {
            self.at.checked_sub(self.frame.since(frame))
        };
        reached.unwrap_or(self.at)
    }

    /// The stamp of a frame of the same session taken at `at`.
    #[must_use]
    pub fn frame_at(&self, at: Instant) -> FrameTime {
        self.frame.plus(at.saturating_duration_since(self.at))
    }
}

/// The hands of a manual clock.
#[derive(Clone, Debug)]
pub struct Hands(Arc<Mutex<Reading>>);

impl Hands {
    /// Lets `by` pass on both clocks.
    pub fn advance(&self, by: Duration) {
        let mut dial = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        dial.monotonic += by;
        dial.wall.unix_ms += whole_ms(by);
    }

    /// Sets the wall clock, as a time server or a person would; monotonic time does not notice.
    pub fn set_wall(&self, wall: WallTime) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).wall = wall;
    }

    fn read(&self) -> Reading {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// CPU time the calling thread has used.
#[must_use]
pub fn thread_cpu() -> Duration {
    elapsed(clock_gettime(ClockId::ThreadCPUTime))
}

/// CPU time all threads of this process have used.
#[must_use]
pub fn process_cpu() -> Duration {
    elapsed(clock_gettime(ClockId::ProcessCPUTime))
}

fn system_wall() -> WallTime {
    #[allow(clippy::disallowed_methods, reason = "this is the one place")]
    let unix_ms = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole_ms(since),
        Err(before) => -whole_ms(before.duration()),
    };
    let marked = SYNCHRONIZED_MARKS.iter().any(|mark| Path::new(mark).exists());
    WallTime { unix_ms, quality: quality(unix_ms, marked) }
}

fn quality(unix_ms: i64, marked_synchronized: bool) -> ClockQuality {
    match (unix_ms >= FIRMWARE_EPOCH_MS, marked_synchronized) {
        (false, _) => ClockQuality::Unknown,
        (true, true) => ClockQuality::Synchronized,
        (true, false) => ClockQuality::FreeRunning,
    }
}

fn whole_ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn whole_us(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn elapsed(time: Timespec) -> Duration {
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: WallTime =
        WallTime { unix_ms: 1_800_000_000_000, quality: ClockQuality::FreeRunning };

    #[test]
    fn a_clock_is_trusted_as_far_as_it_is_known_to_be_right() {
        for (unix_ms, marked, expected) in [
            (0, false, ClockQuality::Unknown),
            (0, true, ClockQuality::Unknown),
            (FIRMWARE_EPOCH_MS - 1, true, ClockQuality::Unknown),
            (FIRMWARE_EPOCH_MS, false, ClockQuality::FreeRunning),
            (FIRMWARE_EPOCH_MS, true, ClockQuality::Synchronized),
        ] {
            assert_eq!(quality(unix_ms, marked), expected, "{unix_ms} {marked}");
        }
    }

    #[test]
    fn a_frame_is_dated_through_its_anchor_in_both_directions() {
        let (clock, hands) = Clock::manual(NOON);
        let anchor = Anchor { frame: FrameTime::from_micros(5_000_000), at: clock.now() };
        hands.advance(Duration::from_secs(10));
        for (frame_us, after_noon_ms) in [(5_000_000, 0), (7_500_000, 2_500), (4_000_000, -1_000)] {
            let wall = clock.read().wall_of(FrameTime::from_micros(frame_us), anchor);
            assert_eq!(wall.unix_ms - NOON.unix_ms, after_noon_ms, "frame {frame_us}");
            let at = anchor.instant_of(FrameTime::from_micros(frame_us));
            assert_eq!(anchor.frame_at(at).as_micros(), frame_us.max(5_000_000));
        }
    }

    #[test]
    fn frames_dated_by_one_reading_keep_their_distance_on_both_sides_of_now() {
        let (clock, hands) = Clock::manual(NOON);
        let anchor = Anchor { frame: FrameTime::default(), at: clock.now() };
        hands.advance(Duration::from_micros(2_500));
        let reading = clock.read();
        let [past, future] = [0, 500_000]
            .map(|micros| reading.wall_of(FrameTime::from_micros(micros), anchor).unix_ms);
        assert_eq!(future - past, 500);
    }

    #[test]
    fn a_frame_taken_before_the_clock_was_set_is_dated_by_the_clock_that_was_set() {
        let unset = WallTime { unix_ms: 86_400_000, quality: ClockQuality::Unknown };
        let (clock, hands) = Clock::manual(unset);
        let anchor = Anchor { frame: FrameTime::default(), at: clock.now() };
        hands.advance(Duration::from_secs(3));
        hands.set_wall(WallTime { quality: ClockQuality::Synchronized, ..NOON });
        let wall = clock.read().wall_of(FrameTime::default(), anchor);
        assert_eq!(wall.unix_ms, NOON.unix_ms - 3_000);
        assert_eq!(wall.quality, ClockQuality::Synchronized);
    }

    #[test]
    fn cpu_time_grows_with_work() {
        let (thread, process) = (thread_cpu(), process_cpu());
        let mut sum = 0_u64;
        while thread_cpu() == thread {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(process_cpu() > process);
    }
}
