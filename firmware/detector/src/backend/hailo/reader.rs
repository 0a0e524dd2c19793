//! The reader: a thread of its own that takes what the chip answers.
//!
//! Promises: one thread for the model's life, asked once a run, so that reading begins before
//! writing has ended and nothing is spawned or allocated per frame. Refuses: deadlines; a read ends
//! when the library's own time-out does, that of the first picture after several.
#![allow(unsafe_code, reason = "reads into memory through a C function")]

use std::ffi::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::abi::{Handle, SUCCESS, Status, TIMEOUT};
use super::head_map::Frame;

/// The vendor's `hailo_vstream_read_raw_buffer`.
pub(super) type Read = unsafe extern "C" fn(Handle, *mut c_void, usize) -> Status;

/// The thread and what it shares with the model.
pub(super) struct Reader {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    turn: Mutex<Turn>,
    changed: Condvar,
    /// One for each stream. Held by the thread while it reads.
    frames: Mutex<Vec<Frame>>,
}

/// Whose turn it is.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Idle,
    Asked,
    Answered(Status),
    Over,
}

impl Reader {
    /// Starts the thread on `streams` and their frames; what is read first may time out until the
    /// last of `first_tries`.
    ///
    /// # Safety
    /// The streams are open output streams of the library that `read` is of, and stay open until
    /// the reader is dropped; each frame is of its stream's size.
    pub(super) unsafe fn start(
        read: Read,
        streams: Vec<Handle>,
        frames: Vec<Frame>,
        first_tries: u32,
    ) -> std::io::Result<Self> {
        let turn = Mutex::new(Turn::Idle);
        let frames = Mutex::new(frames);
        let shared = Arc::new(Shared { turn, changed: Condvar::new(), frames });
        let theirs = Arc::clone(&shared);
        let mut tries = first_tries;
        let body = move || {
            while theirs.asked() {
                let mut frames = theirs.frames();
                // SAFETY: as the caller says.
                let status = unsafe { read_all(read, &streams, &mut frames, tries) };
                tries = 1;
                drop(frames);
                theirs.pass(Turn::Answered(status));
            }
        };
        let thread = std::thread::Builder::new().name("hailo-reader".to_owned()).spawn(body)?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Begins to read one frame of every stream.
    pub(super) fn ask(&self) {
        self.shared.pass(Turn::Asked);
    }

    /// Waits until all frames are read or one could not be.
    pub(super) fn answer(&self) -> Status {
        let mut turn = self.shared.turn();
        loop {
            match *turn {
                Turn::Answered(status) => {
                    *turn = Turn::Idle;
                    return status;
                }
                _ => turn = self.shared.wait(turn),
            }
        }
    }

    /// The frame of stream `index`, as last read.
    pub(super) fn with_frame<R>(&self, index: usize, look: impl FnOnce(&Frame) -> R) -> R {
        look(&self.shared.frames()[index])
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.pass(Turn::Over);
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked; if it had, there is nobody to tell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Waits for the next question; false when there will be none.
    fn asked(&self) -> bool {
        let mut turn = self.turn();
        loop {
            match *turn {
                Turn::Asked => return true,
                Turn::Over => return false,
                Turn::Idle | Turn::Answered(_) => turn = self.wait(turn),
            }
        }
    }

    fn pass(&self, next: Turn) {
        let mut turn = self.turn();
        // The end is the end, also for an answer that comes after it.
        if *turn != Turn::Over {
            *turn = next;
        }
        drop(turn);
        self.changed.notify_all();
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'t>(&self, turn: MutexGuard<'t, Turn>) -> MutexGuard<'t, Turn> {
        self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner)
    }

    fn frames(&self) -> MutexGuard<'_, Vec<Frame>> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads one frame of each stream, to the first that fails or times out for the last of `tries`.
///
/// # Safety
/// As for [`Reader::start`].
unsafe fn read_all(read: Read, streams: &[Handle], frames: &mut [Frame], mut tries: u32) -> Status {
    for (&stream, frame) in streams.iter().zip(frames) {
        let (memory, bytes) = frame.memory();
        loop {
            // SAFETY: the memory is the frame's, which is as large as the library says it needs.
            match unsafe { read(stream, memory, bytes) } {
                SUCCESS => break,
                TIMEOUT if tries > 1 => tries -= 1,
                status => return status,
            }
        }
    }
    SUCCESS
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Fills the frame with the stream's own number, which is its address; stream 9 is gone, and
    /// stream 4 answers at every third try.
    unsafe extern "C" fn read(stream: Handle, memory: *mut c_void, bytes: usize) -> Status {
        static TRIES: AtomicU32 = AtomicU32::new(1);
        let number = stream.0.addr();
        match number {
            9 => return 62,
            4 if !TRIES.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) => return TIMEOUT,
            _ => {}
        }
        // SAFETY: the reader gives memory of that many bytes.
        unsafe { memory.cast::<u8>().write_bytes(number as u8, bytes) };
        SUCCESS
    }

    fn start(streams: &[usize]) -> Reader {
        start_with(streams, 1)
    }

    fn start_with(streams: &[usize], first_tries: u32) -> Reader {
        let frames = streams.iter().map(|_| Frame::Bytes(vec![0; 3])).collect();
        let streams = streams.iter().map(|&at| Handle(std::ptr::without_provenance_mut(at)));
        // SAFETY: `read` above takes any stream.
        unsafe { Reader::start(read, streams.collect(), frames, first_tries) }.unwrap()
    }

    #[test]
    fn every_stream_is_read_once_for_each_question() {
        let reader = start(&[3, 7]);
        for _ in 0..100 {
            reader.ask();
            assert_eq!(reader.answer(), SUCCESS);
        }
        for (index, expected) in [(0, vec![3; 3]), (1, vec![7; 3])] {
            reader.with_frame(index, |frame| match frame {
                Frame::Bytes(bytes) => assert_eq!(*bytes, expected),
                Frame::Floats(_) => unreachable!("made as bytes"),
            });
        }
    }

    #[test]
    fn only_what_is_read_first_may_time_out_until_its_last_try() {
        let reader = start_with(&[3, 4], 3);
        let mut answers = Vec::new();
        for _ in 0..4 {
            reader.ask();
            answers.push(reader.answer());
        }
        assert_eq!(answers, [SUCCESS, TIMEOUT, TIMEOUT, SUCCESS]);
    }

    #[test]
    fn a_stream_that_is_gone_says_so_and_the_reader_ends_whenever_it_is_dropped() {
        let reader = start(&[3, 9]);
        reader.ask();
        assert_eq!(reader.answer(), 62);
        // Asked and not listened to.
        reader.ask();
        drop(reader);
        drop(start(&[]));
    }
}
