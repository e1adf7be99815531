//! The fields of the index, and how an entry becomes one of its documents.

use tantivy::{
    Index as Tantivy, TantivyDocument, Term,
    schema::{
        FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder,
        TextFieldIndexing, TextOptions,
    },
};

use crate::{
    Entry, Language,
    entry::Task,
    words::{Spelling, WordTokenizer, words},
};

/// Another number makes every index anew: change it with the fields, with what is held in them, and
/// with the analysis of words.
pub(crate) const VERSION: u32 = 2;

/// A part of a document, by how much it says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Title,
    Headings,
    Text,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Title, Self::Headings, Self::Text];

    fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Headings => "headings",
            Self::Text => "text",
        }
    }
}

/// One part, in each form of its words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartFields {
    pub(crate) words: Field,
    french: Field,
    english: Field,
}

impl PartFields {
    pub(crate) fn stems(&self, language: Language) -> Field {
        match language {
            Language::French => self.french,
            Language::English => self.english,
        }
    }
}

/// All fields.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    pub(crate) schema: Schema,
    pub(crate) document: Field,
    pub(crate) space: Field,
    pub(crate) fingerprint: Field,
    pub(crate) changed_ms: Field,
    /// The whole title without its small differences, for what begins so.
    pub(crate) title_start: Field,
    pub(crate) title: PartFields,
    pub(crate) headings: PartFields,
    pub(crate) text: PartFields,
    pub(crate) links: Field,
    pub(crate) mentions: Field,
    /// Who has what to do, see [`assigned`].
    pub(crate) assigned: Field,
    pub(crate) workers: Field,
    /// What is only shown, as JSON.
    pub(crate) shown: Field,
    /// The text as it is, for excerpts.
    pub(crate) plain: Field,
    pub(crate) plain_title: Field,
}

/// The name of each field that holds a number or a name for quick reading.
pub(crate) const DOCUMENT: &str = "document";
pub(crate) const FINGERPRINT: &str = "fingerprint";
pub(crate) const CHANGED_MS: &str = "changed_ms";

const WORDS: &str = "words";
/// How much text is kept for excerpts.
const PLAIN_BYTES_MAX: usize = 256 << 10;

impl Fields {
    pub(crate) fn new() -> Self {
        let mut schema = Schema::builder();
        let document = schema.add_text_field(DOCUMENT, STRING | STORED | FAST);
        let space = schema.add_text_field("space", STRING);
        let fingerprint = schema.add_u64_field(FINGERPRINT, FAST);
        let changed_ms = schema.add_u64_field(CHANGED_MS, FAST | STORED | INDEXED);
        let title_start = schema.add_text_field("title_start", STRING);
        let [title, headings, text] = Part::ALL.map(|part| part_fields(&mut schema, part));
        let links = schema.add_text_field("links", STRING);
        let mentions = schema.add_text_field("mentions", STRING);
        let assigned = schema.add_text_field("assigned", STRING);
        let workers = schema.add_text_field("workers", STRING);
        let shown = schema.add_bytes_field("shown", STORED);
        let plain = schema.add_text_field("plain", STORED);
        let plain_title = schema.add_text_field("plain_title", STORED);
        Self {
            schema: schema.build(),
            document,
            space,
            fingerprint,
            changed_ms,
            title_start,
            title,
            headings,
            text,
            links,
            mentions,
            assigned,
            workers,
            shown,
            plain,
            plain_title,
        }
    }

    pub(crate) fn part(&self, part: Part) -> &PartFields {
        match part {
            Part::Title => &self.title,
            Part::Headings => &self.headings,
            Part::Text => &self.text,
        }
    }

    pub(crate) fn of_document(&self, document: &str) -> Term {
        Term::from_field_text(self.document, document)
    }

    /// What the index holds of an entry.
    pub(crate) fn row(&self, entry: &Entry) -> TantivyDocument {
        let mut row = TantivyDocument::new();
        row.add_text(self.document, &entry.document);
        if let Some(space) = &entry.space {
            row.add_text(self.space, space);
        }
        row.add_u64(self.fingerprint, entry.fingerprint);
        row.add_u64(self.changed_ms, entry.changed_ms);
        row.add_text(self.title_start, start_of(&entry.title));
        let language = Language::of(&entry.text);
        self.add_part(&mut row, Part::Title, &entry.title, language);
        for heading in &entry.headings {
            self.add_part(&mut row, Part::Headings, &heading.text, language);
        }
        self.add_part(&mut row, Part::Text, &entry.text, language);
        entry
            .links
            .iter()
            .for_each(|link| row.add_text(self.links, link));
        let mentions = entry.mentions.iter();
        mentions.for_each(|mention| row.add_text(self.mentions, &mention.person));
        for task in &entry.tasks {
            row.add_text(
                self.assigned,
                assigned(task.assignee.as_deref(), task.is_done),
            );
        }
        let workers = entry.sittings.iter().flat_map(|sitting| &sitting.workers);
        let mut workers: Vec<&str> = workers.filter_map(|worker| worker.id.as_deref()).collect();
        workers.sort_unstable();
        workers.dedup();
        workers
            .iter()
            .for_each(|worker| row.add_text(self.workers, worker));
        row.add_bytes(self.shown, &Shown::bytes_of(entry));
        let end = entry.text.floor_char_boundary(PLAIN_BYTES_MAX);
        row.add_text(self.plain, entry.text.get(..end).unwrap_or_default());
        row.add_text(self.plain_title, &entry.title);
        row
    }

    /// Where the language is not known, words have the forms of both.
    fn add_part(
        &self,
        row: &mut TantivyDocument,
        part: Part,
        text: &str,
        language: Option<Language>,
    ) {
        let fields = self.part(part);
        row.add_text(fields.words, text);
        for known in Language::ALL {
            if language.is_none_or(|language| language == known) {
                row.add_text(fields.stems(known), text);
            }
        }
    }
}

fn part_fields(schema: &mut SchemaBuilder, part: Part) -> PartFields {
    let mut field = |form: &str| {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(form)
            .set_index_option(match form {
                WORDS => IndexRecordOption::WithFreqsAndPositions,
                _ => IndexRecordOption::WithFreqs,
            });
        let options = TextOptions::default().set_indexing_options(indexing);
        schema.add_text_field(&format!("{}_{form}", part.name()), options)
    };
    PartFields {
        words: field(WORDS),
        french: field(Language::French.code()),
        english: field(Language::English.code()),
    }
}

/// How words are found in each field.
pub(crate) fn register(index: &Tantivy) {
    let tokenizers = index.tokenizers();
    tokenizers.register(WORDS, WordTokenizer::new(None));
    for language in Language::ALL {
        tokenizers.register(language.code(), WordTokenizer::new(Some(language)));
    }
}

/// A task in its field: open or done, and whose.
pub(crate) fn assigned(person: Option<&str>, is_done: bool) -> String {
    let state = if is_done { "done" } else { "open" };
    let mut text = format!("{state} {}", person.unwrap_or_default());
    crate::entry::cut(&mut text, 2_048);
    text
}

/// The words of a title, folded, with one space between.
pub(crate) fn start_of(title: &str) -> String {
    let mut spelling = Spelling::new();
    let words: Vec<String> = words(title).map(|word| spelling.fold(word.text)).collect();
    words.join(" ")
}

/// What is kept of an entry only to be shown.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Shown {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) headings: Vec<crate::Heading>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<crate::Mention>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<Task>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sittings: Vec<crate::Sitting>,
}

impl Shown {
    fn bytes_of(entry: &Entry) -> Vec<u8> {
        let shown = Self {
            headings: entry.headings.clone(),
            mentions: entry.mentions.clone(),
            tasks: entry.tasks.clone(),
            sittings: entry.sittings.clone(),
        };
        serde_json::to_vec(&shown).expect("texts and numbers have a JSON form")
    }
}
