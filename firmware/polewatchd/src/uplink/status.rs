//! What the uplink says of itself to the health report.

use std::sync::{Arc, Mutex, PoisonError};

/// The uplink as it is now, counted since the daemon's start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UplinkStatus {
    /// Whether the broker has accepted the connection.
    pub connected: bool,
    /// Connections made.
    pub connections: u64,
    /// Alarms and pieces published, repetitions included.
    pub sent: u64,
    /// Records the control room has acknowledged.
    pub acknowledged: u64,
    /// Records set aside because the broker or the control room refused them.
    pub dead_letters: u64,
    /// Payloads on the acknowledgement topic that were no acknowledgement.
    pub garbage: u64,
    /// What somebody should do about the certificate before it is too late.
    pub notice: Option<String>,
    /// Why the last connection failed or ended; `None` while connected.
    pub trouble: Option<String>,
}

/// Where the uplink notes its status and others read it.
#[derive(Clone, Debug, Default)]
pub struct StatusBoard(Arc<Mutex<UplinkStatus>>);

impl StatusBoard {
    /// The status now.
    #[must_use]
    pub fn read(&self) -> UplinkStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the status.
    pub fn note(&self, change: impl FnOnce(&mut UplinkStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
