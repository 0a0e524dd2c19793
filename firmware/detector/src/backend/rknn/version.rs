//! A version as the vendor writes it: three numbers, then whatever.

/// The numbers of `2.3.2 (429f97ae6b@2025-04-09T09:09:27)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    pub(super) const fn of(major: u32, minor: u32, patch: u32) -> Self {
        Self([major, minor, patch])
    }

    /// The version `text` begins with; numbers that are left out are 0.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start().trim_start_matches('v');
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let mut words = text[..end].split('.');
        let first = words.next()?.parse().ok()?;
        let mut next = || words.next().map_or(Some(0), |word| word.parse().ok());
        Some(Self([first, next()?, next()?]))
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendors_versions_are_read_and_ordered() {
        for (text, expected) in [
            ("2.3.2 (429f97ae6b@2025-04-09T09:09:27)", Some(Version::of(2, 3, 2))),
            ("2.5.0-sim", Some(Version::of(2, 5, 0))),
            ("v0.9.8", Some(Version::of(0, 9, 8))),
            ("2.0", Some(Version::of(2, 0, 0))),
            ("", None),
            ("2..1", None),
            ("99999999999.0.0", None),
            ("unknown", None),
        ] {
            assert_eq!(Version::parse(text), expected, "{text:?}");
        }
        assert!(Version::of(2, 10, 0) > Version::of(2, 9, 9));
    }
}
