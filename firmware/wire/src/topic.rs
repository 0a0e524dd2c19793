//! Where messages travel: `polewatch/{site}/{box}/{alarm|media|health|ack}`.
//!
//! Promises: a built topic parses back to what it was built from. Refuses: names that could change
//! the meaning of a topic (`/`, `+`, `#`, `$`, capitals, anything but `[a-z0-9-]`, 1 to 32 of them).

use core::fmt;
use core::str::FromStr;

use heapless::String;

use crate::envelope::Tag;

/// The first level of every topic.
pub const ROOT: &str = "polewatch";
/// The longest name of a site or a box.
pub const MAX_LEVEL_BYTES: usize = 32;
/// The longest topic: `polewatch/` + 32 + `/` + 32 + `/health`.
pub const MAX_TOPIC_BYTES: usize = ROOT.len() + 1 + 2 * (MAX_LEVEL_BYTES + 1) + "health".len();

/// What the control room subscribes to.
pub const ROOM_FILTERS: [&str; 3] =
    ["polewatch/+/+/alarm", "polewatch/+/+/media", "polewatch/+/+/health"];

/// A built topic.
pub type Topic = String<MAX_TOPIC_BYTES>;

/// Which box of which site: the two middle levels of its topics. Written `gangnam/pole-0412`,
/// which is also the box's MQTT user name (its certificate's common name).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BoxAddress {
    /// The site.
    pub site: Level,
    /// The box, unique within its site.
    pub box_name: Level,
}

impl BoxAddress {
    /// Names a box.
    ///
    /// # Errors
    /// [`LevelError`] of whichever name is not a [`Level`].
    pub fn new(site: &str, box_name: &str) -> Result<Self, LevelError> {
        Ok(Self { site: site.parse()?, box_name: box_name.parse()? })
    }

    /// The topic of this box's messages of one kind.
    pub fn topic(&self, tag: Tag) -> Topic {
        let mut topic = Topic::new();
        let levels = [ROOT, "/", self.site.as_str(), "/", self.box_name.as_str(), "/", leaf(tag)];
        for level in levels {
            // Cannot overflow: MAX_TOPIC_BYTES is the sum of the longest levels.
            let _ = topic.push_str(level);
        }
        topic
    }
}

impl fmt::Display for BoxAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.site.as_str(), self.box_name.as_str())
    }
}

/// Takes a topic apart; `None` for any that [`BoxAddress::topic`] would not build.
pub fn parse(topic: &str) -> Option<(BoxAddress, Tag)> {
    let mut levels = topic.split('/');
    let (root, site, box_name, last) =
        (levels.next()?, levels.next()?, levels.next()?, levels.next()?);
    let tag = Tag::ALL.into_iter().find(|tag| leaf(*tag) == last)?;
    let whole = root == ROOT && levels.next().is_none();
    let address = BoxAddress::new(site, box_name).ok()?;
    whole.then_some((address, tag))
}

/// The last level, which tells the kind of message before it is opened.
fn leaf(tag: Tag) -> &'static str {
    match tag {
        Tag::Alarm => "alarm",
        Tag::Media => "media",
        Tag::Health => "health",
        Tag::Ack => "ack",
    }
}

/// The name of a site or a box: 1 to 32 of `[a-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Level(String<MAX_LEVEL_BYTES>);

impl Level {
    /// The name.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(name: &str) -> Result<Self, LevelError> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if let Some(found) = name.chars().find(|c| !plain(*c)) {
            return Err(LevelError::Character { found });
        }
        if name.is_empty() {
            return Err(LevelError::Length { bytes: 0 });
        }
        String::try_from(name).map(Self).map_err(|_| LevelError::Length { bytes: name.len() })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a name cannot be a topic level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelError {
    /// Empty or too long.
    Length {
        /// Its length.
        bytes: usize,
    },
    /// Holds something else than `[a-z0-9-]`.
    Character {
        /// The first such character.
        found: char,
    },
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { bytes } => {
                write!(f, "{bytes} characters, expected 1 to {MAX_LEVEL_BYTES}")
            }
            Self::Character { found } => write!(f, "{found:?} found, expected only a-z, 0-9 and -"),
        }
    }
}

impl core::error::Error for LevelError {}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[test]
    fn topics_are_built_and_taken_apart() {
        let pole = BoxAddress::new("gangnam", "pole-0412").unwrap();
        for (tag, expected) in [
            (Tag::Alarm, "polewatch/gangnam/pole-0412/alarm"),
            (Tag::Media, "polewatch/gangnam/pole-0412/media"),
            (Tag::Health, "polewatch/gangnam/pole-0412/health"),
            (Tag::Ack, "polewatch/gangnam/pole-0412/ack"),
        ] {
            assert_eq!(pole.topic(tag).as_str(), expected);
            assert_eq!(parse(expected), Some((pole.clone(), tag)));
        }
    }

    #[test]
    fn the_longest_topic_fits() {
        let longest = "z".repeat(MAX_LEVEL_BYTES);
        let topic = BoxAddress::new(&longest, &longest).unwrap().topic(Tag::Health);
        assert_eq!(topic.len(), MAX_TOPIC_BYTES);
        assert!(topic.ends_with("/health"));
    }

    #[test]
    fn other_topics_are_refused() {
        for topic in [
            "",
            "polewatch",
            "polewatch/gangnam/pole/alarm/",
            "polewatch/gangnam/pole/alarm/x",
            "polewatch/gangnam/pole/command",
            "polewatch/gangnam//alarm",
            "polewatch/+/pole/alarm",
            "polewatch/gangnam/#/alarm",
            "polewatch/Gangnam/pole/alarm",
            "polewatch/강남/pole/alarm",
            "other/gangnam/pole/alarm",
            "/polewatch/gangnam/pole/alarm",
        ] {
            assert_eq!(parse(topic), None, "{topic}");
        }
    }

    #[test]
    fn a_refused_name_says_why() {
        let why = |name: &str| name.parse::<Level>().unwrap_err();
        assert_eq!(why(""), LevelError::Length { bytes: 0 });
        assert_eq!(why(&"a".repeat(33)), LevelError::Length { bytes: 33 });
        assert_eq!(why("pole_1"), LevelError::Character { found: '_' });
        assert_eq!(why("역삼"), LevelError::Character { found: '역' });
    }

    #[test]
    fn an_address_reads_like_a_path() {
        let pole = BoxAddress::new("gangnam", "pole-0412").unwrap();
        assert_eq!(pole.to_string(), "gangnam/pole-0412");
    }
}
