//! The banner: operators set it, everybody reads it.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    AppState, admin::Admin, admission::bad_request, error::Problem, history::parse_body,
    numbers::Moment,
};
use crate::{
    administration::{Banner, BannerText, Level},
    audit::{Action, Entry},
    versions::unix_now_ms,
};

/// The longest text, in letters: a banner is a line or two.
const LETTERS_MAX: usize = 500;

/// A banner to show.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BannerOrder {
    level: Level,
    text: BannerText,
    /// Until then, in milliseconds since 1970; left out: until it is taken away
    #[schema(schema_with = crate::http::numbers::moment_or_null)]
    until_ms: Option<Moment>,
}

/// What is to be shown above every page, if anything.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Shown {
    banner: Option<Banner>,
}

/// Read the banner
///
/// For everybody: it says what people should know before they write. It is not worth asking for
/// more than once a minute; answers have an ETag.
#[utoipa::path(
    get,
    path = "/api/v1/banner",
    operation_id = "read_banner",
    tag = "administration",
    security(()),
    responses((status = 200, description = "The banner, or null", body = Shown,
        headers(("ETag" = String))))
)]
pub(super) async fn read(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let banner = state.registry.shared().administration.banner();
    let set_ms = banner.as_ref().map_or(0, |banner| banner.set_ms);
    let etag = format!("\"banner-{set_ms}\"");
    let known = headers.get(header::IF_NONE_MATCH);
    let known = known.and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|known| known.trim() == etag));
    let headers = [
        (header::ETAG, etag),
        (header::CACHE_CONTROL, "no-cache".into()),
    ];
    match is_known {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, Json(Shown { banner })).into_response(),
    }
}

/// Show a banner
///
/// Above every page and editor, in place of the one before. People see it within two minutes.
#[utoipa::path(
    put,
    path = "/api/v1/admin/banner",
    operation_id = "show_banner",
    tag = "administration",
    request_body = BannerOrder,
    responses((status = 200, description = "It is shown", body = Shown))
)]
pub(super) async fn show(
    State(state): State<AppState>,
    admin: Admin,
    order: Result<Json<BannerOrder>, JsonRejection>,
) -> Result<Json<Shown>, Problem> {
    let order = parse_body(order)?;
    for (language, text) in [("fr", &order.text.fr), ("en", &order.text.en)] {
        let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
        if !is_line || text.chars().count() > LETTERS_MAX {
            let detail = format!("text.{language} is a line of at most {LETTERS_MAX} letters");
            return Err(bad_request("banner", detail));
        }
    }
    let now_ms = unix_now_ms();
    let until_ms = order.until_ms.map(Moment::ms);
    if until_ms.is_some_and(|until_ms| until_ms <= now_ms) {
        return Err(bad_request("times", "until_ms is over already"));
    }
    let banner = Banner {
        level: order.level,
        text: order.text,
        until_ms,
        set_ms: now_ms,
    };
    set(&state, admin, Some(&banner)).await?;
    Ok(Json(Shown {
        banner: Some(banner),
    }))
}

/// Take the banner away
#[utoipa::path(
    delete,
    path = "/api/v1/admin/banner",
    operation_id = "take_banner_away",
    tag = "administration",
    responses((status = 204, description = "Nothing is shown"))
)]
pub(super) async fn take_away(
    State(state): State<AppState>,
    admin: Admin,
) -> Result<StatusCode, Problem> {
    set(&state, admin, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn set(state: &AppState, admin: Admin, banner: Option<&Banner>) -> Result<(), Problem> {
    let shared = state.registry.shared();
    let administration = &shared.administration;
    administration
        .set_banner(&state.registry, admin.author(), banner)
        .await?;
    let entry = Entry::new(Action::BannerChanged)
        .by(admin.actor)
        .from(admin.address);
    let what = if banner.is_some() {
        "shown"
    } else {
        "taken away"
    };
    shared.audit.record(entry.detail("what", what));
    Ok(())
}
