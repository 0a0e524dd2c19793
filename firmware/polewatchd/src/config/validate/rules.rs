//! The rules of a configuration: which keys each kind takes, and what they may say.

use std::sync::Arc;

use analytics::scene::fault::{Fault, Faults};
use analytics::settings::{RuleKind, RuleSettings};

use super::super::Problem;
use super::super::raw::{RawRule, RawZone};
use super::{Check, MAX_NAME_BYTES};

const MAX_RULES: usize = 32;
/// The kinds, for whoever wrote another.
const KINDS: &str = "\"intrusion\" or \"loitering\" or \"falldown\" or \"abandonment\" or \
                     \"camera_fault\"";

impl Check<'_> {
    pub(super) fn rules(&mut self, raw: &[RawRule], zones: &[RawZone]) -> Vec<RuleSettings> {
        if raw.len() > MAX_RULES {
            self.refuse(
                "rule",
                format_args!("{} rules", raw.len()),
                format!("at most {MAX_RULES}"),
            );
        }
        let mut rules: Vec<RuleSettings> = Vec::new();
        for (index, rule) in raw.iter().enumerate() {
            let key = |field: &str| format!("rule[{index}].{field}");
            let name = self.label(&key("name"), &rule.name, MAX_NAME_BYTES);
            if rules.iter().any(|other| other.name == name) {
                self.refuse(key("name"), format_args!("{name:?}"), "a name no other rule has");
            }
            match rule.zone.as_deref() {
                Some(wanted) if zones.iter().all(|zone| zone.name != wanted) => {
                    self.refuse(key("zone"), format_args!("{wanted:?}"), zone_names(zones));
                }
                // The whole picture cannot be entered.
                None if rule.kind == "intrusion" => {
                    self.problems.push(Problem::missing(key("zone"), zone_names(zones)));
                }
                _ => {}
            }
            let zone = rule.zone.as_deref().map(Arc::from);
            let schedule = self.schedule(index, rule);
            if let Some(kind) = self.rule_kind(index, rule) {
                rules.push(RuleSettings { name, zone, schedule, kind });
            }
        }
        rules
    }

    fn rule_kind(&mut self, index: usize, rule: &RawRule) -> Option<RuleKind> {
        let key = |field: &str| format!("rule[{index}].{field}");
        let (taken, kind): (&[&str], RuleKind) = match rule.kind.as_str() {
            "intrusion" => {
                let hold =
                    self.duration(key("hold"), rule.hold.as_deref(), "500ms", ("0ms", "60s"));
                (&["zone", "hold"], RuleKind::Intrusion { hold })
            }
            "loitering" => {
                let dwell = self.duration(key("dwell"), rule.dwell.as_deref(), "10s", ("1s", "1h"));
                (&["zone", "dwell"], RuleKind::Loitering { dwell })
            }
            "falldown" => {
                let down =
                    self.duration(key("down"), rule.down.as_deref(), "1500ms", ("500ms", "60s"));
                (&["zone", "down"], RuleKind::Falldown { down })
            }
            "abandonment" => {
                let allowed = ("1s", "5m");
                let rest = self.duration(key("rest"), rule.rest.as_deref(), "3s", allowed);
                let alone = self.duration(key("alone"), rule.alone.as_deref(), "5s", allowed);
                (&["zone", "rest", "alone"], RuleKind::Abandonment { rest, alone })
            }
            "camera_fault" => {
                let faults = self.faults(&key("faults"), rule.faults.as_deref());
                let after = rule
                    .after
                    .as_deref()
                    .map(|after| self.duration(key("after"), Some(after), "10s", ("2s", "1h")));
                (&["faults", "after"], RuleKind::CameraFault { faults, after })
            }
            other => {
                self.refuse(key("kind"), format_args!("{other:?}"), KINDS);
                return None;
            }
        };
        for (field, value) in written(rule).filter(|(field, _)| !taken.contains(field)) {
            let allowed = format!("no such key in a rule of kind {:?}", rule.kind);
            self.refuse(key(field), value, allowed);
        }
        Some(kind)
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
        ("hold", text(&rule.hold)),
        ("dwell", text(&rule.dwell)),
        ("down", text(&rule.down)),
        ("rest", text(&rule.rest)),
        ("alone", text(&rule.alone)),
        ("faults", rule.faults.as_ref().map(|faults| format!("{faults:?}"))),
        ("after", text(&rule.after)),
    ];
    keys.into_iter().filter_map(|(key, value)| Some((key, value?)))
}

fn zone_names(zones: &[RawZone]) -> String {
    if zones.is_empty() {
        return "no zone at all, as none is defined".to_owned();
    }
    let names: Vec<String> = zones.iter().map(|zone| format!("{:?}", zone.name)).collect();
    format!("the name of a zone: {}", names.join(" or "))
}
