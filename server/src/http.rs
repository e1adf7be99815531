//! The router, on one screen.

mod address;
mod admin;
mod admission;
mod api;
mod assets;
mod audit;
mod codes;
mod error;
mod health;
mod history;
mod home;
mod page;
mod signin;
mod tokens;
mod webhooks;
mod ws;

use axum::{Router, middleware, routing::get};

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
        .route_layer(middleware::from_fn_with_state(state.clone(), signin::look))
        .merge(signin::routes(&state))
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
