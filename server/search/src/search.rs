//! Asking the index: what is found, in which order, and what is known of it.

use std::ops::Range;

use tantivy::{
    DocAddress, Order as TantivyOrder, Searcher, TantivyDocument, Term,
    collector::TopDocs,
    query::{
        AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, FuzzyTermQuery,
        Occur, PhraseQuery, Query, TermQuery,
    },
    schema::{Field, IndexRecordOption, Value as _},
};

use crate::{
    Heading, IndexError, Language, Mention, Question, Sitting, Task,
    question::AskedWord,
    schema::{CHANGED_MS, DOCUMENT, Fields, Part, Shown, assigned, start_of},
};

/// What a word is worth that is found as it was typed, in another form, begun, or misspelled.
const EXACT: f32 = 10.0;
const FORM: f32 = 7.0;
const BEGUN: f32 = 5.0;
const MISSPELLED: f32 = 2.0;
const BEGUN_MISSPELLED: f32 = 1.0;
/// What words are worth that stand side by side as they were typed.
const SIDE_BY_SIDE: f32 = 6.0;
/// What a title is worth that begins as the question.
const TITLE_START: f32 = 25.0;
/// How much a second match of the same word counts.
const AGAIN: f32 = 0.1;
/// How often and how rarely words are used only parts what is alike: less than any of the above.
const STATISTICS: f32 = 0.04;

/// What must be so of a document beside what is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// It is this one.
    pub document: Option<String>,
    /// It is in this space.
    pub space: Option<String>,
    /// It links to this document.
    pub links_to: Option<String>,
    /// It mentions this person.
    pub mentions: Option<String>,
    /// It has tasks of this person (nobody's where empty), open ones or done ones.
    pub tasks: Option<(String, bool)>,
    /// This person has worked on it lately.
    pub worker: Option<String>,
    /// Only titles are searched.
    pub titles_only: bool,
}

/// What comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// What answers the question best.
    Best,
    /// What was changed last.
    Latest,
}

/// A question that is asked of the index as it is at one moment.
pub struct Search {
    searcher: Searcher,
    fields: Fields,
    query: Box<dyn Query>,
    order: Order,
}

impl std::fmt::Debug for Search {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Search")
            .field("query", &self.query)
            .finish()
    }
}

/// A document that is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub document: String,
    address: DocAddress,
}

/// What the index has of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// Its title, as it was put in.
    pub title: String,
    /// The beginning of its text.
    pub text: String,
    /// Its headings.
    pub headings: Vec<Heading>,
    /// Who is mentioned.
    pub mentions: Vec<Mention>,
    /// What is to be done.
    pub tasks: Vec<Task>,
    /// Who worked when.
    pub sittings: Vec<Sitting>,
    /// When it was last edited; 0 where nobody knows.
    pub changed_ms: u64,
}

impl Search {
    pub(crate) fn new(
        (searcher, fields): (Searcher, Fields),
        question: &Question,
        filter: &Filter,
        order: Order,
    ) -> Self {
        let query = Box::new(BooleanQuery::new(clauses(&fields, question, filter)));
        Self {
            searcher,
            fields,
            query,
            order,
        }
    }

    /// What is found, from one place in the order to another.
    pub fn found(&self, places: Range<usize>) -> Result<Vec<Found>, IndexError> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let top = TopDocs::with_limit(places.len()).and_offset(places.start);
        let addresses: Vec<DocAddress> = match self.order {
            Order::Best => {
                let found = self.searcher.search(&*self.query, &top.order_by_score())?;
                found.into_iter().map(|(_, address)| address).collect()
            }
            Order::Latest => {
                let by_time = top.order_by_fast_field::<u64>(CHANGED_MS, TantivyOrder::Desc);
                let found = self.searcher.search(&*self.query, &by_time)?;
                found.into_iter().map(|(_, address)| address).collect()
            }
        };
        addresses
            .into_iter()
            .map(|address| {
                Ok(Found {
                    document: self.name(address)?,
                    address,
                })
            })
            .collect()
    }

    fn name(&self, address: DocAddress) -> Result<String, IndexError> {
        let segment = self.searcher.segment_reader(address.segment_ord);
        let names = segment.fast_fields().str(DOCUMENT)?;
        let names = names.ok_or(IndexError::Damaged("documents without names".into()))?;
        let mut name = String::new();
        if let Some(ord) = names.term_ords(address.doc_id).next() {
            names.ord_to_str(ord, &mut name)?;
        }
        Ok(name)
    }

    /// What the index has of a document that was found.
    pub fn stored(&self, found: &Found) -> Result<Stored, IndexError> {
        let row: TantivyDocument = self.searcher.doc(found.address)?;
        let text = |field| {
            let value = row.get_first(field);
            value
                .and_then(|value| value.as_str().map(str::to_owned))
                .unwrap_or_default()
        };
        let shown = row.get_first(self.fields.shown);
        let shown = shown.and_then(|value| value.as_bytes().map(<[u8]>::to_vec));
        let shown: Shown = match shown {
            Some(bytes) => serde_json::from_slice(&bytes)
                .map_err(|error| IndexError::Damaged(error.to_string()))?,
            None => Shown::default(),
        };
        let changed_ms = row.get_first(self.fields.changed_ms);
        Ok(Stored {
            title: text(self.fields.plain_title),
            text: text(self.fields.plain),
            headings: shown.headings,
            mentions: shown.mentions,
            tasks: shown.tasks,
            sittings: shown.sittings,
            changed_ms: changed_ms.and_then(|value| value.as_u64()).unwrap_or(0),
        })
    }
}

type Clause = (Occur, Box<dyn Query>);

fn clauses(fields: &Fields, question: &Question, filter: &Filter) -> Vec<Clause> {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut must = |query: Box<dyn Query>| clauses.push((Occur::Must, query));
    for (field, wanted) in [
        (fields.document, filter.document.clone()),
        (fields.space, filter.space.clone()),
        (fields.links, filter.links_to.clone()),
        (fields.mentions, filter.mentions.clone()),
        (fields.workers, filter.worker.clone()),
        (
            fields.assigned,
            filter
                .tasks
                .as_ref()
                .map(|(person, done)| assigned(Some(person), *done)),
        ),
    ] {
        if let Some(wanted) = wanted {
            must(worth(term(field, &wanted), 0.0));
        }
    }
    let parts: &[Part] = match filter.titles_only {
        true => &[Part::Title],
        false => &Part::ALL,
    };
    for phrase in &question.phrases {
        must(any(parts.iter().map(|part| {
            worth(
                phrase_query(fields.part(*part).words, phrase),
                EXACT * weight(*part),
            )
        })));
    }
    for word in question.words.iter().filter(|word| !word.is_small) {
        must(any(parts.iter().flat_map(|part| ways(fields, *part, word))));
    }
    for word in question.words.iter().filter(|word| word.is_small) {
        // It need not be there, and says a little where it is.
        clauses.push((
            Occur::Should,
            worth(term(fields.text.words, &word.text), STATISTICS),
        ));
    }
    for phrase in &question.without {
        for part in parts {
            clauses.push((
                Occur::MustNot,
                phrase_query(fields.part(*part).words, phrase),
            ));
        }
    }
    clauses.extend(bonuses(fields, question, parts));
    if !clauses.iter().any(|(occur, _)| *occur == Occur::Must) {
        clauses.push((Occur::Must, worth(Box::new(AllQuery), 0.0)));
    }
    clauses
}

/// What makes a document better that has all words anyway.
fn bonuses(fields: &Fields, question: &Question, parts: &[Part]) -> Vec<Clause> {
    let mut bonuses: Vec<Clause> = Vec::new();
    for word in question.words.iter().filter(|word| !word.is_small) {
        for part in parts {
            let found = term(fields.part(*part).words, &word.text);
            let query = BoostQuery::new(found, STATISTICS);
            bonuses.push((Occur::Should, Box::new(query)));
        }
    }
    let words: Vec<String> = question
        .words
        .iter()
        .map(|word| word.text.clone())
        .collect();
    if words.len() > 1 {
        for part in parts {
            let together = phrase_query(fields.part(*part).words, &words);
            bonuses.push((Occur::Should, worth(together, SIDE_BY_SIDE * weight(*part))));
        }
    }
    if !words.is_empty() {
        let start = Term::from_field_text(fields.title_start, &start_of(&words.join(" ")));
        let begins = FuzzyTermQuery::new_prefix(start, 0, false);
        bonuses.push((Occur::Should, worth(Box::new(begins), TITLE_START)));
    }
    bonuses
}

fn weight(part: Part) -> f32 {
    match part {
        Part::Title => 3.0,
        Part::Headings => 1.6,
        Part::Text => 1.0,
    }
}

/// All ways in which a word may be met in a part.
fn ways(fields: &Fields, part: Part, word: &AskedWord) -> Vec<Box<dyn Query>> {
    let (own, weight) = (fields.part(part), weight(part));
    let spelled = || Term::from_field_text(own.words, &word.text);
    let mut ways = vec![worth(term(own.words, &word.text), EXACT * weight)];
    for (language, stems) in Language::ALL.into_iter().zip(&word.stems) {
        for stem in stems {
            ways.push(worth(term(own.stems(language), stem), FORM * weight));
        }
    }
    if word.begins() {
        let begun = FuzzyTermQuery::new_prefix(spelled(), 0, false);
        ways.push(worth(Box::new(begun), BEGUN * weight));
    }
    let typos = word.typos();
    if typos > 0 {
        let alike = FuzzyTermQuery::new(spelled(), typos, true);
        ways.push(worth(Box::new(alike), MISSPELLED * weight));
        if word.begins() && word.text.chars().count() > 4 {
            let begun = FuzzyTermQuery::new_prefix(spelled(), 1, true);
            ways.push(worth(Box::new(begun), BEGUN_MISSPELLED * weight));
        }
    }
    ways
}

fn term(field: Field, text: &str) -> Box<dyn Query> {
    let term = Term::from_field_text(field, text);
    Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
}

/// Words side by side; one alone is a term.
fn phrase_query(field: Field, words: &[String]) -> Box<dyn Query> {
    match words {
        [word] => term(field, word),
        words => {
            let terms = words.iter().map(|word| Term::from_field_text(field, word));
            Box::new(PhraseQuery::new(terms.collect()))
        }
    }
}

fn worth(query: Box<dyn Query>, score: f32) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, score))
}

fn any(queries: impl Iterator<Item = Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(DisjunctionMaxQuery::with_tie_breaker(
        queries.collect(),
        AGAIN,
    ))
}
