//! Who may ask what concerns the whole server: an admin's token that has no prefix, or somebody who
//! has signed in and is in one of the groups of `[admin]`.

use std::net::IpAddr;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
};
use unisson_history::Author;

use super::{AppState, error::Problem, guard::address_of, ws};
use crate::{auth::Credential, events::Actor};

/// An operator.
#[derive(Debug)]
pub(super) struct Admin {
    pub(super) actor: Option<Actor>,
    pub(super) address: Option<IpAddr>,
}

impl Admin {
    /// Who asks, where it is an operator.
    pub(super) fn of(
        headers: &HeaderMap,
        address: Option<IpAddr>,
        state: &AppState,
    ) -> Result<Self, Problem> {
        let authenticator = &state.registry.shared().authenticator;
        // A token in the header alone: one in a cookie would let any page of the site's visitors
        // ask. A session's cookie counts for pages of this server only.
        let token = ws::bearer(headers).unwrap_or_default();
        let shown = ws::credential(None, headers, state);
        let session = Some(&shown).filter(|_| token.is_empty());
        let session = session.and_then(Credential::session);
        let actor = authenticator.admin(token, session).map_err(|reason| {
            Problem::of_refusal(
                reason,
                "an admin's token is needed: send it as `Authorization: Bearer`",
                "this needs a token with access = \"admin\" and no prefix, or a group of [admin]",
            )
        })?;
        Ok(Self { actor, address })
    }

    /// As whom they change what the server keeps.
    pub(super) fn author(&self) -> Author {
        let actor = self.actor.as_ref();
        Author {
            user: actor.map(|actor| actor.id.as_str().into()),
            name: actor.and_then(|actor| Some(actor.name.as_deref()?.into())),
        }
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        Self::of(&parts.headers, address_of(&parts.extensions), state)
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
