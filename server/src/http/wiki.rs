//! The pages of the wiki: made here, whole and readable without a script; what works live on them is
//! the app's (`wasm-client/js/app`).
//!
//! | address | page |
//! |---|---|
//! | `/` | the spaces |
//! | `/s/{space}` | a space: its pages |
//! | `/s/{space}/{page}` | a page, to read; with `?edit` to write |
//! | `/s/{space}/-/{screen}` | a screen of a space |
//! | `/s/{space}/{page}/-/{screen}` | a screen of a page |
//! | `/-/{screen}` | a screen of the whole |
//! | `/-/guide`, `/-/about` | how to use it; how it runs |
//!
//! Ids never begin with `-`. Links are relative, since a proxy may serve all of it below a path. Who
//! may see what is decided where it is decided for everything else: `crate::spaces` and `admission`.

mod about;
mod activity;
mod answer;
mod enter;
mod failure;
mod finding;
mod form;
mod guide;
mod home;
mod layout;
mod new_page;
mod reading;
mod rendering;
mod resolve;
mod screens;
mod space;
mod tree;
mod trees;
mod typography;
mod visit;
mod words;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use super::{AppState, error};

pub(super) use self::enter::guest_token;
pub(crate) use self::{rendering::Renderings, trees::Trees};

/// The largest form: a title.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The pages.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home::page))
        .route("/s/{space}", get(space::page))
        .route("/s/{space}/{page}", get(reading::page))
        .route("/s/{space}/-/new", get(new_page::ask).post(new_page::add))
        .route("/s/{space}/-/{screen}", get(screens::of_space))
        .route("/s/{space}/{page}/-/{screen}", get(screens::of_page))
        .route("/-/about", get(about::page))
        .route("/-/search", get(finding::page))
        .route("/-/activity", get(activity::of_all))
        .route("/-/activity.atom", get(activity::feed_of_all))
        .route("/s/{space}/-/activity", get(activity::of_space))
        .route("/s/{space}/-/activity.atom", get(activity::feed_of_space))
        .route("/s/{space}/{page}/-/activity", get(activity::of_page))
        .route(
            "/s/{space}/{page}/-/activity.atom",
            get(activity::feed_of_page),
        )
        .route("/-/enter", get(enter::ask).post(enter::come_in))
        .route("/-/leave", post(enter::leave))
        .route("/-/guide", get(guide::contents))
        .route("/-/guide/{chapter}", get(guide::chapter))
        .route("/-/{screen}", get(screens::of_all))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// Where there is nothing: people get a page, programs what they get elsewhere.
pub(super) async fn lost(visit: visit::Visit) -> Response {
    let path = visit.path.as_str();
    if !path.starts_with("s/") && !path.starts_with("-/") {
        return error::not_found().await.into_response();
    }
    match path.trim_end_matches('/') {
        // Typed with a slash too many.
        shorter if shorter != path => form::see_other(&format!("{}{shorter}", visit.root)),
        _ => failure::Failure::Missing.page(&visit),
    }
}
