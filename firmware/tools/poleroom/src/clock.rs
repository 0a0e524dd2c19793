//! The only file of this program that reads a clock.
//!
//! Promises: wall time, for arrival times and file names; it may step. Refuses: to measure durations;
//! waiting is tokio's business.

/// Milliseconds since 1970-01-01T00:00:00Z; 0 on a machine whose clock stands before that.
pub(crate) fn now_unix_ms() -> i64 {
    #[allow(clippy::disallowed_methods, reason = "this is the file that reads the clock")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
