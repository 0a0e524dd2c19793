//! The bell: how others wake the uplink, which otherwise sleeps until the network or a timer.
//!
//! Promises: a ring is never lost, and ringing never waits; after [`Bell::stop`] the uplink takes its
//! leave within a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A bell; its clones ring the same one.
#[derive(Clone, Debug, Default)]
pub struct Bell(Arc<Wire>);

#[derive(Debug, Default)]
struct Wire {
    notify: Notify,
    stopping: AtomicBool,
}

impl Bell {
    /// Something new lies in the spool or on the health board.
    pub fn ring(&self) {
        self.0.notify.notify_one();
    }

    /// Take your leave.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
        self.ring();
    }

    /// Whether to take leave.
    #[must_use]
    pub fn stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    /// Waits for a ring; returns at once when there was one since the last wait.
    pub(super) async fn rung(&self) {
        self.0.notify.notified().await;
    }
}
