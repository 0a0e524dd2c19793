//! The rules of a configuration: which keys each kind takes, and what they may say.

use std::sync::Arc;

use analytics::line::Direction;
use analytics::scene::fault::{Fault, Faults};
use analytics::settings::{RuleKind, RuleSettings};

use super::super::Problem;
use super::super::raw::{RawConfig, RawRule};
use super::{Check, MAX_NAME_BYTES};

const MAX_RULES: usize = 32;
/// The kinds, for whoever wrote another.
const KINDS: &str = "\"intrusion\" or \"loitering\" or \"falldown\" or \"abandonment\" or \
                     \"parking\" or \"camera_fault\"";

impl Check<'_> {
    /// A scene's rules and the file's own.
    pub(super) fn rules(&mut self, raw: &RawConfig, scene: &[RawRule]) -> Vec<RuleSettings> {
        let got = scene.len() + raw.rules.len();
        if got > MAX_RULES {
            self.refuse("rule", format_args!("{got} rules"), format!("at most {MAX_RULES}"));
        }
        // A scene's rules are right, and have no place in the file that an error could name.
        let all = scene.iter().zip(0..).chain(raw.rules.iter().zip(0..));
        let mut rules: Vec<RuleSettings> = Vec::new();
        for (rule, index) in all {
            let key = format!("rule[{index}].name");
            let name = self.label(&key, &rule.name, MAX_NAME_BYTES);
            if rules.iter().any(|other| other.name == name) {
                self.refuse(key, format_args!("{name:?}"), "a name no other rule has");
            }
            let zone = self.place(index, rule, raw);
            let schedule = self.schedule(index, rule);
            if let Some(kind) = self.rule_kind(index, rule) {
                rules.push(RuleSettings { name, zone, schedule, kind });
            }
        }
        rules
    }

    /// The zone or line of a rule.
    fn place(&mut self, index: usize, rule: &RawRule, raw: &RawConfig) -> Option<Arc<str>> {
        let key = |field: &str| format!("rule[{index}].{field}");
        let zones = || raw.zones.iter().map(|zone| zone.name.as_str());
        let lines = || raw.lines.iter().map(|line| line.name.as_str());
        if let Some(wanted) =
            rule.zone.as_deref().filter(|wanted| zones().all(|zone| zone != *wanted))
        {
            self.refuse(key("zone"), format_args!("{wanted:?}"), names("zone", zones()));
        }
        if let Some(wanted) =
            rule.line.as_deref().filter(|wanted| lines().all(|line| line != *wanted))
        {
            self.refuse(key("line"), format_args!("{wanted:?}"), names("line", lines()));
        }
        match (&rule.zone, &rule.line) {
            (Some(_), Some(line)) if rule.kind == "intrusion" => {
                self.refuse(key("line"), format_args!("{line:?}"), "none beside a zone");
            }
            // The whole picture cannot be entered.
            (None, None) if rule.kind == "intrusion" => {
                let allowed = format!("{}; or `line`", names("zone", zones()));
                self.problems.push(Problem::missing(key("zone"), allowed));
            }
            _ => {}
        }
        rule.line.as_deref().or(rule.zone.as_deref()).map(Arc::from)
    }

    /// What a rule looks for, if its kind is one, without keys that the kind does not take.
    fn rule_kind(&mut self, index: usize, rule: &RawRule) -> Option<RuleKind> {
        let (taken, kind) = self.kind_and_keys(index, rule)?;
        for (field, value) in written(rule).filter(|(field, _)| !taken.contains(field)) {
            let over = matches!(kind, RuleKind::Crossing { .. });
            let line = if over { " with a line" } else { "" };
            let allowed = format!("no such key in a rule of kind {:?}{line}", rule.kind);
            self.refuse(format!("rule[{index}].{field}"), value, allowed);
        }
        Some(kind)
    }

    /// What a rule looks for, and the keys that go with it.
    fn kind_and_keys(
        &mut self,
        index: usize,
        rule: &RawRule,
    ) -> Option<(&'static [&'static str], RuleKind)> {
        let key = |field: &str| format!("rule[{index}].{field}");
        let mut time = |field, text: &Option<String>, usual, range| {
            self.duration(key(field), text.as_deref(), usual, range)
        };
        Some(match rule.kind.as_str() {
            "intrusion" if rule.line.is_some() => {
                let words = [Direction::Both, Direction::LeftToRight, Direction::RightToLeft]
                    .map(|direction| (direction.word(), direction));
                let direction = self.word(&key("direction"), rule.direction.as_deref(), &words);
                (&["zone", "line", "direction"], RuleKind::Crossing { direction })
            }
            "intrusion" => {
                let hold = time("hold", &rule.hold, "500ms", ("0ms", "60s"));
                (&["zone", "hold"], RuleKind::Intrusion { hold })
            }
            "loitering" => {
                let dwell = time("dwell", &rule.dwell, "10s", ("1s", "1h"));
                (&["zone", "dwell"], RuleKind::Loitering { dwell })
            }
            "falldown" => {
                let down = time("down", &rule.down, "1500ms", ("500ms", "60s"));
                (&["zone", "down"], RuleKind::Falldown { down })
            }
            "abandonment" => {
                let rest = time("rest", &rule.rest, "3s", ("1s", "5m"));
                let alone = time("alone", &rule.alone, "5s", ("1s", "5m"));
                (&["zone", "rest", "alone"], RuleKind::Abandonment { rest, alone })
            }
            "parking" => {
                let stay = time("stay", &rule.stay, "5m", ("5s", "1h"));
                (&["zone", "stay"], RuleKind::Parking { stay })
            }
            "camera_fault" => {
                let after =
                    rule.after.as_ref().map(|_| time("after", &rule.after, "10s", ("2s", "1h")));
                let faults = self.faults(&key("faults"), rule.faults.as_deref());
                (&["faults", "after"], RuleKind::CameraFault { faults, after })
            }
            other => {
                self.refuse(key("kind"), format_args!("{other:?}"), KINDS);
                return None;
            }
        })
    }

    /// The faults of these words; no list means all.
    fn faults(&mut self, key: &str, words: Option<&[String]>) -> Faults {
        let Some(words) = words else { return Faults::ALL };
        let known = || Fault::ALL.map(|fault| format!("{:?}", fault.word())).join(" or ");
        if words.is_empty() {
            self.refuse(key, "[]", format!("at least one of {}", known()));
        }
        let mut faults = Vec::new();
        for (index, word) in words.iter().enumerate() {
            match Fault::ALL.into_iter().find(|fault| fault.word() == word) {
                Some(fault) => faults.push(fault),
                None => self.refuse(format!("{key}[{index}]"), format_args!("{word:?}"), known()),
            }
        }
        Faults::from_iter(faults)
    }
}

/// The keys written in `rule` that not every kind takes, with their values.
fn written(rule: &RawRule) -> impl Iterator<Item = (&'static str, String)> {
    let text = |value: &Option<String>| value.as_ref().map(|value| format!("{value:?}"));
    let keys = [
        ("zone", text(&rule.zone)),
        ("line", text(&rule.line)),
        ("direction", text(&rule.direction)),
        ("hold", text(&rule.hold)),
        ("dwell", text(&rule.dwell)),
        ("down", text(&rule.down)),
        ("rest", text(&rule.rest)),
        ("alone", text(&rule.alone)),
        ("stay", text(&rule.stay)),
        ("faults", rule.faults.as_ref().map(|faults| format!("{faults:?}"))),
        ("after", text(&rule.after)),
    ];
    keys.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn names<'a>(what: &str, defined: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = defined.map(|name| format!("{name:?}")).collect();
    if names.is_empty() {
        return format!("no {what} at all, as none is defined");
    }
    format!("the name of a {what}: {}", names.join(" or "))
}
