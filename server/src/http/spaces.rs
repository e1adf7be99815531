//! Spaces over HTTP: who belongs to them as what, their pages, their links.
//!
//! Every change is durable when it is answered, and open sockets have heard of it by then. Answers
//! carry the space's `ETag`; a change with `If-Match` is made only to what its sender has seen.

mod access;
mod asker;
mod changes;
mod export;
mod grants;
mod import;
mod links;
mod members;
mod model;
mod pages;
mod settings;
mod templates;
mod titles;
mod told;

use axum::extract::DefaultBodyLimit;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

pub(super) use self::{
    asker::{Asker, identify},
    pages::{PageOrder, add as add_page},
};

/// The largest body: some names and a title.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(settings::list, settings::create))
        .routes(routes!(settings::show, settings::change, settings::delete))
        .routes(routes!(settings::restore))
        .routes(routes!(export::export))
        .routes(routes!(settings::rights))
        .routes(routes!(changes::follow))
        .routes(routes!(members::list))
        .routes(routes!(members::put, members::remove))
        .routes(routes!(members::list_groups))
        .routes(routes!(members::put_group, members::remove_group))
        .routes(routes!(pages::list, pages::create))
        .routes(routes!(pages::show, pages::change, pages::delete))
        .routes(routes!(pages::restore))
        .routes(routes!(templates::list))
        .routes(routes!(templates::list_everywhere))
        .routes(routes!(templates::put, templates::remove))
        .routes(routes!(titles::titles))
        .routes(routes!(access::show))
        .routes(routes!(grants::list))
        .routes(routes!(grants::put_person, grants::remove_person))
        .routes(routes!(grants::put_group, grants::remove_group))
        .routes(routes!(links::list, links::create))
        .routes(routes!(links::revoke))
        .routes(routes!(links::open))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(members::many::put))
                .layer(DefaultBodyLimit::max(members::many::BODY_BYTES_MAX)),
        )
        // Read as it comes, and bounded by itself.
        .routes(routes!(import::import))
}
