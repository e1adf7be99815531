//! What callers are told of comments.

use serde::Serialize;
use serde_json::Value;
use unisson_content::anchor::Found;
use utoipa::ToSchema;

use super::desk::Desk;
use crate::comments::{By, Comment, Whole};

/// Somebody who commented.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ByAnswer {
    /// Their id; null where nobody knows who it was.
    user: Option<String>,
    /// Their name. Where `user` is null, they said it themselves.
    name: Option<String>,
}

impl From<&By> for ByAnswer {
    fn from(by: &By) -> Self {
        Self {
            user: by.user.clone(),
            name: by.name.clone(),
        }
    }
}

/// A comment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CommentAnswer {
    id: String,
    /// Plain text.
    text: String,
    /// Ids of those who were to hear of it.
    mentions: Vec<String>,
    created_ms: u64,
    /// When it was last changed, if ever.
    edited_ms: Option<u64>,
    by: ByAnswer,
    /// Whether the caller may change it.
    may_edit: bool,
    /// Whether the caller may delete it.
    may_delete: bool,
}

impl CommentAnswer {
    pub(super) fn of(id: &str, comment: &Comment, desk: &Desk) -> Self {
        Self {
            id: id.to_owned(),
            text: comment.text.clone(),
            mentions: comment.mentions.clone(),
            created_ms: comment.at_ms,
            edited_ms: comment.edited_ms,
            by: ByAnswer::from(&comment.by),
            may_edit: desk.may_edit(&comment.by),
            may_delete: desk.may_delete(&comment.by),
        }
    }
}

/// Where a thread belongs: relative positions of Yjs, as `Y.relativePositionToJSON` gives them.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AnchorAnswer {
    start: Value,
    end: Value,
}

/// What has become of the place of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum PlaceAnswer {
    /// The thread is about the whole document.
    Document,
    /// It is where `anchor` says.
    Anchored,
    /// Its letters stand elsewhere now; `anchor` says where.
    Moved,
    /// Its letters are gone.
    Orphaned,
    /// Nobody has looked: ask with `locate=true`.
    Unknown,
}

/// A settled thread.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ResolvedAnswer {
    at_ms: u64,
    by: ByAnswer,
}

/// A thread.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThreadAnswer {
    id: String,
    /// Null where it is about the whole document.
    anchor: Option<AnchorAnswer>,
    /// What stood there when the thread was begun.
    quote: String,
    place: PlaceAnswer,
    /// Grows through the document: for the order of threads. Null where the place is not known.
    position: Option<u64>,
    created_ms: u64,
    by: ByAnswer,
    /// Null while it is open.
    resolved: Option<ResolvedAnswer>,
    /// The oldest first; the first one begins the thread.
    comments: Vec<CommentAnswer>,
}

impl ThreadAnswer {
    pub(super) fn of(id: &str, whole: &Whole, found: Option<Found>, desk: &Desk) -> Self {
        let Whole { thread, comments } = whole;
        let mut anchor = thread.anchor.clone();
        let (place, position) = match found {
            None if anchor.is_none() => (PlaceAnswer::Document, None),
            None => (PlaceAnswer::Unknown, None),
            Some(Found::Whole) => (PlaceAnswer::Document, None),
            Some(Found::Lost) => (PlaceAnswer::Orphaned, None),
            Some(Found::Anchored { at }) => (PlaceAnswer::Anchored, Some(at as u64)),
            Some(Found::Again { anchor: there, at }) => {
                anchor = Some(there);
                (PlaceAnswer::Moved, Some(at as u64))
            }
        };
        Self {
            id: id.to_owned(),
            anchor: anchor.map(|(start, end)| AnchorAnswer { start, end }),
            quote: thread.quote.clone(),
            place,
            position,
            created_ms: thread.at_ms,
            by: ByAnswer::from(&thread.by),
            resolved: thread.resolved.as_ref().map(|resolved| ResolvedAnswer {
                at_ms: resolved.at_ms,
                by: ByAnswer::from(&resolved.by),
            }),
            comments: comments
                .iter()
                .map(|(id, comment)| CommentAnswer::of(id, comment, desk))
                .collect(),
        }
    }
}

/// Threads.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ThreadsAnswer {
    /// The oldest first.
    pub(super) threads: Vec<ThreadAnswer>,
    /// `cursor` for more; null where there are none.
    pub(super) next: Option<String>,
    /// How many threads of the document are open, on all pages of this answer.
    pub(super) open: usize,
    /// How many are settled.
    pub(super) resolved: usize,
    /// Whether the caller may comment.
    pub(super) may_comment: bool,
}
