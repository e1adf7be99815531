//! Where a question is met in a text, and the part of the text that shows it best.

use std::{collections::HashMap, ops::Range};

use crate::{
    Language, Question,
    words::{Spelling, Word, words},
};

/// About how long an excerpt is.
const EXCERPT_BYTES: usize = 240;
/// How much of it stands before the first word that was looked for.
const LEAD_BYTES: usize = 60;
/// How many words that are met are considered.
const MET_MAX: usize = 500;
/// How many different words of texts are remembered.
const SEEN_MAX: usize = 20_000;

/// A part of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The part.
    pub text: String,
    /// What is met in it: bytes of `text`, in order.
    pub marks: Vec<Range<usize>>,
    /// There is more before it.
    pub is_cut_before: bool,
    /// There is more behind it.
    pub is_cut_behind: bool,
}

/// Finds what a question looks for.
#[derive(Clone)]
pub struct Marker {
    asked: Vec<Asked>,
    spelling: Spelling,
    /// Words of texts, and which word that is looked for each is: most come many times.
    seen: HashMap<String, Option<usize>>,
}

#[derive(Debug, Clone)]
struct Asked {
    text: String,
    stems: [Vec<String>; 2],
    begins: bool,
    typos: usize,
    is_small: bool,
}

impl std::fmt::Debug for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Marker").field(&self.asked).finish()
    }
}

impl Marker {
    /// For a question.
    pub fn new(question: &Question) -> Self {
        let mut spelling = Spelling::new();
        let words = question.words.iter().map(|word| Asked {
            text: word.text.clone(),
            stems: word.stems.clone(),
            begins: word.begins(),
            typos: word.typos().into(),
            is_small: word.is_small,
        });
        let mut asked: Vec<Asked> = words.collect();
        for word in question.phrases.iter().flatten() {
            asked.push(Asked {
                text: word.clone(),
                stems: Language::ALL.map(|language| spelling.stems(word, language)),
                begins: false,
                typos: 0,
                is_small: false,
            });
        }
        Self {
            asked,
            spelling,
            seen: HashMap::new(),
        }
    }

    /// What is met in a short text: bytes, in order.
    pub fn marks(&mut self, text: &str) -> Vec<Range<usize>> {
        let found = self.find(text);
        found.into_iter().map(|(range, _)| range).collect()
    }

    fn find(&mut self, text: &str) -> Vec<(Range<usize>, usize)> {
        let mut found = Vec::new();
        for word in words(text) {
            if let Some(which) = self.known(word) {
                found.push((word.from..word.from + word.text.len(), which));
                if found.len() >= MET_MAX {
                    break;
                }
            }
        }
        found
    }

    fn known(&mut self, word: Word<'_>) -> Option<usize> {
        if let Some(known) = self.seen.get(word.text) {
            return *known;
        }
        let which = self.meets(word);
        if self.seen.len() < SEEN_MAX {
            self.seen.insert(word.text.to_owned(), which);
        }
        which
    }

    /// Which of the words that are looked for this one is.
    fn meets(&mut self, word: Word<'_>) -> Option<usize> {
        let folded = self.spelling.fold(word.text);
        let is_same = |asked: &Asked| asked.text == folded;
        if let Some(which) = self.asked.iter().position(is_same) {
            return Some(which);
        }
        let begins = |asked: &Asked| asked.begins && folded.starts_with(&asked.text);
        if let Some(which) = self.asked.iter().position(begins) {
            return Some(which);
        }
        if self.asked.iter().all(|asked| asked.is_small) {
            return None;
        }
        for (at, language) in Language::ALL.into_iter().enumerate() {
            let stems = self.spelling.stems(word.text, language);
            let is_form = |asked: &Asked| {
                let own = asked.stems.get(at);
                let shares = own.is_some_and(|own| own.iter().any(|stem| stems.contains(stem)));
                shares && !asked.is_small
            };
            if let Some(which) = self.asked.iter().position(is_form) {
                return Some(which);
            }
        }
        self.asked
            .iter()
            .position(|asked| !asked.is_small && is_close(&asked.text, &folded, asked.typos))
    }

    /// The part of a text in which most of the question is met, the first of several. The beginning
    /// where nothing is.
    pub fn excerpt(&mut self, text: &str) -> Excerpt {
        let found = self.find(text);
        let best = best_window(&found, &self.asked);
        let from = match best.and_then(|first| found.get(first)) {
            Some((range, _)) if range.start > LEAD_BYTES => {
                word_start(text, range.start - LEAD_BYTES)
            }
            _ => 0,
        };
        let until = word_end(text, from + EXCERPT_BYTES);
        let part = text.get(from..until).unwrap_or_default();
        let kept = part.trim_start();
        let from = from + (part.len() - kept.len());
        let kept = kept.trim_end();
        let until = from + kept.len();
        let inside = found
            .into_iter()
            .filter(|(range, _)| range.start >= from && range.end <= until);
        Excerpt {
            text: kept.to_owned(),
            marks: inside
                .map(|(range, _)| range.start - from..range.end - from)
                .collect(),
            is_cut_before: text.get(..from).is_some_and(|rest| !rest.trim().is_empty()),
            is_cut_behind: text
                .get(until..)
                .is_some_and(|rest| !rest.trim().is_empty()),
        }
    }
}

/// The first of the words that are met within one excerpt's length and are worth most together.
fn best_window(found: &[(Range<usize>, usize)], asked: &[Asked]) -> Option<usize> {
    let worth = |which: usize| match asked.get(which) {
        Some(asked) if asked.is_small => 1,
        _ => 8,
    };
    let mut best: Option<(usize, usize)> = None;
    for (first, (start, _)) in found.iter().enumerate() {
        let length = EXCERPT_BYTES - LEAD_BYTES;
        let within = found.get(first..).unwrap_or_default().iter();
        let within = within.take_while(|(range, _)| range.end - start.start <= length);
        let mut seen = vec![false; asked.len()];
        let mut sum = 0;
        for (_, which) in within.take(32) {
            if let Some(seen) = seen.get_mut(*which)
                && !std::mem::replace(seen, true)
            {
                sum += worth(*which);
            }
        }
        if best.is_none_or(|(_, most)| sum > most) {
            best = Some((first, sum));
        }
    }
    best.map(|(first, _)| first)
}

/// The next place from here on where a word may begin.
fn word_start(text: &str, at: usize) -> usize {
    let at = text.ceil_char_boundary(at);
    let tail = text.get(at..).unwrap_or_default();
    // A text without spaces is cut anywhere.
    match tail.find(char::is_whitespace) {
        Some(space) if space <= LEAD_BYTES => at + space,
        _ => at,
    }
}

fn word_end(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let at = text.floor_char_boundary(at);
    let head = text.get(..at).unwrap_or_default();
    match head.rfind(char::is_whitespace) {
        Some(space) if at - space <= LEAD_BYTES => space,
        _ => at,
    }
}

/// Whether two words differ by at most so many letters: one more, one less, another, or two that
/// have changed places.
fn is_close(one: &str, other: &str, typos: usize) -> bool {
    if typos == 0 || one.len().abs_diff(other.len()) > 4 * typos {
        return false;
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > typos {
        return false;
    }
    let mut rows = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for (at, row) in rows.iter_mut().enumerate() {
        row[0] = at;
    }
    for (at, cell) in rows[0].iter_mut().enumerate() {
        *cell = at;
    }
    for i in 1..=one.len() {
        for j in 1..=other.len() {
            let differs = usize::from(one[i - 1] != other[j - 1]);
            let mut least = (rows[i - 1][j] + 1)
                .min(rows[i][j - 1] + 1)
                .min(rows[i - 1][j - 1] + differs);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = least;
        }
    }
    rows[one.len()][other.len()] <= typos
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(typed: &str, text: &str) -> Vec<String> {
        let mut marker = Marker::new(&Question::of(typed));
        let marks = marker.marks(text);
        marks
            .into_iter()
            .map(|range| text[range].to_owned())
            .collect()
    }

    #[test]
    fn what_is_met_is_marked_as_it_is_written() {
        for (typed, text, expected) in [
            ("evenement", "Les ÉVÉNEMENTS de l'été", vec!["ÉVÉNEMENTS"]),
            ("ete", "Les événements de l'été", vec!["été"]),
            ("budg", "le budget budgétaire", vec!["budget", "budgétaire"]),
            ("bugdet ", "le budget de la ville", vec!["budget"]),
            ("meeting", "we met at the meetings", vec!["meetings"]),
            ("la ville", "la ville", vec!["la", "ville"]),
            ("<b>", "a <b> b", vec!["b", "b"]),
        ] {
            assert_eq!(marked(typed, text), expected, "{typed}");
        }
    }

    #[test]
    fn an_excerpt_shows_where_most_is_met() {
        let filler = "Rien à voir avec la question posée ici. ".repeat(40);
        let text = format!("Le budget seul. {filler}Le budget de la cantine est voté. {filler}");
        let mut marker = Marker::new(&Question::of("budget cantine"));
        let excerpt = marker.excerpt(&text);
        assert!(excerpt.text.contains("budget de la cantine"), "{excerpt:?}");
        assert!(excerpt.is_cut_before && excerpt.is_cut_behind);
        assert!(excerpt.text.len() <= EXCERPT_BYTES);
        let words: Vec<&str> = excerpt
            .marks
            .iter()
            .map(|range| &excerpt.text[range.clone()])
            .collect();
        assert_eq!(words, ["budget", "cantine"]);
    }

    #[test]
    fn letters_are_never_cut_in_two() {
        for width in 0..8 {
            let text = "x".repeat(width) + &"é😀".repeat(300);
            let excerpt = Marker::new(&Question::of("rien")).excerpt(&text);
            assert!(!excerpt.text.is_empty() && excerpt.is_cut_behind);
        }
        assert_eq!(
            Marker::new(&Question::of("x")).excerpt(""),
            Excerpt::default()
        );
    }

    #[test]
    fn words_are_close_by_letters_and_not_by_bytes() {
        assert!(is_close("budget", "bugdet", 1));
        assert!(is_close("cantine", "cantines", 1));
        assert!(!is_close("cantine", "cantinier", 1));
        assert!(!is_close("date", "note", 1));
        assert!(!is_close("abc", "abd", 0));
    }
}
