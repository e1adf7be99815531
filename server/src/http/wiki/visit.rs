//! A request for a page: in which language, from how deep an address, and by whom.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use unisson_protocol::CloseReason;

use crate::{
    administration::Banner,
    auth::{Identity, oidc::session::Session},
    http::{
        AppState,
        admission::Asked,
        guard::address_of,
        language::Language,
        signin::SignedIn,
        spaces::identify,
        wiki::{enter::guest_token, failure::Failure, words::Words},
    },
    listener::Peer,
    spaces::prefix_of,
};

/// What a page must know of the request for it.
#[derive(Debug)]
pub(in crate::http) struct Visit {
    pub(super) language: Language,
    /// The way to the root of the server, relative to the page; ends with a slash.
    pub(super) root: String,
    /// The page's own address below the root.
    pub(super) path: String,
    pub(super) asked: Asked,
    pub(super) signed_in: Option<Arc<Session>>,
    /// What operators have to say to everybody.
    pub(super) banner: Option<Banner>,
    /// People can sign in here.
    pub(super) has_sign_in: bool,
    /// The browser came by TLS to this very server.
    pub(super) is_encrypted: bool,
    /// They have come by a link, and may leave.
    pub(super) is_guest: bool,
    /// What the server's path begins with, where it knows.
    pub(super) base_path: String,
}

impl FromRequestParts<AppState> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let path = parts.uri.path();
        let depth = path.matches('/').count().saturating_sub(1);
        let shared = state.registry.shared();
        let signed_in = parts.extensions.get::<SignedIn>();
        Ok(Self {
            language: Language::of(parts.uri.query(), &parts.headers),
            root: match depth {
                0 => "./".to_owned(),
                depth => "../".repeat(depth),
            },
            path: path.trim_start_matches('/').to_owned(),
            signed_in: signed_in.map(|SignedIn(session)| session.clone()),
            banner: shared.administration.banner(),
            has_sign_in: shared.authenticator.oidc().is_some(),
            is_encrypted: parts
                .extensions
                .get::<Peer>()
                .is_some_and(|peer| peer.is_encrypted),
            is_guest: signed_in.is_none() && guest_token(&parts.headers).is_some(),
            base_path: shared.settings.http.base_path.clone(),
            asked: Asked {
                headers: parts.headers.clone(),
                query: parts.uri.query().map(str::to_owned),
                address: address_of(&parts.extensions),
            },
        })
    }
}

impl Visit {
    pub(super) fn words(&self) -> &'static Words {
        Words::of(self.language)
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.asked.headers
    }

    /// Whether the address has this word behind its question mark.
    pub(super) fn asks(&self, word: &str) -> bool {
        let query = self.asked.query.as_deref().unwrap_or_default();
        query
            .split('&')
            .any(|pair| pair.split('=').next() == Some(word))
    }

    /// What the address says of this behind its question mark.
    pub(super) fn query_value(&self, key: &str) -> Option<String> {
        let pairs = self.asked.query.as_deref()?.split('&');
        let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
        let value = pairs.find_map(|(name, value)| (name == key).then_some(value))?;
        Some(percent_decode_str(value).decode_utf8().ok()?.into_owned())
    }

    /// Who it is, for what concerns a space or (without one) all of them.
    pub(super) async fn identify(
        &self,
        state: &AppState,
        space: Option<&str>,
    ) -> Result<Identity, Failure> {
        let prefix = space.map_or("spaces/".to_owned(), prefix_of);
        let shown = (&self.asked.headers, self.asked.query.as_deref());
        match identify(shown, state, &prefix).await {
            Ok(who) => Ok(who),
            // A token of other places, or one that has ended, opens no less than none at all.
            Err(problem) => match problem.status.as_u16() {
                401 | 403 => Ok(Identity::anonymous()),
                _ => Err(problem.into()),
            },
        }
    }

    /// The name to greet them by.
    pub(super) fn name(&self, who: &Identity) -> Option<String> {
        let session = self.signed_in.as_ref().map(|session| session.name.clone());
        let named = || {
            let name = who.person.display_name.as_deref();
            name.filter(|_| !who.is_nobody()).map(str::to_owned)
        };
        session.or_else(named)
    }

    /// Where signing in leads back to this page.
    pub(super) fn sign_in(&self) -> Option<String> {
        let address = format!("/{}", self.path);
        let to = utf8_percent_encode(&address, NON_ALPHANUMERIC);
        self.has_sign_in
            .then(|| format!("{}signin?to={to}", self.root))
    }

    /// Why somebody gets nothing: whoever has shown nothing may still do so.
    pub(super) fn hidden(who: &Identity) -> Failure {
        match who.is_nobody() {
            true => Failure::of_reason(CloseReason::Unauthorized),
            false => Failure::of_reason(CloseReason::Forbidden),
        }
    }
}
