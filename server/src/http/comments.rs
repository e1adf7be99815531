//! Comments over HTTP: threads about a document or a place in it.
//!
//! Whoever reads a document reads its comments; whoever may comment there starts threads, answers and
//! settles them; people change and delete what they said themselves, and moderators delete anything.
//! A change is durable when it is answered, and who has the document open hears that there is news.

mod answers;
mod desk;
mod reading;
mod writing;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

/// The largest body: a comment, where it belongs, and what stood there.
const BODY_BYTES_MAX: usize = 64 << 10;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(reading::list, writing::start))
        .routes(routes!(
            reading::show,
            writing::reply,
            writing::settle,
            writing::delete_thread
        ))
        .routes(routes!(writing::edit, writing::delete))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}
