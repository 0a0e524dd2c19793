//! The ring: the last seconds of the camera, in whole groups of pictures.
//!
//! Promises: begins with a key picture at all times; reaches back as far as asked for, unless that
//! weighs too much; the oldest group goes first. Refuses: packets before the first key picture.

use std::collections::VecDeque;
use std::time::Duration;

use analytics::time::FrameTime;

use crate::video::Packet;

/// Groups of pictures, oldest first.
#[derive(Debug)]
pub(super) struct Ring {
    reach: Duration,
    max_bytes: usize,
    groups: VecDeque<Group>,
    bytes: usize,
}

/// A key picture and what builds on it.
#[derive(Debug)]
struct Group {
    start: FrameTime,
    packets: Vec<Packet>,
    bytes: usize,
}

impl Ring {
    /// A ring that reaches back by `reach` and weighs at most `max_bytes`.
    pub(super) const fn new(reach: Duration, max_bytes: usize) -> Self {
        Self { reach, max_bytes, groups: VecDeque::new(), bytes: 0 }
    }

    /// Adds the newest packet.
    pub(super) fn push(&mut self, packet: Packet) {
        let (time, bytes) = (packet.time, packet.bytes());
        if packet.key {
            self.groups.push_back(Group { start: time, packets: Vec::new(), bytes: 0 });
        }
        let Some(group) = self.groups.back_mut() else { return };
        group.bytes += bytes;
        group.packets.push(packet);
        self.bytes += bytes;
        self.trim(time);
    }

    /// Everything from the last key picture at or before `from`, or from the oldest there is.
    pub(super) fn since(&self, from: FrameTime) -> impl Iterator<Item = &Packet> {
        let covers = |group: &Group| group.start <= from;
        let first = self.groups.iter().rposition(covers).unwrap_or(0);
        self.groups.iter().skip(first).flat_map(|group| &group.packets)
    }

    fn trim(&mut self, now: FrameTime) {
        // The oldest group is needed as long as the second does not reach back far enough.
        while self.groups.get(1).is_some_and(|second| now.since(second.start) >= self.reach)
            || self.bytes > self.max_bytes
        {
            let Some(oldest) = self.groups.pop_front() else { return };
            self.bytes -= oldest.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer as gst;
    use proptest::prelude::*;

    fn packet(ms: u64, key: bool, bytes: usize) -> Packet {
        gst::init().expect("GStreamer starts");
        let data = gst::Buffer::from_slice(vec![0_u8; bytes]);
        let time = FrameTime::from_micros(ms * 1000);
        Packet { data, caps: gst::Caps::new_empty(), time, key }
    }

    fn since(ring: &Ring, ms: u64) -> Vec<u64> {
        let from = FrameTime::from_micros(ms * 1000);
        ring.since(from).map(|packet| packet.time.as_micros() / 1000).collect()
    }

    #[test]
    fn gives_back_from_the_key_picture_that_covers_the_time() {
        let mut ring = Ring::new(Duration::from_secs(3), 1 << 20);
        (0..10).for_each(|n| ring.push(packet(n * 500, n % 2 == 0, 10)));
        assert_eq!(since(&ring, 3200), [3000, 3500, 4000, 4500]);
        assert_eq!(since(&ring, 3000), [3000, 3500, 4000, 4500]);
        // 1.5 s is covered by the group of 1.0 s: the oldest that is kept.
        assert_eq!(since(&ring, 1500)[0], 1000);
        assert_eq!(since(&ring, 0)[0], 1000, "older than the ring");
        assert_eq!(since(&ring, 9000), [4000, 4500], "newer than the ring");
    }

    #[test]
    fn a_group_that_weighs_too_much_alone_is_given_up() {
        let mut ring = Ring::new(Duration::from_secs(3), 100);
        ring.push(packet(0, true, 60));
        ring.push(packet(100, false, 60));
        assert_eq!(since(&ring, 0), [0_u64; 0]);
        ring.push(packet(200, false, 10));
        assert_eq!(since(&ring, 0), [0_u64; 0], "nothing without its key picture");
        ring.push(packet(300, true, 60));
        assert_eq!(since(&ring, 0), [300]);
    }

    proptest! {
        #[test]
        fn is_never_heavier_than_allowed_and_always_opens_with_a_key_picture(
            packets in prop::collection::vec((1_u64..400, prop::bool::weighted(0.2), 1_usize..80), 1..200),
            max_bytes in 100_usize..2000,
            reach_ms in 100_u64..5000,
            asked_ms in 0_u64..40_000,
        ) {
            let reach = Duration::from_millis(reach_ms);
            let mut ring = Ring::new(reach, max_bytes);
            let mut now = 0;
            for (step, key, bytes) in packets {
                now += step;
                ring.push(packet(now, key, bytes));
                let held: usize = ring.since(FrameTime::default()).map(Packet::bytes).sum();
                prop_assert!(held <= max_bytes);
                prop_assert_eq!(held, ring.bytes);
            }
            let asked = FrameTime::from_micros(asked_ms * 1000);
            prop_assert!(ring.since(asked).next().is_none_or(|packet| packet.key));
            // Only one group may reach back beyond what was asked for.
            let beyond = ring.groups.iter().filter(|group| {
                FrameTime::from_micros(now * 1000).since(group.start) >= reach
            });
            prop_assert!(beyond.count() <= 1);
        }
    }
}
