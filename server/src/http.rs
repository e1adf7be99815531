//! The router, on one screen.

mod admin;
mod administration;
mod admission;
mod api;
mod assets;
mod attachments;
mod audit;
mod body;
mod codes;
mod comments;
mod documents;
mod error;
pub(crate) mod fallback;
mod guard;
mod health;
mod history;
pub(crate) mod language;
mod moment;
mod news;
mod numbers;
mod packed;
mod page;
mod search;
mod signin;
mod spaces;
mod tokens;
mod webhooks;
mod wiki;
mod ws;

use std::sync::Arc;

use axum::{Router, middleware, routing::get};

use crate::registry::Registry;

/// What handlers share.
#[derive(Debug, Clone)]
pub(crate) struct AppState {
    pub(crate) registry: Registry,
    pub(crate) started: std::time::Instant,
    /// The sockets of clients whose network lets none through.
    pub(crate) carried: Arc<fallback::Carried>,
    /// How much spaces take, as it was last measured.
    sizes: Arc<administration::Sizes>,
    /// Pages as HTML.
    pub(crate) renderings: Arc<wiki::Renderings>,
    /// What people see of spaces.
    pub(crate) trees: Arc<wiki::Trees>,
    packed: Arc<packed::Packed>,
}

impl AppState {
    /// Of a server that starts now.
    pub(crate) fn new(registry: Registry) -> Self {
        Self {
            registry,
            started: std::time::Instant::now(),
            carried: Arc::default(),
            sizes: Arc::default(),
            renderings: Arc::default(),
            trees: Arc::default(),
            packed: Arc::default(),
        }
    }
}

/// All routes.
pub(crate) fn router(state: AppState) -> Router {
    Router::new()
        .merge(wiki::routes())
        .route("/d", get(page::choose))
        .route("/d/{*document}", get(page::window))
        .route_layer(middleware::from_fn_with_state(state.clone(), signin::look))
        .merge(api::router())
        .layer(middleware::from_fn_with_state(state.clone(), packed::pack))
        .merge(signin::routes(&state))
        .route("/embed/{*document}", get(page::frame))
        .route("/client/{*path}", get(assets::file))
        .route("/ws/{*document}", get(ws::y_websocket))
        .route("/hocuspocus", get(ws::hocuspocus))
        .route("/hocuspocus/{*rest}", get(ws::hocuspocus))
        .nest("/fallback", fallback::routes(state.clone()))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(error::method_not_allowed)
        .fallback(wiki::lost)
        .layer(middleware::from_fn_with_state(state.clone(), guard::keep))
        .with_state(state)
}
