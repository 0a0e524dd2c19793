//! What a file's scene adds to it.

use super::super::raw::{RawConfig, RawRule, RawScene};
use super::super::scene::{InEffect, Scene};
use super::Check;

impl Check<'_> {
    /// The scene a file names, and what it adds: nothing that the file says itself.
    pub(super) fn scene(&mut self, raw: &RawConfig) -> Option<(InEffect, RawScene)> {
        let Some(written) = &raw.scene else {
            if let Some(names) = &raw.without {
                self.refuse("without", format_args!("{names:?}"), "nothing, as no scene is named");
            }
            return None;
        };
        let Some(scene) = Scene::ALL.into_iter().find(|scene| scene.word() == written) else {
            let known = Scene::ALL.map(|scene| format!("{:?}", scene.word())).join(" or ");
            self.refuse("scene", format_args!("{written:?}"), known);
            return None;
        };
        let mut added: RawScene = match toml::from_str(scene.text()) {
            Ok(added) => added,
            Err(error) => {
                self.refuse("scene", format_args!("{written:?}"), error.message());
                return None;
            }
        };
        self.leave_out(raw.without.as_deref().unwrap_or_default(), &mut added.rules);
        added.rules.retain(|rule| raw.rules.iter().all(|own| own.name != rule.name));
        let mut undrawn = Vec::new();
        added.rules.retain(|rule| match undrawn_place(rule, raw) {
            Some(place) => {
                undrawn.push((rule.name.clone(), place));
                false
            }
            None => true,
        });
        Some((InEffect { scene, undrawn }, added))
    }

    /// Takes the rules of these names out of a scene.
    fn leave_out(&mut self, names: &[String], rules: &mut Vec<RawRule>) {
        let known: Vec<String> = rules.iter().map(|rule| format!("{:?}", rule.name)).collect();
        for (index, name) in names.iter().enumerate() {
            let before = rules.len();
            rules.retain(|rule| rule.name != *name);
            if rules.len() == before {
                let key = format!("without[{index}]");
                self.refuse(key, format_args!("{name:?}"), known.join(" or "));
            }
        }
    }
}

/// The zone or line a rule needs and the file has not.
fn undrawn_place(rule: &RawRule, raw: &RawConfig) -> Option<String> {
    let no_zone = |wanted: &&String| raw.zones.iter().all(|zone| zone.name != **wanted);
    let no_line = |wanted: &&String| raw.lines.iter().all(|line| line.name != **wanted);
    let zone = rule.zone.as_ref().filter(no_zone).map(|zone| format!("zone {zone}"));
    zone.or_else(|| rule.line.as_ref().filter(no_line).map(|line| format!("line {line}")))
}
