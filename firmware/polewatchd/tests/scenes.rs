//! Scenes: what one line brings, what the installer's own lines take out of it, and what is shown of it.

#![allow(clippy::unwrap_used, reason = "test code: an unwrap here is an assertion")]

use analytics::settings::RuleKind;
use polewatchd::config::scene::Scene;
use polewatchd::config::{Config, ConfigError};
use toml::{Table, Value};

const DOCUMENT: &str = include_str!("../../../docs/scenes.md");
const CONFIG_DOCUMENT: &str = include_str!("../../../docs/config.md");

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("polewatch.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

/// A file that names a scene and says nothing else but `more`.
fn with(scene: Scene, more: &str) -> String {
    format!("site = \"a\"\nbox = \"b\"\nscene = \"{}\"\n{more}", scene.word())
}

fn rules(config: &Config) -> Vec<&str> {
    config.rules.iter().map(|rule| &*rule.name).collect()
}

/// What the rules of a scene say under `key`, each value once.
fn said(scene: Scene, key: &str) -> Vec<String> {
    let table: Table = scene.text().parse().unwrap();
    let rules = table["rule"].as_array().unwrap().iter();
    let mut values: Vec<String> =
        rules.filter_map(|rule| rule.get(key).and_then(Value::as_str)).map(str::to_owned).collect();
    values.sort();
    values.dedup();
    values
}

/// Every zone and line that a scene has a rule for.
fn drawn(scene: Scene) -> String {
    let zones = said(scene, "zone").into_iter().map(|name| {
        format!("[[zone]]\nname = \"{name}\"\npolygon = [[0.0, 0.4], [1.0, 0.9], [0.0, 1.0]]\n")
    });
    let lines = said(scene, "line")
        .into_iter()
        .map(|name| format!("[[line]]\nname = \"{name}\"\npoints = [[0.1, 0.5], [0.9, 0.6]]\n"));
    zones.chain(lines).collect()
}

/// The problems of a file, without its name.
fn refusal(text: &str) -> String {
    let message = load(text).unwrap_err().to_string();
    message.split_once("polewatch.toml: ").unwrap().1.to_owned()
}

#[test]
fn a_scene_with_everything_drawn_brings_all_its_rules() {
    for scene in Scene::ALL {
        let config = load(&with(scene, &drawn(scene))).unwrap();
        let mut names = rules(&config);
        names.sort_unstable();
        assert_eq!(names, said(scene, "name"), "{scene:?}");
        assert_eq!(config.scene.unwrap().undrawn, []);
    }
}

#[test]
fn what_is_not_drawn_is_left_out_and_named() {
    let config = load(&with(Scene::Street, "")).unwrap();
    assert_eq!(rules(&config), ["loitering-at-night", "dumping", "falldown", "camera"]);
    assert_eq!(
        config.scene.unwrap().to_string(),
        "scene street, without rule no-entry (no zone no-entry is drawn), rule over-the-fence (no \
         line fence is drawn)"
    );
}

#[test]
fn every_scene_watches_for_falls_and_for_the_camera() {
    for scene in Scene::ALL {
        let config = load(&with(scene, "")).unwrap();
        let watches = |is: fn(&RuleKind) -> bool| config.rules.iter().any(|rule| is(&rule.kind));
        assert!(watches(|kind| matches!(kind, RuleKind::Falldown { .. })), "{scene:?}");
        assert!(watches(|kind| matches!(kind, RuleKind::CameraFault { .. })), "{scene:?}");
    }
}

#[test]
fn a_rule_of_the_same_name_replaces_the_scenes() {
    let own = "[[rule]]\nname = \"dumping\"\nkind = \"abandonment\"\nalone = \"2m\"";
    let config = load(&with(Scene::Street, own)).unwrap();
    assert_eq!(rules(&config), ["loitering-at-night", "falldown", "camera", "dumping"]);
    let alone =
        |kind| matches!(kind, RuleKind::Abandonment { alone, .. } if alone.as_secs() == 120);
    assert!(alone(config.rules[3].kind));
}

#[test]
fn what_the_file_says_of_clips_outweighs_the_scene() {
    for (more, expected) in [("", (10, 10)), ("[clip]\npost_roll = \"3s\"", (10, 3))] {
        let clip = load(&with(Scene::VehicleRoad, more)).unwrap().clip;
        assert_eq!((clip.pre_roll.as_secs(), clip.post_roll.as_secs()), expected, "{more}");
    }
}

#[test]
fn a_rule_is_left_out_by_its_name() {
    let config = load(&with(Scene::Street, "without = [\"dumping\", \"camera\"]")).unwrap();
    assert_eq!(rules(&config), ["loitering-at-night", "falldown"]);
}

#[test]
fn a_wrong_name_is_refused_with_those_that_are() {
    assert_eq!(
        refusal("site = \"a\"\nbox = \"b\"\nscene = \"plaza\""),
        "scene = \"plaza\": expected \"street\" or \"park\" or \"school_zone\" or \"vehicle_road\""
    );
    assert_eq!(
        refusal(&with(Scene::Street, "without = [\"dumpling\"]")),
        "without[0] = \"dumpling\": expected \"loitering-at-night\" or \"dumping\" or \"falldown\" or \
         \"no-entry\" or \"over-the-fence\" or \"camera\""
    );
    assert_eq!(
        refusal("site = \"a\"\nbox = \"b\"\nwithout = [\"dumping\"]"),
        "without = [\"dumping\"]: expected nothing, as no scene is named"
    );
}

#[test]
fn the_page_shows_every_scene_word_for_word_and_every_place_to_draw() {
    for scene in Scene::ALL {
        let block = format!("```toml\n{}```", scene.text());
        assert!(DOCUMENT.contains(&block), "docs/scenes.md must show\n{block}");
        for place in said(scene, "zone").into_iter().chain(said(scene, "line")) {
            assert!(DOCUMENT.contains(&format!("| `{place}` |")), "docs/scenes.md lacks {place}");
        }
    }
}

#[test]
fn what_is_written_out_means_the_same() {
    let (_, documented) = CONFIG_DOCUMENT.split_once("```toml\n").unwrap();
    let documented = documented.split_once("```").unwrap().0.replace("viewer:secret@", "");
    let scenes = Scene::ALL.map(|scene| with(scene, &drawn(scene)));
    for text in scenes.into_iter().chain([documented]) {
        let config = load(&text).unwrap();
        let written = config.written_out().unwrap();
        let again = load(&written).unwrap();
        assert_eq!(again.written_out().unwrap(), written.split_once('\n').unwrap().1);
        assert_eq!(again, Config { sha256: again.sha256, scene: None, ..config });
    }
}

#[test]
fn what_is_written_out_shows_no_password() {
    for (source, shown) in [
        ("rtsp://user:secret@cam/a", "rtsp://***:***@cam/a"),
        ("rtsp://user:se@cret@cam:554", "rtsp://***:***@cam:554"),
        // What looks like a path may be a password with a slash in it.
        ("rtsp://user:sec/ret@cam/a", "rtsp://***:***@cam/a"),
        ("rtsp://cam/live?password=secret", "rtsp://cam/live?password=***"),
    ] {
        let text = format!("site = \"a\"\nbox = \"b\"\n[camera]\nsource = \"{source}\"");
        let written = load(&text).unwrap().written_out().unwrap();
        assert!(written.contains(&format!("source = \"{shown}\"")), "{written}");
    }
}
