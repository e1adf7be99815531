//! The language of a text, told by its smallest words.

use serde::{Deserialize, Serialize};

use crate::words::{Spelling, words};

/// How many words are looked at.
const WORDS_MAX: usize = 2_000;
/// One language must have so many more small words than the other.
const LEAD: usize = 2;

const FRENCH: [&str; 62] = [
    "a", "afin", "ai", "au", "aux", "avec", "car", "ce", "ces", "cet", "cette", "chez", "comme",
    "dans", "de", "des", "donc", "dont", "du", "elle", "elles", "en", "est", "et", "etre", "il",
    "ils", "je", "la", "le", "les", "leur", "leurs", "lui", "mais", "ne", "nous", "on", "ont",
    "ou", "par", "pas", "plus", "pour", "que", "qui", "sans", "se", "ses", "si", "son", "sont",
    "sous", "sur", "tous", "tout", "tres", "un", "une", "vos", "votre", "vous",
];

const ENGLISH: [&str; 60] = [
    "a", "about", "after", "all", "also", "an", "and", "are", "as", "at", "be", "been", "but",
    "by", "can", "do", "for", "from", "had", "has", "have", "he", "her", "his", "how", "if", "in",
    "into", "is", "it", "its", "more", "not", "of", "on", "or", "our", "she", "should", "so",
    "than", "that", "the", "their", "them", "then", "there", "they", "this", "to", "was", "we",
    "were", "what", "when", "which", "will", "with", "you", "your",
];

/// A language whose words have known forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    French,
    /// English.
    English,
}

impl Language {
    /// Both.
    pub const ALL: [Self; 2] = [Self::French, Self::English];

    /// Its code (ISO 639-1).
    pub fn code(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// The language of a text; none where that is not clear.
    pub fn of(text: &str) -> Option<Self> {
        let mut spelling = Spelling::new();
        let (mut french, mut english) = (0, 0);
        for word in words(text).take(WORDS_MAX) {
            let word = spelling.fold(word.text);
            french += usize::from(FRENCH.contains(&word.as_str()));
            english += usize::from(ENGLISH.contains(&word.as_str()));
        }
        if french > english + LEAD {
            Some(Self::French)
        } else if english > french + LEAD {
            Some(Self::English)
        } else {
            None
        }
    }
}

/// Whether a word (folded) is so small that nobody looks for it.
pub(crate) fn is_small(word: &str) -> bool {
    FRENCH.contains(&word) || ENGLISH.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_its_language_by_its_small_words() {
        for (text, language) in [
            (
                "Le conseil se réunit à la mairie pour voter le budget de la ville.",
                Some(Language::French),
            ),
            (
                "The council meets at the town hall to vote on the budget of the city.",
                Some(Language::English),
            ),
            ("Budget 2026", None),
            ("", None),
        ] {
            assert_eq!(Language::of(text), language, "{text}");
        }
    }
}
