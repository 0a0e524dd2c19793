//! Waiting for something to become true, with a limit: nothing here sleeps for luck.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(25);

/// Looks again and again until `look` gives a value, or fails, or `limit` is over; then the error
/// says `what` was waited for.
///
/// # Errors
/// Those of `look`, and the deadline.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(value) = look()? {
            return Ok(value);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_names_what_was_waited_for() {
        let error = wait_for("the moon", Duration::ZERO, || Ok(None::<()>)).unwrap_err();
        assert_eq!(error.to_string(), "waited 0 s in vain for the moon");
    }

    #[test]
    fn a_value_ends_the_wait_and_so_does_an_error() {
        let mut looks = 0;
        let third = wait_for("three", Duration::from_secs(5), || {
            looks += 1;
            Ok((looks == 3).then_some(looks))
        });
        assert_eq!(third.unwrap(), 3);
        assert!(
            wait_for("nothing", Duration::from_secs(5), || bail!("broken") as Result<Option<()>>)
                .is_err()
        );
    }
}
