//! The socket between the two processes.
//!
//! Promises: a message is one packet of JSON, with shared memory when some comes along, so that it comes
//! whole or not at all, and the wait for it ends at the deadline however it is sent; one beyond
//! [`Channel::LONGEST`] is refused. A signal is a packet of one byte; neither way allocates for it.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::memory::SharedMemory;

/// One end.
#[derive(Debug)]
pub(super) struct Channel {
    socket: OwnedFd,
    /// What came last.
    packet: Box<[u8]>,
}

impl Channel {
    /// The longest message in bytes: names of tensors and one sentence. Fits into a socket that
    /// nobody reads, so that sending never waits.
    const LONGEST: usize = 1 << 16;

    /// A channel, and its other end for another process.
    pub(super) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (ours, theirs) = rustix::net::socketpair(AddressFamily::UNIX, kind, flags, None)?;
        Ok((Self::new(ours)?, theirs))
    }

    /// The channel whose end `socket` is.
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        if sockopt::socket_type(&socket)? != SocketType::SEQPACKET {
            return Err(io::Error::other("a socket that keeps no packets apart"));
        }
        Ok(Self { socket, packet: vec![0; Self::LONGEST].into_boxed_slice() })
    }

    /// How long each packet is waited for from now on. (A signal to this very thread begins the wait
    /// anew; the kernel hands those of a process to its first thread.)
    pub(super) fn wait_at_most(&self, deadline: Duration) -> io::Result<()> {
        Ok(sockopt::set_socket_timeout(&self.socket, Timeout::Recv, Some(deadline))?)
    }

    /// Sends `message`, and `memory` along with it.
    pub(super) fn send(
        &self,
        message: &impl Serialize,
        memory: Option<&SharedMemory>,
    ) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        if text.len() > Self::LONGEST {
            return Err(too_long(text.len()));
        }
        self.send_packet(&text, memory)
    }

    pub(super) fn signal(&self, byte: u8) -> io::Result<()> {
        self.send_packet(&[byte], None)
    }

    /// The next message, and the memory that came along.
    pub(super) fn receive<M: DeserializeOwned>(&mut self) -> io::Result<(M, Option<SharedMemory>)> {
        let (packet, file) = self.next_packet()?;
        let message = serde_json::from_slice(packet)?;
        Ok((message, file.map(SharedMemory::of).transpose()?))
    }

    /// The other end's next signal.
    pub(super) fn signalled(&mut self) -> io::Result<u8> {
        match self.next_packet()? {
            ([byte], _) => Ok(*byte),
            (packet, _) => {
                let bytes = packet.len();
                Err(io::Error::other(format!("{bytes} bytes, expected a signal of one")))
            }
        }
    }

    /// `None` when the next packet is the signal `expected`, else the message it is.
    pub(super) fn signalled_or<M: DeserializeOwned>(
        &mut self,
        expected: u8,
    ) -> io::Result<Option<M>> {
        let (packet, _) = self.next_packet()?;
        Ok(if *packet == [expected] { None } else { Some(serde_json::from_slice(packet)?) })
    }

    fn send_packet(&self, packet: &[u8], memory: Option<&SharedMemory>) -> io::Result<()> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = SendAncillaryBuffer::new(&mut space);
        let files = memory.map(|memory| [memory.as_fd()]);
        if let Some(files) = &files {
            along.push(SendAncillaryMessage::ScmRights(files));
        }
        let (parts, flags) = ([IoSlice::new(packet)], SendFlags::NOSIGNAL);
        retry_on_intr(|| rustix::net::sendmsg(&self.socket, &parts, &mut along, flags))?;
        Ok(())
    }

    fn next_packet(&mut self) -> io::Result<(&[u8], Option<OwnedFd>)> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut along = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut self.packet)];
        // Cut short or not, `bytes` is then how long it was.
        let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::TRUNC;
        let got =
            retry_on_intr(|| rustix::net::recvmsg(&self.socket, &mut parts, &mut along, flags))?;
        if got.flags.contains(ReturnFlags::TRUNC) {
            return Err(too_long(got.bytes));
        }
        if got.bytes == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let file = along.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        Ok((&self.packet[..got.bytes], file))
    }
}

fn too_long(bytes: usize) -> io::Error {
    io::Error::other(format!("{bytes} bytes, expected {} at most", Channel::LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Channel, Channel) {
        let (one, other) = Channel::pair().unwrap();
        (one, Channel::new(other).unwrap())
    }

    #[test]
    fn a_message_brings_its_memory_along() {
        let (one, mut other) = pair();
        let memory = SharedMemory::holding(b"tensor").unwrap();
        one.send(&["first"], Some(&memory)).unwrap();
        one.send(&["second"], None).unwrap();
        one.signal(7).unwrap();
        one.signal(8).unwrap();
        one.send(&["third"], None).unwrap();
        let (first, along): ([String; 1], _) = other.receive().unwrap();
        assert_eq!((first[0].as_str(), along.unwrap().bytes()), ("first", &b"tensor"[..]));
        let (second, along): ([String; 1], _) = other.receive().unwrap();
        assert_eq!((second[0].as_str(), along.is_none()), ("second", true));
        assert_eq!(other.signalled().unwrap(), 7);
        assert_eq!(other.signalled_or::<[String; 1]>(8).unwrap(), None);
        assert_eq!(other.signalled_or(8).unwrap(), Some(["third".to_owned()]));
    }

    #[test]
    fn a_silent_other_end_a_gone_one_and_what_is_no_message_are_errors() {
        let (one, mut other) = pair();
        other.wait_at_most(Duration::from_millis(1)).unwrap();
        let error = other.signalled().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
        one.send_packet(&vec![b' '; Channel::LONGEST + 1], None).unwrap();
        let error = other.receive::<String>().err().unwrap();
        assert_eq!(error.to_string(), "65537 bytes, expected 65536 at most");
        one.send(&"no signal", None).unwrap();
        let error = other.signalled().unwrap_err();
        assert_eq!(error.to_string(), "11 bytes, expected a signal of one");
        drop(one);
        assert_eq!(other.signalled().unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(other.receive::<String>().err().unwrap().kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_socket_on_which_a_message_could_come_in_drops_is_refused() {
        let (one, _) = std::os::unix::net::UnixStream::pair().unwrap();
        let error = Channel::new(one.into()).unwrap_err();
        assert!(error.to_string().contains("keeps no packets apart"), "{error}");
    }
}
