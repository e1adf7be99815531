//! Who may ask what concerns the whole server: an admin's token that has no prefix.

use std::net::IpAddr;

use axum::{
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
};

use super::{AppState, address::address_of, error::Problem, ws};
use crate::events::Actor;

/// An operator.
#[derive(Debug)]
pub(super) struct Admin {
    pub(super) actor: Option<Actor>,
    pub(super) address: Option<IpAddr>,
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let authenticator = &state.registry.shared().authenticator;
        // The header alone: a cookie would let any page of the site's visitors ask.
        let token = ws::bearer(&parts.headers).unwrap_or_default();
        let actor = authenticator.admin(token).map_err(|reason| {
            Problem::of_refusal(
                reason,
                "an admin's token is needed: send it as `Authorization: Bearer`",
                "this needs a token with access = \"admin\" and no prefix",
            )
        })?;
        Ok(Self {
            actor,
            address: address_of(&parts.extensions),
        })
    }
}

/// What is wrong with a parameter.
pub(super) fn bad_parameter(detail: impl Into<String>) -> Problem {
    Problem {
        status: StatusCode::BAD_REQUEST,
        code: "query",
        detail: detail.into(),
    }
}
