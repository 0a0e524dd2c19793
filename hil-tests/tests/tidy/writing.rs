//! What is written beside the code: manifests, configuration keys, pages, paths.
//!
//! Promises: reads the few forms this project uses, and is shown to. Refuses: being a parser of TOML or
//! Markdown.

use super::source::is_word;

/// Which of our crates each of our crates may import; tests of `hil-tests` may import any.
const ARROWS: [(&str, &[&str]); 12] = [
    ("analytics", &[]),
    ("board", &[]),
    ("tls", &[]),
    ("wire", &[]),
    ("detector", &["analytics"]),
    ("polewatchd", &["analytics", "board", "detector", "tls", "wire"]),
    ("poleroom", &["tls", "wire"]),
    ("polescore", &["wire"]),
    (
        "hil-tests",
        &["analytics", "detector", "polewatchd", "simulated-hailo", "simulated-rknn", "wire"],
    ),
    ("simulated-rknn", &["analytics", "detector"]),
    ("simulated-hailo", &["analytics", "detector"]),
    ("fuzz", &["analytics", "detector", "polewatchd", "wire"]),
];

/// What a crate's manifest imports of ours and may not.
pub(super) fn forbidden_imports(manifest: &str) -> Vec<String> {
    let package = value_of(manifest, "name").unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(known, _)| *known == package) else {
        return vec![format!("{package}: not in the table ARROWS")];
    };
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines().map(str::trim) {
        let mut import = line.split(['.', ' ', '=']).next().unwrap_or_default();
        if let Some(header) = line.strip_prefix('[') {
            // `[dependencies.wire]` is a section and an import.
            section = header.trim_end_matches(']');
            import = section.rsplit_once("dependencies.").map_or("", |(_, import)| import);
        }
        let ours = ARROWS.iter().any(|(known, _)| *known == import);
        let may = allowed.contains(&import)
            || (package == "hil-tests" && section.starts_with("dev-dependencies"));
        if section.contains("dependencies") && ours && !may {
            found.push(format!("{package} imports {import}"));
        }
    }
    found
}

fn value_of<'a>(manifest: &'a str, key: &str) -> Option<&'a str> {
    let line =
        manifest.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_prefix('='))?;
    Some(line.trim().trim_matches('"'))
}

/// `section.key` of every field that the raw configuration's structs have.
pub(super) fn configuration_keys(raw: &str) -> Vec<String> {
    let sections: Vec<(String, String)> = fields(raw, "RawConfig");
    let mut keys = Vec::new();
    for (key, kind) in sections {
        let kind = kind.trim_start_matches("Vec<").trim_end_matches('>');
        if kind.starts_with("Raw") {
            keys.extend(fields(raw, kind).into_iter().map(|(field, _)| format!("{key}.{field}")));
        } else {
            keys.push(key);
        }
    }
    keys
}

/// Name in the file and type of each field of a struct.
fn fields(raw: &str, name: &str) -> Vec<(String, String)> {
    let start = format!("struct {name} {{");
    let (_, body) = raw.split_once(&start).unwrap_or_default();
    let body = body.split("\n}").next().unwrap_or_default();
    let mut renamed = None;
    let mut fields = Vec::new();
    for line in body.lines().map(str::trim) {
        if let Some((_, rest)) = line.split_once("rename = \"") {
            renamed = rest.split('"').next().map(str::to_owned);
        } else if let Some((field, kind)) = line.trim_start_matches("pub(super) ").split_once(": ")
        {
            let key = renamed.take().unwrap_or_else(|| field.to_owned());
            fields.push((key, kind.trim_end_matches(',').to_owned()));
        }
    }
    fields
}

/// `section.key` of every row under a heading such as "### `[camera]`".
pub(super) fn documented_keys(document: &str) -> Vec<String> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in document.lines() {
        if let Some(heading) = line.strip_prefix("### `[") {
            section = format!("{}.", heading.trim_matches(['[', ']', '`']));
        } else if let Some((key, _)) = line.strip_prefix("| `").and_then(|row| row.split_once('`'))
        {
            keys.push(format!("{section}{key}"));
        }
    }
    keys
}

/// Where a page's relative links lead, code left out.
pub(super) fn links(page: &str) -> Vec<String> {
    let prose: String = page.split("```").step_by(2).collect();
    let prose: String = prose.split('`').step_by(2).collect();
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let files = targets.filter_map(|target| target.split('#').next());
    let relative = |to: &&str| !to.is_empty() && !to.contains("://") && !to.starts_with("mailto:");
    files.filter(relative).map(str::to_owned).collect()
}

/// The pages under `docs/` that a text names.
pub(super) fn pages(text: &str) -> Vec<String> {
    let starts = text.match_indices("docs/").map(|(at, _)| &text[at..]);
    let inside = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    let named = starts.filter_map(|rest| rest.split(|c| !inside(c)).next());
    named
        .filter_map(|path| path.split_inclusive(".md").next())
        .filter(|path| path.ends_with(".md"))
        .map(str::to_owned)
        .collect()
}

/// The first line that holds a path of somebody's machine or the address of a package registry.
pub(super) fn machine_path(text: &str) -> Option<&str> {
    // In halves, so that this file names none itself.
    const PLACES: [&str; 9] = [
        concat!("/wo", "rk/"),
        concat!("/ro", "ot/"),
        concat!("/ho", "me/"),
        concat!("/tmp", "/wt"),
        concat!("index.crates", ".io"),
        concat!("pypi", ".org"),
        concat!("pythonhosted", ".org"),
        concat!("registry", ".npmjs"),
        concat!("deb.debian", ".org"),
    ];
    // A place below `$HOME` is everybody's.
    let stands_alone = |line: &str, place: &str| {
        let found = line.match_indices(place).any(|(at, _)| !line[..at].ends_with(is_word));
        found || (!place.starts_with('/') && line.contains(place))
    };
    text.lines().find(|line| PLACES.iter().any(|place| stands_alone(line, place)))
}

pub(super) fn missing(wanted: &[String], given: &[String]) -> Vec<String> {
    wanted.iter().filter(|key| !given.contains(key)).cloned().collect()
}

#[test]
fn finds_an_import_against_the_arrows() {
    let manifest = |package: &str, rest: &str| format!("[package]\nname = \"{package}\"\n{rest}");
    for (package, rest, expected) in [
        ("wire", "[dependencies]\nanalytics.workspace = true", "wire imports analytics"),
        ("board", "[dev-dependencies]\nwire = { path = \"w\" }", "board imports wire"),
        ("poleroom", "[dependencies.polewatchd]\nworkspace = true", "poleroom imports polewatchd"),
        ("hil-tests", "[dependencies]\nboard.workspace = true", "hil-tests imports board"),
        ("polectl", "", "polectl: not in the table ARROWS"),
    ] {
        assert_eq!(forbidden_imports(&manifest(package, rest)), [expected]);
    }
    for (package, rest) in [
        ("detector", "[dependencies]\nanalytics.workspace = true\nort.workspace = true"),
        ("hil-tests", "[dependencies]\nanyhow = \"1\"\n[dev-dependencies]\nwire.workspace = true"),
    ] {
        assert_eq!(forbidden_imports(&manifest(package, rest)), [""; 0]);
    }
}

#[test]
fn finds_an_undocumented_key() {
    let raw = "struct RawConfig {\n    #[serde(rename = \"box\")]\n    pub(super) box_name: String,\n    \
               pub(super) zones: Vec<RawZone>,\n}\nstruct RawZone {\n    pub(super) name: String,\n}\n";
    assert_eq!(configuration_keys(raw), ["box", "zones.name"]);
    let document = "| key | type |\n| `box` | text |\n### `[[zones]]`\n| `colour` | text |";
    assert_eq!(documented_keys(document), ["box", "zones.colour"]);
    let missing = missing(&configuration_keys(raw), &documented_keys(document));
    assert_eq!(missing, ["zones.name"]);
}

#[test]
fn finds_a_link_and_a_named_page() {
    let page =
        "[a](b.md#c) [d](https://e.example) `[f](g.md)`\n```\n[h](i.md)\n```\n[j](#k) [l](m/n.md)";
    assert_eq!(links(page), ["b.md", "m/n.md"]);
    assert_eq!(
        pages("see docs/a/b-1.md, docs/c.md. docs/*.md docs/"),
        ["docs/a/b-1.md", "docs/c.md"]
    );
}

#[test]
fn finds_a_developers_machine() {
    assert_eq!(machine_path("good\nin /home/kim/polewatch\n"), Some("in /home/kim/polewatch"));
    assert!(machine_path(concat!("https://pypi", ".org/simple")).is_some());
    assert_eq!(machine_path(concat!("cache in $HOME/wo", "rk/x, crates.io")), None);
}
