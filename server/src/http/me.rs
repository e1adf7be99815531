//! What is one person's own over HTTP: kept for whoever is somebody, told to nobody else.
//!
//! There is no way to name another person in these calls. Titles are those of now, and what the
//! asker may no longer see is left out by the rules that hold for everything else.

mod own;
mod unread;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

/// The largest body: all that a browser kept until now.
const BODY_BYTES_MAX: usize = 128 << 10;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(own::show, own::change, own::forget))
        .routes(routes!(own::of_page))
        .routes(routes!(unread::everywhere))
        .routes(routes!(unread::in_space))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
