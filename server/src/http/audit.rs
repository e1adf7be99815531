//! The audit log: read, newest first, and made to forget somebody.

use axum::{
    Json,
    extract::{
        Query, State,
        rejection::{JsonRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState,
    admin::{Admin, bad_parameter},
    admission::bad_request,
    error::Problem,
    history::parse_body,
    numbers::Moment,
};
use crate::{
    audit::{
        Action, Entry,
        forgetting::ForgetError,
        query::{Filter, Found, Position, page},
    },
    notices, people,
};

/// How many lines one page has.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 1_000;
/// The longest id of a person, in bytes, as in tokens.
const PERSON_BYTES_MAX: usize = 256;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(forget))
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
    #[param(schema_with = super::numbers::moment)]
    from_ms: Option<Moment>,
    /// Before this moment
    #[param(schema_with = super::numbers::moment)]
    until_ms: Option<Moment>,
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
    let journal = audit.journal().ok_or_else(switched_off)?;
    let before = wanted.cursor.as_deref().map(|cursor| {
        Position::parse(cursor).ok_or_else(|| bad_parameter("cursor is none that was given out"))
    });
    let limit = wanted.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}")));
    }
    let filter = Filter {
        from_ms: wanted.from_ms.map(Moment::ms),
        until_ms: wanted.until_ms.map(Moment::ms),
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

fn switched_off() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-audit-log",
        detail: "the audit log is switched off: see audit.enabled".into(),
    }
}

/// Whom.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ForgetOrder)]
pub(super) struct Order {
    /// The portal's or the sign-in's id of the person
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    person: String,
}

/// What the log does not say any more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Forgotten {
    /// In how many lines the person was named
    lines: usize,
    /// How many objects of the store were written anew for that
    objects: usize,
}

/// Forget a person
///
/// Takes the person's id, name and addresses out of every line so far; the lines stay, and the chain
/// holds. Other servers of the store take what they have not written yet out within some seconds.
/// What the person does from now on is written down again.
#[utoipa::path(
    post,
    path = "/api/v1/audit/forget",
    operation_id = "forget_person",
    tag = "audit",
    security(("token" = [])),
    request_body = Order,
    responses((status = 200, description = "They are forgotten", body = Forgotten))
)]
pub(super) async fn forget(
    State(state): State<AppState>,
    admin: Admin,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Json<Forgotten>, Problem> {
    let person = parse_body(order)?.person;
    let is_line = !person.trim().is_empty() && !person.chars().any(char::is_control);
    if !is_line || person.len() > PERSON_BYTES_MAX {
        return Err(bad_request("person", "an id of a person is a line"));
    }
    let shared = state.registry.shared();
    shared.audit.journal().ok_or_else(switched_off)?;
    let forgotten = shared
        .forgetting
        .forget(&state.registry, admin.author(), &person)
        .await?;
    people::clear(&state.registry, &person).await?;
    notices::clear(&state.registry, &person).await?;
    // Whom, nobody is told: it would stand there again.
    let entry = Entry::new(Action::PersonForgotten)
        .by(admin.actor)
        .from(admin.address)
        .detail("lines", forgotten.lines.to_string());
    shared.audit.record(entry);
    Ok(Json(Forgotten {
        lines: forgotten.lines,
        objects: forgotten.objects,
    }))
}

impl From<ForgetError> for Problem {
    fn from(error: ForgetError) -> Self {
        let detail = error.to_string();
        let (status, code) = match error {
            ForgetError::Full => (StatusCode::UNPROCESSABLE_ENTITY, "too-many-forgotten"),
            ForgetError::Broken(..) => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            ForgetError::Randomness | ForgetError::Store(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
            }
            ForgetError::Record(error) => return error.into(),
        };
        Self {
            status,
            code,
            detail,
        }
    }
}
