//! Searching, and what else the index knows: links to a page, tasks, what has happened.
//!
//! The index knows nothing of rights. Everything that is found passes [`viewer::Viewer`] before
//! anything of it is told, and answers say nothing of how much was left out: a cursor counts what
//! the asker has been shown.

mod activity;
mod finding;
mod found;
mod links;
mod tasks;
mod viewer;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::AppState;

pub(super) use self::{
    activity::{Asked as ActivityAsked, Happening, Person, Within, happenings},
    found::{Asked, Hit, Part, private, search},
    viewer::Viewer,
};

/// The calls.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(found::find))
        .routes(routes!(links::backlinks))
        .routes(routes!(tasks::list))
        .routes(routes!(activity::of_all))
        .routes(routes!(activity::of_space))
}
