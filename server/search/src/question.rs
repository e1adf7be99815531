//! What somebody types, taken apart.
//!
//! There is no syntax that could be wrong: words, phrases in quotes, and words or phrases behind a
//! minus that must not be there. What is too much is left out.

use crate::{
    Language,
    language::is_small,
    words::{Spelling, words},
};

/// What is behind so many bytes is not looked at.
pub const QUESTION_BYTES_MAX: usize = 512;
/// How many words count: each costs a look at each field.
const WORDS_MAX: usize = 12;
/// The longest word that may be misspelled: an automaton is made of it.
const FUZZY_LETTERS_MAX: usize = 24;

/// A question, ready to be asked of an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Question {
    /// Words, of which a document has all but the small ones.
    pub(crate) words: Vec<AskedWord>,
    /// Words that stand together in this order.
    pub(crate) phrases: Vec<Vec<String>>,
    /// Phrases, mostly of one word, that a document must not have.
    pub(crate) without: Vec<Vec<String>>,
}

/// A word somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AskedWord {
    /// Folded.
    pub(crate) text: String,
    /// Its stems in each language, in the order of [`Language::ALL`].
    pub(crate) stems: [Vec<String>; 2],
    /// Somebody may still be typing it.
    pub(crate) is_last: bool,
    /// So common that a document need not have it.
    pub(crate) is_small: bool,
}

impl AskedWord {
    /// How many letters may be wrong.
    pub(crate) fn typos(&self) -> u8 {
        // Numbers and codes that are nearly the same are others.
        let is_code = self.text.bytes().any(|byte| byte.is_ascii_digit());
        match self.text.chars().count() {
            _ if is_code => 0,
            4..=7 => 1,
            8..=FUZZY_LETTERS_MAX => 2,
            _ => 0,
        }
    }

    /// Whether what is begun so counts.
    pub(crate) fn begins(&self) -> bool {
        self.is_last && self.text.chars().count() >= 2
    }
}

impl Question {
    /// Takes apart what somebody has typed.
    pub fn of(typed: &str) -> Self {
        let typed = typed
            .get(..typed.floor_char_boundary(QUESTION_BYTES_MAX))
            .unwrap_or_default();
        let mut question = Self::default();
        let mut spelling = Spelling::new();
        let mut room = WORDS_MAX;
        for (text, kind) in pieces(typed) {
            let found = words(text).take(room);
            let found: Vec<(&str, String)> = found
                .map(|word| (word.text, spelling.fold(word.text)))
                .collect();
            room -= found.len();
            match kind {
                _ if found.is_empty() => {}
                Kind::Without => question.without.push(folded(found)),
                Kind::Phrase if found.len() > 1 => question.phrases.push(folded(found)),
                Kind::Phrase | Kind::Plain => {
                    for (written, folded) in found {
                        question.add(&mut spelling, written, folded);
                    }
                }
            }
        }
        let is_open = typed.chars().next_back().is_some_and(char::is_alphanumeric);
        if let Some(last) = question.words.last_mut() {
            last.is_last = is_open;
        }
        if question.words.iter().all(|word| word.is_small) && question.phrases.is_empty() {
            question
                .words
                .iter_mut()
                .for_each(|word| word.is_small = false);
        }
        question
    }

    fn add(&mut self, spelling: &mut Spelling, written: &str, text: String) {
        if self.words.iter().any(|word| word.text == text) {
            return;
        }
        self.words.push(AskedWord {
            stems: Language::ALL.map(|language| spelling.stems(written, language)),
            is_last: false,
            is_small: is_small(&text),
            text,
        });
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.phrases.is_empty()
    }
}

fn folded(words: Vec<(&str, String)>) -> Vec<String> {
    words.into_iter().map(|(_, folded)| folded).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Phrase,
    Without,
}

/// What stands between quotes, behind a minus, and the rest. A quote that is not closed is none.
fn pieces(typed: &str) -> Vec<(&str, Kind)> {
    let mut pieces = Vec::new();
    let mut rest = typed;
    while let Some(letter) = rest.chars().next() {
        if letter.is_whitespace() {
            rest = rest.trim_start();
            continue;
        }
        let starts_piece = typed.len() == rest.len()
            || typed
                .get(..typed.len() - rest.len())
                .is_some_and(|before| before.ends_with(char::is_whitespace));
        let behind = rest.strip_prefix('-').filter(|behind| {
            let next = behind.chars().next();
            starts_piece && next.is_some_and(|next| next.is_alphanumeric() || is_quote(next))
        });
        let is_minus = behind.is_some();
        let after = behind.unwrap_or(rest);
        let plain_or = |phrase| if is_minus { Kind::Without } else { phrase };
        if let Some((quoted, length)) = quoted(after) {
            pieces.push((quoted, plain_or(Kind::Phrase)));
            rest = after.get(length..).unwrap_or_default();
            continue;
        }
        let skip = after.chars().next().map_or(0, char::len_utf8);
        let end = after
            .get(skip..)
            .and_then(|tail| tail.find(|letter: char| letter.is_whitespace() || is_quote(letter)))
            .map_or(after.len(), |end| skip + end);
        let (piece, tail) = after.split_at(end);
        pieces.push((piece, plain_or(Kind::Plain)));
        rest = tail;
    }
    pieces
}

fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '«' | '“')
}

/// What a text that begins with a quote quotes, and how long that is with its quotes.
fn quoted(text: &str) -> Option<(&str, usize)> {
    let open = text.chars().next().filter(|letter| is_quote(*letter))?;
    let close = match open {
        '«' => '»',
        '“' => '”',
        _ => '"',
    };
    let inner = text.get(open.len_utf8()..)?;
    let end = inner.find(close)?;
    Some((inner.get(..end)?, open.len_utf8() + end + close.len_utf8()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(question: &Question) -> Vec<&str> {
        question
            .words
            .iter()
            .map(|word| word.text.as_str())
            .collect()
    }

    #[test]
    fn a_question_is_words_phrases_and_what_must_not_be_there() {
        let question =
            Question::of("Budget \"conseil municipal\" -provisoire -\"à huis clos\" 2026");
        assert_eq!(texts(&question), ["budget", "2026"]);
        assert_eq!(question.phrases, [["conseil", "municipal"]]);
        assert_eq!(
            question.without,
            [vec!["provisoire"], vec!["a", "huis", "clos"]]
        );
    }

    #[test]
    fn quotes_that_are_not_closed_and_lone_signs_are_nothing() {
        for typed in [
            "\"", "-", "--", "- -", "«", "\"\"", "(", "AND", "title:", "*", "a\" b",
        ] {
            let question = Question::of(typed);
            assert!(question.phrases.is_empty(), "{typed}");
        }
        assert_eq!(texts(&Question::of("porte-monnaie")), ["porte", "monnaie"]);
        assert_eq!(texts(&Question::of("lundi - mardi -")), ["lundi", "mardi"]);
    }

    #[test]
    fn small_words_count_only_where_there_are_no_others() {
        let question = Question::of("le budget de la ville");
        let small: Vec<bool> = question.words.iter().map(|word| word.is_small).collect();
        assert_eq!(small, [true, false, true, true, false]);
        assert!(
            Question::of("de la")
                .words
                .iter()
                .all(|word| !word.is_small)
        );
    }

    #[test]
    fn the_last_word_may_be_unfinished() {
        assert!(Question::of("conseil munic").words[1].is_last);
        assert!(!Question::of("conseil municipal ").words[1].is_last);
    }

    #[test]
    fn a_question_has_bounds() {
        let long = "mot ".repeat(10_000) + &"x".repeat(10_000);
        assert!(Question::of(&long).words.len() <= WORDS_MAX);
        let many: String = (0..500).map(|number| format!("m{number} ")).collect();
        assert_eq!(Question::of(&many).words.len(), WORDS_MAX);
        assert!(Question::of(&"é".repeat(400)).words.len() == 1);
    }
}
