//! Silence: a connection that is open and brings nothing.
//!
//! Promises: found by the age of what came last, since a camera may keep its socket open for ever
//! without an error or an end. Refuses: judging a connection younger than [`PATIENCE`] by `stall`.

use std::time::{Duration, Instant};

/// From the attempt's start to the first packet: look-up, connection, DESCRIBE, SETUP, PLAY.
const PATIENCE: Duration = Duration::from_secs(15);
/// Packets come, but no picture: the longest distance of key pictures cameras are set to, doubled.
const NO_PICTURE: Duration = Duration::from_secs(40);

/// When things came last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The attempt's start.
    pub(super) started: Instant,
    /// The last packet.
    pub(super) packet: Option<Instant>,
    /// The last decoded picture.
    pub(super) picture: Option<Instant>,
}

/// What is missing, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Silence {
    /// "packet" or "decoded picture".
    pub(super) what: &'static str,
    /// For how long.
    pub(super) silent_for: Duration,
}

/// The silence at `now`, when it is longer than `stall` allows.
#[must_use]
pub(super) fn silence(now: Instant, progress: &Progress, stall: Duration) -> Option<Silence> {
    let (since, limit) = match progress.packet {
        Some(packet) => (packet, stall),
        None => (progress.started, stall.max(PATIENCE)),
    };
    let silent_for = now.saturating_duration_since(since);
    if silent_for > limit {
        return Some(Silence { what: "packet", silent_for });
    }
    let blind_for = now.saturating_duration_since(progress.picture.unwrap_or(progress.started));
    (blind_for > stall.max(NO_PICTURE))
        .then_some(Silence { what: "decoded picture", silent_for: blind_for })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_once_its_limit_is_passed() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        for (now, packet, picture, expected) in [
            (14, None, None, None),
            (16, None, None, Some(("packet", 16))),
            (24, Some(20), Some(20), None),
            (26, Some(20), Some(20), Some(("packet", 6))),
            (39, Some(39), None, None),
            (41, Some(41), None, Some(("decoded picture", 41))),
            (50, Some(50), Some(9), Some(("decoded picture", 41))),
        ] {
            let progress =
                Progress { started: start, packet: packet.map(at), picture: picture.map(at) };
            let got = silence(at(now), &progress, Duration::from_secs(5));
            let got = got.map(|silence| (silence.what, silence.silent_for.as_secs()));
            assert_eq!(got, expected, "at {now} s, {packet:?}, {picture:?}");
        }
    }
}
