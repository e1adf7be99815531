//! Which threads there are, and what is said in them.

use std::sync::Arc;

use axum::{
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;
use unisson_content::anchor::{Found, Mark, find};
use unisson_session::Record;
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::{ThreadAnswer, ThreadsAnswer},
    desk::{Desk, no_such_thread, read},
};
use crate::{
    comments::{Thread, Whole},
    http::{
        AppState, admission::Turn, documents::stored_state, error::Problem, history::parse_query,
        numbers::Count,
    },
    versions::{HistoryError, heavy},
};

/// The most threads in one answer.
const PAGE_MAX: usize = 500;
const PAGE_DEFAULT: usize = 100;

/// Which threads are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    /// Those that are not settled.
    Open,
    /// Those that are.
    Resolved,
    /// All.
    #[default]
    All,
}

impl Wanted {
    fn has(self, thread: &Thread) -> bool {
        match self {
            Self::Open => thread.resolved.is_none(),
            Self::Resolved => thread.resolved.is_some(),
            Self::All => true,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `open`, `resolved` or `all`, as if nothing is said.
    #[serde(default)]
    #[param(inline)]
    state: Wanted,
    /// Looks in the document where each thread belongs by now: `place`, `position` and, where the
    /// letters were moved, another `anchor`.
    #[serde(default)]
    locate: bool,
    /// The `next` of an earlier answer.
    cursor: Option<String>,
    /// How many at most, up to 500.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// The address of a thread.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ThreadPath {
    /// The thread's id.
    #[param(pattern = "^[0-9a-f]{21}$")]
    pub(super) thread: String,
}

/// A path's part, or nothing that there is.
pub(super) fn thread_of(path: Result<Path<ThreadPath>, PathRejection>) -> Result<String, Problem> {
    match path {
        Ok(Path(ThreadPath { thread })) if crate::comments::is_id(&thread) => Ok(thread),
        Ok(_) | Err(_) => Err(no_such_thread()),
    }
}

/// List threads of comments
///
/// The oldest first, each with its comments. Who has the document open over a Hocuspocus socket is told
/// `{"type":"comments"}` as a stateless message when there is news; others ask with `If-None-Match`.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/comments",
    operation_id = "list_comments",
    tag = "comments",
    params(Page),
    responses((status = 200, description = "Threads", body = ThreadsAnswer, headers(("ETag" = String))))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    desk: Desk,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Response, Problem> {
    let page = parse_query(page)?;
    let record = desk.record(&state).await?;
    let record = record.map_or_else(Arc::default, |record| record.read());
    // Where threads are changes with the document, too.
    if !page.locate && desk.knows(&record) {
        return Ok(desk.not_modified(&record));
    }
    let threads = read(record.entries())?.0;
    let limit = page.limit.map_or(PAGE_DEFAULT, Count::get);
    let after = page.cursor.unwrap_or_default();
    let mut left = threads
        .iter()
        .filter(|(id, whole)| **id > after && page.state.has(&whole.thread));
    let shown: Vec<_> = left.by_ref().take(limit.min(PAGE_MAX)).collect();
    let next = left.next().and(shown.last()).map(|(id, _)| (*id).clone());
    let found = match page.locate {
        true => locate(&state, &desk, &shown).await?,
        false => Vec::new(),
    };
    let resolved = threads.values().filter(|w| w.thread.resolved.is_some());
    let resolved = resolved.count();
    let mut found = found.into_iter();
    let answer = ThreadsAnswer {
        threads: shown
            .into_iter()
            .map(|(id, whole)| ThreadAnswer::of(id, whole, found.next(), &desk))
            .collect(),
        next,
        open: threads.len() - resolved,
        resolved,
        may_comment: desk.may_comment(),
    };
    Ok(desk.answer(StatusCode::OK, &record, &answer))
}

/// Looks for threads in the document as it is durable.
async fn locate(
    state: &AppState,
    desk: &Desk,
    threads: &[(&String, &Whole)],
) -> Result<Vec<Found>, Problem> {
    if threads
        .iter()
        .all(|(_, whole)| whole.thread.anchor.is_none())
    {
        return Ok(vec![Found::Whole; threads.len()]);
    }
    let marks: Vec<Mark> = threads.iter().map(|(_, w)| mark(&w.thread)).collect();
    let _turn = Turn::take(state).await?;
    let document = stored_state(state, &desk.reader.name).await?;
    let found = heavy(move || {
        find(&document, &marks).map_err(|error| HistoryError::Damaged(error.to_string()))
    });
    Ok(found.await?)
}

fn mark(thread: &Thread) -> Mark {
    Mark {
        anchor: thread.anchor.clone(),
        quote: thread.quote.clone(),
        before: thread.before.clone(),
        after: thread.after.clone(),
    }
}

/// Read a thread of comments
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/comments/{thread}",
    operation_id = "read_thread",
    tag = "comments",
    params(ThreadPath),
    responses((status = 200, description = "The thread", body = ThreadAnswer, headers(("ETag" = String))))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<ThreadPath>, PathRejection>,
) -> Result<Response, Problem> {
    let id = thread_of(path)?;
    let record = desk.record(&state).await?.ok_or_else(no_such_thread)?;
    thread_now(&desk, StatusCode::OK, &record.read(), &id)
}

/// A thread as it is.
pub(super) fn thread_now(
    desk: &Desk,
    status: StatusCode,
    record: &Record,
    id: &str,
) -> Result<Response, Problem> {
    if status == StatusCode::OK && desk.knows(record) {
        return Ok(desk.not_modified(record));
    }
    let threads = read(record.entries())?.0;
    let whole = threads.get(id).ok_or_else(no_such_thread)?;
    let answer = ThreadAnswer::of(id, whole, None, desk);
    Ok(desk.answer(status, record, &answer))
}
