//! `/api/v1/webhooks`: how webhooks are doing, what was sent, sending it again.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_storage::utc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

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
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(deliveries))
        .routes(routes!(message))
        .routes(routes!(again))
        .routes(routes!(enable))
        .routes(routes!(test))
}

/// A webhook, and how it is doing on this server.
#[derive(Debug, Serialize, ToSchema)]
struct Webhook {
    /// Its id in the settings
    id: String,
    /// Where messages go, without the query
    url: String,
    /// Which kinds of events; empty: all
    events: Vec<String>,
    /// Documents whose names begin so
    prefix: String,
    /// Messages that wait for their next attempt
    waiting: usize,
    /// Messages that found no room since the queue was made
    dropped: u64,
    /// Since when no attempt has succeeded, where the last one has not
    failing_since: Option<String>,
    /// Why it gets nothing, where it is switched off
    disabled: Option<Disabled>,
    /// The last attempt
    last_delivery: Option<Delivery>,
}

/// A webhook that is switched off.
#[derive(Debug, Serialize, ToSchema)]
struct Disabled {
    at: String,
    reason: String,
}

/// One attempt to deliver a message.
#[derive(Debug, Serialize, ToSchema)]
struct Delivery {
    /// The message's id, as it stands in `webhook-id`
    message: String,
    /// The kind of the event
    r#type: String,
    /// Which attempt it was
    attempt: u32,
    at: String,
    took_ms: u64,
    /// The answer's status, where there was an answer
    status: Option<u16>,
    /// Why it does not count as delivered
    problem: Option<String>,
    /// When it is tried again
    next_attempt: Option<String>,
}

/// All webhooks.
#[derive(Debug, Serialize, ToSchema)]
struct AllWebhooks {
    webhooks: Vec<Webhook>,
}

/// Attempts, newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Deliveries {
    deliveries: Vec<Delivery>,
    /// The cursor of the next page; `null` on the last one
    next: Option<String>,
}

/// A message as it was sent.
#[derive(Debug, Serialize, ToSchema)]
struct Sent {
    id: String,
    /// The event
    body: Value,
}

/// A message that is on its way.
#[derive(Debug, Serialize, ToSchema)]
struct OnItsWay {
    message: String,
}

fn webhooks(state: &AppState) -> Result<&Webhooks, Problem> {
    state.registry.shared().webhooks.get().ok_or_else(unknown)
}

fn one<'a>(
    state: &'a AppState,
    id: &str,
) -> Result<(&'a Webhooks, &'a Arc<WebhookSettings>), Problem> {
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

/// List webhooks
///
/// All webhooks of the settings, and how they are doing. Where several servers share a store, each
/// has its own queue and speaks for itself.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    security(("token" = [])),
    responses((status = 200, description = "All webhooks", body = AllWebhooks))
)]
async fn list(State(state): State<AppState>, _admin: Admin) -> Result<Json<AllWebhooks>, Problem> {
    let Some(webhooks) = state.registry.shared().webhooks.get() else {
        return Ok(Json(AllWebhooks {
            webhooks: Vec::new(),
        }));
    };
    let standings = webhooks.standings().await.ok_or_else(stopping)?;
    let webhooks = standings
        .iter()
        .filter_map(|standing| Some(shown(webhooks.settings(&standing.id)?, standing)))
        .collect();
    Ok(Json(AllWebhooks { webhooks }))
}

fn shown(settings: &WebhookSettings, standing: &Standing) -> Webhook {
    let disabled = standing.disabled.as_ref().map(|(at_ms, reason)| Disabled {
        at: utc(*at_ms),
        reason: reason.clone(),
    });
    Webhook {
        id: settings.id.clone(),
        // A query may have a secret of the receiver's in it.
        url: crate::auth::shown(&settings.url),
        events: settings.events.clone(),
        prefix: settings.prefix.clone(),
        waiting: standing.waiting,
        dropped: standing.dropped,
        failing_since: standing.failing_since_ms.map(utc),
        disabled,
        last_delivery: standing.last.as_ref().map(delivery),
    }
}

fn delivery(attempt: &Attempt) -> Delivery {
    Delivery {
        message: attempt.message.clone(),
        r#type: attempt.kind.clone(),
        attempt: attempt.number,
        at: utc(attempt.at_ms),
        took_ms: attempt.took_ms,
        status: attempt.status,
        problem: attempt.problem.clone(),
        next_attempt: attempt.next_ms.map(utc),
    }
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Paging {
    /// How many at most
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Where the page before said that this one begins
    cursor: Option<String>,
}

/// List deliveries
///
/// The last 200 attempts of a webhook, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}/deliveries",
    operation_id = "list_deliveries",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "The webhook's id"), Paging),
    responses((status = 200, description = "Attempts, newest first", body = Deliveries))
)]
async fn deliveries(
    State(state): State<AppState>,
    _admin: Admin,
    Path(id): Path<String>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Deliveries>, Problem> {
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
        attempts
            .iter()
            .position(is_it)
            .map_or(attempts.len(), |at| at + 1)
    });
    let page: Vec<&Attempt> = attempts.iter().skip(from).take(limit).collect();
    let next = page
        .last()
        .filter(|_| attempts.len() > from + limit)
        .map(|last| format!("{}.{}", last.message, last.number));
    let deliveries = page.into_iter().map(delivery).collect();
    Ok(Json(Deliveries { deliveries, next }))
}

/// Read a message
///
/// What was sent, for as long as an attempt of it is remembered.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}/deliveries/{message}",
    operation_id = "read_message",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "The webhook's id"), ("message" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message", body = Sent))
)]
async fn message(
    State(state): State<AppState>,
    _admin: Admin,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<Sent>, Problem> {
    let (webhooks, _) = one(&state, &id)?;
    let found = webhooks.message(&message).await.ok_or_else(stopping)?;
    let found = found.ok_or_else(no_message)?;
    let body: Value = serde_json::from_str(&found.body).unwrap_or_default();
    Ok(Json(Sent { id: found.id, body }))
}

/// Send a message again
///
/// Whatever became of it, under the same id.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/deliveries/{message}/again",
    operation_id = "redeliver",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "The webhook's id"), ("message" = String, Path, description = "The message's id")),
    responses((status = 202, description = "It is on its way", body = OnItsWay))
)]
async fn again(
    State(state): State<AppState>,
    admin: Admin,
    Path((id, message)): Path<(String, String)>,
) -> Result<(StatusCode, Json<OnItsWay>), Problem> {
    let (webhooks, _) = one(&state, &id)?;
    match webhooks.again(&id, &message).await.ok_or_else(stopping)? {
        false => Err(no_message()),
        true => {
            record(&state, admin, &id, "sent again");
            Ok((StatusCode::ACCEPTED, Json(OnItsWay { message })))
        }
    }
}

/// Switch a webhook on
///
/// One that was switched off because it failed for long, or answered 410. What waits is sent.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/enable",
    operation_id = "enable_webhook",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is on"))
)]
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

/// Try a webhook out
///
/// Sends the event `webhook.test`, whichever kinds the webhook asks for.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/test",
    operation_id = "test_webhook",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 202, description = "It is on its way", body = OnItsWay))
)]
async fn test(
    State(state): State<AppState>,
    admin: Admin,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<OnItsWay>), Problem> {
    let (webhooks, _) = one(&state, &id)?;
    let message = webhooks.test(&id).await.flatten().ok_or_else(stopping)?;
    record(&state, admin, &id, "tested");
    Ok((StatusCode::ACCEPTED, Json(OnItsWay { message })))
}

fn record(state: &AppState, admin: Admin, id: &str, what: &str) {
    let entry = Entry::new(Action::WebhookChanged)
        .by(admin.actor)
        .from(admin.address);
    let entry = entry.detail("webhook", id).detail("what", what);
    state.registry.shared().audit.record(entry);
}
