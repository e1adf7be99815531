//! `POST /api/v1/tokens`: tokens made here, for whoever may hand some on.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use unisson_protocol::CloseReason;
use unisson_rights::Role;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AppState, error::Problem, guard::address_of, ws};
use crate::{
    audit::{Action, Entry},
    auth::{
        claims::Texts,
        mint::{MintError, Order},
    },
    events::Actor,
};

/// The largest order: a token has room for fewer documents.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The call.
pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Made {
    /// What clients show.
    token: String,
    /// When it ends, in seconds since 1970.
    exp: u64,
}

/// Make a token
///
/// For whoever may hand rights on: the holder of a static token with `access = "admin"`, or of one
/// with the claim `mint`. Only the `Authorization` header counts here.
#[utoipa::path(
    post,
    path = "/api/v1/tokens",
    operation_id = "create_token",
    tag = "tokens",
    security(("token" = [])),
    request_body = Order,
    responses((status = 201, description = "The token", body = Made))
)]
pub(super) async fn create(
    State(state): State<AppState>,
    request: Parts,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Response, Problem> {
    let authenticator = &state.registry.shared().authenticator;
    // The header alone: a cookie would let any page of the site's visitors ask.
    let token = ws::bearer(&request.headers);
    let right = authenticator.mint_right(token.unwrap_or_default()).await;
    let right = right.map_err(refused)?;
    let Json(order) = order.map_err(|rejection| Problem {
        status: rejection.status(),
        code: "token-order",
        detail: rejection.body_text(),
    })?;
    let holder = Actor {
        id: order.sub.clone(),
        name: order.name.clone(),
    };
    // Without one it is for spaces to say.
    let role = order.role.map_or("by-space", Role::name);
    let places = places(&order);
    let minted = authenticator.mint(order, &right)?;
    let entry = Entry::new(Action::TokenMinted).from(address_of(&request.extensions));
    let entry = entry
        .about(holder)
        .detail("role", role)
        .detail("for", places);
    let entry = entry.detail("until_s", minted.exp.to_string());
    state.registry.shared().audit.record(entry.by(right.holder));
    let body = Made {
        token: minted.token,
        exp: minted.exp,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(body)).into_response())
}

/// Which documents a token is to be for, as people read it.
fn places(order: &Order) -> String {
    let documents = order
        .document
        .iter()
        .flat_map(Texts::iter)
        .map(str::to_owned);
    let prefixes = order.prefix.iter().flat_map(Texts::iter);
    let prefixes = prefixes.map(|prefix| format!("{prefix}*"));
    documents.chain(prefixes).collect::<Vec<_>>().join(", ")
}

fn refused(reason: CloseReason) -> Problem {
    Problem::of_refusal(
        reason,
        "an admin's token is needed: send it as `Authorization: Bearer`",
        "this token may not have tokens made: it needs access = \"admin\", or the claim mint",
    )
}

impl From<MintError> for Problem {
    fn from(error: MintError) -> Self {
        let (status, code) = match error {
            MintError::NoKey => (StatusCode::NOT_IMPLEMENTED, "no-signing-key"),
            MintError::Order(_) => (StatusCode::UNPROCESSABLE_ENTITY, "token-order"),
            MintError::Beyond(_) => (StatusCode::FORBIDDEN, "beyond-own-rights"),
            MintError::Signing(_) => (StatusCode::INTERNAL_SERVER_ERROR, "signing"),
        };
        Self {
            status,
            code,
            detail: error.to_string(),
        }
    }
}
