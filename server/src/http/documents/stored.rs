//! A document as it is durable, and how it stands.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use bytes::Bytes;
use unisson_protocol::DocName;
use unisson_session::{Condition, standing, whole};

use crate::{
    changes::ChangeError,
    crdt,
    http::{AppState, admission::Turn, error::Problem},
    quota,
    registry::Shared,
    trash,
    versions::{HistoryError, heavy},
};

/// What is durable of a document.
#[derive(Debug, Clone)]
pub(in crate::http) struct Stored {
    /// The document (Yjs update, format v1).
    pub(in crate::http) state: Bytes,
    standing: Bytes,
    /// Whether there is anything of it.
    pub(in crate::http) exists: bool,
}

impl Stored {
    /// Reads a document that is there and not in the trash.
    pub(super) async fn of(shared: &Arc<Shared>, name: &DocName) -> Result<Self, Problem> {
        let stored = Self::perhaps(shared, name).await?;
        match stored.exists {
            true => Ok(stored),
            false => Err(no_such_document()),
        }
    }

    /// Reads a document that need not be there.
    pub(in crate::http) async fn perhaps(
        shared: &Arc<Shared>,
        name: &DocName,
    ) -> Result<Self, Problem> {
        if let Some(entry) = trash::entry(shared, name).await? {
            return Err(in_trash(entry.moved_to.is_some()));
        }
        let stored = shared.store.read(name.as_str()).await;
        let (parts, _) = crdt::parts(stored.map_err(HistoryError::from)?);
        let exists = !parts.snapshots.is_empty() || !parts.updates.is_empty();
        let read = heavy(move || {
            let state = whole(&parts)?.state;
            let standing = standing(&state)?;
            Ok((state, standing))
        });
        let (state, standing) = read.await?;
        Ok(Self {
            state,
            standing,
            exists,
        })
    }

    /// A tag that is the same wherever the same edits were made.
    pub(super) fn tag(&self) -> String {
        let hash = blake3::hash(&self.standing).to_hex();
        hash.get(..32).unwrap_or_default().to_owned()
    }

    /// What `If-Match` asks for; an error where it is not so now.
    pub(super) fn condition(&self, headers: &HeaderMap) -> Result<Option<Condition>, Problem> {
        let Some(asked) = headers.get(header::IF_MATCH) else {
            return Ok(None);
        };
        let asked = asked.to_str().unwrap_or_default();
        if asked.trim() == "*" {
            return Ok(None);
        }
        let own = self.tag();
        // What was packed on its way, here or by a proxy, is the same all the same.
        let tags = asked
            .split(',')
            .map(|tag| tag.trim().trim_start_matches("W/"));
        let mut tags = tags.map(|tag| tag.trim_matches('"'));
        // The part behind the hyphen tells forms apart, not documents.
        match tags.any(|tag| tag.split('-').next() == Some(own.as_str())) {
            true => Ok(Some(Condition::Standing(self.standing.clone()))),
            false => Err(precondition()),
        }
    }
}

/// What is durable of a document, which need not be there (Yjs update, format v1).
pub(in crate::http) async fn state_of(state: &AppState, name: &DocName) -> Result<Bytes, Problem> {
    let stored = Stored::perhaps(state.registry.shared(), name).await?;
    Ok(stored.state)
}

/// An error where there is no document, or it is in the trash; without reading it where that can be
/// told otherwise.
pub(in crate::http) async fn require(shared: &Arc<Shared>, name: &DocName) -> Result<(), Problem> {
    if let Some(entry) = trash::entry(shared, name).await? {
        return Err(in_trash(entry.moved_to.is_some()));
    }
    match shared.store.has(name.as_str()) {
        true => Ok(()),
        // Another server may have written it a moment ago; and one that was erased says so.
        false => Stored::of(shared, name).await.map(drop),
    }
}

/// The tag as a header.
pub(in crate::http) fn etag(tag: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{tag}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// The tag of a document after a change: read again, as it may have changed further.
pub(super) async fn tag_now(state: &AppState, name: &DocName) -> Result<String, Problem> {
    let _turn = Turn::take(state).await?;
    Ok(Stored::perhaps(state.registry.shared(), name).await?.tag())
}

pub(super) fn no_such_document() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-document",
        detail: "there is no document of this name".into(),
    }
}

pub(super) fn exists() -> Problem {
    Problem {
        status: StatusCode::CONFLICT,
        code: "exists",
        detail: "there is a document of this name".into(),
    }
}

fn in_trash(moved: bool) -> Problem {
    let detail = match moved {
        true => {
            "the document was moved: ask for it where it is now, or undelete what was left here"
        }
        false => "the document was deleted and is in the trash: undelete it, or erase it",
    };
    Problem {
        status: StatusCode::GONE,
        code: "in-trash",
        detail: detail.into(),
    }
}

fn precondition() -> Problem {
    Problem {
        status: StatusCode::PRECONDITION_FAILED,
        code: "precondition",
        detail: "the document has changed: read it again".into(),
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            ChangeError::Busy(_) => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            ChangeError::Closed(unisson_protocol::CloseReason::Trashed) => return in_trash(false),
            ChangeError::Closed(_) => (StatusCode::GONE, "erased"),
            ChangeError::Refused(ref reason) if reason == quota::FULL => {
                (StatusCode::INSUFFICIENT_STORAGE, "quota")
            }
            ChangeError::Refused(_) => (StatusCode::CONFLICT, "refused"),
            ChangeError::NotSo => return precondition(),
            ChangeError::Unknown => (StatusCode::SERVICE_UNAVAILABLE, "outcome-unknown"),
            ChangeError::Unreadable(error) => return error.into(),
        };
        Self {
            status,
            code,
            detail,
        }
    }
}
