//! Alarms held against the truth: which are true, which false, what was missed.
//!
//! KISA's rule with our clips' windows (docs/events.md, "Scoring"). Pure: no files, no clock.

use serde::Serialize;

use crate::truth::{EventType, TrueEvent, Truth};

/// How much too early and too late an onset may be.
const EARLY_S: f64 = 2.0;
const LATE_S: f64 = 10.0;
/// A fall whose lying person is seen for less than this is too short to be confirmed by anybody.
const SHORT_FALL_S: f64 = 2.0;

/// One alarm as the daemon told it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Alarm {
    #[serde(rename = "type")]
    pub(crate) kind: EventType,
    pub(crate) onset_s: f64,
    pub(crate) decided_s: f64,
}

/// What an alarm turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub(crate) enum Verdict {
    /// It tells of a true event; the onset is off by so much, positive when late.
    True { onset_error_s: f64 },
    /// It tells of nothing.
    False,
    /// It lies in an interval the truth takes out.
    Ignored,
    /// The truth says nothing about its type.
    NotScored,
    /// It tells of a fall too short to be counted.
    ShortFall { onset_error_s: f64 },
}

/// One clip's result.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ClipScore {
    /// Every alarm in the order of onset.
    pub(crate) alarms: Vec<(Alarm, Verdict)>,
    /// Events nobody told of: type and start.
    pub(crate) missed: Vec<(EventType, f64)>,
    /// Short falls nobody told of, not counted.
    pub(crate) short_missed: Vec<f64>,
}

/// One event type's result over many clips.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) true_alarms: usize,
    pub(crate) false_alarms: usize,
    pub(crate) missed: usize,
    /// Of the true alarms, positive when late.
    pub(crate) onset_errors_s: Vec<f64>,
    /// Falls too short to count: told and not told.
    pub(crate) short: (usize, usize),
}

/// Holds one clip's alarms against its truth.
pub(crate) fn score(truth: &Truth, alarms: &[Alarm]) -> ClipScore {
    let mut events: Vec<(&TrueEvent, bool)> =
        truth.events.iter().map(|event| (event, false)).collect();
    events.sort_by(|a, b| a.0.start_s.total_cmp(&b.0.start_s));
    let mut alarms = alarms.to_vec();
    alarms.sort_by(|a, b| a.onset_s.total_cmp(&b.onset_s));
    let mut judged = Vec::with_capacity(alarms.len());
    for alarm in alarms {
        let open = events.iter_mut().find(|(event, told)| !told && fits(truth, event, &alarm));
        let verdict = match open {
            Some((event, told)) => {
                *told = true;
                let onset_error_s = alarm.onset_s - event.start_s;
                if is_short(event) {
                    Verdict::ShortFall { onset_error_s }
                } else {
                    Verdict::True { onset_error_s }
                }
            }
            None => without_event(truth, &alarm),
        };
        judged.push((alarm, verdict));
    }
    let left = || events.iter().filter(|(_, told)| !told).map(|(event, _)| *event);
    ClipScore {
        alarms: judged,
        missed: left()
            .filter(|event| !is_short(event))
            .map(|event| (event.kind, event.start_s))
            .collect(),
        short_missed: left().filter(|event| is_short(event)).map(|event| event.start_s).collect(),
    }
}

impl Tally {
    /// The sum over clips for one type.
    pub(crate) fn of<'a>(kind: EventType, clips: impl Iterator<Item = &'a ClipScore>) -> Self {
        let mut tally = Self::default();
        for clip in clips {
            for (_, verdict) in clip.alarms.iter().filter(|(alarm, _)| alarm.kind == kind) {
                match *verdict {
                    Verdict::True { onset_error_s } => {
                        tally.true_alarms += 1;
                        tally.onset_errors_s.push(onset_error_s);
                    }
                    Verdict::False => tally.false_alarms += 1,
                    Verdict::ShortFall { .. } => tally.short.0 += 1,
                    Verdict::Ignored | Verdict::NotScored => {}
                }
            }
            tally.missed += clip.missed.iter().filter(|missed| missed.0 == kind).count();
            if kind == EventType::Fall {
                tally.short.1 += clip.short_missed.len();
            }
        }
        tally
    }

    /// Share of the alarms that are true; `None` without an alarm.
    pub(crate) fn precision(&self) -> Option<f64> {
        share(self.true_alarms, self.true_alarms + self.false_alarms)
    }

    /// Share of the events that were told; `None` without an event.
    pub(crate) fn recall(&self) -> Option<f64> {
        share(self.true_alarms, self.true_alarms + self.missed)
    }

    /// KISA's score: the harmonic mean of the two; `None` without alarm and event.
    pub(crate) fn f1(&self) -> Option<f64> {
        share(2 * self.true_alarms, 2 * self.true_alarms + self.false_alarms + self.missed)
    }

    /// The median of the onset errors' sizes.
    pub(crate) fn median_error_s(&self) -> Option<f64> {
        let mut sizes: Vec<f64> = self.onset_errors_s.iter().map(|error| error.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let middle = sizes.len() / 2;
        match sizes.len() {
            0 => None,
            even if even % 2 == 0 => Some(f64::midpoint(sizes[middle - 1], sizes[middle])),
            _ => Some(sizes[middle]),
        }
    }

    /// The onset error of the greatest size, with its sign.
    pub(crate) fn worst_error_s(&self) -> Option<f64> {
        self.onset_errors_s.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()))
    }
}

/// Whether the alarm's onset lies in the event's window.
fn fits(truth: &Truth, event: &TrueEvent, alarm: &Alarm) -> bool {
    let from = match event.kind {
        EventType::Abandon => event.owner_leaves_s.unwrap_or(event.start_s),
        EventType::Fall | EventType::Loiter | EventType::Intrusion | EventType::Camera => {
            event.start_s
        }
    };
    let tolerance = truth.tolerance_s(event.kind);
    let window = from - EARLY_S - tolerance..=event.start_s + LATE_S + tolerance;
    event.kind == alarm.kind && window.contains(&alarm.onset_s)
}

fn is_short(event: &TrueEvent) -> bool {
    event.kind == EventType::Fall && event.down_visible_s.is_some_and(|down| down < SHORT_FALL_S)
}

/// What an alarm is that matches no event.
fn without_event(truth: &Truth, alarm: &Alarm) -> Verdict {
    let kind = alarm.kind;
    let taken_out = |span: &crate::truth::Interval| {
        span.kind == kind && (span.start_s..=span.end_s).contains(&alarm.onset_s)
    };
    let spoken_of = kind == EventType::Camera
        || truth.negatives_for.contains(&kind)
        || truth.events.iter().any(|event| event.kind == kind);
    if truth.ignore.iter().any(taken_out) {
        Verdict::Ignored
    } else if spoken_of {
        Verdict::False
    } else {
        Verdict::NotScored
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clip with an intrusion at 50 s, one at 55 s, a loitering at 62 s, an abandonment at 14.3 s
    /// whose owner left at 10.5 s, a fall at 30 s and a short one at 40 s.
    fn truth() -> Truth {
        serde_json::from_str(
            r#"{"clip": "a.mp4", "duration_s": 80, "events": [
                {"type": "intrusion", "start_s": 55, "end_s": 60},
                {"type": "intrusion", "start_s": 50, "end_s": 52},
                {"type": "loiter", "start_s": 62, "end_s": 75},
                {"type": "abandon", "start_s": 14.3, "end_s": 30, "owner_leaves_s": 10.5},
                {"type": "fall", "start_s": 30, "end_s": 38, "down_visible_s": 8},
                {"type": "fall", "start_s": 40, "end_s": 41, "down_visible_s": 1}],
             "ignore": [{"type": "loiter", "start_s": 0, "end_s": 37}],
             "label_tolerance_s": {"intrusion": 1}}"#,
        )
        .unwrap()
    }

    /// "intrusion 50.0" is an alarm with that onset.
    fn alarms(words: &str) -> Vec<Alarm> {
        let mut words = words.split_whitespace();
        let mut alarms = Vec::new();
        while let (Some(kind), Some(onset)) = (words.next(), words.next()) {
            let onset_s = onset.parse().unwrap();
            let kind = serde_json::from_str(&format!("\"{kind}\"")).unwrap();
            alarms.push(Alarm { kind, onset_s, decided_s: onset_s });
        }
        alarms
    }

    fn verdicts(truth: &Truth, words: &str) -> String {
        let verdict = |verdict: &Verdict| match *verdict {
            Verdict::True { onset_error_s } => format!("true{onset_error_s:+.1}"),
            Verdict::False => "false".into(),
            Verdict::Ignored => "ignored".into(),
            Verdict::NotScored => "not-scored".into(),
            Verdict::ShortFall { onset_error_s } => format!("short{onset_error_s:+.1}"),
        };
        let scored = score(truth, &alarms(words));
        scored.alarms.iter().map(|(_, v)| verdict(v)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_alarm_is_true_in_its_window_only() {
        let table = [
            ("loiter 60.0 ", "true-2.0", "two seconds early is in time"),
            ("loiter 59.9", "false", "earlier is not"),
            ("loiter 72.0", "true+10.0", "ten seconds late is in time"),
            ("loiter 72.1", "false", "later is not"),
            ("intrusion 47.0", "true-3.0", "the label's tolerance widens the start"),
            ("intrusion 46.9", "false", "but not for ever"),
            ("intrusion 66.0", "true+11.0", "and the end"),
            ("abandon 8.5", "true-5.8", "an abandonment's window starts where its owner leaves"),
            ("abandon 8.4", "false", "less two seconds"),
            ("abandon 24.3", "true+10.0", "and ends ten seconds after its start"),
        ];
        for (told, expected, what) in table {
            assert_eq!(verdicts(&truth(), told), expected, "{what}: {told}");
        }
    }

    #[test]
    fn each_event_is_told_once() {
        let table = [
            ("intrusion 51 intrusion 52.5", "true+1.0 true-2.5", "the next event in time order"),
            ("intrusion 53 intrusion 51", "true+1.0 true-2.0", "alarms are taken by onset"),
            ("intrusion 51 intrusion 52 intrusion 53", "true+1.0 true-3.0 false", "a third one"),
            ("fall 31 fall 32", "true+1.0 false", "one fall told twice"),
        ];
        for (told, expected, what) in table {
            assert_eq!(verdicts(&truth(), told), expected, "{what}: {told}");
        }
    }

    #[test]
    fn what_the_truth_takes_out_does_not_count() {
        let table = [
            ("loiter 10", "ignored", "in an ignore interval"),
            ("loiter 37.1", "false", "after it"),
            ("fall 40.5", "short+0.5", "a fall seen lying for less than 2 s"),
        ];
        for (told, expected, what) in table {
            assert_eq!(verdicts(&truth(), told), expected, "{what}: {told}");
        }
        let silent: Truth =
            serde_json::from_str(r#"{"clip": "a.mp4", "duration_s": 9, "events": []}"#).unwrap();
        assert_eq!(verdicts(&silent, "fall 3"), "not-scored");
        assert_eq!(verdicts(&silent, "camera 3"), "false", "nobody wrote of a spoilt camera");
        let negative = Truth { negatives_for: vec![EventType::Fall], ..silent };
        assert_eq!(verdicts(&negative, "fall 3"), "false");
    }

    #[test]
    fn a_tally_counts_and_measures() {
        let told = "intrusion 50 intrusion 20 loiter 65 loiter 70 fall 40.5";
        let clips = [score(&truth(), &alarms(told))];
        let intrusion = Tally::of(EventType::Intrusion, clips.iter());
        assert_eq!((intrusion.true_alarms, intrusion.false_alarms, intrusion.missed), (1, 1, 1));
        assert_eq!(intrusion.f1(), Some(0.5));
        let loiter = Tally::of(EventType::Loiter, clips.iter());
        assert_eq!((loiter.precision(), loiter.recall()), (Some(0.5), Some(1.0)));
        assert_eq!((loiter.median_error_s(), loiter.worst_error_s()), (Some(3.0), Some(3.0)));
        let fall = Tally::of(EventType::Fall, clips.iter());
        assert_eq!((fall.true_alarms, fall.missed, fall.short), (0, 1, (1, 0)));
        assert_eq!((fall.precision(), fall.recall(), fall.f1()), (None, Some(0.0), Some(0.0)));
    }
}
