//! What the index holds of a document.

use serde::{Deserialize, Serialize};

/// The most text that is searched of one document: a long book.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// The most links, mentions or tasks of one document.
const ITEMS_MAX: usize = 2_000;
/// How many sittings are remembered of one document.
const SITTINGS_MAX: usize = 20;

/// A document, as it is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub document: String,
    /// The space that it is in.
    pub space: Option<String>,
    /// Another value says that it may have changed since it was put in.
    pub fingerprint: u64,
    /// For people.
    pub title: String,
    /// Its headings, in order.
    pub headings: Vec<Heading>,
    /// All that it says.
    pub text: String,
    /// The names of the documents that it links to.
    pub links: Vec<String>,
    /// The people whom it mentions.
    pub mentions: Vec<Mention>,
    /// What is to be done.
    pub tasks: Vec<Task>,
    /// When it was last edited, in milliseconds since 1970; 0 where nobody knows.
    pub changed_ms: u64,
    /// Who worked when, the last first.
    pub sittings: Vec<Sitting>,
}

/// A heading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// Where an address points.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// Somebody who is mentioned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Their id.
    pub person: String,
    /// The line that they are mentioned in.
    pub line: String,
}

/// Something to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Which of the document's tasks.
    pub id: String,
    /// What is to be done.
    pub text: String,
    /// Whether it is.
    pub is_done: bool,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// Until when: a day, as `2026-11-30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

/// Work on a document without a long pause.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// When the first edit came, in milliseconds since 1970.
    pub from_ms: u64,
    /// When the last one came.
    pub until_ms: u64,
    /// Who worked.
    pub workers: Vec<Worker>,
}

/// Somebody who has worked on a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Their id, where anybody knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What is in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The document's name.
    pub document: String,
    /// As it was put in.
    pub fingerprint: u64,
}

impl Entry {
    /// No more of it than the index takes.
    pub(crate) fn bounded(mut self) -> Self {
        cut(&mut self.text, TEXT_BYTES_MAX);
        cut(&mut self.title, 1_024);
        self.headings.truncate(ITEMS_MAX);
        self.links.truncate(ITEMS_MAX);
        self.mentions.truncate(ITEMS_MAX);
        self.tasks.truncate(ITEMS_MAX);
        self.sittings.truncate(SITTINGS_MAX);
        // What cannot be a term is of nobody.
        let is_term = |text: &String| !text.is_empty() && text.len() < 2_048;
        self.links.retain(is_term);
        self.mentions.retain(|mention| is_term(&mention.person));
        self
    }
}

/// Cuts a text between two letters.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    if text.len() > bytes_max {
        text.truncate(text.floor_char_boundary(bytes_max));
    }
}
