//! What the provider says of a person, and whether that counts: pure.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    provider::{SignInError, names},
    session::{GROUP_BYTES_MAX, GROUPS_MAX},
};
use crate::{auth::claims::NAME_BYTES_MAX, settings::OidcSettings};

/// Clocks may differ by so much.
const LEEWAY_S: u64 = 60;
/// What is checked of an id token; all other claims are in `rest`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct IdToken {
    iss: String,
    pub(crate) sub: String,
    aud: Value,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
    acr: Option<String>,
    pub(crate) sid: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl IdToken {
    /// Whether it is the answer to what was asked (OpenID Connect Core 1.0, 3.1.3.7).
    pub(crate) fn check(
        &self,
        settings: &OidcSettings,
        nonce: &str,
        now_s: u64,
    ) -> Result<(), SignInError> {
        let rejected = |problem: &str| Err(SignInError::Rejected(problem.to_owned()));
        if self.iss != settings.issuer {
            return rejected("the id token is another provider's");
        }
        let is_for_others = self.aud.as_array().is_some_and(|all| all.len() > 1);
        let is_own = self
            .azp
            .as_ref()
            .map_or(!is_for_others, |azp| *azp == settings.client_id);
        if !names(&self.aud, &settings.client_id) || !is_own {
            return rejected("the id token is for another client");
        }
        if self.nonce.as_deref() != Some(nonce) {
            return rejected("the id token answers another question (nonce)");
        }
        if self.exp + LEEWAY_S as f64 <= now_s as f64 {
            return rejected("the id token has expired");
        }
        if self.iat > (now_s + LEEWAY_S) as f64 {
            return rejected("the id token is not valid yet");
        }
        let acr = self.acr.as_deref().unwrap_or_default();
        let accepted = &settings.acr_accepted;
        if !accepted.is_empty() && !accepted.iter().any(|accepted| accepted == acr) {
            let problem = "this kind of sign-in is not accepted here (auth.oidc.acr_accepted)";
            return Err(SignInError::Denied(problem.into()));
        }
        Ok(())
    }

    /// Everything that is known: what the id token says counts over what userinfo says.
    pub(crate) fn with(
        &self,
        userinfo: Map<String, Value>,
    ) -> Result<Map<String, Value>, SignInError> {
        let same = userinfo.get("sub").is_none_or(|sub| *sub == *self.sub);
        if !userinfo.is_empty() && (!same || !userinfo.contains_key("sub")) {
            return Err(SignInError::Rejected(
                "userinfo is about another person".into(),
            ));
        }
        let mut all = userinfo;
        all.extend(self.rest.clone());
        all.insert("sub".into(), self.sub.clone().into());
        Ok(all)
    }
}

/// A person, as the rest of the server knows people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) groups: Vec<String>,
}

/// Who it is, out of all claims.
pub(crate) fn person(
    claims: &Map<String, Value>,
    settings: &OidcSettings,
) -> Result<Person, SignInError> {
    let text = |key: &str| {
        let text = claims.get(key).and_then(Value::as_str).map(str::trim);
        text.filter(|text| is_good(text)).map(str::to_owned)
    };
    let id = text(&settings.id_claim).ok_or_else(|| {
        SignInError::Denied(format!(
            "the provider does not say the claim {:?}",
            settings.id_claim
        ))
    })?;
    let both = || {
        let family = text("usual_name").or_else(|| text("family_name"))?;
        Some(format!("{} {family}", text("given_name")?))
    };
    let chosen = settings.name_claim.as_deref().and_then(text);
    let name = chosen
        .or_else(|| text("name"))
        .or_else(both)
        .or_else(|| text("preferred_username"))
        .or_else(|| text("email"))
        .unwrap_or_else(|| id.clone());
    Ok(Person {
        name: if name.len() > NAME_BYTES_MAX {
            id.clone()
        } else {
            name
        },
        groups: groups(claims.get(&settings.groups_claim)),
        id,
    })
}

fn is_good(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control)
}

/// A list of texts, or one text. What is no group's name is left out: it grants nothing.
fn groups(claim: Option<&Value>) -> Vec<String> {
    let texts: Vec<&str> = match claim {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let good = texts
        .into_iter()
        .filter(|text| is_good(text) && text.len() <= GROUP_BYTES_MAX);
    good.take(GROUPS_MAX).map(str::to_owned).collect()
}

/// A logout token (OpenID Connect Back-Channel Logout 1.0).
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LogoutToken {
    iss: String,
    aud: Value,
    iat: f64,
    exp: Option<f64>,
    pub(crate) sub: Option<String>,
    pub(crate) sid: Option<String>,
    #[serde(default)]
    events: Map<String, Value>,
    nonce: Option<Value>,
}

impl LogoutToken {
    /// Whether it counts (2.6).
    pub(crate) fn check(&self, settings: &OidcSettings, now_s: u64) -> Result<(), SignInError> {
        const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
        let rejected = |problem: &str| Err(SignInError::Rejected(problem.to_owned()));
        if self.iss != settings.issuer || !names(&self.aud, &settings.client_id) {
            return rejected("the logout token is for somebody else");
        }
        let ends = self.exp.unwrap_or(self.iat + 120.0);
        let is_now = self.iat <= (now_s + LEEWAY_S) as f64 && ends + LEEWAY_S as f64 > now_s as f64;
        if !is_now {
            return rejected("the logout token is too old");
        }
        // An id token must not do: it has a nonce and no event.
        if !self.events.contains_key(EVENT) || self.nonce.is_some() {
            return rejected("it is no logout token");
        }
        match (&self.sub, &self.sid) {
            (None, None) => rejected("the logout token names nobody"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
