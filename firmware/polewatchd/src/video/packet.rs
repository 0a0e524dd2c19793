//! A packet: one encoded picture, as the camera made it, on its way to the clip recorder.
//!
//! Promises: the streaming thread never waits for the recorder; what does not fit is dropped up to
//! the next key picture, because nothing in between could be decoded, and counted. Refuses: sound.

use analytics::time::FrameTime;
use crossbeam_channel::{Receiver, Sender, TrySendError};
use gstreamer as gst;

/// One encoded picture with everything that is needed to decode it after a key picture.
#[derive(Clone, Debug)]
pub struct Packet {
    /// An access unit: H.264 or H.265 in byte-stream form, parameter sets before key pictures.
    pub data: gst::Buffer,
    /// The stream's format.
    pub caps: gst::Caps,
    /// When the picture was taken. Packets come in decoding order, so this may step back.
    pub time: FrameTime,
    /// Whether decoding can start here.
    pub key: bool,
}

impl Packet {
    /// The size of the encoded picture.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.size()
    }
}

/// A bounded way for packets, at most `capacity` under way.
#[must_use]
pub fn packets(capacity: usize) -> (PacketOutlet, Receiver<Packet>) {
    let (sender, receiver) = crossbeam_channel::bounded(capacity);
    (PacketOutlet { sender: Some(sender), skipping: true, dropped: 0 }, receiver)
}

/// The streaming thread's end.
#[derive(Debug)]
pub struct PacketOutlet {
    sender: Option<Sender<Packet>>,
    skipping: bool,
    dropped: u64,
}

impl PacketOutlet {
    /// Sends `packet` on, or drops it.
    pub fn offer(&mut self, packet: Packet) {
        let Some(sender) = &self.sender else { return };
        if self.skipping && !packet.key {
            self.dropped += 1;
            return;
        }
        self.skipping = match sender.try_send(packet) {
            Ok(()) => false,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped += 1;
                true
            }
        };
    }

    /// A new connection begins: its first packets are of no use before a key picture.
    pub const fn reconnect(&mut self) {
        self.skipping = true;
    }

    /// Nothing more comes; the recorder sees the end.
    pub fn close(&mut self) {
        self.sender = None;
    }

    /// How many packets did not reach the recorder.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(n: u64, key: bool) -> Packet {
        let data = gst::Buffer::new();
        Packet { data, caps: gst::Caps::new_empty(), time: FrameTime::from_micros(n), key }
    }

    #[test]
    fn when_the_recorder_is_behind_it_goes_on_at_a_key_picture() {
        gst::init().expect("GStreamer starts");
        let (mut outlet, receiver) = packets(2);
        // Before the first key picture, and from the third on, there is no use or no room.
        for (n, key) in [(0, false), (1, true), (2, false), (3, false), (4, false)] {
            outlet.offer(packet(n, key));
        }
        let times = |receiver: &Receiver<Packet>| {
            receiver.try_iter().map(|packet| packet.time.as_micros()).collect::<Vec<_>>()
        };
        assert_eq!((times(&receiver), outlet.dropped()), (vec![1, 2], 3));
        for (n, key) in [(5, false), (6, true), (7, false)] {
            outlet.offer(packet(n, key));
        }
        assert_eq!((times(&receiver), outlet.dropped()), (vec![6, 7], 4));
    }

    #[test]
    fn a_closed_outlet_ends_the_recorder() {
        gst::init().expect("GStreamer starts");
        let (mut outlet, receiver) = packets(2);
        outlet.close();
        outlet.offer(packet(1, true));
        assert!(receiver.recv().is_err());
    }
}
