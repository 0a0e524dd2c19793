//! The newest-frame slot: the only way from the camera to the analysis, one place wide.
//!
//! Promises: the writer never waits, the reader always gets the newest item, and what was
//! overwritten unread is counted. Refuses: queueing; a frame the analysis has no time for is old.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The two ends of a new, empty slot.
#[must_use]
pub fn slot<T>() -> (SlotWriter<T>, SlotReader<T>) {
    let shared = Arc::new(Shared {
        place: Mutex::new(Place { item: None, closed: false }),
        filled: Condvar::new(),
        overwritten: AtomicU64::new(0),
    });
    (SlotWriter(shared.clone()), SlotReader(shared))
}

/// What a reader got.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<T> {
    /// The newest item.
    Item(T),
    /// Nothing came in time.
    TimedOut,
    /// Nothing will come any more.
    Closed,
}

/// The end that fills the slot. Closes it when dropped.
#[derive(Debug)]
pub struct SlotWriter<T>(Arc<Shared<T>>);

/// The end that empties the slot.
#[derive(Debug)]
pub struct SlotReader<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    place: Mutex<Place<T>>,
    filled: Condvar,
    overwritten: AtomicU64,
}

#[derive(Debug)]
struct Place<T> {
    item: Option<T>,
    closed: bool,
}

impl<T> Shared<T> {
    fn place(&self) -> MutexGuard<'_, Place<T>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> SlotWriter<T> {
    /// Puts `item` in, over whatever was there. After [`close`](Self::close) it is dropped.
    pub fn put(&self, item: T) {
        let mut place = self.0.place();
        if place.closed {
            return;
        }
        let unread = place.item.replace(item);
        drop(place);
        self.0.filled.notify_one();
        // Dropped outside the lock: giving a picture's memory back may take the decoder's own.
        if unread.is_some() {
            self.0.overwritten.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets the reader take what is in the slot and then end.
    pub fn close(&self) {
        self.0.place().closed = true;
        self.0.filled.notify_all();
    }

    /// How many items were overwritten unread since the start.
    #[must_use]
    pub fn overwritten(&self) -> u64 {
        self.0.overwritten.load(Ordering::Relaxed)
    }
}

impl<T> Drop for SlotWriter<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T> SlotReader<T> {
    /// Waits for an item, at most `patience`.
    #[must_use]
    pub fn take(&self, patience: Duration) -> Taken<T> {
        let empty = |place: &mut Place<T>| place.item.is_none() && !place.closed;
        let waited = self.0.filled.wait_timeout_while(self.0.place(), patience, empty);
        let (mut place, _) = waited.unwrap_or_else(PoisonError::into_inner);
        match place.item.take() {
            Some(item) => Taken::Item(item),
            None if place.closed => Taken::Closed,
            None => Taken::TimedOut,
        }
    }

    /// How many items were overwritten unread since the start.
    #[must_use]
    pub fn overwritten(&self) -> u64 {
        self.0.overwritten.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Duration = Duration::from_millis(1);

    #[test]
    fn the_newest_wins_and_the_unread_are_counted() {
        let (writer, reader) = slot();
        (1..=3).for_each(|n| writer.put(n));
        assert_eq!(reader.take(SOON), Taken::Item(3));
        assert_eq!(reader.take(SOON), Taken::TimedOut);
        assert_eq!((writer.overwritten(), reader.overwritten()), (2, 2));
    }

    #[test]
    fn a_closed_slot_gives_its_last_item_and_then_the_end() {
        let (writer, reader) = slot();
        writer.put(1);
        writer.close();
        writer.put(2);
        assert_eq!(reader.take(SOON), Taken::Item(1));
        assert_eq!(reader.take(SOON), Taken::Closed);
    }

    #[test]
    fn a_waiting_reader_is_woken_by_an_item_and_by_the_end() {
        let (writer, reader) = slot();
        let patience = Duration::from_secs(20);
        let seen = std::thread::spawn(move || (reader.take(patience), reader.take(patience)));
        writer.put('a');
        drop(writer);
        // Either order of the threads gives the item first.
        assert_eq!(seen.join().expect("a reader"), (Taken::Item('a'), Taken::Closed));
    }
}
