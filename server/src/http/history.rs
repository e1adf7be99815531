//! A document's history over HTTP: versions, differences, authors, and bringing back what was.
//!
//! The calls are described in `docs/protocol/history.md`.

mod admission;
mod changes;
mod readings;
mod versions;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};

use super::AppState;

/// The largest body: a label, a name, some times.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls about one document.
pub(super) fn routes(state: AppState) -> Router<AppState> {
    Router::new()
        .route("/versions", get(versions::list).post(versions::name))
        .route("/versions/{id}", get(versions::content))
        .route("/diff", get(readings::diff))
        .route("/blame", get(readings::blame))
        .route("/activity", get(readings::activity))
        .route("/restore", post(changes::restore))
        .route("/revert", post(changes::revert))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn_with_state(state, admission::take_turns))
}
