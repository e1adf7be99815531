//! Webhooks made, changed and taken away by calls.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Webhook,
    overseer::{Hook, Overseer, one},
    shown, stopping, unknown,
};
use crate::{
    events::KINDS,
    http::{AppState, admission::Asked, error::Problem, history::parse_body},
    records::ChangeError,
    webhooks::book::{HookOrder, HookRefusal, Made},
};

/// The longest description and prefix, in bytes.
const TEXT_BYTES_MAX: usize = 300;

/// A webhook to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewWebhook {
    /// Where messages go: https
    #[schema(max_length = 2048)]
    url: String,
    /// Which kinds of events; left out or empty: all
    #[serde(default)]
    events: Vec<String>,
    /// The space that it is for, and whose facilitators look after it; left out by operators who
    /// want to hear of everything
    space: Option<String>,
    /// Only documents whose names begin so; for operators, and not together with `space`
    #[schema(max_length = 300)]
    prefix: Option<String>,
    /// What people call it
    #[schema(max_length = 300)]
    description: Option<String>,
}

/// What is to change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookChange {
    /// Where messages go: https
    #[schema(max_length = 2048)]
    url: Option<String>,
    /// Which kinds of events; empty: all
    events: Option<Vec<String>>,
    /// What people call it
    #[schema(max_length = 300)]
    description: Option<String>,
    /// Whether anything is sent. `true` also switches on what was switched off for failing
    enabled: Option<bool>,
}

/// A webhook with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MadeWebhook {
    /// What messages are signed with. Nobody is told it a second time
    secret: String,
    #[serde(flatten)]
    webhook: Webhook,
}

/// A secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NewSecret {
    /// What messages are signed with from now on; the one before signs along for 24 hours
    secret: String,
}

fn bad_order(detail: impl Into<String>) -> Problem {
    Problem {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "webhook-order",
        detail: detail.into(),
    }
}

fn check_events(events: &[String]) -> Result<(), Problem> {
    match events.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        Some(unknown) => Err(bad_order(format!(
            "{unknown:?} is none of the events: {}",
            KINDS.join(", ")
        ))),
        None if events.len() > KINDS.len() => Err(bad_order("an event is named twice")),
        None => Ok(()),
    }
}

fn text(what: &str, text: String) -> Result<String, Problem> {
    match text.len() > TEXT_BYTES_MAX || text.chars().any(char::is_control) {
        true => Err(bad_order(format!(
            "{what} is a line of at most {TEXT_BYTES_MAX} bytes"
        ))),
        false => Ok(text),
    }
}

impl From<ChangeError<HookRefusal>> for Problem {
    fn from(error: ChangeError<HookRefusal>) -> Self {
        let refusal = match error {
            ChangeError::Failed(error) => return error.into(),
            ChangeError::Declined(refusal) => refusal,
        };
        let detail = refusal.to_string();
        let (status, code) = match refusal {
            HookRefusal::Target(_) => (StatusCode::UNPROCESSABLE_ENTITY, "webhook-target"),
            HookRefusal::Full(_) => (StatusCode::UNPROCESSABLE_ENTITY, "too-many-webhooks"),
            HookRefusal::Missing => (StatusCode::NOT_FOUND, "no-such-webhook"),
            HookRefusal::Changed => (StatusCode::PRECONDITION_FAILED, "precondition"),
            HookRefusal::Randomness => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        Self {
            status,
            code,
            detail,
        }
    }
}

/// Those of the settings change in the settings.
fn made(hook: Hook) -> Result<Made, Problem> {
    hook.made.ok_or_else(|| Problem {
        status: StatusCode::CONFLICT,
        code: "webhook-of-settings",
        detail: "this webhook stands in the settings: change it there".into(),
    })
}

/// `If-Match`, unless it says that anything will do.
fn expected(headers: &HeaderMap) -> Option<&str> {
    let expected = headers.get(header::IF_MATCH)?;
    let expected = expected.to_str().unwrap_or_default().trim();
    // What was packed on its way, here or by a proxy, is the same all the same.
    let expected = expected.trim_start_matches("W/");
    (expected != "*").then_some(expected)
}

fn tagged(etag: &str, mut answer: Response) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        answer.headers_mut().insert(header::ETAG, etag);
    }
    let no_store = HeaderValue::from_static("no-store");
    answer.headers_mut().insert(header::CACHE_CONTROL, no_store);
    answer
}

/// Make a webhook
///
/// For operators, and for the facilitators and owners of the space that it is for. Its secret is in
/// the answer, and nowhere else.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    operation_id = "create_webhook",
    tag = "webhooks",
    request_body = NewWebhook,
    responses((status = 201, description = "The webhook, and its secret", body = MadeWebhook,
        headers(("Location" = String), ("ETag" = String))))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    asked: Asked,
    order: Result<Json<NewWebhook>, JsonRejection>,
) -> Result<Response, Problem> {
    let order = parse_body(order)?;
    let overseer = Overseer::of(&state, &asked, order.space.as_deref()).await?;
    if let Some(space) = &order.space {
        let found = state.registry.shared().spaces.find(space).await?;
        let exists = match found {
            Some(held) => held.space()?.is_some(),
            None => false,
        };
        if !exists {
            return Err(bad_order("there is no such space"));
        }
        if order.prefix.is_some() {
            let detail = "a webhook of a space hears of the whole space: leave prefix out";
            return Err(bad_order(detail));
        }
    }
    check_events(&order.events)?;
    let order = HookOrder {
        url: order.url,
        events: order.events,
        space: order.space,
        prefix: text("a prefix", order.prefix.unwrap_or_default())?,
        description: text("a description", order.description.unwrap_or_default())?,
    };
    let webhooks = state.registry.shared().webhooks.get().ok_or_else(unknown)?;
    let (id, made, secret) = webhooks
        .book
        .make(&state.registry, overseer.author(), order)
        .await?;
    overseer.record(&state, &id, "made");
    let etag = made.etag();
    let settings = webhooks.settings(&id).ok_or_else(unknown)?;
    let webhook = shown(&settings, Some(&made), None);
    let body = Json(MadeWebhook { secret, webhook });
    let place = [(header::LOCATION, format!("/api/v1/webhooks/{id}"))];
    Ok(tagged(
        &etag,
        (StatusCode::CREATED, place, body).into_response(),
    ))
}

/// Read a webhook
///
/// And how it is doing on this server.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}",
    operation_id = "read_webhook",
    tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String))))
)]
pub(super) async fn read(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (webhooks, hook, _) = one(&state, &asked, &id).await?;
    let standings = webhooks.standings().await.ok_or_else(stopping)?;
    let standing = standings.iter().find(|standing| standing.id == id);
    let etag = hook.made.as_ref().map(Made::etag);
    let body = Json(shown(&hook.settings, hook.made.as_ref(), standing));
    Ok(tagged(&etag.unwrap_or_default(), body.into_response()))
}

/// Change a webhook
///
/// One that was made by a call; those of the settings change there. `If-Match` counts.
#[utoipa::path(
    patch,
    path = "/api/v1/webhooks/{id}",
    operation_id = "change_webhook",
    tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    request_body = WebhookChange,
    responses((status = 200, description = "The webhook", body = Webhook, headers(("ETag" = String))))
)]
pub(super) async fn change(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
    order: Result<Json<WebhookChange>, JsonRejection>,
) -> Result<Response, Problem> {
    let (webhooks, hook, overseer) = one(&state, &asked, &id).await?;
    made(hook)?;
    let order = parse_body(order)?;
    check_events(order.events.as_deref().unwrap_or_default())?;
    let description = order.description.map(|line| text("a description", line));
    let description = description.transpose()?;
    let switches_on = order.enabled == Some(true);
    let author = overseer.author();
    let which = (id.as_str(), expected(&asked.headers));
    let changed = webhooks
        .book
        .change(&state.registry, author, which, |made| {
            made.url = order.url.unwrap_or(std::mem::take(&mut made.url));
            made.events = order.events.unwrap_or(std::mem::take(&mut made.events));
            made.description = description.unwrap_or(std::mem::take(&mut made.description));
            made.is_paused = order.enabled.map_or(made.is_paused, |enabled| !enabled);
        });
    let made = changed.await?;
    if switches_on {
        webhooks.enable(&id).await.ok_or_else(stopping)?;
    }
    overseer.record(&state, &id, "changed");
    let settings = webhooks.settings(&id).ok_or_else(unknown)?;
    let body = Json(shown(&settings, Some(&made), None));
    Ok(tagged(&made.etag(), body.into_response()))
}

/// Take a webhook away
///
/// What waits for it is not sent any more. `If-Match` counts.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{id}",
    operation_id = "delete_webhook",
    tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 204, description = "It is gone"))
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let (webhooks, hook, overseer) = one(&state, &asked, &id).await?;
    made(hook)?;
    let which = (id.as_str(), expected(&asked.headers));
    let author = overseer.author();
    webhooks.book.remove(&state.registry, author, which).await?;
    overseer.record(&state, &id, "taken away");
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook another secret
///
/// For one that somebody may have seen. Messages carry a signature of each of both for 24 hours.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/secret",
    operation_id = "renew_webhook_secret",
    tag = "webhooks",
    params(("id" = String, Path, description = "The webhook's id")),
    responses((status = 200, description = "The new secret", body = NewSecret, headers(("ETag" = String))))
)]
pub(super) async fn renew(
    State(state): State<AppState>,
    asked: Asked,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let (webhooks, hook, overseer) = one(&state, &asked, &id).await?;
    made(hook)?;
    let which = (id.as_str(), expected(&asked.headers));
    let author = overseer.author();
    let renewed = webhooks.book.renew_secret(&state.registry, author, which);
    let (made, secret) = renewed.await?;
    overseer.record(&state, &id, "secret renewed");
    Ok(tagged(
        &made.etag(),
        Json(NewSecret { secret }).into_response(),
    ))
}
