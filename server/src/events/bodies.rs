//! What events say, as it stands in `data`.

use serde::{Deserialize, Serialize};

use super::Actor;

/// About a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DocumentEvent {
    pub(crate) document: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
}

/// About the edits since the last event of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DocumentChange {
    pub(crate) document: String,
    /// Who edited, where anybody knows; in order of their ids.
    pub(crate) authors: Vec<Actor>,
    /// Others edited whom the list has no room for, or whom nobody knows.
    pub(crate) others: bool,
    pub(crate) first_edit_ms: u64,
    pub(crate) last_edit_ms: u64,
    /// The server was killed before it could tell: who edited, and when last, is not known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) recovered: bool,
}

/// About a document with another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DocumentMove {
    pub(crate) document: String,
    pub(crate) from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
}

/// About a member of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MemberEvent {
    pub(crate) space: String,
    /// The names of the space's documents begin so.
    pub(crate) prefix: String,
    pub(crate) member: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
}

/// About a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommentEvent {
    pub(crate) document: String,
    pub(crate) thread: String,
    /// Which comment; none where it is about the thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    /// Ids of those whom the comment calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) mentions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
}

/// About a task in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskEvent {
    pub(crate) document: String,
    /// Which of the document's tasks.
    pub(crate) task: String,
    /// Its words; none where not everybody in the space may read the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    pub(crate) assignee: Option<String>,
    /// A day, as `2026-11-30`.
    pub(crate) due: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<TaskBefore>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
    /// The same for everybody who tells it.
    #[serde(skip)]
    pub(crate) key: String,
}

/// What a task was before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TaskBefore {
    pub(crate) assignee: Option<String>,
    pub(crate) due: Option<String>,
}

/// About somebody who is named in a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MentionEvent {
    pub(crate) document: String,
    pub(crate) person: String,
    /// The line; none where not everybody in the space may read the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<Actor>,
    /// The same for everybody who tells it.
    #[serde(skip)]
    pub(crate) key: String,
}

/// About nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TestEvent {
    pub(crate) webhook: String,
}

/// About a day of a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestEvent {
    pub(crate) space: String,
    /// The names of the space's documents begin so.
    pub(crate) prefix: String,
    /// The space's title.
    pub(crate) title: String,
    /// The day of the digest's hour, as `2026-11-30`.
    pub(crate) day: String,
    /// What happened from here on, and before `until_ms`.
    pub(crate) from_ms: u64,
    pub(crate) until_ms: u64,
    /// Pages that were edited, the one that was changed last first.
    pub(crate) pages: Vec<DigestPage>,
    /// Pages on which somebody commented.
    pub(crate) comments: Vec<DigestComments>,
    /// Tasks that are due on this day and not done.
    pub(crate) tasks: Vec<DigestTask>,
    /// How many were due before and are not done.
    pub(crate) overdue: usize,
    /// There is more than the lists have room for.
    pub(crate) more: bool,
    /// The same for everybody who tells it.
    #[serde(skip)]
    pub(crate) key: String,
}

/// A page that was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestPage {
    pub(crate) document: String,
    /// None where not everybody in the space may read the page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) authors: Vec<Actor>,
    /// Others edited whom the list has no room for, or whom nobody knows.
    pub(crate) others: bool,
    pub(crate) first_edit_ms: u64,
    pub(crate) last_edit_ms: u64,
}

/// What was said on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestComments {
    pub(crate) document: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) title: Option<String>,
    pub(crate) count: usize,
    pub(crate) authors: Vec<Actor>,
    pub(crate) others: bool,
}

/// A task that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DigestTask {
    pub(crate) document: String,
    /// Which of the document's tasks.
    pub(crate) task: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) due: String,
}
