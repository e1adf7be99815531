//! What changed, who wrote it, and who worked when.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use unisson_history::{
    Archive, Attribution, Lens, Tree, activity as sittings, html, json as tree_json, tree,
};
use unisson_protocol::DocName;
use unisson_storage::StoredVersion;
use utoipa::{IntoParams, ToSchema};

use super::versions::{AuthorAnswer, Format, NOW, Shape, format_of, parse_query, respond, states};
use crate::{
    http::{
        AppState,
        admission::{Reader, Turn, bad_request},
        error::Problem,
        numbers::{Count, Moment},
    },
    registry::Shared,
    versions::{HistoryError, heavy, note_of, read_chronicle},
};

/// The most sittings in one answer.
const PAGE_MAX: usize = 100;
/// The update (format v1) that says nothing: a document before anybody wrote it.
const NOTHING: &[u8] = &[0, 0];

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Difference {
    /// The id of the older version. Without it and `since_ms`, the document before anybody wrote it.
    #[param(pattern = r"^(now|[0-7][0-9a-hjkmnp-tv-z]{25}-[0-9a-z_]{1,64})$")]
    from: Option<String>,
    /// In place of a version: the document as it was at this moment, in milliseconds since 1970, or
    /// as near before it as is known.
    #[param(schema_with = crate::http::numbers::moment)]
    since_ms: Option<Moment>,
    /// The id of the newer one; without it, the document as it is.
    #[param(pattern = r"^(now|[0-7][0-9a-hjkmnp-tv-z]{25}-[0-9a-z_]{1,64})$")]
    to: Option<String>,
    /// `json` or `html`, before what `Accept` says.
    #[param(pattern = "^(json|html)$")]
    format: Option<String>,
}

/// Compare two versions
///
/// What changed from one version to another, or to the document as it is, and by whom.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/diff",
    operation_id = "diff_versions",
    tag = "history",
    params(Difference),
    responses((status = 200, description = "The document with what was taken out and put in",
        content((serde_json::Value = "application/json"), (String = "text/html"))))
)]
pub(super) async fn diff(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    asked: Result<Query<Difference>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let shape = shape_of(asked.format.as_deref(), &headers)?;
    let shared = state.registry.shared();
    let (chronicle, _) = read_chronicle(&reader.name, shared, None).await?;
    let state_of = async |id: &str| match id {
        NOW => Ok(chronicle.state.clone()),
        id => states(&reader.name, shared, id).await.map(|(v1, _)| v1),
    };
    let from = match (asked.from.as_deref(), asked.since_ms) {
        (Some(id), _) => state_of(id).await?,
        (None, Some(since)) => state_at(&reader.name, shared, since.ms()).await?,
        (None, None) => Bytes::from_static(NOTHING),
    };
    let to = state_of(asked.to.as_deref().unwrap_or(NOW)).await?;
    let known = chronicle.attribution;
    let bytes = heavy(move || {
        let mut archive = Archive::of(&[to.clone(), from.clone()])?;
        let before = archive.view(&from)?;
        let after = archive.view(&to)?;
        archive.cut_by(&known);
        let lens = Lens::Diff(&before, &after, &known);
        let tree = tree(&archive, lens)?;
        Ok(rendered(shape, &tree, &known))
    });
    Ok(respond(shape, bytes.await?))
}

/// The document as it was at a moment. The log tells exactly, as far as later edits are not merged
/// into what was before; then the newest version of before does.
async fn state_at(name: &DocName, shared: &Shared, ms: u64) -> Result<Bytes, Problem> {
    let (then, _) = read_chronicle(name, shared, Some(ms.saturating_add(1))).await?;
    if then.last_edit_ms.is_none_or(|edited_ms| edited_ms <= ms) {
        return Ok(then.state);
    }
    let versions = shared.store.versions(name.as_str()).await;
    let versions = versions.map_err(HistoryError::from)?;
    let is_before = |version: &&StoredVersion| {
        note_of(version).is_some_and(|note| (1..=ms).contains(&note.last_edit_ms))
    };
    let Some(version) = versions.iter().rev().find(is_before) else {
        return Err(Problem {
            status: StatusCode::NOT_FOUND,
            code: "no-such-version",
            detail: "nothing is known any more of the document as it was then".into(),
        });
    };
    let (state, _) = states(name, shared, &version.id.to_string()).await?;
    Ok(state)
}

/// Who wrote what
///
/// Who wrote what is there, and when.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/blame",
    operation_id = "blame",
    tag = "history",
    params(("format" = Option<String>, Query, pattern = "^(json|html)$",
        description = "`json` or `html`, before what `Accept` says")),
    responses((status = 200, description = "The document with the authors of each part",
        content((serde_json::Value = "application/json"), (String = "text/html"))))
)]
pub(super) async fn blame(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    asked: Result<Query<Format>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let asked = parse_query(asked)?;
    let shape = shape_of(asked.format.as_deref(), &headers)?;
    let (chronicle, _) = read_chronicle(&reader.name, state.registry.shared(), None).await?;
    let bytes = heavy(move || -> Result<Bytes, HistoryError> {
        let (state, known) = (chronicle.state, chronicle.attribution);
        let mut archive = Archive::of(std::slice::from_ref(&state))?;
        let view = archive.view(&state)?;
        archive.cut_by(&known);
        let tree = tree(&archive, Lens::Blame(&view, &known))?;
        Ok(rendered(shape, &tree, &known))
    });
    Ok(respond(shape, bytes.await?))
}

fn shape_of(asked: Option<&str>, headers: &HeaderMap) -> Result<Shape, Problem> {
    let shape = format_of(asked, headers)?;
    match (shape, asked) {
        (Shape::Json | Shape::Html, _) => Ok(shape),
        (_, None) => Ok(Shape::Json),
        (_, Some(_)) => Err(bad_request("format", "formats here are json and html")),
    }
}

fn rendered(shape: Shape, tree: &Tree, known: &Attribution) -> Bytes {
    match shape {
        Shape::Html => Bytes::from(html(tree, Some(known))),
        _ => Bytes::from(tree_json(tree, Some(known)).to_string()),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// Only sittings that began before, in milliseconds since 1970: the `next` of an earlier answer.
    #[param(schema_with = crate::http::numbers::moment)]
    before_ms: Option<Moment>,
    /// How many, at most 100.
    #[param(schema_with = crate::http::numbers::count)]
    limit: Option<Count>,
}

/// What one person did in a sitting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Work {
    by: AuthorAnswer,
    /// Characters and values put in.
    inserted: u64,
    /// Taken out.
    deleted: u64,
}

/// Some time without a long pause.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sitting {
    from_ms: u64,
    until_ms: u64,
    authors: Vec<Work>,
}

/// Sittings, the last one first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sittings {
    sittings: Vec<Sitting>,
    /// `before_ms` for those before; null where there are none.
    next: Option<u64>,
}

/// Who worked when
///
/// The sittings of a document, the last one first.
#[utoipa::path(
    get,
    path = "/api/v1/documents/{document}/activity",
    operation_id = "list_activity",
    tag = "history",
    params(Span),
    responses((status = 200, description = "Sittings", body = Sittings))
)]
pub(super) async fn activity(
    State(state): State<AppState>,
    reader: Reader,
    _turn: Turn,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Sittings>, Problem> {
    let span = parse_query(span)?;
    let shared = state.registry.shared();
    let (chronicle, _) = read_chronicle(&reader.name, shared, None).await?;
    let limit = span
        .limit
        .map_or(PAGE_MAX, |limit| limit.get().min(PAGE_MAX));
    let before_ms = span.before_ms.map_or(u64::MAX, Moment::ms);
    let all = sittings(
        &chronicle.attribution,
        shared.settings.limits.version_pause_ms,
    );
    let mut older = all.iter().filter(|sitting| sitting.from_ms < before_ms);
    let shown: Vec<Sitting> = older
        .by_ref()
        .take(limit)
        .map(|sitting| Sitting {
            from_ms: sitting.from_ms,
            until_ms: sitting.until_ms,
            authors: sitting
                .authors
                .iter()
                .map(|work| Work {
                    by: AuthorAnswer::of(&work.author),
                    inserted: work.inserted,
                    deleted: work.deleted,
                })
                .collect(),
        })
        .collect();
    let next = older.next().and(shown.last());
    let next = next.map(|sitting| sitting.from_ms);
    Ok(Json(Sittings {
        sittings: shown,
        next,
    }))
}
