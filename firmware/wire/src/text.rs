//! Bounded text: every string on the wire has a longest length, in bytes of UTF-8.
//!
//! Promises: a text made by [`shortened`] always fits and never ends in half a syllable. Refuses:
//! nothing; which characters a name may hold is checked where the name is configured.

use heapless::String;

/// Short machine names: rule, zone, unit, class.
pub type Name = String<48>;
/// Names people read, Korean included (3 bytes a syllable, so 32 syllables).
pub type Label = String<96>;
/// One short English sentence.
pub type Sentence = String<160>;

/// As much of `text` as fits into `N` bytes, cut between characters.
pub fn shortened<const N: usize>(text: &str) -> String<N> {
    let mut fitting = String::new();
    for character in text.chars() {
        if fitting.push(character).is_err() {
            break;
        }
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syllable_is_never_cut_in_half() {
        assert_eq!(shortened::<7>("역삼로 12").as_str(), "역삼");
        assert_eq!(shortened::<9>("역삼로 12").as_str(), "역삼로");
        assert_eq!(shortened::<96>("역삼로 12").as_str(), "역삼로 12");
    }
}
