//! `GET /api/v1/audit`: the audit log, newest first.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    AppState,
    admin::{Admin, bad_parameter},
    error::Problem,
};
use crate::audit::query::{Filter, Position, page};

/// How many lines one page has.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// Which lines.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    cursor: Option<String>,
    limit: Option<usize>,
    from_ms: Option<u64>,
    until_ms: Option<u64>,
    action: Option<String>,
    person: Option<String>,
    document: Option<String>,
}

/// Some lines.
pub(super) async fn list(
    State(state): State<AppState>,
    _admin: Admin,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(wanted) = wanted.map_err(|rejection| bad_parameter(rejection.body_text()))?;
    let audit = &state.registry.shared().audit;
    let journal = audit.journal().ok_or_else(|| Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-audit-log",
        detail: "the audit log is switched off: see audit.enabled".into(),
    })?;
    let before = wanted.cursor.as_deref().map(|cursor| {
        Position::parse(cursor).ok_or_else(|| bad_parameter("cursor is none that was given out"))
    });
    let limit = wanted.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}")));
    }
    let filter = Filter {
        from_ms: wanted.from_ms,
        until_ms: wanted.until_ms,
        action: wanted.action,
        person: wanted.person,
        document: wanted.document,
    };
    let before = before.transpose()?;
    if before.is_none() {
        audit.flush().await;
    }
    let page = page(journal, &filter, before, limit).await;
    let page = page.map_err(|error| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        detail: error.to_string(),
    })?;
    let next = page.next.as_ref().map(Position::text);
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((no_store, Json(json!({ "entries": page.found, "next": next }))).into_response())
}
