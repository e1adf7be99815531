//! Documents over HTTP: their names and their trash, what they say, who is there.
//!
//! Each change is an edit like anybody's. What a change is made of is what is durable; what people
//! type meanwhile merges with it. Where a caller wants it otherwise, there are `If-Match` and
//! `if=empty`, which the document itself looks at in the moment of the change.

mod about;
mod beginning;
mod content;
mod editing;
mod format;
mod lifecycle;
mod listing;
mod office;
mod operations;
mod relocate;
mod stored;

pub(super) use self::{
    beginning::{Filling, begin_as},
    stored::Stored,
};

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

pub(super) use self::{
    content::fill,
    editing::{Given, Target, apart, target, tree_of},
    format::Format,
    office::embedded,
    stored::{etag, require, state_of as stored_state},
};

/// The largest body of calls that carry no content.
const BODY_BYTES_MAX: usize = 16 << 10;
/// The largest body with content: a long report with its images as addresses is 100 KiB, and JSON
/// of a text takes up to six times its bytes.
const CONTENT_BYTES_MAX: usize = 8 << 20;
/// The largest file of an office suite, which has its pictures in it.
const OFFICE_BYTES_MAX: usize = 32 << 20;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    let with_content = OpenApiRouter::new()
        .routes(routes!(listing::list, listing::create))
        .routes(routes!(
            content::read,
            content::replace,
            content::initialise,
            operations::edit
        ))
        .layer(DefaultBodyLimit::max(OFFICE_BYTES_MAX));
    OpenApiRouter::new()
        .routes(routes!(about::about, lifecycle::delete))
        .routes(routes!(about::presence))
        .routes(routes!(lifecycle::undelete))
        .routes(routes!(relocate::copy))
        .routes(routes!(relocate::relocate))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(with_content)
}
