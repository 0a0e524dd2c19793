//! Why each alarm was told, and why the nearest others were not, in plain lines.
//!
//! Promises: every number is the one that decided, beside what it was held against. Refuses: deciding.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use analytics::candidate::Candidate;
use analytics::event::{Event, Measurement, Participant, Phase};

use super::event_line::kind_word;

/// How many of those let go are told of for each rule, nearest first.
const NEAREST: usize = 5;

/// What a replay has to explain, so far.
#[derive(Debug, Default)]
pub(super) struct Explanation {
    /// Of each rule the candidates that came nearest, nearest first.
    nearest: BTreeMap<Arc<str>, Vec<Candidate>>,
}

impl Explanation {
    /// Tells why `event` was told.
    pub(super) fn event(&self, event: &Event, out: &mut impl Write) -> io::Result<()> {
        let measured = event.measurement;
        let what = match event.phase {
            Phase::Begin => "ALARM",
            Phase::Update => "update",
            Phase::End => "end",
        };
        writeln!(
            out,
            "{:.1} s  {what} {}: {} by rule {}{}, onset {:.1} s: {} {:.2} {} where {:.2} is enough, light {}",
            event.decided.as_secs_f64(),
            event.id.0,
            kind_word(event.kind),
            event.rule,
            place(event.zone.as_deref(), measured),
            event.onset.as_secs_f64(),
            measured.quantity,
            measured.value,
            measured.unit,
            measured.threshold,
            event.light.word(),
        )?;
        if event.phase != Phase::Begin {
            return Ok(());
        }
        event.participants.iter().try_for_each(|who| writeln!(out, "    {}", participant(who)))
    }

    /// Takes in whom the rules let go.
    pub(super) fn let_go(&mut self, candidates: Vec<Candidate>) {
        for candidate in candidates {
            let nearest = self.nearest.entry(candidate.rule.clone()).or_default();
            nearest.push(candidate);
            nearest.sort_by(|a, b| b.nearness().total_cmp(&a.nearness()));
            nearest.truncate(NEAREST);
        }
    }

    /// Tells of those who came nearest.
    pub(super) fn finish(&self, out: &mut impl Write) -> io::Result<()> {
        for (rule, nearest) in &self.nearest {
            writeln!(out, "nearest by rule {rule} that were no alarm:")?;
            for candidate in nearest {
                let measured = candidate.measurement;
                writeln!(
                    out,
                    "    track {}{}, {:.1} s to {:.1} s: {} {:.2} {} {} ({:.2} {})",
                    candidate.track.0,
                    place(candidate.zone.as_deref(), measured),
                    candidate.from.as_secs_f64(),
                    candidate.until.as_secs_f64(),
                    measured.quantity,
                    measured.value,
                    measured.unit,
                    candidate.lacked.words(),
                    measured.threshold,
                    measured.unit,
                )?;
            }
        }
        Ok(())
    }
}

/// Where it was: what is measured in a person's heights is how far over a line they were.
fn place(zone: Option<&str>, measured: Measurement) -> String {
    let what = if measured.unit == "heights" { "over line" } else { "in zone" };
    zone.map_or_else(String::new, |zone| format!(" {what} {zone}"))
}

fn participant(who: &Participant) -> String {
    let sights = &who.sights;
    let mut line = format!(
        "track {} ({}): seen in {} frames, missed in {}; last scores",
        who.track.0,
        who.class.word(),
        sights.seen,
        sights.missed,
    );
    // Writing to a String cannot fail.
    for score in &sights.scores {
        let _ = write!(line, " {:.2}", score.get());
    }
    line.push_str("; path");
    for (at, foot) in &who.path {
        let _ = write!(line, " {:.1} s ({:.2}, {:.2})", at.as_secs_f64(), foot.x, foot.y);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use analytics::candidate::Lack;
    use analytics::event::{EventKind, Measurement, TrackId};
    use analytics::time::FrameTime;

    fn candidate(track: u64, value: f32) -> Candidate {
        Candidate {
            kind: EventKind::Loitering,
            rule: "lawn-loitering".into(),
            zone: Some("lawn".into()),
            track: TrackId(track),
            from: FrameTime::from_micros(1_000_000),
            until: FrameTime::from_micros(9_500_000),
            measurement: Measurement { quantity: "dwell", value, threshold: 10.0, unit: "s" },
            lacked: Lack::Measure,
        }
    }

    #[test]
    fn the_nearest_are_told_and_the_rest_forgotten() {
        let mut explanation = Explanation::default();
        for track in 1..=9 {
            explanation.let_go(vec![candidate(track, track as f32)]);
        }
        let mut out = Vec::new();
        explanation.finish(&mut out).expect("memory takes everything");
        let text = String::from_utf8(out).expect("text");
        let tracks: Vec<&str> = text.lines().skip(1).map(|line| &line[4..11]).collect();
        assert_eq!(tracks, ["track 9", "track 8", "track 7", "track 6", "track 5"]);
        assert_eq!(
            text.lines().nth(1),
            Some(
                "    track 9 in zone lawn, 1.0 s to 9.5 s: dwell 9.00 s did not reach the \
                 threshold (10.00 s)"
            )
        );
    }
}
