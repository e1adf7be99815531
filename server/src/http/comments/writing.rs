//! New threads, answers, second thoughts.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;
use unisson_content::anchor::position;
use unisson_session::{Change, Entries};
use utoipa::{IntoParams, ToSchema};

use super::{
    answers::{CommentAnswer, ThreadAnswer},
    desk::{Desk, failed, no_such_comment, no_such_thread, read, unusable},
    reading::{ThreadPath, thread_now, thread_of},
};
use crate::{
    comments::{
        BYTES_MAX, COMMENTS_MAX, Comment, Resolved, THREADS_MAX, Thread, Threads, bytes, new_id,
        set_comment, set_thread,
    },
    events::{CommentEvent, Event},
    http::{AppState, error::Problem, history::parse_body},
    notices,
    versions::unix_now_ms,
};

/// The longest comment, in bytes.
const TEXT_BYTES_MAX: usize = 20_000;
/// The longest quote, and the most that is kept of what stood beside it, in bytes.
const QUOTE_BYTES_MAX: usize = 4_000;
const CONTEXT_BYTES_MAX: usize = 400;
/// How many people one comment may call, and the longest id of one.
const MENTIONS_MAX: usize = 20;
const USER_BYTES_MAX: usize = 256;

/// Where a thread belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAnchor {
    /// Where it begins: a relative position, as `Y.relativePositionToJSON` gives it.
    start: Value,
    /// Where it ends, likewise.
    end: Value,
}

/// A new thread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewThread {
    /// The first comment: plain text.
    #[schema(min_length = 1)]
    text: String,
    /// Where it belongs; left out, it is about the whole document.
    anchor: Option<NewAnchor>,
    /// What stands there: needed with an anchor, so that the place is found again.
    #[serde(default)]
    quote: String,
    /// What stands before it; some words are enough.
    #[serde(default)]
    before: String,
    /// What stands behind it.
    #[serde(default)]
    after: String,
    /// Ids of people who are to hear of it.
    #[serde(default)]
    mentions: Vec<String>,
    /// What the author is called, where their token does not say it.
    name: Option<String>,
}

/// A comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewComment {
    /// Plain text.
    #[schema(min_length = 1)]
    text: String,
    /// Ids of people who are to hear of it.
    #[serde(default)]
    mentions: Vec<String>,
    /// What the author is called, where their token does not say it.
    name: Option<String>,
}

/// A change of a thread.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Settling {
    /// Whether it is settled.
    resolved: bool,
    /// What whoever settles it is called, where their token does not say it.
    name: Option<String>,
}

/// Other words for a comment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherWords {
    /// Plain text.
    #[schema(min_length = 1)]
    text: String,
}

/// The address of a comment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct CommentPath {
    /// The thread's id.
    #[param(pattern = "^[0-9a-f]{21}$")]
    thread: String,
    /// The comment's id.
    #[param(pattern = "^[0-9a-f]{21}$")]
    comment: String,
}

fn text_of(text: &str) -> Result<String, Problem> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    let is_odd = |letter: char| letter.is_control() && letter != '\n' && letter != '\t';
    if text.is_empty() || text.len() > TEXT_BYTES_MAX || text.chars().any(is_odd) {
        let detail = format!("a comment is a text of at most {TEXT_BYTES_MAX} bytes and not blank");
        return Err(unusable("comment", detail));
    }
    Ok(text.to_owned())
}

fn mentions_of(mut mentions: Vec<String>) -> Result<Vec<String>, Problem> {
    let is_odd = |user: &String| {
        user.trim().is_empty() || user.len() > USER_BYTES_MAX || user.chars().any(char::is_control)
    };
    if mentions.len() > MENTIONS_MAX || mentions.iter().any(is_odd) {
        let detail = format!("a comment calls at most {MENTIONS_MAX} people, by their ids");
        return Err(unusable("comment", detail));
    }
    mentions.sort_unstable();
    mentions.dedup();
    Ok(mentions)
}

fn place_of(new: &mut NewThread) -> Result<Option<(Value, Value)>, Problem> {
    let is_long = new.quote.len() > QUOTE_BYTES_MAX
        || new.before.len() > CONTEXT_BYTES_MAX
        || new.after.len() > CONTEXT_BYTES_MAX;
    if is_long {
        let detail = format!(
            "a quote has at most {QUOTE_BYTES_MAX} bytes, what stands beside it {CONTEXT_BYTES_MAX}"
        );
        return Err(unusable("anchor", detail));
    }
    let Some(NewAnchor { start, end }) = new.anchor.take() else {
        let said = [&new.quote, &new.before, &new.after];
        return match said.iter().all(|text| text.is_empty()) {
            true => Ok(None),
            false => Err(unusable("anchor", "a quote without an anchor has no place")),
        };
    };
    if position(&start).is_none() || position(&end).is_none() {
        return Err(unusable(
            "anchor",
            "start and end are relative positions of Yjs, as JSON",
        ));
    }
    match new.quote.trim().is_empty() {
        true => Err(unusable(
            "anchor",
            "an anchor needs the quote of what stands there",
        )),
        false => Ok(Some((start, end))),
    }
}

fn full(detail: String) -> Problem {
    unusable("comments-full", detail)
}

/// An error where there is no room for these changes.
fn room(threads: &Threads, entries: &Entries, changes: &[Change]) -> Result<(), Problem> {
    if threads.0.len() > THREADS_MAX {
        return Err(full(format!(
            "a document has at most {THREADS_MAX} threads"
        )));
    }
    let new = changes
        .iter()
        .map(|(key, value)| key.len() + value.as_ref().map_or(0, String::len));
    match bytes(entries) + new.sum::<usize>() > BYTES_MAX {
        true => Err(full(format!(
            "the comments of a document have at most {BYTES_MAX} bytes"
        ))),
        false => Ok(()),
    }
}

/// Start a thread of comments
///
/// About a place in the document, or about all of it. Whoever may comment there needs no right to write.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/comments",
    operation_id = "start_thread",
    tag = "comments",
    request_body = NewThread,
    responses((status = 201, description = "Durable", body = ThreadAnswer,
        headers(("Location" = String), ("ETag" = String))))
)]
pub(super) async fn start(
    State(state): State<AppState>,
    desk: Desk,
    body: Result<Json<NewThread>, JsonRejection>,
) -> Result<Response, Problem> {
    Desk::need(desk.may_comment())?;
    let mut new = parse_body(body)?;
    let anchor = place_of(&mut new)?;
    let by = desk.by(new.name.as_deref())?;
    let at_ms = unix_now_ms();
    let comment = Comment {
        text: text_of(&new.text)?,
        mentions: mentions_of(new.mentions)?,
        at_ms,
        edited_ms: None,
        by: by.clone(),
    };
    let thread = Thread {
        anchor,
        quote: new.quote,
        before: new.before,
        after: new.after,
        at_ms,
        by,
        resolved: None,
    };
    let id = new_id(at_ms).map_err(failed)?;
    let changes = vec![
        set_thread(&id, Some(&thread)).map_err(failed)?,
        set_comment(&id, &id, Some(&comment)).map_err(failed)?,
    ];
    let made = desk.change(&state, |threads, entries| {
        if threads.0.len() >= THREADS_MAX {
            return Err(full(format!(
                "a document has at most {THREADS_MAX} threads"
            )));
        }
        room(threads, entries, &changes)?;
        Ok((changes, ()))
    });
    made.await?;
    told(&state, &desk, &id, &id, &comment).await;
    let mut answer = now(&state, &desk, StatusCode::CREATED, &id).await?;
    let document = utf8_percent_encode(desk.reader.name.as_str(), NON_ALPHANUMERIC);
    let place = format!("/api/v1/documents/{document}/comments/{id}");
    if let Ok(place) = HeaderValue::from_str(&place) {
        answer.headers_mut().insert(header::LOCATION, place);
    }
    Ok(answer)
}

/// Answer in a thread of comments
///
/// An answer opens a settled thread again: somebody has more to say.
#[utoipa::path(
    post,
    path = "/api/v1/documents/{document}/comments/{thread}",
    operation_id = "reply_in_thread",
    tag = "comments",
    params(ThreadPath),
    request_body = NewComment,
    responses((status = 201, description = "Durable", body = ThreadAnswer, headers(("ETag" = String))))
)]
pub(super) async fn reply(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<ThreadPath>, PathRejection>,
    body: Result<Json<NewComment>, JsonRejection>,
) -> Result<Response, Problem> {
    Desk::need(desk.may_comment())?;
    let thread = thread_of(path)?;
    let new = parse_body(body)?;
    let at_ms = unix_now_ms();
    let comment = Comment {
        text: text_of(&new.text)?,
        mentions: mentions_of(new.mentions)?,
        at_ms,
        edited_ms: None,
        by: desk.by(new.name.as_deref())?,
    };
    let id = new_id(at_ms).map_err(failed)?;
    let made = desk.change(&state, |threads, entries| {
        let whole = threads.0.get(&thread).ok_or_else(no_such_thread)?;
        if whole.comments.len() >= COMMENTS_MAX {
            return Err(full(format!(
                "a thread has at most {COMMENTS_MAX} comments"
            )));
        }
        let mut changes = vec![set_comment(&thread, &id, Some(&comment)).map_err(failed)?];
        if whole.thread.resolved.is_some() {
            let reopened = Thread {
                resolved: None,
                ..whole.thread.clone()
            };
            changes.push(set_thread(&thread, Some(&reopened)).map_err(failed)?);
        }
        room(threads, entries, &changes)?;
        Ok((changes, ()))
    });
    made.await?;
    told(&state, &desk, &thread, &id, &comment).await;
    now(&state, &desk, StatusCode::CREATED, &thread).await
}

/// Settle a thread of comments, or open it again
#[utoipa::path(
    patch,
    path = "/api/v1/documents/{document}/comments/{thread}",
    operation_id = "settle_thread",
    tag = "comments",
    params(ThreadPath),
    request_body = Settling,
    responses((status = 200, description = "Durable", body = ThreadAnswer, headers(("ETag" = String))))
)]
pub(super) async fn settle(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<ThreadPath>, PathRejection>,
    body: Result<Json<Settling>, JsonRejection>,
) -> Result<Response, Problem> {
    Desk::need(desk.may_comment())?;
    let id = thread_of(path)?;
    let order = parse_body(body)?;
    let by = desk.by(order.name.as_deref())?;
    let settled = desk.change(&state, |threads, _| {
        let thread = &threads.0.get(&id).ok_or_else(no_such_thread)?.thread;
        if thread.resolved.is_some() == order.resolved {
            return Ok((Vec::new(), false));
        }
        let resolved = order.resolved.then(|| Resolved {
            at_ms: unix_now_ms(),
            by: by.clone(),
        });
        let thread = Thread {
            resolved,
            ..thread.clone()
        };
        let change = set_thread(&id, Some(&thread)).map_err(failed)?;
        Ok((vec![change], order.resolved))
    });
    if settled.await? {
        let about = CommentEvent {
            document: desk.reader.name.to_string(),
            thread: id.clone(),
            comment: None,
            mentions: Vec::new(),
            by: by.actor(),
        };
        tell(&state, Event::CommentResolved, about);
    }
    now(&state, &desk, StatusCode::OK, &id).await
}

/// Delete a thread of comments
///
/// Moderators delete any; others their own, while nobody else has answered.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/comments/{thread}",
    operation_id = "delete_thread",
    tag = "comments",
    params(ThreadPath),
    responses((status = 204, description = "Gone"))
)]
pub(super) async fn delete_thread(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<ThreadPath>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let id = thread_of(path)?;
    let deleted = desk.change(&state, |threads, _| {
        let whole = threads.0.get(&id).ok_or_else(no_such_thread)?;
        Desk::need(
            whole
                .comments
                .values()
                .all(|comment| desk.may_delete(&comment.by)),
        )?;
        let mut changes = vec![set_thread(&id, None).map_err(failed)?];
        for comment in whole.comments.keys() {
            changes.push(set_comment(&id, comment, None).map_err(failed)?);
        }
        Ok((changes, ()))
    });
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn comment_of(path: Result<Path<CommentPath>, PathRejection>) -> Result<CommentPath, Problem> {
    path.map(|Path(path)| path).map_err(|_| no_such_comment())
}

/// Change a comment
///
/// One's own.
#[utoipa::path(
    patch,
    path = "/api/v1/documents/{document}/comments/{thread}/{comment}",
    operation_id = "edit_comment",
    tag = "comments",
    params(CommentPath),
    request_body = OtherWords,
    responses((status = 200, description = "Durable", body = CommentAnswer, headers(("ETag" = String))))
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<CommentPath>, PathRejection>,
    body: Result<Json<OtherWords>, JsonRejection>,
) -> Result<Response, Problem> {
    let path = comment_of(path)?;
    let text = text_of(&parse_body(body)?.text)?;
    let edited = desk.change(&state, |threads, entries| {
        let comment = said(threads, &path)?;
        Desk::need(desk.may_edit(&comment.by))?;
        if comment.text == text {
            return Ok((Vec::new(), comment.clone()));
        }
        let comment = Comment {
            text,
            edited_ms: Some(unix_now_ms()),
            ..comment.clone()
        };
        let change = set_comment(&path.thread, &path.comment, Some(&comment)).map_err(failed)?;
        let changes = vec![change];
        room(threads, entries, &changes)?;
        Ok((changes, comment))
    });
    let comment = edited.await?;
    let record = desk.record(&state).await?.ok_or_else(no_such_comment)?;
    let answer = CommentAnswer::of(&path.comment, &comment, &desk);
    Ok(desk.answer(StatusCode::OK, &record.read(), &answer))
}

/// Delete a comment
///
/// One's own; moderators delete any. With its last comment a thread is gone.
#[utoipa::path(
    delete,
    path = "/api/v1/documents/{document}/comments/{thread}/{comment}",
    operation_id = "delete_comment",
    tag = "comments",
    params(CommentPath),
    responses((status = 204, description = "Gone"))
)]
pub(super) async fn delete(
    State(state): State<AppState>,
    desk: Desk,
    path: Result<Path<CommentPath>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let path = comment_of(path)?;
    let deleted = desk.change(&state, |threads, _| {
        let comment = said(threads, &path)?;
        Desk::need(desk.may_delete(&comment.by))?;
        let change = set_comment(&path.thread, &path.comment, None).map_err(failed)?;
        let mut changes = vec![change];
        let left = threads
            .0
            .get(&path.thread)
            .map_or(0, |whole| whole.comments.len());
        if left <= 1 {
            changes.push(set_thread(&path.thread, None).map_err(failed)?);
        }
        Ok((changes, ()))
    });
    deleted.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn said<'a>(threads: &'a Threads, path: &CommentPath) -> Result<&'a Comment, Problem> {
    let whole = threads.0.get(&path.thread).ok_or_else(no_such_thread)?;
    whole
        .comments
        .get(&path.comment)
        .ok_or_else(no_such_comment)
}

fn event(desk: &Desk, thread: &str, id: &str, comment: &Comment) -> CommentEvent {
    CommentEvent {
        document: desk.reader.name.to_string(),
        thread: thread.to_owned(),
        comment: Some(id.to_owned()),
        mentions: comment.mentions.clone(),
        by: comment.by.actor(),
    }
}

/// Tells webhooks and people of a comment that is durable. Whoever made it may be gone by then.
async fn told(state: &AppState, desk: &Desk, thread: &str, id: &str, comment: &Comment) {
    let about = event(desk, thread, id, comment);
    tell(state, Event::CommentCreated, about);
    // What was said is kept, whatever becomes of telling it: a failure is the operator's to know.
    let Ok(Some(record)) = desk.record(state).await else {
        return tracing::warn!(document = %desk.reader.name, "nobody is told of a comment");
    };
    let threads = read(record.read().entries());
    let Some(whole) = threads
        .ok()
        .and_then(|mut threads| threads.0.remove(thread))
    else {
        // Somebody has deleted it meanwhile.
        return;
    };
    let (registry, document) = (state.registry.clone(), desk.reader.name.clone());
    let (thread, id) = (thread.to_owned(), id.to_owned());
    let telling = tokio::spawn(async move {
        notices::commented(&registry, &document, &thread, &id, &whole).await;
    });
    drop(telling.await);
}

fn tell(state: &AppState, kind: fn(CommentEvent) -> Event, about: CommentEvent) {
    state.registry.shared().events.emit(kind(about));
}

async fn now(
    state: &AppState,
    desk: &Desk,
    status: StatusCode,
    id: &str,
) -> Result<Response, Problem> {
    let record = desk.record(state).await?.ok_or_else(no_such_thread)?;
    thread_now(desk, status, &record.read(), id)
}
