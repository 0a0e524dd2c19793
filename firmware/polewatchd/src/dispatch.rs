//! Dispatch: the only place that knows both an Event and an Alarm.
//!
//! Promises: every event becomes an alarm with an identity, on disk, in the order it came, before the
//! uplink hears of it; wall time is attached here, with its quality; a still or clip never holds up
//! an alarm, because a thread of its own hashes and syncs it. Refuses: to lose an alarm to a full or
//! failing disk while the daemon runs: it tries again, the queue behind it fills, and the watchdog
//! sees that.
//!
//! Numbers: an event of the analysis keeps its number, `EventRef { boot, number: EventId }`. Events
//! of the box itself, such as its door, are counted by dispatch from [`BOX_EVENTS`] on, which no
//! analysis reaches.

pub mod alarm;
mod alarms;
pub mod evidence;
mod files;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use analytics::event::{Event, EventId, Phase};
use crossbeam_channel::{Sender, bounded};

use self::alarm::Identity;
use self::alarms::Alarms;
use self::files::Files;
use crate::clip::ClipReport;
use crate::clock::{Anchor, Clock};
use crate::spool::Spool;
use crate::uplink::bell::Bell;

/// The first number of the box's own events.
pub const BOX_EVENTS: u64 = 1 << 63;

/// Events waiting for the disk; when it is full the analysis waits, and the watchdog sees it.
const INCIDENTS: usize = 64;
/// Stills, and clips, waiting for the disk.
const FILES: usize = 16;

/// Something the control room must know.
#[derive(Clone, Debug, PartialEq)]
pub enum Incident {
    /// A rule decided.
    Event {
        /// What.
        event: Event,
        /// Of the model that ran on the deciding frame: the first eight bytes of its SHA-256.
        model: [u8; 8],
        /// What will be handed over for it.
        follows: Follows,
    },
    /// The box's door was opened ([`Phase::Begin`]) or closed ([`Phase::End`]).
    Tamper {
        /// Which of the two.
        phase: Phase,
        /// When.
        at: Instant,
    },
}

/// Which files of an event will be handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Follows {
    /// A still of the deciding frame.
    pub still: bool,
    /// A clip around the event.
    pub clip: bool,
}

/// The still of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Still {
    /// Which event.
    pub event: EventId,
    /// The deciding frame.
    pub jpeg: Vec<u8>,
}

/// What dispatch works with.
#[derive(Clone, Debug)]
pub struct Desk {
    /// What every alarm of this daemon says of it.
    pub identity: Identity,
    /// Ties the camera's frame times to the monotonic clock.
    pub anchor: Anchor,
    /// The clock.
    pub clock: Clock,
    /// Where everything is stored.
    pub spool: Spool,
    /// Wakes the uplink.
    pub bell: Bell,
}

/// The ends that others hold. Dispatch ends when all of one kind are dropped.
#[derive(Clone, Debug)]
pub struct Intake {
    /// Events and tamper: waits when dispatch is behind.
    pub incidents: Sender<Incident>,
    /// Stills.
    pub stills: Sender<Still>,
    /// What the recorder reports.
    pub clips: Sender<ClipReport>,
}

/// The running dispatch.
#[derive(Debug)]
pub struct Dispatch {
    closing: Arc<AtomicBool>,
    threads: [JoinHandle<()>; 2],
}

impl Dispatch {
    /// Starts dispatch: one thread for alarms, one for files.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(desk: Desk) -> io::Result<(Self, Intake)> {
        let (incidents, incoming) = bounded(INCIDENTS);
        let (stills, pictures) = bounded(FILES);
        let (clips, reports) = bounded(FILES);
        let closing = Arc::new(AtomicBool::new(false));
        let files = Files { spool: desk.spool.clone(), bell: desk.bell.clone() };
        let alarms = Alarms::new(desk, closing.clone());
        let threads = [
            thread::Builder::new()
                .name("dispatch".to_owned())
                .spawn(move || alarms.run(&incoming))?,
            thread::Builder::new()
                .name("dispatch-files".to_owned())
                .spawn(move || files.run(&pictures, &reports))?,
        ];
        Ok((Self { closing, threads }, Intake { incidents, stills, clips }))
    }

    /// Whether a thread has ended though its senders are still there.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.threads.iter().any(JoinHandle::is_finished)
    }

    /// Waits until everything handed over is stored. The senders must have been dropped; a disk that
    /// fails is now tried once more and then given up.
    pub fn finish(self) {
        self.closing.store(true, Ordering::Release);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("dispatch ended with a panic");
            }
        }
    }
}
