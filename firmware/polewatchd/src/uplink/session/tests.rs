//! Stories of the session, told with a hand-held clock and a list for a spool.

use std::cell::RefCell;

use wire::media::MAX_CHUNK_BYTES;
use wire::record::EventRef;

use super::*;

mod killers;
use crate::clock::Clock;

const BOOT: u32 = 9;
const PIECE: u32 = MAX_CHUNK_BYTES as u32;

fn id(number: u64) -> RecordId {
    RecordId { boot: BOOT, number }
}

fn file(number: u64, kind: MediaKind, total_bytes: u32) -> Media {
    let event = EventRef { boot: BOOT, number };
    Media { record: id(number), event, kind, total_bytes, sha256: [0; 32], stored_ms: 0 }
}

#[derive(Default)]
struct Shelves {
    alarms: Vec<u64>,
    files: Vec<Media>,
}

impl Backlog for RefCell<Shelves> {
    fn alarm_after(&self, after: Option<RecordId>) -> Option<RecordId> {
        let behind = |record: &RecordId| after.is_none_or(|after| *record > after);
        self.borrow().alarms.iter().copied().map(id).find(behind)
    }

    fn newest_media(&self, kind: MediaKind, passed: &[RecordId]) -> Option<Media> {
        let free = |media: &&Media| media.kind == kind && !passed.contains(&media.record);
        self.borrow().files.iter().filter(free).max_by_key(|media| media.event).copied()
    }
}

/// A session, its spool, and the time.
struct Story {
    session: Session,
    shelves: RefCell<Shelves>,
    now: Instant,
}

impl Story {
    /// Connected, with these alarms waiting and nothing sent yet.
    fn connected(alarms: impl IntoIterator<Item = u64>) -> Self {
        let mut story = Self::new(alarms);
        assert_eq!(story.tick(), ["connect"]);
        story.hear(Input::Connected);
        story
    }

    fn new(alarms: impl IntoIterator<Item = u64>) -> Self {
        Self::paced(Pace { window: 3, ..Pace::of_seed(1) }, alarms)
    }

    fn paced(pace: Pace, alarms: impl IntoIterator<Item = u64>) -> Self {
        let shelves = Shelves { alarms: alarms.into_iter().collect(), files: Vec::new() };
        let (clock, _) = Clock::manual(wire::alarm::WallTime {
            unix_ms: 0,
            quality: wire::alarm::ClockQuality::Unknown,
        });
        let session = Session::new(pace);
        Self { session, shelves: RefCell::new(shelves), now: clock.now() }
    }

    /// With a room that has answered alarm 1, so that the window is open.
    fn answered(alarms: impl IntoIterator<Item = u64>) -> Self {
        let mut story = Self::connected(std::iter::once(1).chain(alarms));
        assert_eq!(story.tick(), ["alarm 1"]);
        story.now += Duration::from_millis(5);
        story.answer(1);
        story
    }

    fn hear(&mut self, input: Input) -> Vec<String> {
        let outputs = self.session.step(self.now, input, &self.shelves);
        for output in &outputs {
            let freed = match output {
                Output::Free(records) => records.clone(),
                Output::SetAside(record, _) => vec![*record],
                _ => Vec::new(),
            };
            let mut shelves = self.shelves.borrow_mut();
            shelves.alarms.retain(|number| !freed.contains(&id(*number)));
            shelves.files.retain(|media| !freed.contains(&media.record));
        }
        outputs.iter().map(told).collect()
    }

    fn tick(&mut self) -> Vec<String> {
        self.hear(Input::Tick)
    }

    fn answer(&mut self, number: u64) -> Vec<String> {
        self.hear(Input::Answers(vec![(id(number), Verdict::Stored)]))
    }

    /// The broker takes the piece that was sent; what is sent next.
    fn take(&mut self, number: u64, offset: u32) -> Vec<String> {
        let media = *self.shelves.borrow().files.iter().find(|m| m.record == id(number)).unwrap();
        self.hear(Input::Taken(Parcel::Piece(Piece { media, offset }), None));
        self.tick()
    }

    /// Lets time pass until the session wants to be woken; what it does then.
    fn sleep(&mut self) -> Vec<String> {
        self.now = self.session.wake_at(self.now).expect("something to wait for");
        self.tick()
    }
}

fn told(output: &Output) -> String {
    match output {
        Output::Connect => "connect".to_owned(),
        Output::Send(Parcel::Alarm(record)) => format!("alarm {}", record.number),
        Output::Send(Parcel::Piece(piece)) => {
            format!(
                "piece {} of {:?} {}",
                piece.offset / PIECE,
                piece.media.kind,
                piece.media.record.number
            )
        }
        Output::Free(records) => {
            format!("free {:?}", records.iter().map(|record| record.number).collect::<Vec<_>>())
        }
        Output::SetAside(record, reason) => format!("set aside {}: {reason}", record.number),
    }
}

#[test]
fn after_connecting_one_alarm_goes_ahead_and_the_window_opens_with_its_answer() {
    let mut story = Story::connected(1..=9);
    assert_eq!(story.tick(), ["alarm 1"]);
    assert_eq!(story.tick(), [""; 0]);
    assert_eq!(story.answer(1), ["free [1]"]);
    assert_eq!(story.tick(), ["alarm 2", "alarm 3", "alarm 4"]);
    assert_eq!(story.answer(3), ["free [3]"]);
    assert_eq!(story.tick(), ["alarm 5"]);
}

#[test]
fn what_the_broker_took_is_not_free_and_not_sent_again() {
    let mut story = Story::connected([1]);
    story.tick();
    assert_eq!(story.hear(Input::Taken(Parcel::Alarm(id(1)), None)), [""; 0]);
    assert_eq!(story.tick(), [""; 0]);
    assert_eq!(story.shelves.borrow().alarms, [1]);
}

#[test]
fn a_broken_connection_is_made_again_later_each_time_and_everything_unanswered_goes_again() {
    let mut story = Story::answered(2..=4);
    assert_eq!(story.tick(), ["alarm 2", "alarm 3", "alarm 4"]);
    story.answer(3);
    let mut waits = Vec::new();
    for _ in 0..6 {
        story.hear(Input::Lost);
        assert_eq!(story.tick(), [""; 0]);
        let lost_at = story.now;
        assert_eq!(story.sleep(), ["connect"]);
        waits.push(story.now - lost_at);
    }
    assert!(waits[5] > Duration::from_secs(3) && waits[5] <= Duration::from_secs(32), "{waits:?}");
    story.hear(Input::Connected);
    assert_eq!(story.tick(), ["alarm 2"]);
    story.answer(2);
    assert_eq!(story.tick(), ["alarm 4"]);
}

#[test]
fn a_silent_room_gets_one_alarm_at_a_time_and_then_all_in_order() {
    let mut story = Story::answered(2..=6);
    story.tick();
    assert_eq!(story.sleep(), [""; 0], "called back after ten seconds");
    assert_eq!(story.sleep(), ["alarm 2"], "the first probe");
    for _ in 0..2 {
        assert_eq!(story.sleep(), [""; 0]);
        assert_eq!(story.sleep(), ["alarm 2"]);
    }
    story.answer(2);
    assert_eq!(story.tick(), ["alarm 3", "alarm 4", "alarm 5"]);
}

#[test]
fn an_alarm_the_room_never_answers_does_not_keep_the_others_back() {
    let mut story = Story::connected(1..=5);
    let mut sent = story.tick();
    while sent != ["alarm 2"] {
        assert!(sent.is_empty() || sent == ["alarm 1"], "{sent:?}");
        sent = story.sleep();
    }
    story.answer(2);
    assert_eq!(story.tick(), ["alarm 1", "alarm 3", "alarm 4"]);
    story.answer(3);
    story.answer(4);
    assert_eq!(story.tick(), ["alarm 5"]);
}

#[test]
fn an_alarm_missed_by_an_answering_room_is_sent_again_alone() {
    let mut story = Story::answered(2..=4);
    story.tick();
    story.now += Duration::from_secs(1);
    story.answer(3);
    story.answer(4);
    story.shelves.borrow_mut().alarms.push(5);
    assert_eq!(story.tick(), ["alarm 5"]);
    story.now += Duration::from_millis(1);
    story.answer(5);
    assert_eq!(story.sleep(), [""; 0], "overdue");
    assert_eq!(story.sleep(), ["alarm 2"]);
}

#[test]
fn verdicts() {
    for (verdict, expected) in [
        (Verdict::Stored, vec!["free [2]"]),
        (Verdict::SendAgain, vec![]),
        (Verdict::Refused, vec!["set aside 2: control room: refused"]),
    ] {
        let mut story = Story::answered([2]);
        story.tick();
        assert_eq!(story.hear(Input::Answers(vec![(id(2), verdict)])), expected, "{verdict:?}");
        let again: &[&str] = if verdict == Verdict::SendAgain { &["alarm 2"] } else { &[] };
        assert_eq!(story.tick(), again, "{verdict:?}");
    }
}

#[test]
fn answers_to_strangers_change_nothing_but_are_freed_for_the_spool_to_judge() {
    let mut story = Story::answered([2]);
    story.tick();
    assert_eq!(story.answer(77), ["free [77]"]);
    assert_eq!(story.hear(Input::Answers(vec![(id(78), Verdict::SendAgain)])), [""; 0]);
    assert_eq!(story.tick(), [""; 0]);
}

#[test]
fn a_refusal_that_speaks_of_the_record_sets_it_aside_at_once() {
    let mut story = Story::answered([2, 3]);
    story.tick();
    let refusal = Some(Refusal::Record("topic name invalid (0x90)"));
    let told = story.hear(Input::Taken(Parcel::Alarm(id(2)), refusal));
    assert_eq!(told, ["set aside 2: broker: topic name invalid (0x90)"]);
}

#[test]
fn a_refusal_that_may_pass_is_tried_eight_times() {
    let mut story = Story::answered([2]);
    let mut sent = story.tick();
    let refusal = Some(Refusal::Broker("quota exceeded (0x97)"));
    for attempt in 1..MOST_TRIES {
        assert_eq!(sent, ["alarm 2"], "attempt {attempt}");
        assert_eq!(story.hear(Input::Taken(Parcel::Alarm(id(2)), refusal)), [""; 0]);
        sent = story.sleep();
    }
    let told = story.hear(Input::Taken(Parcel::Alarm(id(2)), refusal));
    assert_eq!(told, ["set aside 2: broker: quota exceeded (0x97), 8 times"]);
}

#[test]
fn stills_go_before_clips_newest_event_first_and_one_piece_at_a_time() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files = vec![
        file(10, MediaKind::Clip, 3 * PIECE),
        file(11, MediaKind::Clip, PIECE + 1),
        file(12, MediaKind::Still, 100),
    ];
    assert_eq!(story.tick(), ["piece 0 of Still 12"]);
    assert_eq!(story.tick(), [""; 0]);
    assert_eq!(story.take(12, 0), ["piece 0 of Clip 11"]);
    assert_eq!(story.take(11, 0), ["piece 1 of Clip 11"]);
    assert_eq!(story.take(11, PIECE), ["piece 0 of Clip 10"]);
}

#[test]
fn an_alarm_waits_for_no_more_than_the_piece_on_its_way() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Clip, 9 * PIECE)];
    assert_eq!(story.tick(), ["piece 0 of Clip 10"]);
    story.shelves.borrow_mut().alarms.push(20);
    story.shelves.borrow_mut().files.push(file(21, MediaKind::Still, 1));
    assert_eq!(story.tick(), ["alarm 20"]);
    assert_eq!(story.take(10, 0), ["piece 0 of Still 21"]);
    assert_eq!(story.take(21, 0), ["piece 1 of Clip 10"]);
}

#[test]
fn after_a_broken_connection_a_file_goes_on_where_the_broker_was() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Clip, 4 * PIECE)];
    story.tick();
    assert_eq!(story.take(10, 0), ["piece 1 of Clip 10"]);
    story.hear(Input::Lost);
    assert_eq!(story.sleep(), ["connect"]);
    story.hear(Input::Connected);
    assert_eq!(story.tick(), ["piece 1 of Clip 10"]);
}

#[test]
fn a_file_the_room_wants_again_goes_from_the_start_and_is_set_aside_in_the_end() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Still, PIECE + 1)];
    let again = || Input::Answers(vec![(id(10), Verdict::SendAgain)]);
    for attempt in 1..=MOST_TRIES {
        assert_eq!(story.tick(), ["piece 0 of Still 10"], "attempt {attempt}");
        assert_eq!(story.take(10, 0), ["piece 1 of Still 10"]);
        assert_eq!(story.take(10, PIECE), [""; 0]);
        let told = story.hear(again());
        assert_eq!(told.len(), usize::from(attempt == MOST_TRIES), "{told:?}");
    }
    assert_eq!(story.tick(), [""; 0]);
}

#[test]
fn an_alarm_the_room_misses_is_sent_as_often_as_it_asks() {
    let mut story = Story::answered([2]);
    for _ in 0..3 * MOST_TRIES {
        assert_eq!(story.tick(), ["alarm 2"]);
        assert_eq!(story.hear(Input::Answers(vec![(id(2), Verdict::SendAgain)])), [""; 0]);
    }
}

#[test]
fn a_file_nobody_answers_for_goes_again_after_half_a_minute() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Still, 1)];
    story.tick();
    story.take(10, 0);
    let sent_at = story.now;
    assert_eq!(story.sleep(), [""; 0]);
    assert_eq!(story.sleep(), ["piece 0 of Still 10"]);
    assert!(story.now - sent_at >= Duration::from_secs(30));
}

#[test]
fn files_keep_to_the_rate_and_alarms_do_not_wait_for_it() {
    let rate = "800kbit/s".parse().unwrap();
    let mut story = Story::paced(Pace { max_rate: Some(rate), ..Pace::of_seed(1) }, []);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Clip, 9 * PIECE)];
    let piece_s = rate.time_of(MAX_CHUNK_BYTES);
    assert_eq!(story.tick(), ["connect"]);
    story.hear(Input::Connected);
    let start = story.now;
    assert_eq!(story.tick(), ["piece 0 of Clip 10"]);
    story.session.spent(story.now, MAX_CHUNK_BYTES);
    assert_eq!(story.take(10, 0), [""; 0], "taken at once, but the rate is used up");
    // An alarm goes at once, and the next piece waits for it too.
    story.shelves.borrow_mut().alarms.push(20);
    assert_eq!(story.tick(), ["alarm 20"]);
    story.session.spent(story.now, 1000);
    assert_eq!(story.answer(20), ["free [20]"]);
    assert_eq!(story.sleep(), ["piece 1 of Clip 10"]);
    assert_eq!(story.now - start, piece_s + rate.time_of(1000));
    for piece in 2..9 {
        story.session.spent(story.now, MAX_CHUNK_BYTES);
        assert_eq!(story.take(10, (piece - 1) * PIECE), [""; 0]);
        assert_eq!(story.sleep(), [format!("piece {piece} of Clip 10")]);
    }
    assert_eq!(story.now - start, 8 * piece_s + rate.time_of(1000));
}

#[test]
fn a_silent_room_gets_no_files_while_alarms_wait() {
    let mut story = Story::connected([1]);
    story.shelves.borrow_mut().files = vec![file(10, MediaKind::Clip, PIECE)];
    assert_eq!(story.tick(), ["alarm 1"]);
    story.answer(1);
    assert_eq!(story.tick(), ["piece 0 of Clip 10"]);
}

#[test]
fn files_dropped_from_the_spool_are_passed_over() {
    let mut story = Story::answered([]);
    story.shelves.borrow_mut().files =
        vec![file(10, MediaKind::Clip, PIECE), file(11, MediaKind::Clip, PIECE)];
    assert_eq!(story.tick(), ["piece 0 of Clip 11"]);
    story.shelves.borrow_mut().files.pop();
    story.hear(Input::Gone(id(11)));
    assert_eq!(story.tick(), ["piece 0 of Clip 10"]);
}
