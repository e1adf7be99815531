//! `/api/v1/webhooks`: which there are, how they are doing, what was sent, sending it again.

mod made;
mod overseer;

use axum::{
    Json,
    extract::{DefaultBodyLimit, Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use unisson_storage::utc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::overseer::{Overseer, one};
use super::{AppState, admin::bad_parameter, admission::Asked, error::Problem};
use crate::{
    settings::WebhookSettings,
    webhooks::{Attempt, Standing, book::Made},
};

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;
/// The largest body: an address, and some words.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, made::create))
        .routes(routes!(made::read, made::change, made::remove))
        .routes(routes!(made::renew))
        .routes(routes!(deliveries))
        .routes(routes!(message))
        .routes(routes!(again))
        .routes(routes!(enable))
        .routes(routes!(test))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// A webhook, and how it is doing on this server.
#[derive(Debug, Serialize, ToSchema)]
struct Webhook {
    /// Its id: the one of the settings, or one that was drawn
    id: String,
    /// `settings`, or `call`
    made_by: &'static str,
    /// The space that it is for; `null`: the operators'
    space: Option<String>,
    /// What people call it
    description: String,
    /// Whether anything is sent: nobody has paused it, and it was not switched off for failing
    enabled: bool,
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

/// Webhooks, by id.
#[derive(Debug, Serialize, ToSchema)]
struct AllWebhooks {
    webhooks: Vec<Webhook>,
    /// The cursor of the next page; `null` on the last one
    next: Option<String>,
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

fn unknown() -> Problem {
    Problem {
        status: StatusCode::NOT_FOUND,
        code: "no-such-webhook",
        detail: "there is no webhook of this id".into(),
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

/// Of which webhooks.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// Those of this space only; whoever is no operator has to say of which
    space: Option<String>,
    /// How many at most
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
    /// Where the page before said that this one begins
    cursor: Option<String>,
}

/// List webhooks
///
/// In the order of their ids: those of the settings and those that were made by calls, and how they
/// are doing. Where several servers share a store, each has its own queue and speaks for itself.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    operation_id = "list_webhooks",
    tag = "webhooks",
    params(Part),
    responses((status = 200, description = "Webhooks", body = AllWebhooks))
)]
async fn list(
    State(state): State<AppState>,
    asked: Asked,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<AllWebhooks>, Problem> {
    let Query(part) = part.map_err(|rejection| bad_parameter(rejection.body_text()))?;
    let limit = page_size(part.limit)?;
    Overseer::of(&state, &asked, part.space.as_deref()).await?;
    let webhooks = state
        .registry
        .shared()
        .webhooks
        .get()
        .ok_or_else(stopping)?;
    let standings = webhooks.standings().await.ok_or_else(stopping)?;
    let made = webhooks.book.made();
    let wanted = standings.iter().filter(|standing| {
        let space = made.get(&standing.id).and_then(|made| made.space.as_ref());
        part.space.is_none() || part.space.as_ref() == space
    });
    let wanted = wanted.filter(|standing| Some(&standing.id) > part.cursor.as_ref());
    let mut found: Vec<Webhook> = wanted
        .filter_map(|standing| {
            let settings = webhooks.settings(&standing.id)?;
            Some(shown(&settings, made.get(&standing.id), Some(standing)))
        })
        .take(limit + 1)
        .collect();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more);
    Ok(Json(AllWebhooks {
        next: next.map(|webhook| webhook.id.clone()),
        webhooks: found,
    }))
}

fn page_size(limit: Option<usize>) -> Result<usize, Problem> {
    let limit = limit.unwrap_or(LIMIT);
    match (1..=LIMIT_MAX).contains(&limit) {
        true => Ok(limit),
        false => Err(bad_parameter(format!("limit is between 1 and {LIMIT_MAX}"))),
    }
}

/// `standing`: where it is known how it is doing.
fn shown(settings: &WebhookSettings, made: Option<&Made>, standing: Option<&Standing>) -> Webhook {
    let disabled = standing.and_then(|standing| standing.disabled.as_ref());
    let disabled = disabled.map(|(at_ms, reason)| Disabled {
        at: utc(*at_ms),
        reason: reason.clone(),
    });
    Webhook {
        id: settings.id.clone(),
        made_by: if made.is_some() { "call" } else { "settings" },
        space: made.and_then(|made| made.space.clone()),
        description: made
            .map(|made| made.description.clone())
            .unwrap_or_default(),
        enabled: disabled.is_none() && !settings.is_paused,
        // A query may have a secret of the receiver's in it.
        url: crate::auth::shown(&settings.url),
        events: settings.events.clone(),
        prefix: settings.prefix.clone(),
        waiting: standing.map_or(0, |standing| standing.waiting),
        dropped: standing.map_or(0, |standing| standing.dropped),
        failing_since: standing
            .and_then(|standing| standing.failing_since_ms)
            .map(utc),
        disabled,
        last_delivery: standing
            .and_then(|standing| standing.last.as_ref())
            .map(delivery),
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
    params(("id" = String, Path, description = "The webhook's id"), Paging),
    responses((status = 200, description = "Attempts, newest first", body = Deliveries))
)]
async fn deliveries(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
    paging: Result<Query<Paging>, QueryRejection>,
) -> Result<Json<Deliveries>, Problem> {
    let Query(paging) = paging.map_err(|rejection| bad_parameter(rejection.body_text()))?;
    let limit = page_size(paging.limit)?;
    // An attempt has no number of its own: its message and which one it was name it.
    let after = paging.cursor.as_deref().map(|cursor| {
        let parts = cursor.rsplit_once('.');
        parts
            .and_then(|(message, number)| Some((message.to_owned(), number.parse::<u32>().ok()?)))
            .ok_or_else(|| bad_parameter("cursor is none that was given out"))
    });
    let after = after.transpose()?;
    let (webhooks, ..) = one(&state, &asked, &id).await?;
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
    params(("id" = String, Path, description = "The webhook's id"), ("message" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message", body = Sent))
)]
async fn message(
    State(state): State<AppState>,
    asked: Asked,
    Path((id, message)): Path<(String, String)>,
) -> Result<Json<Sent>, Problem> {
    let (webhooks, ..) = one(&state, &asked, &id).await?;
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
    params(("id" = String, Path, description = "The webhook's id"), ("message" = String, Path, description = "The message's id")),
    responses((status = 202, description = "It is on its way", body = OnItsWay))
)]
async fn again(
    State(state): State<AppState>,
    asked: Asked,
    Path((id, message)): Path<(String, String)>,
) -> Result<(StatusCode, Json<OnItsWay>), Problem> {
    let (webhooks, _, overseer) = one(&state, &asked, &id).await?;
    match webhooks.again(&id, &message).await.ok_or_else(stopping)? {
        false => Err(no_message()),
        true => {
            overseer.record(&state, &id, "sent again");
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
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is on"))
)]
async fn enable(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (webhooks, _, overseer) = one(&state, &asked, &id).await?;
    webhooks.enable(&id).await.ok_or_else(stopping)?;
    overseer.record(&state, &id, "switched on");
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
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 202, description = "It is on its way", body = OnItsWay))
)]
async fn test(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<OnItsWay>), Problem> {
    let (webhooks, _, overseer) = one(&state, &asked, &id).await?;
    let message = webhooks.test(&id).await.flatten().ok_or_else(stopping)?;
    overseer.record(&state, &id, "tested");
    Ok((StatusCode::ACCEPTED, Json(OnItsWay { message })))
}
