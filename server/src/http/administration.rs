//! `/api/v1/admin`: how the server is doing, who is connected, and what operators decide. And the
//! banner, which everybody may read.

mod banner;
mod overview;
mod people;
mod spaces;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

pub(super) use spaces::Sizes;

/// The largest body: a banner in two languages.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(overview::overview))
        .routes(routes!(spaces::list))
        .routes(routes!(spaces::lock))
        .routes(routes!(people::list))
        .routes(routes!(people::close))
        .routes(routes!(people::kept_out))
        .routes(routes!(people::keep_out, people::let_in))
        .routes(routes!(banner::show, banner::take_away))
        .routes(routes!(banner::read))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
