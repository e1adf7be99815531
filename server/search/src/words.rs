//! Words of a text: where they stand, how they are spelled for comparison, and their stems.
//!
//! A word is a run of letters and digits. What French elides (`l'`, `qu'`) is no part of it, nor is
//! an English `'s`. For comparison letters are in lower case and have no accents.

use tantivy::tokenizer::{
    AsciiFoldingFilter, LowerCaser, RawTokenizer, Stemmer, TextAnalyzer, Token, TokenStream,
    Tokenizer,
};

use crate::Language;

/// Longer ones are data, not words.
const WORD_BYTES_MAX: usize = 64;
/// What French elides before a vowel, as it is spelled.
const ELIDED: [&str; 15] = [
    "l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu",
    "quelqu",
];

/// A word where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// As it is written.
    pub(crate) text: &'a str,
    /// Its first byte in the whole text.
    pub(crate) from: usize,
}

/// The words of a text, in order.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Word<'_>> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        loop {
            let word = next_run(text, rest)?;
            rest = word.from + word.text.len();
            if let Some(kept) = kept(word) {
                return Some(kept);
            }
        }
    })
}

/// Letters, digits, accents that stand alone, and apostrophes between letters.
fn next_run(text: &str, after: usize) -> Option<Word<'_>> {
    let tail = text.get(after..)?;
    let from = after + tail.find(char::is_alphanumeric)?;
    let mut end = from;
    let mut letters = text.get(from..)?.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let joins = is_apostrophe(letter) && next.is_some_and(char::is_alphanumeric);
        if !(letter.is_alphanumeric() || is_accent(letter) || joins) {
            break;
        }
        end = from + at + letter.len_utf8();
        let is_elided = joins && text.get(from..from + at).is_some_and(is_elided);
        if is_elided {
            break;
        }
    }
    Some(Word {
        text: text.get(from..end)?,
        from,
    })
}

/// Without what English puts behind; nothing where the whole is an elided word.
fn kept(word: Word<'_>) -> Option<Word<'_>> {
    let last = word.text.chars().next_back()?;
    if is_apostrophe(last) {
        return None;
    }
    let mut text = word.text;
    if let Some(owner) = text.strip_suffix(['s', 'S'])
        && let Some(owner) = owner.strip_suffix(is_apostrophe)
    {
        text = owner;
    }
    Some(Word { text, ..word })
}

fn is_apostrophe(letter: char) -> bool {
    matches!(letter, '\'' | '’' | 'ʼ')
}

/// Accents that stand behind their letter, as some systems write them.
fn is_accent(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

fn is_elided(text: &str) -> bool {
    let lower = text.to_lowercase();
    ELIDED.contains(&lower.as_str())
}

/// How words are compared.
#[derive(Clone)]
pub(crate) struct Spelling {
    lower: TextAnalyzer,
    fold: TextAnalyzer,
    french: TextAnalyzer,
    english: TextAnalyzer,
}

impl Spelling {
    pub(crate) fn new() -> Self {
        let raw = || TextAnalyzer::builder(RawTokenizer::default());
        let stem = |language| raw().filter(Stemmer::new(language)).build();
        Self {
            lower: raw().filter(LowerCaser).build(),
            fold: raw().filter(AsciiFoldingFilter).build(),
            french: stem(tantivy::tokenizer::Language::French),
            english: stem(tantivy::tokenizer::Language::English),
        }
    }

    /// In lower case, with accents as part of their letters left as they are.
    pub(crate) fn lower(&mut self, word: &str) -> String {
        let plain: String = word
            .chars()
            .filter(|letter| !is_accent(*letter) && !is_apostrophe(*letter))
            .collect();
        through(&mut self.lower, &plain)
    }

    /// In lower case and without accents.
    pub(crate) fn fold(&mut self, word: &str) -> String {
        let lower = self.lower(word);
        through(&mut self.fold, &lower)
    }

    /// Its stems: of the word as it is written and of the word without accents, which many leave
    /// out. One where both are the same.
    pub(crate) fn stems(&mut self, word: &str, language: Language) -> Vec<String> {
        let lower = self.lower(word);
        let folded = through(&mut self.fold, &lower);
        let stemmer = match language {
            Language::French => &mut self.french,
            Language::English => &mut self.english,
        };
        let written = through(stemmer, &lower);
        let plain = through(stemmer, &folded);
        let written = through(&mut self.fold, &written);
        match written == plain {
            true => vec![plain],
            false => vec![written, plain],
        }
    }
}

/// What an analysis makes of one word.
fn through(analyzer: &mut TextAnalyzer, word: &str) -> String {
    let mut stream = analyzer.token_stream(word);
    match stream.advance() {
        true => std::mem::take(&mut stream.token_mut().text),
        false => String::new(),
    }
}

/// What a field holds of each word.
#[derive(Clone)]
pub(crate) struct WordTokenizer {
    spelling: Spelling,
    /// Stems of this language; the words themselves where there is none.
    language: Option<Language>,
}

impl WordTokenizer {
    pub(crate) fn new(language: Option<Language>) -> Self {
        Self {
            spelling: Spelling::new(),
            language,
        }
    }
}

/// The words of one text.
pub(crate) struct WordStream<'a> {
    tokenizer: &'a mut WordTokenizer,
    words: Box<dyn Iterator<Item = Word<'a>> + 'a>,
    /// Another spelling of the same word.
    second: Option<String>,
    token: Token,
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        WordStream {
            tokenizer: self,
            words: Box::new(words(text)),
            second: None,
            token: Token::default(),
        }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        if let Some(second) = self.second.take() {
            self.token.text = second;
            return true;
        }
        loop {
            let Some(word) = self.words.next() else {
                return false;
            };
            self.token.position = self.token.position.wrapping_add(1);
            if word.text.len() > WORD_BYTES_MAX {
                continue;
            }
            let spelling = &mut self.tokenizer.spelling;
            let mut spelled = match self.tokenizer.language {
                None => vec![spelling.fold(word.text)],
                Some(language) => spelling.stems(word.text, language),
            }
            .into_iter();
            self.token.text = spelled.next().unwrap_or_default();
            self.second = spelled.next();
            self.token.offset_from = word.from;
            self.token.offset_to = word.from + word.text.len();
            return true;
        }
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<String> {
        let mut spelling = Spelling::new();
        words(text).map(|word| spelling.fold(word.text)).collect()
    }

    #[test]
    fn words_are_found_without_what_is_elided() {
        for (text, expected) in [
            ("L'élève d’aujourd'hui", "eleve aujourdhui"),
            ("jusqu'au bout, qu'il disait", "au bout il disait"),
            ("l'", "l"),
            ("d’", "d"),
            (
                "Rendez-vous à Saint-Étienne !",
                "rendez vous a saint etienne",
            ),
            (
                "The minister's budget; don't panic",
                "the minister budget dont panic",
            ),
            ("O'Brien", "obrien"),
            ("œuvre cœur ŒUVRE", "oeuvre coeur oeuvre"),
            ("e\u{301}te\u{301}", "ete"),
            ("n°12 du 3/4/2026", "n 12 du 3 4 2026"),
            ("«guillemets»…points", "guillemets points"),
            ("", ""),
            ("' ’ ''", ""),
        ] {
            assert_eq!(folded(text).join(" "), expected, "{text:?}");
        }
    }

    #[test]
    fn words_stand_where_they_are_written() {
        let text = "C'est l’été à Paris";
        for word in words(text) {
            assert_eq!(&text[word.from..word.from + word.text.len()], word.text);
        }
        let starts: Vec<usize> = words(text).map(|word| word.from).collect();
        assert_eq!(starts.len(), 4);
    }

    /// Each line: forms of which every two must share a stem.
    #[test]
    fn forms_of_a_word_share_a_stem() {
        let french = [
            "budget budgets",
            "cantine cantines",
            "manger mangé mangée mangées mangees",
            "événement événements evenement evenements",
            "réunion réunions reunion",
            "décision décisions decision decisions",
            "animateur animateurs animatrice animatrices",
            "nationale nationales national",
            "cheval chevaux",
            "heureux heureuse heureuses",
            "continuer continuez continuerons",
        ];
        let english = [
            "meeting meetings meet",
            "decide decided deciding",
            "page pages",
            "running runs run",
            "library libraries",
        ];
        let mut spelling = Spelling::new();
        for (language, table) in [
            (Language::French, &french[..]),
            (Language::English, &english),
        ] {
            for line in table {
                let stems: Vec<Vec<String>> = line
                    .split(' ')
                    .map(|word| spelling.stems(word, language))
                    .collect();
                for pair in stems.windows(2) {
                    let shared = pair[0].iter().any(|stem| pair[1].contains(stem));
                    assert!(shared, "{line}: {stems:?}");
                }
            }
        }
    }

    #[test]
    fn two_spellings_of_a_word_stand_at_one_place() {
        let mut tokenizer = WordTokenizer::new(Some(Language::French));
        let mut stream = tokenizer.token_stream("mangées ensemble");
        let mut places = Vec::new();
        while let Some(token) = stream.next() {
            places.push((token.position, token.text.clone()));
        }
        assert_eq!(places.last().map(|(place, _)| *place), Some(1));
        assert!(
            places.iter().filter(|(place, _)| *place == 0).count() == 2,
            "{places:?}"
        );
    }
}
