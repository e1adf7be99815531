//! Requests of pages of other origins: the same pages that may open a WebSocket.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::http::{AppState, ws};

/// How long a browser remembers that it may ask; browsers have caps of their own.
const REMEMBERED_S: &str = "7200";

/// Answers, and lets pages of origins that may connect read the answer. They have cookies with them
/// as WebSockets do; whether these count is decided where credentials are read.
pub(super) async fn answer(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let allowed = allowed_origin(request.headers(), &state);
    let mut response = match request.method() {
        &Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        for (name, value) in [
            (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}

fn allowed_origin(headers: &HeaderMap, state: &AppState) -> Option<HeaderValue> {
    let origin = headers.get(header::ORIGIN)?;
    let is_refused = ws::refuse_origin(origin.to_str().ok(), headers, state).is_err();
    (!is_refused).then(|| origin.clone())
}

/// What a browser asks before it sends: [`answer`] has answered it by then. The method must be there
/// for that, or the router's own answer comes first.
pub(super) async fn asked() -> StatusCode {
    StatusCode::NO_CONTENT
}
