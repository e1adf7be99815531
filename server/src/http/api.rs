//! The API as one: every call of every module, the description that is made of them, and the page
//! that people read.
//!
//! A module has `routes()`: an [`OpenApiRouter`] with paths from the root. What stands here is what
//! all calls have in common.

mod describe;
mod page;

use std::sync::OnceLock;

use axum::{
    Router,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    AppState, administration, attachments, audit, comments, documents, history,
    language::prefers_french, news, search, spaces, tokens, webhooks,
};

/// All calls.
fn calls() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(overview))
        .routes(routes!(openapi))
        .merge(documents::routes())
        .merge(attachments::routes())
        .merge(history::routes())
        .merge(comments::routes())
        .merge(spaces::routes())
        .merge(search::routes())
        .merge(news::routes())
        .merge(tokens::routes())
        .merge(webhooks::routes())
        .merge(audit::routes())
        .merge(administration::routes())
}

/// All calls, ready to serve.
pub(super) fn router() -> Router<AppState> {
    let (router, _) = calls().split_for_parts();
    router
}

/// The description, made once: it depends on nothing but the program.
fn description() -> &'static serde_json::Value {
    static DESCRIPTION: OnceLock<serde_json::Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| describe::describe(calls().into_openapi()))
}

/// The API's description
///
/// What you are reading, for programs: OpenAPI 3.1, made from the server's code.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "about",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
pub(super) async fn openapi() -> Response {
    static BODY: OnceLock<String> = OnceLock::new();
    let body = BODY.get_or_init(|| description().to_string());
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, body.as_str()).into_response()
}

/// The API's description for people
///
/// A page made of the description, in the words of the browser's language where there are any.
#[utoipa::path(
    get,
    path = "/api/v1",
    tag = "about",
    security(()),
    responses((status = 200, description = "A page", body = String, content_type = "text/html"))
)]
pub(super) async fn overview(headers: HeaderMap) -> Response {
    let french = prefers_french(&headers);
    let body = page::page(description(), french);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'",
        ),
        (header::VARY, "accept-language"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests;
