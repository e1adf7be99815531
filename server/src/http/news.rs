//! What concerns the asker: who named them, who answered them, which tasks are newly theirs.
//!
//! A notice ([`crate::notices`]) says where something happened. Everything else is read when somebody
//! asks: what they may not read any more is left out, and so is what was deleted since.

mod details;

use axum::{
    Json,
    extract::{
        Query, RawQuery, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::details::{Details, NewsItem};
use super::{
    AppState,
    admin::bad_parameter,
    error::Problem,
    history::{parse_body, parse_query},
    numbers::{Count, Moment},
    search::{Viewer, private},
};
use crate::{
    notices::{self, Notice, Notices},
    versions::unix_now_ms,
};

/// The most news of one answer.
const PART_MAX: usize = 100;
const PART_DEFAULT: usize = 30;
/// More than so many are not counted: nobody reads the number any more.
const COUNT_MAX: usize = 99;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, forget))
        .routes(routes!(count))
        .routes(routes!(seen))
}

/// Which part of the news.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Asked {
    /// `next` of the answer before.
    #[param(pattern = "^[0-9a-fA-F]{24}$")]
    cursor: Option<String>,
    /// How many at most, up to 100.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// What concerns you, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewsAnswer)]
pub(super) struct Answer {
    news: Vec<NewsItem>,
    /// `cursor` for more; null where there are none.
    next: Option<String>,
    /// Until when you have seen them, in milliseconds since 1970.
    seen_ms: u64,
}

/// How much there is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NewsCount)]
pub(super) struct CountAnswer {
    /// What came since you have last seen them; 99 also says that there are more.
    unseen: usize,
}

/// Until when they are seen.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewsSeen)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    /// A moment in milliseconds since 1970: `at_ms` of the newest that you were shown.
    #[schema(schema_with = crate::http::numbers::moment)]
    until_ms: Moment,
}

/// Somebody who can be told from others; nobody where nobody signs in.
fn person(state: &AppState, viewer: &Viewer<'_>) -> Result<Option<String>, Problem> {
    match &viewer.who.principal.person {
        Some(person) => Ok(Some(person.clone())),
        None if state.registry.shared().settings.is_open() => Ok(None),
        None => Err(Problem {
            status: StatusCode::UNAUTHORIZED,
            code: "unauthorized",
            detail: "say who you are: your token names nobody".into(),
        }),
    }
}

async fn notices_of(state: &AppState, person: Option<&str>) -> Result<Notices, Problem> {
    match person {
        Some(person) => Ok(notices::of(state.registry.shared(), person).await?),
        None => Ok(Notices::default()),
    }
}

/// List what concerns you
///
/// You are named in a page or a comment, somebody answers in a thread in which you said something, a
/// task is newly yours or has another day. Only in what you may read; the newest 300.
#[utoipa::path(
    get,
    path = "/api/v1/news",
    operation_id = "list_news",
    tag = "search",
    security((), ("token" = [])),
    params(Asked),
    responses((status = 200, description = "News", body = Answer))
)]
pub(super) async fn list(
    State(state): State<AppState>,
    asked: Result<Query<Asked>, QueryRejection>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let person = person(&state, &viewer)?;
    let notices = notices_of(&state, person.as_deref()).await?;
    let limit = asked.limit.map_or(PART_DEFAULT, Count::get);
    let limit = limit.min(PART_MAX);
    let mut left = after(&notices.all, asked.cursor.as_deref())?.iter();
    let mut details = Details::new(&state);
    let (mut news, mut last) = (Vec::new(), None);
    for (id, notice) in left.by_ref() {
        last = Some(id.clone());
        if viewer.may_read(&notice.document).await && viewer.confirms(&notice.document).await {
            let is_new = notice.at_ms > notices.seen_ms;
            news.extend(details.of(&mut viewer, id, notice, is_new).await?);
        }
        if news.len() >= limit {
            break;
        }
    }
    let next = left.next().and(last);
    let seen_ms = notices.seen_ms;
    Ok(private(Answer {
        news,
        next,
        seen_ms,
    }))
}

/// What comes after the one that an answer before ended with. That one may have made room since: then
/// all that is left is older.
fn after<'a>(
    all: &'a [(String, Notice)],
    cursor: Option<&str>,
) -> Result<&'a [(String, Notice)], Problem> {
    let Some(cursor) = cursor else { return Ok(all) };
    if cursor.len() != notices::ID_LENGTH || !cursor.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(bad_parameter("cursor is the `next` of an answer before"));
    }
    let at = all.iter().position(|(id, _)| id == cursor);
    Ok(at.and_then(|at| all.get(at + 1..)).unwrap_or_default())
}

/// Count what concerns you and is new
#[utoipa::path(
    get,
    path = "/api/v1/news/count",
    operation_id = "count_news",
    tag = "search",
    security((), ("token" = [])),
    responses((status = 200, description = "How much", body = CountAnswer))
)]
pub(super) async fn count(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let person = person(&state, &viewer)?;
    let notices = notices_of(&state, person.as_deref()).await?;
    let mut unseen = 0;
    for (_, notice) in &notices.all {
        if notice.at_ms <= notices.seen_ms || unseen >= COUNT_MAX {
            break;
        }
        unseen += usize::from(viewer.may_read(&notice.document).await);
    }
    Ok(private(CountAnswer { unseen }))
}

/// Say that you have seen what concerns you
///
/// What came later stays new. It never goes back.
#[utoipa::path(
    post,
    path = "/api/v1/news/seen",
    operation_id = "see_news",
    tag = "search",
    security((), ("token" = [])),
    request_body = Seen,
    responses((status = 204, description = "Noted and durable"))
)]
pub(super) async fn seen(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Result<Json<Seen>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    let person = person(&state, &viewer)?;
    // Nobody has seen what is not there yet.
    let until_ms = parse_body(body)?.until_ms.ms().min(unix_now_ms());
    if let Some(person) = person {
        notices::seen(&state.registry, &person, until_ms).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Forget what concerned you
///
/// All of it, and until when you had seen it. What it was about stays where it is.
#[utoipa::path(
    delete,
    path = "/api/v1/news",
    operation_id = "forget_news",
    tag = "search",
    security((), ("token" = [])),
    responses((status = 204, description = "Forgotten"))
)]
pub(super) async fn forget(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let viewer = Viewer::of(&state, &headers, query.as_deref()).await?;
    if let Some(person) = person(&state, &viewer)? {
        notices::clear(&state.registry, &person).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notices::Subject;

    #[test]
    fn the_next_part_begins_behind_the_last_one() {
        let notice = |at_ms| Notice {
            document: "d".into(),
            subject: Subject::Mention,
            at_ms,
            by: None,
            key: String::new(),
        };
        let id = |at: u64| format!("{at:024x}");
        let all: Vec<_> = (0..3).map(|at| (id(at), notice(9 - at))).collect();
        let ids = |cursor: Option<&str>| {
            let part = after(&all, cursor)?.iter().map(|(id, _)| id.clone());
            Ok::<Vec<String>, Problem>(part.collect())
        };
        assert_eq!(ids(None), Ok(vec![id(0), id(1), id(2)]));
        assert_eq!(ids(Some(&id(1))), Ok(vec![id(2)]));
        assert_eq!(ids(Some(&id(2))), Ok(vec![]));
        assert_eq!(ids(Some(&id(7))), Ok(vec![]));
        assert!(ids(Some("x")).is_err());
    }
}
