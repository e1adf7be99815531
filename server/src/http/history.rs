//! A document's history over HTTP: versions, differences, authors, and bringing back what was.
//!
//! The calls are described in `docs/protocol/history.md`.

mod changes;
mod readings;
mod versions;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

pub(super) use versions::{AuthorAnswer, parse_body, parse_query};

/// The largest body: a label, a name, some times.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls about one document's history.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(versions::list, versions::name))
        .routes(routes!(versions::content))
        .routes(routes!(readings::diff))
        .routes(routes!(readings::blame))
        .routes(routes!(readings::activity))
        .routes(routes!(changes::restore))
        .routes(routes!(changes::revert))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
