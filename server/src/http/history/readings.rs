//! What changed, who wrote it, and who worked when.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Response,
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use unisson_history::{
    Archive, Attribution, Lens, Tree, activity as sittings, html, json as tree_json, tree,
};

use super::{
    admission::{Reader, bad_request},
    versions::{Format, NOW, Shape, author_json, format_of, parse_query, respond, states},
};
use crate::{
    http::{AppState, error::Problem},
    versions::{HistoryError, heavy, read_chronicle},
};

/// The most sittings in one answer.
const PAGE_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Difference {
    from: String,
    to: Option<String>,
    format: Option<String>,
}

/// What changed from one version to another, or to the document as it is, and by whom.
pub(super) async fn diff(
    State(state): State<AppState>,
    reader: Reader,
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
    let from = state_of(&asked.from).await?;
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

/// Who wrote what is there, and when.
pub(super) async fn blame(
    State(state): State<AppState>,
    reader: Reader,
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

#[derive(Debug, Deserialize)]
pub(super) struct Span {
    before_ms: Option<u64>,
    limit: Option<usize>,
}

/// Who worked when, the last sitting first.
pub(super) async fn activity(
    State(state): State<AppState>,
    reader: Reader,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let span = parse_query(span)?;
    let shared = state.registry.shared();
    let (chronicle, _) = read_chronicle(&reader.name, shared, None).await?;
    let limit = span.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX);
    let before_ms = span.before_ms.unwrap_or(u64::MAX);
    let all = sittings(
        &chronicle.attribution,
        shared.settings.limits.version_pause_ms,
    );
    let mut older = all.iter().filter(|sitting| sitting.from_ms < before_ms);
    let shown: Vec<Value> = older
        .by_ref()
        .take(limit)
        .map(|sitting| {
            let authors = sitting.authors.iter().map(|work| {
                json!({
                    "by": author_json(&work.author),
                    "inserted": work.inserted,
                    "deleted": work.deleted,
                })
            });
            json!({
                "from_ms": sitting.from_ms,
                "until_ms": sitting.until_ms,
                "authors": authors.collect::<Vec<_>>(),
            })
        })
        .collect();
    let next = older.next().and(shown.last());
    let next = next.and_then(|sitting| sitting.get("from_ms").cloned());
    Ok(Json(json!({ "sittings": shown, "next": next })))
}
