//! `GET /api/v1/audit`: the audit log, newest first.

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState,
    admin::{Admin, bad_parameter},
    error::Problem,
};
use crate::audit::query::{Filter, Found, Position, page};

/// How many lines one page has.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// The call.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Where the page before said that this one begins
    cursor: Option<String>,
    /// How many lines at most
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// From this moment on, in milliseconds since 1970
    from_ms: Option<u64>,
    /// Before this moment
    until_ms: Option<u64>,
    /// Of this action, as `access`
    action: Option<String>,
    /// That name this person: who did it, or to whom it was done
    person: Option<String>,
    /// About this document
    document: Option<String>,
}

/// Lines of the log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page {
    /// Fewer than asked for do not mean that there are no more: look at `next`
    #[schema(value_type = Vec<Object>)]
    entries: Vec<Found>,
    /// The cursor of the next page; `null` on the last one
    next: Option<String>,
}

/// Read the audit log
///
/// Who did what, when, from where, on which document. The lines are described in the guide for
/// operators.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    operation_id = "read_audit_log",
    tag = "audit",
    security(("token" = [])),
    params(Wanted),
    responses((status = 200, description = "Lines, newest first", body = Page))
)]
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
    let entries = page.found;
    Ok((no_store, Json(Page { entries, next })).into_response())
}
