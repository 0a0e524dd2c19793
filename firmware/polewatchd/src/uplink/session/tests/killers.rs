//! Stories of records that end connections, and of lines that end by themselves.

use super::*;

/// How long a broker and a room take to answer.
const ROUND_TRIP: Duration = Duration::from_millis(60);

/// A line that breaks by itself after random times, and at once when a killer is sent.
struct Line {
    story: Story,
    killers: Vec<u64>,
    /// Mean length of a connection's life, of 1 and more milliseconds.
    mean_life: Option<Duration>,
    dice: u64,
    ends_at: Option<Instant>,
    /// Alarms and files on the way to an answer.
    under_way: Vec<(Instant, Parcel)>,
    told: Vec<String>,
}

impl Line {
    fn new(alarms: impl IntoIterator<Item = u64>) -> Self {
        Self {
            story: Story::new(alarms),
            killers: Vec::new(),
            mean_life: None,
            dice: 1,
            ends_at: None,
            under_way: Vec::new(),
            told: Vec::new(),
        }
    }

    /// Lets so much time pass.
    fn run(&mut self, time: Duration) {
        let end = self.story.now + time;
        while self.story.now < end {
            self.tick();
            let now = self.story.now;
            let answer = self.under_way.iter().map(|(at, _)| *at).min();
            let wake = self.story.session.wake_at(now);
            let next = [answer, wake, self.ends_at].into_iter().flatten().min();
            self.story.now = next.unwrap_or(end).clamp(now + Duration::from_millis(1), end);
            if self.ends_at.is_some_and(|at| at <= self.story.now) {
                self.break_off();
            }
            self.answer();
        }
    }

    fn tick(&mut self) {
        let outputs = self.story.session.step(self.story.now, Input::Tick, &self.story.shelves);
        let mut killed = false;
        for output in outputs {
            match output {
                Output::Connect => {
                    self.story.hear(Input::Connected);
                    self.ends_at = self.life().map(|life| self.story.now + life);
                    self.tick();
                }
                Output::Send(parcel) => {
                    killed |= self.killers.contains(&parcel.record().number);
                    self.under_way.push((self.story.now + ROUND_TRIP, parcel));
                }
                other => panic!("{other:?}"),
            }
        }
        if killed {
            self.break_off();
        }
    }

    fn break_off(&mut self) {
        self.under_way.clear();
        self.ends_at = None;
        self.told.extend(self.story.hear(Input::Lost));
    }

    /// The broker takes and the room answers at the same moment.
    fn answer(&mut self) {
        let now = self.story.now;
        let (due, rest) = self.under_way.iter().partition(|(at, _)| *at <= now);
        self.under_way = rest;
        for (_, parcel) in due {
            self.story.hear(Input::Taken(parcel, None));
            if !matches!(parcel, Parcel::Piece(piece) if piece.offset + PIECE < piece.media.total_bytes)
            {
                self.story.answer(parcel.record().number);
            }
        }
    }

    /// Exponential, as lines that break at random live.
    fn life(&mut self) -> Option<Duration> {
        let mean_life = self.mean_life?;
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = ((self.dice >> 33) + 1) as f64 / (1_u64 << 31) as f64;
        Some(mean_life.mul_f64(-share.ln()).max(Duration::from_millis(1)))
    }

    fn waiting(&self) -> Vec<u64> {
        let shelves = self.story.shelves.borrow();
        shelves
            .alarms
            .iter()
            .copied()
            .chain(shelves.files.iter().map(|m| m.record.number))
            .collect()
    }
}

#[test]
fn a_killer_keeps_nobody_back_and_is_set_aside() {
    for killer in [1, 4, 9] {
        let mut line = Line::new(1..=9);
        line.killers = vec![killer];
        line.run(Duration::from_secs(60));
        assert_eq!(line.waiting(), [killer], "the others came within a minute");
        line.run(Duration::from_secs(600));
        let told = format!("set aside {killer}: 8 connections ended when it was sent");
        assert_eq!((line.told, line.story.shelves.borrow().alarms.len()), (vec![told], 0));
    }
}

#[test]
fn a_clip_that_kills_keeps_neither_alarms_nor_stills_back() {
    let mut line = Line::new([1, 2]);
    line.story.shelves.borrow_mut().files = vec![
        file(10, MediaKind::Clip, 3 * PIECE),
        file(11, MediaKind::Clip, PIECE),
        file(12, MediaKind::Still, 9),
    ];
    line.killers = vec![11];
    line.run(Duration::from_secs(60));
    assert_eq!(line.waiting(), [11]);
    line.run(Duration::from_secs(600));
    assert_eq!(line.told, ["set aside 11: 8 connections ended when it was sent"]);
}

#[test]
fn several_killers_are_set_aside_in_the_end() {
    let mut line = Line::new(1..=20);
    line.killers = vec![3, 4, 17];
    line.run(Duration::from_secs(3600));
    line.told.sort();
    let aside = |n| format!("set aside {n}: 8 connections ended when it was sent");
    assert_eq!(
        (line.told, line.story.shelves.borrow().alarms.len()),
        ([17, 3, 4].map(aside).to_vec(), 0)
    );
}

#[test]
fn a_line_that_breaks_at_random_for_an_hour_condemns_nobody() {
    for mean_ms in [20, 60, 150, 300, 1_000, 5_000, 30_000] {
        for seed in 1..=5 {
            let mut line = Line::new(1..=100);
            (line.mean_life, line.dice) = (Some(Duration::from_millis(mean_ms)), seed);
            for minute in 0..60 {
                line.run(Duration::from_secs(60));
                line.story.shelves.borrow_mut().alarms.push(101 + minute);
            }
            assert_eq!(line.told, [""; 0], "mean life {mean_ms} ms, seed {seed}");
            line.mean_life = None;
            line.break_off();
            line.run(Duration::from_secs(120));
            assert_eq!(line.waiting(), [0; 0], "mean life {mean_ms} ms, seed {seed}");
        }
    }
}

#[test]
fn alarms_get_through_a_line_that_lives_for_no_more_than_five_answers() {
    let mut line = Line::new(1..=100);
    line.mean_life = Some(Duration::from_millis(300));
    line.run(Duration::from_secs(600));
    assert_eq!(line.waiting(), [0; 0]);
}
