//! The router, on one screen.

mod admission;
mod api;
mod assets;
mod codes;
mod documents;
mod error;
mod health;
mod history;
mod home;
mod page;
mod tokens;
mod ws;

use axum::{Router, routing::get};

use crate::registry::Registry;

/// What handlers share.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) registry: Registry,
    pub(crate) started: std::time::Instant,
}

/// All routes.
pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .route("/", get(home::page))
        .route("/d", get(page::choose))
        .route("/d/{*document}", get(page::window))
        .route("/embed/{*document}", get(page::frame))
        .route("/client/{*path}", get(assets::file))
        .route("/ws/{*document}", get(ws::y_websocket))
        .route("/hocuspocus", get(ws::hocuspocus))
        .route("/hocuspocus/{*rest}", get(ws::hocuspocus))
        .merge(api::router())
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(error::not_found)
        .with_state(state)
}
