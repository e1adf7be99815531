//! `POST /api/v1/tokens`: tokens made here, for whoever may hand some on.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use unisson_protocol::CloseReason;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{AppState, error::Problem, ws};
use crate::auth::mint::{MintError, Order};

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
    headers: HeaderMap,
    order: Result<Json<Order>, JsonRejection>,
) -> Result<Response, Problem> {
    let authenticator = &state.registry.shared().authenticator;
    // The header alone: a cookie would let any page of the site's visitors ask.
    let token = ws::bearer(&headers);
    let right = authenticator.mint_right(token.unwrap_or_default()).await;
    let right = right.map_err(refused)?;
    let Json(order) = order.map_err(|rejection| Problem {
        status: rejection.status(),
        code: "token-order",
        detail: rejection.body_text(),
    })?;
    let minted = authenticator.mint(order, &right)?;
    let body = Made {
        token: minted.token,
        exp: minted.exp,
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    Ok((StatusCode::CREATED, no_store, Json(body)).into_response())
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
