//! Is the process alive, can it work, and how is it doing?

use axum::{extract::State, http::StatusCode, http::header, response::IntoResponse};

use super::{AppState, error::Problem};

/// The process answers. Says nothing about the store: restarting would not help there.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// New edits can be made durable; otherwise says why not.
pub(crate) async fn ready(State(state): State<AppState>) -> Result<&'static str, Problem> {
    let unready = |code: &'static str, detail: String| Problem {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code,
        detail,
    };
    if state.registry.is_draining() {
        return Err(unready("draining", "the server is stopping".into()));
    }
    let store = state.registry.shared().store.status();
    let why = store.last_error.unwrap_or_default();
    if store.is_stopped {
        return Err(unready(
            "store-stopped",
            format!("the store has stopped: {why}"),
        ));
    }
    if store.is_full {
        return Err(unready(
            "store-full",
            format!("the store has no space left: {why}"),
        ));
    }
    Ok("ready\n")
}

/// Counters and gauges in Prometheus' text format.
pub(crate) async fn metrics(State(state): State<AppState>) -> impl IntoResponse {
    let shared = state.registry.shared();
    let text = shared.metrics.text(&shared.store.status(), &shared.memory);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text)
}
