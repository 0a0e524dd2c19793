//! The socket between the two processes.
//!
//! Promises: a message is a length, JSON, and shared memory when some comes along; a length beyond
//! [`Channel::LONGEST`] is refused before anything is allocated for it; waiting ends at the deadline.
//! A signal is one byte and allocates nothing.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::memory::SharedMemory;

/// One end.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
}

impl Channel {
    /// The longest message in bytes: names of tensors and one sentence.
    const LONGEST: usize = 1 << 16;

    pub(super) const fn new(stream: UnixStream) -> Self {
        Self { stream }
    }

    /// How long a read waits from now on.
    pub(super) fn wait_at_most(&self, deadline: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(deadline))
    }

    /// Sends `message`, and `memory` along with it.
    pub(super) fn send(
        &mut self,
        message: &impl Serialize,
        memory: Option<&SharedMemory>,
    ) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        let length = u32::try_from(text.len()).map_err(io::Error::other)?.to_le_bytes();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        let files = memory.map(|memory| [memory.as_fd()]);
        if let Some(files) = &files {
            along.push(SendAncillaryMessage::ScmRights(files));
        }
        let flags = SendFlags::NOSIGNAL;
        let sent = rustix::net::sendmsg(&self.stream, &[IoSlice::new(&length)], &mut along, flags)?;
        self.stream.write_all(&length[sent..])?;
        self.stream.write_all(&text)
    }

    /// The next message, and the memory that came along.
    pub(super) fn receive<M: DeserializeOwned>(&mut self) -> io::Result<(M, Option<SharedMemory>)> {
        let mut length = [0; 4];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut length)];
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = rustix::net::recvmsg(&self.stream, &mut parts, &mut along, flags)?.bytes;
        if got == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let file = along.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        self.stream.read_exact(&mut length[got..])?;
        let length = u32::from_le_bytes(length) as usize;
        if length > Self::LONGEST {
            let longest = Self::LONGEST;
            return Err(io::Error::other(format!("{length} bytes, expected {longest} at most")));
        }
        let mut text = vec![0; length];
        self.stream.read_exact(&mut text)?;
        Ok((serde_json::from_slice(&text)?, file.map(memory_of).transpose()?))
    }

    pub(super) fn signal(&mut self, byte: u8) -> io::Result<()> {
        self.stream.write_all(&[byte])
    }

    /// The other end's next byte.
    pub(super) fn signalled(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte)?;
        Ok(byte[0])
    }
}

fn memory_of(file: OwnedFd) -> io::Result<SharedMemory> {
    SharedMemory::of(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (one, other) = UnixStream::pair().unwrap();
        (Channel::new(one), Channel::new(other))
    }

    #[test]
    fn a_message_brings_its_memory_along() {
        let (mut one, mut other) = pair();
        let memory = SharedMemory::holding(b"tensor").unwrap();
        one.send(&["first"], Some(&memory)).unwrap();
        one.send(&["second"], None).unwrap();
        one.signal(7).unwrap();
        let (first, along): ([String; 1], _) = other.receive().unwrap();
        assert_eq!((first[0].as_str(), along.unwrap().bytes()), ("first", &b"tensor"[..]));
        let (second, along): ([String; 1], _) = other.receive().unwrap();
        assert_eq!((second[0].as_str(), along.is_none()), ("second", true));
        assert_eq!(other.signalled().unwrap(), 7);
    }

    #[test]
    fn a_silent_other_end_a_gone_one_and_a_boundless_message_are_errors() {
        let (mut one, mut other) = pair();
        other.wait_at_most(Duration::from_millis(1)).unwrap();
        let error = other.signalled().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        one.stream.write_all(&u32::MAX.to_le_bytes()).unwrap();
        let error = other.receive::<String>().err().unwrap();
        assert!(error.to_string().contains("expected 65536 at most"), "{error}");
        drop(one);
        assert_eq!(other.signalled().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(other.receive::<String>().err().unwrap().kind(), ErrorKind::UnexpectedEof);
    }
}
