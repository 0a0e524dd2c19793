//! The window of stills and clips: which file is being sent, and how far.
//!
//! Promises: one piece at a time is on its way, so that an alarm waits for one piece at most; a still
//! overtakes a clip between two pieces; a new file is the newest event's; after a broken connection a
//! file goes on behind the last piece the broker took. Two files of a kind may wait for the room's
//! answer, so that the line is not idle meanwhile.

use std::time::{Duration, Instant};

use wire::media::{MAX_CHUNK_BYTES, MediaKind};
use wire::record::RecordId;

use super::{Backlog, Pace};
use crate::spool::footer::Media;

/// Files of one kind that are being sent or wait for an answer.
const OPEN_FILES: usize = 2;
/// Files remembered as sent and not answered; no new ones are sent above it.
const MOST_TRANSFERS: usize = 64;
/// A file is hashed and stored by the room, which takes longer than an alarm.
const ANSWER_FACTOR: u32 = 3;

/// A piece of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file.
    pub media: Media,
    /// Where the piece begins.
    pub offset: u32,
}

impl Piece {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> usize {
        MAX_CHUNK_BYTES.min(self.media.total_bytes.saturating_sub(self.offset) as usize)
    }

    fn end(&self) -> u32 {
        self.offset + self.length() as u32
    }
}

/// The files on their way.
#[derive(Debug)]
pub struct MediaWindow {
    pace: Pace,
    transfers: Vec<Transfer>,
    /// The piece the broker has not taken yet.
    on_its_way: Option<Piece>,
}

#[derive(Clone, Copy, Debug)]
struct Transfer {
    media: Media,
    /// How often it was begun.
    tries: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The broker has taken everything before `offset`.
    Sending { offset: u32 },
    /// Sent whole.
    Sent { at: Instant },
    /// To be sent from the start.
    Due { at: Instant },
}

impl MediaWindow {
    /// A window with nothing on its way.
    #[must_use]
    pub fn new(pace: Pace) -> Self {
        Self { pace, transfers: Vec::new(), on_its_way: None }
    }

    /// A new connection: the piece on its way is lost.
    pub fn reconnected(&mut self, now: Instant) {
        self.on_its_way = None;
        for transfer in &mut self.transfers {
            if let State::Sent { at } = &mut transfer.state {
                *at = now;
            }
        }
    }

    /// Pieces the broker has not taken.
    #[must_use]
    pub fn on_their_way(&self) -> usize {
        usize::from(self.on_its_way.is_some())
    }

    /// The next piece of this file, if it is known here.
    pub fn try_again(&mut self, record: RecordId) -> Option<Piece> {
        let transfer = self.find(record)?;
        let offset = match transfer.state {
            State::Sending { offset } => offset,
            State::Sent { .. } | State::Due { .. } => 0,
        };
        transfer.state = State::Sending { offset };
        self.on_its_way = Some(Piece { media: transfer.media, offset });
        self.on_its_way
    }

    /// The piece to send now, if any, of no file that is `held`.
    pub fn next(
        &mut self,
        now: Instant,
        backlog: &impl Backlog,
        held: impl Fn(RecordId) -> bool,
    ) -> Option<Piece> {
        self.expire(now);
        if self.on_its_way.is_some() {
            return None;
        }
        let kinds = [MediaKind::Still, MediaKind::Clip];
        self.on_its_way =
            kinds.into_iter().find_map(|kind| self.next_of(kind, now, backlog, &held));
        self.on_its_way
    }

    /// The broker took the piece, or refused it; then the file is sent again later. Returns how
    /// often the file was begun.
    pub fn taken(&mut self, now: Instant, piece: Piece, refused: bool) -> u32 {
        if self.on_its_way == Some(piece) {
            self.on_its_way = None;
        }
        let resend = self.pace.resend;
        let Some(transfer) = self.find(piece.media.record) else { return 0 };
        transfer.state = match transfer.state {
            _ if refused => State::Due { at: now + resend.wait(transfer.tries) },
            State::Sending { offset } if offset == piece.offset => {
                match piece.end() == piece.media.total_bytes {
                    true => State::Sent { at: now },
                    false => State::Sending { offset: piece.end() },
                }
            }
            state => state,
        };
        transfer.tries
    }

    /// The room wants the file again. Returns how often it was begun, 0 when it is not known here.
    pub fn again(&mut self, now: Instant, record: RecordId) -> u32 {
        self.find(record).map_or(0, |transfer| {
            transfer.state = State::Due { at: now };
            transfer.tries
        })
    }

    /// It is answered or gone.
    pub fn forget(&mut self, record: RecordId) {
        self.transfers.retain(|transfer| transfer.media.record != record);
        self.on_its_way.take_if(|piece| piece.media.record == record);
    }

    /// The next moment at which [`next`](Self::next) has something new to do.
    #[must_use]
    pub fn wake_at(&self, now: Instant) -> Option<Instant> {
        let moments = self.transfers.iter().filter_map(|transfer| match transfer.state {
            State::Sending { .. } => None,
            State::Sent { at } => Some(at + self.answer_within()),
            State::Due { at } => Some(at),
        });
        moments.filter(|at| *at > now).min()
    }

    fn next_of(
        &mut self,
        kind: MediaKind,
        now: Instant,
        backlog: &impl Backlog,
        held: &impl Fn(RecordId) -> bool,
    ) -> Option<Piece> {
        let sending = self.transfers.iter().find_map(|transfer| match transfer.state {
            State::Sending { offset }
                if transfer.media.kind == kind && !held(transfer.media.record) =>
            {
                Some(Piece { media: transfer.media, offset })
            }
            _ => None,
        });
        sending.or_else(|| self.begin(kind, now, backlog, held))
    }

    /// Begins a file that is due again, else the newest that was never sent.
    fn begin(
        &mut self,
        kind: MediaKind,
        now: Instant,
        backlog: &impl Backlog,
        held: &impl Fn(RecordId) -> bool,
    ) -> Option<Piece> {
        let of_kind =
            |transfer: &&Transfer| transfer.media.kind == kind && !held(transfer.media.record);
        let open = |transfer: &&Transfer| !matches!(transfer.state, State::Due { .. });
        if self.transfers.iter().filter(of_kind).filter(open).count() >= OPEN_FILES {
            return None;
        }
        let due = |transfer: &&mut Transfer| {
            let due = matches!(transfer.state, State::Due { at } if at <= now);
            due && transfer.media.kind == kind && !held(transfer.media.record)
        };
        if let Some(transfer) = self.transfers.iter_mut().find(due) {
            transfer.tries += 1;
            transfer.state = State::Sending { offset: 0 };
            return Some(Piece { media: transfer.media, offset: 0 });
        }
        if self.transfers.len() >= MOST_TRANSFERS {
            return None;
        }
        let known: Vec<_> = self.transfers.iter().map(|known| known.media.record).collect();
        let media = backlog.newest_media(kind, &known)?;
        self.transfers.push(Transfer { media, tries: 1, state: State::Sending { offset: 0 } });
        Some(Piece { media, offset: 0 })
    }

    fn expire(&mut self, now: Instant) {
        let (answer_within, resend) = (self.answer_within(), self.pace.resend);
        for transfer in &mut self.transfers {
            if matches!(transfer.state, State::Sent { at } if now.duration_since(at) >= answer_within)
            {
                transfer.state = State::Due { at: now + resend.wait(transfer.tries) };
            }
        }
    }

    fn answer_within(&self) -> Duration {
        self.pace.answer_within * ANSWER_FACTOR
    }

    fn find(&mut self, record: RecordId) -> Option<&mut Transfer> {
        self.transfers.iter_mut().find(|transfer| transfer.media.record == record)
    }
}
