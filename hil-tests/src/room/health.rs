//! A box's health as the room tells it: when a part's state changes.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Room;
use crate::deadline::wait_for;

/// What a box says of one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Part {
    name: String,
    /// `ok`, `warn` or `fail`.
    pub state: String,
    /// A sentence.
    pub detail: String,
}

impl Room {
    /// Waits until the newest report it has told of has `part` in one of `states`.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_state(&self, part: &str, states: &[&str], limit: Duration) -> Result<Part> {
        let what = format!("{part} to be {states:?}");
        self.wait_for_part(part, &what, limit, |found| states.contains(&found.state.as_str()))
    }

    /// Waits until the newest report it has told of says `expected` of `part`.
    ///
    /// # Errors
    /// When `limit` is over.
    pub fn wait_for_detail(&self, part: &str, expected: &str, limit: Duration) -> Result<Part> {
        let what = format!("{part} to say {expected:?}");
        self.wait_for_part(part, &what, limit, |found| found.detail.contains(expected))
    }

    fn wait_for_part(
        &self,
        part: &str,
        what: &str,
        limit: Duration,
        is_it: impl Fn(&Part) -> bool,
    ) -> Result<Part> {
        wait_for(what, limit, || {
            Ok(self.parts()?.into_iter().find(|found| found.name == part && is_it(found)))
        })
    }

    /// The parts of the newest report it has told of; none of a box that is offline.
    fn parts(&self) -> Result<Vec<Part>> {
        let newest = self.facts("health").pop().unwrap_or_default();
        let parts = newest.get("parts").map(Vec::<Part>::deserialize).transpose();
        Ok(parts.context("a report's parts are none")?.unwrap_or_default())
    }
}
