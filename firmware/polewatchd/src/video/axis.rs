//! The time axis of a camera: from a connection's own stamps to stamps that only rise.
//!
//! Promises: within a connection the camera's spacing is kept to the microsecond; from one
//! connection to the next the axis goes on by the time that went by, so that it never goes back and
//! a silence of ten seconds is ten seconds long. Refuses: following stamps that have left the clock.

use std::time::{Duration, Instant};

use analytics::time::FrameTime;

/// How far stamps may go back within a connection: pictures are sent in decoding order, which is a
/// few pictures away from the order they are shown in.
const MAX_BACK: Duration = Duration::from_secs(1);
/// How far stamps may run ahead of the clock.
const MAX_AHEAD: Duration = Duration::from_secs(5);
/// How late a picture may be; after such a hold-up in the network the connection is of no use.
const MAX_LATE: Duration = Duration::from_secs(30);

/// Turns stamps into frame times.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    epoch: Instant,
    newest_us: i64,
    connection: Option<Connection>,
}

#[derive(Clone, Copy, Debug)]
struct Connection {
    /// From the connection's stamps to the axis.
    shift_us: i64,
    newest_us: i64,
}

/// A stamp that has left the clock, by how many milliseconds; negative is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Jump {
    /// How far from where it should be.
    pub(super) ms: i64,
}

impl Axis {
    /// An axis whose zero is `epoch`.
    #[must_use]
    pub(super) const fn new(epoch: Instant) -> Self {
        Self { epoch, newest_us: -1, connection: None }
    }

    /// The instant of frame time zero.
    #[must_use]
    pub(super) const fn epoch(&self) -> Instant {
        self.epoch
    }

    /// A new connection begins: the next stamp's relation to the axis is unknown.
    pub(super) const fn reconnect(&mut self) {
        self.connection = None;
    }

    /// The frame time of a picture stamped `pts` by its connection and seen at `now`, `age` after
    /// it was received (a jitter buffer holds a connection's first picture longest).
    ///
    /// # Errors
    /// [`Jump`] when the stamps have left the clock, and the connection is to be made anew.
    pub(super) fn stamp(
        &mut self,
        pts: Duration,
        now: Instant,
        age: Duration,
    ) -> Result<FrameTime, Jump> {
        let (pts_us, now_us) = (micros(pts), micros(now.saturating_duration_since(self.epoch)));
        let connection = self.connection.get_or_insert_with(|| {
            let start_us = (now_us - micros(age)).max(self.newest_us + 1);
            Connection { shift_us: start_us - pts_us, newest_us: start_us }
        });
        let time_us = pts_us.saturating_add(connection.shift_us);
        let back_us = time_us - connection.newest_us;
        if back_us < -micros(MAX_BACK) {
            return Err(Jump { ms: back_us / 1000 });
        }
        let ahead_us = time_us - now_us;
        if ahead_us > micros(MAX_AHEAD) || ahead_us < -micros(MAX_LATE) {
            return Err(Jump { ms: ahead_us / 1000 });
        }
        connection.newest_us = connection.newest_us.max(time_us);
        self.newest_us = self.newest_us.max(time_us);
        Ok(frame_time(time_us))
    }

    /// The frame time of a picture whose encoded form was stamped before; `None` before any was.
    #[must_use]
    pub(super) fn time_of(&self, pts: Duration) -> Option<FrameTime> {
        let connection = self.connection?;
        Some(frame_time(micros(pts).saturating_add(connection.shift_us)))
    }

    /// How long after its own time a picture of `time` is seen at `now`.
    #[must_use]
    pub(super) fn lag(&self, time: FrameTime, now: Instant) -> Duration {
        let now_us = now.saturating_duration_since(self.epoch);
        now_us.saturating_sub(Duration::from_micros(time.as_micros()))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX / 4)
}

fn frame_time(us: i64) -> FrameTime {
    FrameTime::from_micros(u64::try_from(us).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn stamped(axis: &mut Axis, epoch: Instant, pts_ms: u64, now_ms: u64) -> Result<u64, i64> {
        let stamp = axis.stamp(ms(pts_ms), epoch + ms(now_ms), Duration::ZERO);
        stamp.map(|time| time.as_micros() / 1000).map_err(|jump| jump.ms)
    }

    #[test]
    fn a_connection_keeps_the_cameras_spacing_whatever_the_network_does() {
        let epoch = Instant::now();
        let mut axis = Axis::new(epoch);
        for (pts, now, expected) in [(7000, 500, 500), (7040, 580, 540), (7080, 581, 580)] {
            assert_eq!(stamped(&mut axis, epoch, pts, now), Ok(expected));
        }
    }

    #[test]
    fn a_connection_begins_when_its_first_picture_was_received_not_when_it_was_let_go() {
        let epoch = Instant::now();
        let mut axis = Axis::new(epoch);
        let first = axis.stamp(ms(7000), epoch + ms(800), ms(200)).expect("a stamp");
        assert_eq!(first, FrameTime::from_micros(600_000));
        let second = axis.stamp(ms(7040), epoch + ms(801), ms(161)).expect("a stamp");
        assert_eq!(second, FrameTime::from_micros(640_000));
    }

    #[test]
    fn pictures_sent_in_decoding_order_keep_their_own_times() {
        let epoch = Instant::now();
        let mut axis = Axis::new(epoch);
        for (pts, expected) in [(1000, 0), (1120, 120), (1040, 40), (1080, 80)] {
            assert_eq!(stamped(&mut axis, epoch, pts, expected), Ok(expected));
        }
        assert_eq!(axis.time_of(ms(1040)), Some(FrameTime::from_micros(40_000)));
    }

    #[test]
    fn a_new_connection_goes_on_after_the_silence() {
        let epoch = Instant::now();
        let mut axis = Axis::new(epoch);
        assert_eq!(stamped(&mut axis, epoch, 90_000, 1000), Ok(1000));
        axis.reconnect();
        assert_eq!(axis.time_of(ms(0)), None);
        assert_eq!(stamped(&mut axis, epoch, 0, 11_000), Ok(11_000));
    }

    #[test]
    fn a_new_connection_never_goes_back_even_after_stamps_ahead_of_the_clock() {
        let epoch = Instant::now();
        let mut axis = Axis::new(epoch);
        assert_eq!(stamped(&mut axis, epoch, 0, 0), Ok(0));
        assert_eq!(stamped(&mut axis, epoch, 4000, 100), Ok(4000));
        axis.reconnect();
        let time = axis.stamp(ms(0), epoch + ms(200), Duration::ZERO).expect("a stamp");
        assert!(time > FrameTime::from_micros(4_000_000), "{time:?}");
    }

    #[test]
    fn stamps_that_leave_the_clock_end_the_connection() {
        for (pts, now, jump) in
            [(10_000, 3000, -2000), (19_000, 1040, 6960), (12_040, 60_000, -58_960)]
        {
            let epoch = Instant::now();
            let mut axis = Axis::new(epoch);
            assert_eq!(stamped(&mut axis, epoch, 12_000, 1000), Ok(1000));
            assert_eq!(stamped(&mut axis, epoch, pts, now), Err(jump), "pts {pts} at {now}");
        }
    }
}
