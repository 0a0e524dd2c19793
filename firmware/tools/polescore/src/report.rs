//! The results as tables for people and as JSON for programs.

use std::fmt::{self, Display, Write as _};

use serde_json::{Map, Value, json};

use crate::score::{ClipScore, Tally, Verdict};
use crate::truth::EventType;

/// What came of one clip.
#[derive(Debug)]
pub(crate) struct ClipResult {
    /// The truth file's stem.
    pub(crate) name: String,
    pub(crate) duration_s: f64,
    /// Its score, or in one line why it could not be run.
    pub(crate) outcome: Result<ClipScore, String>,
}

/// All clips, in the order of their names.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) clips: Vec<ClipResult>,
}

impl Report {
    /// One line for each clip that could not be run.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.clips
            .iter()
            .filter_map(|clip| Some((&*clip.name, clip.outcome.as_ref().err()?.as_str())))
    }

    /// `{"events": {type: counts and shares}, "clips": [...]}`. A share of nothing is 0.
    pub(crate) fn to_json(&self) -> Value {
        let events: Map<String, Value> = EventType::ALL
            .iter()
            .map(|&kind| (kind.word().into(), self.tally_json(&self.tally(kind))))
            .collect();
        let clips: Vec<Value> = self.clips.iter().map(clip_json).collect();
        json!({ "events": events, "clips": clips, "video_s": self.scored_s() })
    }

    fn tally_json(&self, tally: &Tally) -> Value {
        json!({
            "tp": tally.true_alarms,
            "fp": tally.false_alarms,
            "fn": tally.missed,
            "precision": tally.precision().unwrap_or(0.0),
            "recall": tally.recall().unwrap_or(0.0),
            "f1": tally.f1().unwrap_or(0.0),
            "onset_error_median_s": tally.median_error_s(),
            "onset_error_worst_s": tally.worst_error_s(),
            "false_per_hour": self.per_hour(tally.false_alarms),
            "short_told": tally.short.0,
            "short_missed": tally.short.1,
        })
    }

    fn tally(&self, kind: EventType) -> Tally {
        Tally::of(kind, self.clips.iter().filter_map(|clip| clip.outcome.as_ref().ok()))
    }

    fn scored_s(&self) -> f64 {
        self.clips.iter().filter(|clip| clip.outcome.is_ok()).map(|clip| clip.duration_s).sum()
    }

    fn per_hour(&self, count: usize) -> Option<f64> {
        let hours = self.scored_s() / 3600.0;
        (hours > 0.0).then(|| count as f64 / hours)
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:30}{:>9}  alarms (onset, error) and misses", "clip", "video")?;
        for clip in &self.clips {
            let what = match &clip.outcome {
                Ok(score) => summary(score),
                Err(why) => format!("NOT RUN: {why}"),
            };
            writeln!(f, "{:30}{:7.1} s  {what}", clip.name, clip.duration_s)?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{:10}{:>5}{:>5}{:>5}{:>11}{:>8}{:>7}{:>15}{:>9}{:>9}",
            "event",
            "TP",
            "FP",
            "FN",
            "precision",
            "recall",
            "F1",
            "onset median",
            "worst",
            "FP/hour"
        )?;
        for kind in EventType::ALL {
            let tally = self.tally(kind);
            writeln!(
                f,
                "{kind:10}{:>5}{:>5}{:>5}{:>11}{:>8}{:>7}{:>15}{:>9}{:>9}",
                tally.true_alarms,
                tally.false_alarms,
                tally.missed,
                number(tally.precision(), 3, ""),
                number(tally.recall(), 3, ""),
                number(tally.f1(), 3, ""),
                number(tally.median_error_s(), 1, " s"),
                number(tally.worst_error_s(), 1, " s"),
                number(self.per_hour(tally.false_alarms), 1, ""),
            )?;
        }
        let (told, not_told) = self.tally(EventType::Fall).short;
        if told + not_told > 0 {
            let seen = "with the person lying in view for less than 2 s, not counted";
            writeln!(f, "falls {seen}: {told} told, {not_told} not")?;
        }
        write!(f, "{:.1} s of video", self.scored_s())
    }
}

/// "intrusion 50.3 (-1.7 s) · loiter 53.1 FALSE · fall 3.8 MISSED", or "-" for nothing at all.
pub(crate) fn summary(score: &ClipScore) -> String {
    let mut line = String::new();
    for (alarm, verdict) in &score.alarms {
        let verdict = match verdict {
            Verdict::True { onset_error_s } => format!("({onset_error_s:+.1} s)"),
            Verdict::ShortFall { onset_error_s } => format!("({onset_error_s:+.1} s, short)"),
            Verdict::False => "FALSE".into(),
            Verdict::Ignored => "ignored".into(),
            Verdict::NotScored => "not scored".into(),
        };
        // Writing to a String cannot fail.
        let _ = write!(line, " · {} {:.1} {verdict}", alarm.kind, alarm.onset_s);
    }
    for (kind, start_s) in &score.missed {
        let _ = write!(line, " · {kind} {start_s:.1} MISSED");
    }
    for start_s in &score.short_missed {
        let _ = write!(line, " · fall {start_s:.1} not told (short)");
    }
    line.strip_prefix(" · ").unwrap_or("-").into()
}

fn clip_json(clip: &ClipResult) -> Value {
    let mut value = json!({ "clip": clip.name, "duration_s": clip.duration_s });
    match &clip.outcome {
        Err(why) => value["error"] = json!(why),
        Ok(score) => {
            let alarms = score.alarms.iter().map(|(alarm, verdict)| {
                json!({
                    "type": alarm.kind,
                    "onset_s": alarm.onset_s,
                    "decided_s": alarm.decided_s,
                    "judged": verdict,
                })
            });
            value["alarms"] = alarms.collect();
            let missed = score.missed.iter();
            value["missed"] =
                missed.map(|(kind, start_s)| json!({ "type": kind, "start_s": start_s })).collect();
            value["short_missed_s"] = json!(score.short_missed);
        }
    }
    value
}

/// The number, or a dash where there is none.
fn number(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.map_or("-".into(), |value| format!("{value:.digits$}{unit}"))
}
