//! Answers the broker has not confirmed yet.
//!
//! Promises: an answer handed to the client is confirmed, or given back when the connection is lost.
//! Refuses: to trust the client's own queue, which a rebuilt connection empties.

use std::collections::{BTreeMap, VecDeque};

use crate::duty::Answer;

/// The answers, by how far they have come. The client tells packet ids in the order it was handed
/// the answers.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    handed_over: VecDeque<Answer>,
    sent: BTreeMap<u16, Answer>,
}

impl Unconfirmed {
    /// The client was given this answer.
    pub(super) fn handed_over(&mut self, answer: Answer) {
        self.handed_over.push_back(answer);
    }

    /// The client has sent the next answer under this packet id.
    pub(super) fn sent(&mut self, packet_id: u16) {
        if let Some(answer) = self.handed_over.pop_front() {
            self.sent.insert(packet_id, answer);
        }
    }

    /// The broker has taken responsibility for this packet id, or refused it.
    pub(super) fn confirmed(&mut self, packet_id: u16) -> Option<Answer> {
        self.sent.remove(&packet_id)
    }

    /// The connection is lost: all that must be sent again.
    pub(super) fn take_all(&mut self) -> Vec<Answer> {
        let sent = std::mem::take(&mut self.sent).into_values();
        sent.chain(self.handed_over.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_confirmed_comes_back() {
        let mut unconfirmed = Unconfirmed::default();
        for topic in ["a", "b", "c", "d"] {
            unconfirmed.handed_over(answer(topic));
        }
        unconfirmed.sent(1);
        unconfirmed.sent(2);
        unconfirmed.sent(3);
        assert_eq!(unconfirmed.confirmed(2), Some(answer("b")));
        assert_eq!(unconfirmed.confirmed(9), None);
        assert_eq!(unconfirmed.take_all(), [answer("a"), answer("c"), answer("d")]);
        assert_eq!(unconfirmed.take_all(), []);
    }

    fn answer(topic: &str) -> Answer {
        Answer { topic: topic.to_owned(), payload: Vec::new() }
    }
}
