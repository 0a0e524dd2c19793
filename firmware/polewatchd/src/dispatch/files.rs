//! The file loop: takes stills and clips, stores them, wakes the uplink.

use std::path::Path;

use analytics::event::EventId;
use crossbeam_channel::{Receiver, never, select};
use wire::media::MediaKind;
use wire::record::EventRef;

use super::Still;
use crate::clip::ClipReport;
use crate::durable;
use crate::spool::Spool;
use crate::spool::media::Payload;
use crate::uplink::bell::Bell;

/// What the thread owns.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) spool: Spool,
    pub(super) bell: Bell,
}

impl Files {
    /// Works until all senders are dropped and everything is stored.
    pub(super) fn run(&self, stills: &Receiver<Still>, clips: &Receiver<ClipReport>) {
        let (mut stills, mut clips) = (stills.clone(), clips.clone());
        let mut open = 2;
        while open > 0 {
            select! {
                recv(stills) -> still => match still {
                    Ok(Still { event, jpeg }) => {
                        self.store(event, MediaKind::Still, &Payload::Bytes(jpeg));
                    }
                    Err(_) => (open, stills) = (open - 1, never()),
                },
                recv(clips) -> report => match report {
                    Ok(report) => self.clip(report),
                    Err(_) => (open, clips) = (open - 1, never()),
                },
            }
        }
    }

    fn clip(&self, report: ClipReport) {
        match report {
            ClipReport::Ready(clip) => {
                let stored =
                    self.store(clip.event, MediaKind::Clip, &Payload::File(clip.path.clone()));
                if !stored {
                    discard(&clip.path);
                }
            }
            ClipReport::Lost { event, reason } => {
                tracing::warn!(event = event.0, "no clip: {reason}");
                if let Err(error) = self.spool.clip_missed() {
                    tracing::warn!("{error}");
                }
            }
        }
    }

    fn store(&self, event: EventId, kind: MediaKind, payload: &Payload) -> bool {
        let shown = EventRef { boot: self.spool.boot(), number: event.0 };
        match self.spool.store_media(shown, kind, payload) {
            Ok(_) => {
                self.bell.ring();
                true
            }
            Err(error) => {
                tracing::warn!(event = event.0, "{kind:?} not stored: {error}");
                false
            }
        }
    }
}

/// A clip that did not get into the spool must not stay beside it.
fn discard(path: &Path) {
    if let Err(error) = durable::remove(path) {
        tracing::warn!("{error}");
    }
}
