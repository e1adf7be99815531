//! `/api/v1/webhooks`: how webhooks are doing, what was sent, sending it again.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use unisson_storage::utc;

use super::{
    AppState,
    admin::{Admin, bad_parameter},
    error::Problem,
};
use crate::{
    audit::{Action, Entry},
    settings::WebhookSettings,
    webhooks::{Attempt, Standing, Webhooks},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

/// The calls.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(list))
        .route("/{id}/deliveries", get(deliveries))
        .route("/{id}/deliveries/{message}", get(message))
        .route("/{id}/deliveries/{message}/again", post(again))
        .route("/{id}/enable", post(enable))
        .route("/{id}/test", post(test))
}

fn webhooks(state: &AppState) -> Result<&Webhooks, Problem> {
    state.registry.shared().webhooks.get().ok_or_else(unknown)
}

fn one<'a>(state: &'a AppState, id: &str) -> Result<(&'a Webhooks, &'a Arc<WebhookSettings>), Problem> {
    let webhooks = webhooks(state)?;
    Ok((webhooks, webhooks.settings(id).ok_or_else(unknown)?))
}

fn unknown() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-webhook",
        detail: "no [[webhooks]] of the settings has this id".into(),
    }
}

fn no_message() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-message",
        detail: "no message of this id is remembered".into(),
    }
}

fn stopping() -> Problem {
    Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "draining",
        detail: "the server is stopping".into(),
    }
}

/// All webhooks, and how they are doing.
async fn list(State(state): State<AppState>, _admin: Admin) -> Result<Json<Value>, Problem> {
    let Some(webhooks) = state.registry.shared().webhooks.get() else {
        return Ok(Json(json!({ "webhooks": [] })));
    };
    let standings = webhooks.standings().await.ok_or_else(stopping)?;
    let all: Vec<Value> = standings
        .iter()
        .filter_map(|standing| Some(shown(webhooks.settings(&standing.id)?, standing)))
        .collect();
    Ok(Json(json!({ "webhooks": all })))
}

fn shown(settings: &WebhookSettings, standing: &Standing) -> Value {
    let disabled = standing.disabled.as_ref().map(|(at_ms, reason)| {
        json!({ "at": utc(*at_ms), "reason": reason })
    });
    json!({
        "id": settings.id,
        // A query may have a secret of the receiver's in it.
        "url": crate::auth::shown(&settings.url),
        "events": settings.events,
        "prefix": settings.prefix,
        "waiting": standing.waiting,
        "dropped": standing.dropped,
        "failing_since": standing.failing_since_ms.map(utc),
        "disabled": disabled,
        "last_delivery": standing.last.as_ref().map(attempt),
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "message": attempt.message,
        "type": attempt.kind,
        "attempt": attempt.number,
        "at": utc(attempt.at_ms),
        "took_ms": attempt.took_ms,
        "status": attempt.status,
        "problem": attempt.problem,
        "next_attempt": attempt.next_ms.map(utc),
    })
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Paging {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// The last attempts, newest first. The cursor is how many newer ones there were.
async fn deliveries(
    State(state): State<AppState>,
    _admin: Admin,
    Path(id): Path<String>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Value>, Problem> {
    let Query(paging) = paging.map_err(|rejection| bad_parameter(rejection.body_text()))?;
    let limit = paging.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}")));
    }
    // An attempt has no number of its own: its message and which one it was name it.
    let after = paging.cursor.as_deref().map(|cursor| {
        let parts = cursor.rsplit_once('.');
        parts
            .and_then(|(message, number)| Some((message.to_owned(), number.parse::<u32>().ok()?)))
            .ok_or_else(|| bad_parameter("cursor is none that was given out"))
    });
    let after = after.transpose()?;
    let (webhooks, _) = one(&state, &id)?;
    let attempts = webhooks.attempts(&id).await.ok_or_else(stopping)?;
    let from = after.map_or(0, |(message, number)| {
        let is_it = |attempt: &Attempt| attempt.message == message && attempt.number == number;
        attempts.iter().position(is_it).map_or(attempts.len(), |at| at + 1)
    });
    let page: Vec<&Attempt> = attempts.iter().skip(from).take(limit).collect();
    let next = page
        .last()
        .filter(|_| attempts.len() > from + limit)
        .map(|last| format!("{}.{}", last.message, last.number));
    let page: Vec<Value> = page.into_iter().map(attempt).collect();
    Ok(Json(json!({ "deliveries": page, "next": next })))
}

/// What was sent.
async fn message(
    State(state): State<AppState>,
    _admin: Admin,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<Value>, Problem> {
    let (webhooks, _) = one(&state, &id)?;
    let found = webhooks.message(&message).await.ok_or_else(stopping)?;
    let found = found.ok_or_else(no_message)?;
    let body: Value = serde_json::from_str(&found.body).unwrap_or_default();
    Ok(Json(json!({ "id": found.id, "body": body })))
}

/// Sends a message again, whatever became of it.
async fn again(
    State(state): State<AppState>,
    admin: Admin,
    Path((id, message)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (webhooks, _) = one(&state, &id)?;
    match webhooks.again(&id, &message).await.ok_or_else(stopping)? {
        false => Err(no_message()),
        true => {
            record(&state, admin, &id, "sent again");
            Ok((StatusCode::ACCEPTED, Json(json!({ "message": message }))))
        }
    }
}

/// Switches a webhook on again that was switched off.
async fn enable(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (webhooks, _) = one(&state, &id)?;
    webhooks.enable(&id).await.ok_or_else(stopping)?;
    record(&state, admin, &id, "switched on");
    Ok(StatusCode::NO_CONTENT)
}

/// Sends an event about nothing.
async fn test(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (webhooks, _) = one(&state, &id)?;
    let message = webhooks.test(&id).await.flatten().ok_or_else(stopping)?;
    record(&state, admin, &id, "tested");
    Ok((StatusCode::ACCEPTED, Json(json!({ "message": message }))))
}

fn record(state: &AppState, admin: Admin, id: &str, what: &str) {
    let entry = Entry::new(Action::WebhookChanged).by(admin.actor).from(admin.address);
    let entry = entry.detail("webhook", id).detail("what", what);
    state.registry.shared().audit.record(entry);
}
