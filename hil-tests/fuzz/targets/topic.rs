//! Any text where a topic, a name or a text of bounded length is read.
//!
//! Promises: shows that nothing panics and that only what `wire` would build is taken for a topic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::Level;
use wire::text::{Name, shortened};
use wire::topic::{BoxAddress, MAX_LEVEL_BYTES, parse};

fuzz_target!(|text: &str| {
    if let Some((address, tag)) = parse(text) {
        assert_eq!(address.topic(tag).as_str(), text);
    }
    check_name(text);
    if let Some((site, box_name)) = text.split_once('/') {
        check_address(site, box_name);
    }
    let short: Name = shortened(text);
    assert!(text.starts_with(short.as_str()));
    let next = text[short.len()..].chars().next();
    assert!(next.is_none_or(|next| short.len() + next.len_utf8() > short.capacity()));
});

/// A name is taken as it is, or refused in one line.
fn check_name(name: &str) {
    match name.parse::<Level>() {
        Ok(level) => {
            assert_eq!(level.as_str(), name);
            assert!((1..=MAX_LEVEL_BYTES).contains(&name.len()));
        }
        Err(refusal) => assert_eq!(refusal.to_string().lines().count(), 1, "{refusal}"),
    }
}

/// An address that can be built is found again in each of its topics.
fn check_address(site: &str, box_name: &str) {
    let Ok(address) = BoxAddress::new(site, box_name) else { return };
    for tag in wire::Tag::ALL {
        assert_eq!(parse(&address.topic(tag)), Some((address.clone(), tag)));
    }
}
