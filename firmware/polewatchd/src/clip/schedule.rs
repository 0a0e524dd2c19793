//! The schedule: when each event's clip begins and ends.
//!
//! Promises: a clip shows the onset with its pre-roll and the decision with its post-roll, and goes
//! on while the event does, up to the longest; where the onset is too far back for both, it is the
//! decision that is shown. Refuses: time of its own; everything follows from its inputs.

use std::time::Duration;

use analytics::event::EventId;
use analytics::time::FrameTime;

use super::Cue;

/// How long clips are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lengths {
    /// Video before the onset.
    pub pre_roll: Duration,
    /// Video after the event's end, and after its decision at the least.
    pub post_roll: Duration,
    /// The longest clip; at least the sum of the two.
    pub longest: Duration,
}

/// What happens to the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// An event was decided.
    Begin(Cue),
    /// An event is over.
    End(Cue),
    /// A packet of this time is about to be recorded.
    Packet(FrameTime),
    /// This event's clip cannot go on.
    Full(EventId),
    /// The camera is gone.
    Silence,
}

/// What the recorder has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Begin a clip with what was recorded since `from`.
    Open {
        /// For which event.
        cue: Cue,
        /// The wanted first picture.
        from: FrameTime,
    },
    /// Finish a clip.
    Close {
        /// Which event's.
        event: EventId,
    },
    /// There is no clip for this event.
    Refuse {
        /// Which.
        event: EventId,
    },
}

/// The clips under way.
#[derive(Debug)]
pub(super) struct Schedule {
    lengths: Lengths,
    at_once: usize,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    event: EventId,
    /// The last picture wanted.
    until: FrameTime,
    /// The last picture allowed.
    latest: FrameTime,
}

impl Schedule {
    /// A schedule of at most `at_once` clips of these lengths.
    pub(super) const fn new(lengths: Lengths, at_once: usize) -> Self {
        Self { lengths, at_once, open: Vec::new() }
    }

    /// What follows from `input`.
    pub(super) fn step(&mut self, input: Input) -> Vec<Output> {
        match input {
            Input::Begin(cue) => vec![self.begin(cue)],
            Input::End(cue) => {
                self.end(cue);
                Vec::new()
            }
            Input::Packet(time) => self.close(|open| time >= open.until),
            Input::Full(event) => self.close(|open| open.event == event),
            Input::Silence => self.close(|_| true),
        }
    }

    fn begin(&mut self, cue: Cue) -> Output {
        let event = cue.event;
        if self.open.len() >= self.at_once || self.open.iter().any(|open| open.event == event) {
            return Output::Refuse { event };
        }
        let wanted = before(cue.onset, self.lengths.pre_roll);
        let earliest = before(cue.decided.plus(self.lengths.post_roll), self.lengths.longest);
        let from = wanted.max(earliest);
        let latest = from.plus(self.lengths.longest);
        // How long the event goes on is not known yet.
        self.open.push(Open { event, until: latest, latest });
        Output::Open { cue, from }
    }

    fn end(&mut self, cue: Cue) {
        if let Some(open) = self.open.iter_mut().find(|open| open.event == cue.event) {
            open.until = cue.decided.plus(self.lengths.post_roll).min(open.latest);
        }
    }

    fn close(&mut self, over: impl Fn(&Open) -> bool) -> Vec<Output> {
        let closed = self.open.extract_if(.., |open| over(open));
        closed.map(|open| Output::Close { event: open.event }).collect()
    }
}

fn before(time: FrameTime, by: Duration) -> FrameTime {
    FrameTime::from_micros(time.since(FrameTime::default()).saturating_sub(by).as_micros() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use analytics::event::Phase;
    use proptest::prelude::*;

    const LENGTHS: Lengths = Lengths {
        pre_roll: Duration::from_secs(5),
        post_roll: Duration::from_secs(5),
        longest: Duration::from_secs(30),
    };

    const fn at(second: u64) -> FrameTime {
        FrameTime::from_micros(second * 1_000_000)
    }

    const fn cue(event: u64, phase: Phase, onset: u64, decided: u64) -> Cue {
        Cue { event: EventId(event), phase, onset: at(onset), decided: at(decided) }
    }

    /// From when to when a clip runs, in seconds, when packets come once a second.
    fn clip(onset: u64, decided: u64, ended: Option<u64>) -> (u64, u64) {
        let mut schedule = Schedule::new(LENGTHS, 1);
        let begun = schedule.step(Input::Begin(cue(1, Phase::Begin, onset, decided)));
        let [Output::Open { from, .. }] = begun[..] else { panic!("{begun:?}") };
        for second in decided.. {
            if ended == Some(second) {
                let end = Input::End(cue(1, Phase::End, onset, second));
                assert_eq!(schedule.step(end), []);
            }
            if !schedule.step(Input::Packet(at(second))).is_empty() {
                return (from.as_micros() / 1_000_000, second);
            }
        }
        unreachable!()
    }

    #[test]
    fn a_clip_shows_onset_decision_and_end_up_to_the_longest() {
        for (story, onset, decided, ended, expected) in [
            ("a short event", 100, 101, Some(104), (95, 109)),
            ("over when decided", 100, 101, Some(101), (95, 106)),
            ("goes on and on", 100, 101, None, (95, 125)),
            ("ends too late", 100, 101, Some(123), (95, 125)),
            ("decided late", 100, 110, Some(112), (95, 117)),
            ("decided too late to show its onset", 100, 160, Some(161), (135, 165)),
            ("at the very beginning", 2, 3, Some(4), (0, 9)),
        ] {
            assert_eq!(clip(onset, decided, ended), expected, "{story}");
        }
    }

    #[test]
    fn overlapping_events_have_their_own_clips_and_one_too_many_has_none() {
        let mut schedule = Schedule::new(LENGTHS, 2);
        for event in [1, 2] {
            let begun = schedule.step(Input::Begin(cue(event, Phase::Begin, 10, 11)));
            assert!(matches!(begun[..], [Output::Open { .. }]), "{begun:?}");
        }
        let third = schedule.step(Input::Begin(cue(3, Phase::Begin, 10, 11)));
        assert_eq!(third, [Output::Refuse { event: EventId(3) }]);
        let full = schedule.step(Input::Full(EventId(2)));
        assert_eq!(full, [Output::Close { event: EventId(2) }]);
        let fourth = schedule.step(Input::Begin(cue(4, Phase::Begin, 12, 13)));
        assert!(matches!(fourth[..], [Output::Open { .. }]), "{fourth:?}");
        assert_eq!(schedule.step(Input::Silence).len(), 2, "the camera is gone");
        assert_eq!(schedule.step(Input::Silence), []);
    }

    #[test]
    fn the_end_of_an_unknown_event_changes_nothing() {
        let mut schedule = Schedule::new(LENGTHS, 2);
        assert_eq!(schedule.step(Input::End(cue(9, Phase::End, 1, 2))), []);
        assert_eq!(schedule.step(Input::Full(EventId(9))), []);
    }

    proptest! {
        #[test]
        fn every_clip_shows_its_decision_and_ends(
            onset in 0_u64..100, wait in 0_u64..100, lasts in prop::option::of(0_u64..100),
        ) {
            let decided = onset + wait;
            let (from, until) = clip(onset, decided, lasts.map(|lasts| decided + lasts));
            prop_assert!(from <= decided && decided + 5 <= until);
            prop_assert!(until - from <= 30);
            prop_assert!(from + 5 >= onset || wait > 20 || from == 0);
        }
    }
}
