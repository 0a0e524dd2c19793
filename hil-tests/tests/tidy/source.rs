//! Rust source, read word by word: what is code, and which names it makes.
//!
//! Promises: words in comments, strings and characters are not taken for code. Refuses: grammar.

/// Names that say nothing, singular; `mod` is what `mod.rs` is called.
const EMPTY_NAMES: [&str; 9] =
    ["manager", "handler", "helper", "util", "common", "base", "core", "misc", "mod"];

/// `source` with comments and the insides of literals blanked, line for line.
pub(super) fn code(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        // The b or r at the end of a word is no prefix.
        let in_word = is_word(first) && out.ends_with(is_word);
        let (skipped, shown) = match literal(rest).filter(|_| !in_word) {
            Some(length) => (length, false),
            None => (first.len_utf8(), true),
        };
        let (piece, behind) = rest.split_at(skipped);
        if shown {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = behind;
    }
    out
}

/// The length of the comment or literal that `rest` begins with.
fn literal(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let unprefixed = rest.strip_prefix('b').unwrap_or(rest);
    let prefix = rest.len() - unprefixed.len();
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(hashes));
        let inside = raw[hashes..].strip_prefix('"')?;
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    match unprefixed.chars().next()? {
        '"' => Some(prefix + quoted(unprefixed, '"')),
        // A lifetime has no closing quote behind its first character.
        '\'' if unprefixed.starts_with("'\\") || unprefixed.chars().nth(2) == Some('\'') => {
            Some(prefix + quoted(unprefixed, '\''))
        }
        _ => None,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    for (at, _) in rest.char_indices() {
        depth += usize::from(rest[at..].starts_with("/*"));
        depth -= usize::from(rest[at..].starts_with("*/"));
        if depth == 0 && at > 0 {
            return at + 2;
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Code without its module of unit tests, line for line.
pub(super) fn without_tests(code: &str) -> String {
    let Some((before, tests)) = code.split_once("#[cfg(test)]\nmod tests {") else {
        return code.to_owned();
    };
    // rustfmt lets nothing else close in the first column.
    let (tests, behind) = tests.split_once("\n}").unwrap_or((tests, ""));
    format!("{before}{}{behind}", "\n".repeat(2 + tests.matches('\n').count()))
}

/// The lines, from 1, in which `word` stands by itself.
pub(super) fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let stands_alone = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let (before, behind) = (&line[..at], &line[at + word.len()..]);
            !before.ends_with(is_word) && !behind.starts_with(is_word)
        })
    };
    (1..).zip(code.lines()).filter(|(_, line)| stands_alone(line)).map(|(n, _)| n).collect()
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(super) fn module_names(code: &str) -> Vec<String> {
    let words: Vec<&str> = code.split(|c| !is_word(c)).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[0] == "mod").map(|pair| pair[1].to_owned()).collect()
}

pub(super) fn is_empty_name(name: &str) -> bool {
    name.split(['_', '-']).any(|part| EMPTY_NAMES.contains(&part.trim_end_matches('s')))
}

/// Whether code is compiled on any other condition than being tested.
pub(super) fn has_condition(code: &str) -> bool {
    let conditions = ["cfg(", "cfg!(", "cfg_attr("];
    conditions.iter().any(|condition| code.replace("#[cfg(test)]", "").contains(condition))
}

#[test]
fn finds_a_word_in_code_but_not_in_prose() {
    let source = "x// unsafe\n/* unsafe /* \" */ unsafe */ let c = '\"'; let x: &'a str = \"unsafe\";\n\
                  r#\"unsafe \" unsafe\"# b\"unsafe\\\"\" '\\'' unsafe_code\nfn f() { unsafe { g() } }\n\
                  #[cfg(test)]\nmod tests {\n unsafe\n}\nunsafe";
    let code = code(source);
    assert_eq!(lines_with(&code, "unsafe"), [4, 7, 9], "{code}");
    assert_eq!(lines_with(&without_tests(&code), "unsafe"), [4, 9]);
    assert_eq!(lines_with("let t = Instant::now();", "Instant::now"), [1]);
    assert_eq!(lines_with("start.elapsed() file.sync_all()", "sync_all"), [1]);
}

#[test]
fn finds_an_empty_name() {
    let code = code("pub(crate) mod disk_utils;\n// mod helper;\nmod ring;\nmod base { }");
    let empty: Vec<String> =
        module_names(&code).into_iter().filter(|name| is_empty_name(name)).collect();
    assert_eq!(empty, ["disk_utils", "base"]);
    assert!(is_empty_name("mod") && !is_empty_name("model") && !is_empty_name("handlebar"));
}

#[test]
fn finds_a_second_program() {
    assert!(has_condition("#[cfg(feature = \"simulated\")]") && has_condition("if cfg!(debug)"));
    assert!(!has_condition("#[cfg(test)]\nmod tests {"));
}
